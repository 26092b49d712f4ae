//! From a packet to a handler and back to an acknowledgement: authorised, counted, parsed, answered.
//!
//! A socket has one handler, which knows every event: a table of its own would be a kilobyte of each idle socket.

use std::sync::Arc;

use collabry_shared::realtime::ClientEvent;
use collabry_shared::telemetry::trace;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use socketioxide::extract::{AckSender, Event, TryData};
use socketioxide::handler::{FromMessageParts as _, Value as Packet};
use socketioxide::socket::Socket;
use tokio::time::Instant;
use tracing::Instrument as _;
use tracing::field::Empty;
use utoipa::ToSchema;

use super::call::Call;
use super::{conversations, fields, generations, messages, typing};
use crate::auth::TokenError;
use crate::http::{ApiError, ApiResult, Code, FieldError};
use crate::limits;
use crate::realtime::adapter::{Adapter, SocketRef};
use crate::realtime::context::Realtime;
use crate::realtime::membership::auth;
use crate::realtime::shape::{Request, Shape};
use crate::realtime::socket::SocketUser;

/// Each event has its handler, and the handler's types are its payload and its acknowledgement.
macro_rules! events {
    ($($event:ident => $handler:path,)+) => {
        async fn handle(event: ClientEvent, call: Call<Value>) -> ApiResult<Answer> {
            match event {
                $(ClientEvent::$event => pass(event, call, $handler).await,)+
            }
        }

        /// What the OpenAPI document says of them.
        pub(in crate::realtime) fn requests() -> Vec<Request> {
            vec![$(request(ClientEvent::$event, $handler)),+]
        }
    };
}

events! {
    AuthRefresh => auth::refresh,
    ConversationJoin => conversations::join,
    ConversationLeave => conversations::leave,
    GenerationResume => generations::resume,
    GenerationStop => generations::stop,
    MessageDelete => messages::delete,
    MessageEdit => messages::edit,
    MessageRegenerate => messages::regenerate,
    MessageSend => messages::send,
    MessagesRead => conversations::mark_read,
    TypingStart => typing::start,
    TypingStop => typing::stop,
}

fn request<T: ToSchema, R: ToSchema, F>(event: ClientEvent, _: fn(Call<T>) -> F) -> Request
where
    F: Future<Output = ApiResult<R>>,
{
    Request { name: event.name(), payload: Shape::of::<T>(), acknowledgement: Shape::of::<R>() }
}

/// Acknowledges what a handler returned; written once, straight to text.
type Answer = Box<dyn FnOnce(AckSender<Adapter>) -> Result<(), socketioxide::SendError> + Send>;

/// Answers one event.
pub(in crate::realtime) async fn received(
    socket: Arc<Socket<Adapter>>,
    realtime: Realtime,
    mut packet: Packet,
    ack_id: Option<i64>,
) {
    let named = Event::from_message_parts(&socket, &mut packet, &ack_id);
    let known = named.ok().and_then(|Event(name)| name.parse().ok());
    // Whatever clients make up has one name in metrics and log lines.
    let event = known.map_or("unknown", ClientEvent::name);
    let Ok(ack) = AckSender::from_message_parts(&socket, &mut packet, &ack_id);
    let Ok(TryData(data)) = TryData::<Value>::from_message_parts(&socket, &mut packet, &ack_id);
    drop(packet);
    let (api, begun) = (realtime.api.clone(), Instant::now());
    let span = tracing::error_span!("event", otel.name = event, otel.kind = "server", trace_id = Empty);
    let parent = data.as_ref().ok().and_then(|data| data.get("traceparent")?.as_str()?.parse().ok());
    trace::adopt(&span, parent);
    let answered = async {
        let payload = data.map_err(|error| {
            tracing::debug!(event, %error, "the payload is not JSON");
            fields::not_an_object()
        });
        let answer = answer(known, realtime, SocketRef::from(socket), payload).await;
        let took = begun.elapsed();
        api.metrics.realtime.answered(event, &answer, took);
        let ms = took.as_millis();
        if took >= api.config.slow_request {
            tracing::warn!(event, ok = answer.is_ok(), ms, slow = true, "event");
        } else {
            tracing::debug!(event, ok = answer.is_ok(), ms, "event");
        }
        match answer {
            Ok(answer) => sent(event, answer(ack)),
            Err(error) => {
                if let Some(internal) = &error.internal {
                    tracing::error!(event, code = error.code.name(), error = internal, "socket event failed");
                }
                refuse(ack, &error);
            }
        }
    };
    answered.instrument(span).await;
}

async fn answer(
    event: Option<ClientEvent>,
    realtime: Realtime,
    socket: SocketRef,
    payload: ApiResult<Value>,
) -> ApiResult<Answer> {
    let user = socket.extensions.get::<SocketUser>().ok_or(TokenError::Missing)?;
    limits::event(&realtime.api, user.id(), event).await?;
    let call = Call { realtime, socket, user, payload: payload? };
    match event {
        Some(event) => handle(event, call).await,
        None => Err(ApiError::from(Code::EventUnknown)),
    }
}

/// Parses the payload, and calls the handler with it.
async fn pass<T, R, F>(event: ClientEvent, call: Call<Value>, handler: fn(Call<T>) -> F) -> ApiResult<Answer>
where
    T: DeserializeOwned,
    R: Serialize + Send + 'static,
    F: Future<Output = ApiResult<R>>,
{
    let Call { realtime, socket, user, payload } = call;
    let payload = fields::read(event, payload)?;
    let answer = handler(Call { realtime, socket, user, payload }).await?;
    Ok(Box::new(move |ack| ack.send(&Acknowledged { ok: true, answer })))
}

#[derive(Serialize)]
struct Acknowledged<R> {
    ok: bool,
    #[serde(flatten)]
    answer: R,
}

#[derive(Serialize)]
struct Refused<'a> {
    ok: bool,
    error: Refusal<'a>,
}

/// Why an event has no effect.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(in crate::realtime) struct Refusal<'a> {
    /// Stable, for machines.
    code: &'a str,
    /// As in REST.
    status: u16,
    /// A sentence for people.
    message: &'a str,
    /// What is wrong with its fields.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    errors: &'a [FieldError],
    /// The trace that it happened in, as in the log.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    trace_id: Option<String>,
    /// Seconds after which trying again makes sense.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    retry_after: Option<u32>,
}

/// Acknowledges an event with what is wrong.
pub(in crate::realtime) fn refuse(ack: AckSender<Adapter>, error: &ApiError) {
    let refusal = Refusal {
        code: error.code.name(),
        status: error.status.as_u16(),
        message: &error.detail,
        errors: &error.fields,
        trace_id: trace::current_id(),
        retry_after: error.retry_after,
    };
    sent(error.code.name(), ack.send(&Refused { ok: false, error: refusal }));
}

fn sent(what: &str, sent: Result<(), socketioxide::SendError>) {
    if let Err(error) = sent {
        // The client is gone or takes nothing; it will send again.
        tracing::debug!(what, %error, "sending an acknowledgement failed");
    }
}
