//! Joining a conversation and catching up with it; read marks.

use collabry_shared::conversations::{Conversation, Message, Opened, Page, ReadMark};
use collabry_shared::generations::{EventId, Generation, GenerationState};
use collabry_shared::ids::{ConversationId, GenerationId, MessageId, UserId};
use collabry_shared::models::ModelId;
use collabry_shared::realtime::Room;
use collabry_shared::storage::StoreError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::Call;
use crate::conversations::{self, ConversationAccess};
use crate::http::{ApiError, ApiResult};
use crate::realtime::context::Realtime;
use crate::state::ApiState;

/// Messages in a first join.
const RECENT: u32 = 50;
/// Changes in one catch-up.
const MISSED: u32 = 500;

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::realtime) struct Join {
    conversation_id: ConversationId,
    since_rev: Option<u64>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::realtime) struct Joined {
    conversation: Conversation,
    messages: Vec<Message>,
    /// Whether nothing more was changed after `sinceRev`.
    complete: bool,
    #[schema(inline)]
    read_marks: Vec<ReadMark>,
    #[schema(inline)]
    generations: Vec<InTheMaking>,
    present: Vec<UserId>,
}

/// A generation that is not over.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct InTheMaking {
    generation_id: GenerationId,
    question_id: MessageId,
    answer_id: MessageId,
    #[schema(value_type = String)]
    model: ModelId,
    state: GenerationState,
    #[schema(value_type = u64)]
    last_event_id: EventId,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::realtime) struct Leave {
    conversation_id: ConversationId,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::realtime) struct Read {
    conversation_id: ConversationId,
    rev: u64,
}

pub(in crate::realtime) async fn join(call: Call<Join>) -> ApiResult<Joined> {
    let api = &call.realtime.api;
    let id = call.payload.conversation_id;
    let head = ConversationAccess::prove(api, call.user.id(), id).await?.conversation.head;
    let room = Room::Conversation(id).to_string();
    let again = call.socket.rooms().iter().any(|joined| *joined == room);
    // First the room, then the log: nothing can fall between the two.
    call.socket.join(room.clone());
    match read(&call, id, head).await {
        Ok(joined) => Ok(joined),
        Err(error) => {
            // Who was no member any more may have been put out of the room before they were in it. Who is still one, and
            // was in it before, goes on.
            if !again || error.status.is_client_error() {
                call.socket.leave(room);
            }
            Err(error)
        }
    }
}

/// What a socket that is in the room has to know. The right is checked again, after everything that may take it away.
async fn read(call: &Call<Join>, id: ConversationId, head: u64) -> ApiResult<Joined> {
    let api = &call.realtime.api;
    call.realtime.sequencer.open(id, head).await?;
    let reading = api.reads.begin(call.user.id()).await?;
    let unfinished = api.stores.generations.unfinished_in(id).await?;
    let (since, limit) = (call.payload.since_rev, call.payload.since_rev.map_or(RECENT, |_| MISSED));
    let opened = api.stores.conversations.open(id, call.user.id(), since, limit).await?;
    let Opened { conversation, members, page, read_marks, .. } = opened.ok_or_else(ApiError::not_found)?;
    let Page { messages, complete } = page;
    let generations = in_the_making(&call.realtime, id, unfinished, &messages).await?;
    let present = api.coordination.presence.online(&members).await;
    reading.may_send(messages.iter().map(Message::bytes).sum()).await;
    Ok(Joined { conversation, messages, complete, read_marks, generations, present })
}

/// The answers in the making, which from here on are relayed on this replica.
async fn in_the_making(
    realtime: &Realtime,
    id: ConversationId,
    unfinished: Vec<Generation>,
    messages: &[Message],
) -> ApiResult<Vec<InTheMaking>> {
    let mut found = Vec::new();
    for generation in unfinished {
        // A request is stored before its question, and withdrawn when the question was sent before: whoever was told of
        // such a one would wait for events that never come. The question, once it is there, is news of its own.
        let question = generation.question_id;
        let asked = messages.iter().any(|message| message.id == question)
            || realtime.api.stores.conversations.message(id, question).await?.is_some();
        if !asked {
            continue;
        }
        let found_now = describe(&realtime.api, generation).await?;
        realtime.relay.watch(found_now.generation_id, id, found_now.last_event_id).await;
        found.push(found_now);
    }
    Ok(found)
}

async fn describe(api: &ApiState, generation: Generation) -> ApiResult<InTheMaking> {
    let last_event_id = match api.stores.generation_log.last_event_id(generation.id).await {
        // Redis is away: the messages can be read all the same, and the events come once it is back.
        Err(StoreError::Redis(_)) => 0,
        known => known?,
    };
    Ok(InTheMaking {
        last_event_id,
        generation_id: generation.id,
        question_id: generation.question_id,
        answer_id: generation.answer_id,
        model: generation.model,
        state: generation.state,
    })
}

pub(in crate::realtime) async fn leave(call: Call<Leave>) -> ApiResult<()> {
    call.socket.leave(Room::Conversation(call.payload.conversation_id).to_string());
    Ok(())
}

pub(in crate::realtime) async fn mark_read(call: Call<Read>) -> ApiResult<()> {
    let api = &call.realtime.api;
    let Read { conversation_id, rev } = call.payload;
    let access = ConversationAccess::prove(api, call.user.id(), conversation_id).await?;
    conversations::mark_read(api, &access, rev).await
}
