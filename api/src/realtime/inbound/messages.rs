//! Messages over a socket; the rules are those of [`crate::conversations`].

use collabry_shared::conversations::Message;
use collabry_shared::ids::{ConversationId, GenerationId, MessageId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::call::Call;
use crate::conversations::{self, AnswerRequest, ConversationAccess, MessageRequest};
use crate::http::{ApiResult, Shared};

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::realtime) struct Send {
    conversation_id: ConversationId,
    #[serde(flatten)]
    sending: MessageRequest,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::realtime) struct Edit {
    conversation_id: ConversationId,
    message_id: MessageId,
    content: String,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::realtime) struct Delete {
    conversation_id: ConversationId,
    message_id: MessageId,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::realtime) struct Regenerate {
    conversation_id: ConversationId,
    message_id: MessageId,
    #[serde(flatten)]
    with: AnswerRequest,
}

#[derive(Debug, Serialize, ToSchema)]
pub(in crate::realtime) struct Stored {
    #[schema(value_type = Message)]
    message: Shared<Message>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::realtime) struct Regenerating {
    generation_id: GenerationId,
    answer_id: MessageId,
}

pub(in crate::realtime) async fn send(call: Call<Send>) -> ApiResult<Stored> {
    let api = &call.realtime.api;
    let access = ConversationAccess::prove(api, call.user.id(), call.payload.conversation_id).await?;
    let appended = conversations::send(api, &access, &call.user.user, call.payload.sending).await?;
    Ok(Stored { message: Shared(appended.into_message()) })
}

pub(in crate::realtime) async fn edit(call: Call<Edit>) -> ApiResult<Stored> {
    let api = &call.realtime.api;
    let Edit { conversation_id, message_id, content } = call.payload;
    let access = ConversationAccess::prove(api, call.user.id(), conversation_id).await?;
    Ok(Stored { message: Shared(conversations::edit(api, &access, message_id, None, &content).await?) })
}

pub(in crate::realtime) async fn delete(call: Call<Delete>) -> ApiResult<Stored> {
    let api = &call.realtime.api;
    let Delete { conversation_id, message_id } = call.payload;
    let access = ConversationAccess::prove(api, call.user.id(), conversation_id).await?;
    Ok(Stored { message: Shared(conversations::delete(api, &access, message_id, None).await?) })
}

pub(in crate::realtime) async fn regenerate(call: Call<Regenerate>) -> ApiResult<Regenerating> {
    let api = &call.realtime.api;
    let Regenerate { conversation_id, message_id, with } = call.payload;
    let access = ConversationAccess::prove(api, call.user.id(), conversation_id).await?;
    let generation = conversations::regenerate(api, &access, message_id, with).await?;
    Ok(Regenerating { generation_id: generation.id, answer_id: generation.answer_id })
}
