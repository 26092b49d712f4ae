//! Join codes: whoever has one may come in.

use axum::Json;
use axum::extract::State;
use collabry_shared::ids::NotebookId;
use collabry_shared::notebooks::{JoinCode, Role};
use rand::RngExt as _;
use serde::Deserialize;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::members::joined;
use super::routes::NotebookView;
use super::{NotebookAccess, Owner};
use crate::auth::Identity;
use crate::http::{ApiError, ApiResult, Body, Problem};
use crate::state::ApiState;

const TAG: &str = "members";
/// Crockford's base 32: none of its characters is mistaken for another.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// 50 bits: not to be found by trying.
const LENGTH: usize = 10;

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(renew, switch_off)).routes(routes!(join))
}

#[derive(Debug, Deserialize, ToSchema)]
struct CodeRequest {
    /// What those who join with the code become; not `owner`.
    role: Role,
}

#[derive(Debug, Deserialize, ToSchema)]
struct JoinRequest {
    #[schema(example = "7QK3M9ZT2A")]
    code: String,
}

/// Make a new join code; the one before no longer works
#[utoipa::path(put, operation_id = "renewJoinCode", path = "/api/notebooks/{notebookId}/join-code", tag = TAG, security(("bearer" = [])), params(("notebookId" = NotebookId, Path)),
    request_body = CodeRequest, responses((status = 200, body = NotebookView), (status = 403, body = Problem, description = "`role_too_small`"),
    (status = 422, body = Problem, description = "`role_invalid`")))]
async fn renew(
    State(state): State<ApiState>,
    access: NotebookAccess<Owner>,
    Body(request): Body<CodeRequest>,
) -> ApiResult<Json<NotebookView>> {
    if request.role == Role::Owner {
        return Err(ApiError::invalid("role_invalid", "A join code makes viewers or editors, not owners."));
    }
    set(&state, access, Some(JoinCode { code: random_code(), role: request.role })).await
}

/// Switch the join code off
#[utoipa::path(delete, operation_id = "switchOffJoinCode", path = "/api/notebooks/{notebookId}/join-code", tag = TAG, security(("bearer" = [])), params(("notebookId" = NotebookId, Path)),
    responses(
    (status = 403, body = Problem, description = "`role_too_small`"), (status = 200, body = NotebookView)))]
async fn switch_off(State(state): State<ApiState>, access: NotebookAccess<Owner>) -> ApiResult<Json<NotebookView>> {
    set(&state, access, None).await
}

async fn set(state: &ApiState, access: NotebookAccess<Owner>, code: Option<JoinCode>) -> ApiResult<Json<NotebookView>> {
    let notebook = state.stores.notebooks.set_join_code(access.notebook_id, code.as_ref()).await?;
    Ok(Json(NotebookView::new(notebook.ok_or_else(ApiError::not_found)?, access.role)))
}

/// Join a notebook with its code
#[utoipa::path(post, operation_id = "joinNotebook", path = "/api/notebooks/join", tag = TAG, security(("bearer" = [])), request_body = JoinRequest, responses(
    (status = 200, body = NotebookView), (status = 404, body = Problem, description = "`join_code_unknown`"),
))]
async fn join(
    State(state): State<ApiState>,
    identity: Identity,
    Body(request): Body<JoinRequest>,
) -> ApiResult<Json<NotebookView>> {
    let unknown = || ApiError {
        code: "join_code_unknown",
        detail: "No notebook has this code. Ask for a new one.".into(),
        ..ApiError::not_found()
    };
    let code = normalise(&request.code);
    let notebook = state.stores.notebooks.by_join_code(&code).await?.ok_or_else(unknown)?;
    let offered = notebook.join_code.as_ref().ok_or_else(unknown)?.role;
    if state.stores.notebooks.add_member(notebook.id, identity.user_id, offered, state.clock.now()).await? {
        joined(&state, notebook.id, identity.user_id, offered).await;
    }
    let role = state.stores.notebooks.role_of(notebook.id, identity.user_id).await?.ok_or_else(unknown)?;
    Ok(Json(NotebookView::new(notebook, role)))
}

fn random_code() -> String {
    let mut rng = rand::rng();
    (0..LENGTH).map(|_| char::from(ALPHABET[rng.random_range(0..ALPHABET.len())])).collect()
}

/// As people type it: any case, with spaces or dashes, O for 0, I and L for 1.
fn normalise(code: &str) -> String {
    let significant = code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase());
    significant
        .map(|c| match c {
            'O' => '0',
            'I' | 'L' => '1',
            other => other,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{ALPHABET, LENGTH, normalise, random_code};

    #[test]
    fn codes_survive_being_typed() {
        let code = random_code();
        assert_eq!(code.len(), LENGTH);
        assert!(code.bytes().all(|byte| ALPHABET.contains(&byte)));
        assert_eq!(normalise(&format!(" {}-{} ", code[..5].to_lowercase(), &code[5..])), code);
        assert_eq!(normalise("oil0"), "0110");
    }
}
