//! `GET /api/auth/me/export`: what the server has of an account, as lines of JSON.

use std::vec;

use axum::body::Body;
use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use collabry_shared::auth::User;
use collabry_shared::clock::wire::text;
use collabry_shared::conversations::Conversation;
use collabry_shared::ids::ConversationId;
use collabry_shared::notebooks::{Notebook, Role};
use collabry_shared::pages::Window;
use collabry_shared::storage::{StoreError, StoreResult};
use futures::{Stream, stream};
use serde::Serialize;
use serde_json::{Value, json};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::CurrentUser;
use crate::state::ApiState;

/// Messages that are read at once.
const PAGE: u32 = 200;

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(export))
}

/// Everything that the server has of the account
///
/// One JSON object a line, each with its `kind`: `account`, `session`, `notification`, `notebook` (those one is a member
/// of), and of each notebook the `source`s that one added, the `conversation`s that one began and the `message`s that one
/// wrote. The last line is of the kind `end`: without it the export was cut off.
#[utoipa::path(get, operation_id = "exportAccount", path = "/api/auth/me/export", tag = "auth", responses(
    (status = 200, content_type = "application/x-ndjson", body = String),
))]
async fn export(State(state): State<ApiState>, CurrentUser(user): CurrentUser) -> Response {
    let headers = [
        (CONTENT_TYPE, "application/x-ndjson"),
        (CONTENT_DISPOSITION, "attachment; filename=\"collabry-export.ndjson\""),
        (CACHE_CONTROL, "no-store"),
    ];
    (headers, Body::from_stream(lines(Export::new(state, user)))).into_response()
}

fn lines(export: Export) -> impl Stream<Item = StoreResult<String>> {
    stream::try_unfold(Some(export), async |export| {
        let Some(mut export) = export else { return Ok(None) };
        let (batch, rest) = match export.next().await? {
            Some(batch) => (batch, Some(export)),
            None => (vec![json!({ "kind": "end" })], None),
        };
        let mut text = String::new();
        for line in batch {
            text.push_str(&line.to_string());
            text.push('\n');
        }
        Ok(Some((text, rest)))
    })
}

/// What is still to be told.
struct Export {
    state: ApiState,
    user: User,
    begun: bool,
    notebooks: vec::IntoIter<(Notebook, Role)>,
    conversations: vec::IntoIter<Conversation>,
    /// The conversation that is read, and the position that the next page ends before.
    open: Option<(ConversationId, Option<u64>)>,
}

impl Export {
    fn new(state: ApiState, user: User) -> Self {
        let (notebooks, conversations) = (Vec::new().into_iter(), Vec::new().into_iter());
        Self { state, user, begun: false, notebooks, conversations, open: None }
    }

    async fn next(&mut self) -> StoreResult<Option<Vec<Value>>> {
        if !self.begun {
            self.begun = true;
            return self.account().await.map(Some);
        }
        if let Some((conversation, before)) = self.open.take() {
            return self.messages(conversation, before).await.map(Some);
        }
        if let Some(conversation) = self.conversations.next() {
            self.open = Some((conversation.id, None));
            let theirs = conversation.created_by == self.user.id;
            return Ok(Some(theirs.then(|| line("conversation", &conversation)).transpose()?.into_iter().collect()));
        }
        match self.notebooks.next() {
            Some((notebook, role)) => self.notebook(&notebook, role).await.map(Some),
            None => Ok(None),
        }
    }

    async fn account(&mut self) -> StoreResult<Vec<Value>> {
        let (stores, user) = (&self.state.stores, &self.user);
        let mut lines = vec![json!({
            "kind": "account", "id": user.id, "email": user.email, "name": user.name, "createdAt": text(user.created_at),
        })];
        for session in stores.sessions.list_for(user.id, self.state.clock.now()).await? {
            lines.push(json!({
                "kind": "session", "id": session.id, "signedInAt": text(session.created_at), "lastUsedAt": text(session.rotated_at),
            }));
        }
        for notification in stores.notifications.list_page(user.id, false, &Window::WHOLE).await? {
            lines.push(line("notification", &notification)?);
        }
        self.notebooks = stores.notebooks.list_for(user.id).await?.into_iter();
        Ok(lines)
    }

    async fn notebook(&mut self, notebook: &Notebook, role: Role) -> StoreResult<Vec<Value>> {
        let stores = &self.state.stores;
        self.conversations = stores.conversations.list(notebook.id).await?.into_iter();
        let mut lines = vec![json!({ "kind": "notebook", "id": notebook.id, "title": notebook.title, "role": role })];
        for source in stores.sources.list(notebook.id).await? {
            if source.created_by == self.user.id {
                lines.push(line("source", &source)?);
            }
        }
        Ok(lines)
    }

    async fn messages(&mut self, id: ConversationId, before: Option<u64>) -> StoreResult<Vec<Value>> {
        let page = self.state.stores.conversations.history(id, before, PAGE).await?;
        if let Some(last) = page.messages.last().filter(|_| !page.complete) {
            self.open = Some((id, Some(last.position)));
        }
        let theirs = page.messages.iter().filter(|message| message.author.is_user(self.user.id));
        theirs.map(|message| line("message", message)).collect()
    }
}

fn line(kind: &str, thing: &impl Serialize) -> StoreResult<Value> {
    let mut value = serde_json::to_value(thing).map_err(|error| StoreError::Damaged(error.to_string()))?;
    if let Some(object) = value.as_object_mut() {
        object.insert("kind".to_owned(), kind.into());
    }
    Ok(value)
}
