//! Conversations: the same rules whether a message comes over REST or over a socket.

mod access;
mod allowance;
mod ask;
mod change;
mod messages;
mod question;
mod reading;
mod routes;
mod send;

pub use self::access::ConversationAccess;
pub use self::ask::{AnswerRequest, regenerate};
pub use self::change::{delete, edit};
pub use self::reading::mark_read;
use self::routes::begin;
pub use self::send::{MessageRequest, send};
use crate::state::ApiState;

const TAG: &str = "conversations";

pub fn router() -> utoipa_axum::router::OpenApiRouter<ApiState> {
    routes::router().merge(messages::router()).merge(question::router()).merge(reading::router())
}
