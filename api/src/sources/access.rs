//! Rights to a source, by the notebook it belongs to.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use collabry_shared::ids::{SourceId, UserId};
use collabry_shared::sources::Source;

use crate::auth::Identity;
use crate::http::{ApiError, path};
use crate::notebooks::{AtLeast, NotebookAccess};
use crate::state::ApiState;

/// A source, and proof that the caller has at least the role `R` in its notebook.
#[derive(Debug)]
pub struct SourceAccess<R> {
    pub source: Source,
    pub user_id: UserId,
    proof: PhantomData<R>,
}

/// From the path parameter `sourceId`.
impl<R: AtLeast> FromRequestParts<ApiState> for SourceAccess<R> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let identity = Identity::from_request_parts(parts, state).await?;
        let id: SourceId = path::param(parts, state, "sourceId").await?;
        let notebook = state.stores.sources.notebook_of(id).await?.ok_or_else(ApiError::not_found)?;
        NotebookAccess::<R>::prove(state, identity.user_id, notebook).await?;
        let source = state.stores.sources.get(notebook, id).await?.ok_or_else(ApiError::not_found)?;
        Ok(Self { source, user_id: identity.user_id, proof: PhantomData })
    }
}
