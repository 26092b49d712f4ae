//! Sending a message: it is parsed, stored, published and acknowledged; an engine answers it behind that.

use std::sync::Arc;

use collabry_shared::conversations::{
    Appended, Asked, Author, ClientId, Content, Conversation, InvalidMessage, Message, MessageStatus, NewMessage, Title,
};
use collabry_shared::generations::Generation;
use collabry_shared::ids::{GenerationId, MessageId, SourceId};
use collabry_shared::realtime::{Event, Room};
use collabry_shared::storage::StoreError;
use collabry_shared::stores::Writes;
use serde::Deserialize;
use utoipa::ToSchema;

use super::ConversationAccess;
use super::ask::{self, Question, parse_model};
use crate::auth::CurrentUser;
use crate::http::{ApiError, ApiResult, Code};
use crate::sources;
use crate::state::ApiState;
use crate::text::headline;

const MAX_TITLE_CHARS: usize = 60;

/// A message as a client sends it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageRequest {
    /// Made by the client, unique in the conversation: sending the same again answers with what was stored the first time.
    /// 1 to 64 visible ASCII characters; those that begin with `generation:` or `answer:` are the server's own.
    #[schema(min_length = 1, max_length = 64, pattern = "^[!-~]+$")]
    pub client_id: String,
    /// Markdown.
    #[schema(min_length = 1, max_length = 16000)]
    pub content: String,
    /// What answers; default: the conversation's model, then the server's.
    #[schema(example = "builtin/extractive")]
    pub model: Option<String>,
    /// The sources to search; default: all of the notebook.
    pub source_ids: Option<Vec<SourceId>>,
    /// `false` speaks to the other members only.
    #[serde(default = "yes")]
    #[schema(default = true)]
    pub ask: bool,
}

fn yes() -> bool {
    true
}

impl From<InvalidMessage> for ApiError {
    fn from(error: InvalidMessage) -> Self {
        let mut sentence = error.to_string();
        sentence[..1].make_ascii_uppercase();
        let (code, field) = match error {
            InvalidMessage::Empty => (Code::MessageEmpty, "content"),
            InvalidMessage::TooLong => (Code::MessageTooLong, "content"),
            InvalidMessage::ClientId | InvalidMessage::ClientIdReserved => (Code::ClientIdInvalid, "clientId"),
        };
        Self::field(code, field, sentence + ".")
    }
}

/// Stores the message and, unless it is for the members only, the request for its answer. Once it returns both are on
/// disk, and an engine is being asked to begin.
///
/// The request comes first: a process that dies in between leaves a request without a question, which nobody sees and
/// which is ended; the other way about it would be a question that nobody ever answers.
pub async fn send(
    state: &ApiState,
    access: &ConversationAccess,
    user: &CurrentUser,
    sending: MessageRequest,
) -> ApiResult<Appended> {
    sources::room::on_disk(state, Writes::Documents)?;
    let ConversationAccess { conversation, access: member } = access;
    let model = parse_model(sending.model.as_deref())?;
    let message = NewMessage {
        id: MessageId::new(),
        conversation_id: conversation.id,
        client_id: ClientId::parse(&sending.client_id)?,
        author: Author::User { user_id: member.user_id, name: user.0.name.to_string() },
        content: Content::parse(&sending.content)?,
        citations: Vec::new(),
        status: MessageStatus::Complete,
        failure: None,
        cut_off: None,
        generation_id: sending.ask.then(GenerationId::new),
        reply_to: None,
        asked: limited(state, conversation, &sending).await?,
        created_at: state.clock.now(),
    };
    let request = message.generation_id.map(|generation_id| {
        let (message, source_ids) = (message.id, sending.source_ids);
        let question = Question { message, generation_id, supersedes: None, model, source_ids };
        ask::generation(state, conversation, member.user_id, question)
    });
    let appended = store(state, conversation.head, &message, request.as_ref()).await?;
    let stored = appended.message();
    // A message that was changed since may have been sent as this one.
    let as_sent = stored.edited_at.is_none() && stored.deleted_at.is_none();
    if !stored.author.is_user(member.user_id) || as_sent && stored.content != message.content.as_str() {
        return Err(ApiError::from(Code::ClientIdTaken));
    }
    if let Appended::Created(stored) = &appended {
        announce(state, conversation, stored).await?;
    }
    if let Some(generation_id) = stored.generation_id {
        ask::start(state, conversation.notebook_id, generation_id);
    }
    Ok(appended)
}

/// How many sources a question is limited to, for those who read it later.
async fn limited(state: &ApiState, conversation: &Conversation, sent: &MessageRequest) -> ApiResult<Option<Asked>> {
    let Some(ids) = sent.source_ids.as_ref().filter(|_| sent.ask) else { return Ok(None) };
    let sources = state.stores.sources.list(conversation.notebook_id).await?;
    let ready: Vec<_> = sources.iter().filter(|source| source.ready_version.is_some()).collect();
    let chosen = ready.iter().filter(|source| ids.contains(&source.id)).count();
    let count = |count| u32::try_from(count).unwrap_or(u32::MAX);
    Ok(Some(Asked { sources: count(chosen), of: count(ready.len()) }))
}

/// Stores request and message, or finds what was stored for the client id before.
async fn store(state: &ApiState, head: u64, message: &NewMessage, request: Option<&Generation>) -> ApiResult<Appended> {
    let conversations = &state.stores.conversations;
    let Some(request) = request else {
        return Ok(conversations.append_at(message, head).await?);
    };
    if let Err(refusal) = ask::queue(state, request).await {
        // A person at their limit of answers still learns what became of a message that they sent before.
        let known = conversations.by_client_id(message.conversation_id, &message.client_id).await?;
        return known.map(|known| Appended::Existing(Arc::new(known))).ok_or(refusal);
    }
    let appended = conversations.append_at(message, head).await;
    match &appended {
        Ok(Appended::Existing(known)) => {
            state.stores.generations.withdraw(request.id).await?;
            if let Some(id) = known.generation_id
                && known.author == message.author
                && state.stores.generations.get(id).await?.is_none()
            {
                // A release that stored the question first died before it stored the request.
                ask::queue(state, &Generation { id, question_id: known.id, ..request.clone() }).await?;
            }
        }
        Err(StoreError::Missing(_) | StoreError::Conflict(_)) => state.stores.generations.withdraw(request.id).await?,
        // Otherwise the message may be stored although nobody said so. If it is not, an engine ends the request.
        Ok(Appended::Created(_)) | Err(_) => {}
    }
    Ok(appended?)
}

async fn announce(state: &ApiState, conversation: &Conversation, message: &Arc<Message>) -> ApiResult<()> {
    state.coordination.fan_out.changed(Arc::clone(message)).await;
    let (notebook_id, conversation_id) = (conversation.notebook_id, conversation.id);
    let (head, last_message_at) = (message.rev, message.created_at);
    let event = Event::ConversationActivity { notebook_id, conversation_id, head, last_message_at };
    state.coordination.fan_out.emit(Room::Outside(notebook_id, conversation_id), event).await;
    if conversation.title.is_none() && message.generation_id.is_some() {
        let Some(title) = Title::parse(&headline(&message.content, MAX_TITLE_CHARS)) else { return Ok(()) };
        if let Some(conversation) = state.stores.conversations.title_if_none(conversation.id, &title).await? {
            let room = Room::Notebook(conversation.notebook_id);
            state.coordination.fan_out.emit(room, Event::ConversationUpdated { conversation }).await;
        }
    }
    Ok(())
}
