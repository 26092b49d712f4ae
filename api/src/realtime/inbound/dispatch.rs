//! From a packet to a handler and back to an acknowledgement: authorised, counted, parsed, answered.
//!
//! A socket has one handler, which knows every event: a table of its own would be a kilobyte of each idle socket.

use std::sync::Arc;

use collabry_shared::telemetry::trace;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use socketioxide::extract::{AckSender, Event, TryData};
use socketioxide::handler::{FromMessageParts as _, Value as Said};
use socketioxide::socket::Socket;
use tokio::time::Instant;
use tracing::Instrument as _;
use tracing::field::Empty;

use super::gate::Gate;
use super::{conversations, fields, generations, messages, typing};
use crate::auth::TokenError;
use crate::http::{ApiError, ApiResult};
use crate::limits;
use crate::realtime::Realtime;
use crate::realtime::adapter::{Adapter, SocketRef};
use crate::realtime::membership::auth;
use crate::realtime::membership::connect::SocketUser;

/// What sockets may say: see `docs/realtime.md`.
const EVENTS: [&str; 12] = [
    "auth:refresh",
    "conversation:join",
    "conversation:leave",
    "generation:resume",
    "generation:stop",
    "message:delete",
    "message:edit",
    "message:regenerate",
    "message:send",
    "messages:read",
    "typing:start",
    "typing:stop",
];

/// A parsed event with everything its handler needs.
pub(in crate::realtime) struct Call<T> {
    pub realtime: Realtime,
    pub socket: SocketRef,
    pub user: SocketUser,
    pub payload: T,
}

/// Acknowledges what a handler returned; written once, straight to text.
type Answer = Box<dyn FnOnce(AckSender<Adapter>) -> Result<(), socketioxide::SendError> + Send>;

/// Lets a socket be heard. What a handler returns is acknowledged as `{ ok: true, … }`.
pub(in crate::realtime) fn register(socket: &SocketRef, per_second: u32) {
    socket.on_fallback(Gate::new(per_second));
}

/// Answers one event.
pub(in crate::realtime) async fn heard(
    socket: Arc<Socket<Adapter>>,
    realtime: Realtime,
    mut said: Said,
    ack_id: Option<i64>,
) {
    let named = Event::from_message_parts(&socket, &mut said, &ack_id);
    // What clients make up has one name in figures and lines.
    let event = EVENTS.into_iter().find(|known| named.as_ref().is_ok_and(|Event(name)| name == known));
    let event = event.unwrap_or("unknown");
    let Ok(ack) = AckSender::from_message_parts(&socket, &mut said, &ack_id);
    let Ok(TryData(data)) = TryData::<Value>::from_message_parts(&socket, &mut said, &ack_id);
    drop(said);
    let (api, begun) = (realtime.api.clone(), Instant::now());
    let span = tracing::error_span!("event", otel.name = event, otel.kind = "server", trace_id = Empty);
    let parent = data.as_ref().ok().and_then(|data| data.get("traceparent")?.as_str()?.parse().ok());
    trace::adopt(&span, parent);
    let answered = async {
        let payload = data.map_err(|error| {
            tracing::debug!(event, %error, "the payload is not JSON");
            fields::not_an_object()
        });
        let answer = answer(event, realtime, SocketRef::from(socket), payload).await;
        let took = begun.elapsed();
        api.metrics.realtime.answered(event, &answer, took);
        let ms = took.as_millis();
        if took >= api.config.slow_request {
            tracing::warn!(event, ok = answer.is_ok(), ms, slow = true, "event");
        } else {
            tracing::debug!(event, ok = answer.is_ok(), ms, "event");
        }
        match answer {
            Ok(answer) => unheard(event, answer(ack)),
            Err(error) => {
                if let Some(internal) = &error.internal {
                    tracing::error!(event, code = error.code, error = internal, "socket event failed");
                }
                refuse(ack, &error);
            }
        }
    };
    answered.instrument(span).await;
}

async fn answer(
    event: &'static str,
    realtime: Realtime,
    socket: SocketRef,
    payload: ApiResult<Value>,
) -> ApiResult<Answer> {
    let user = socket.extensions.get::<SocketUser>().ok_or(TokenError::Missing)?;
    limits::event(&realtime.api, user.id(), event).await?;
    let call = Call { realtime, socket, user, payload: payload? };
    match event {
        "auth:refresh" => call.to(event, auth::refresh).await,
        "conversation:join" => call.to(event, conversations::join).await,
        "conversation:leave" => call.to(event, conversations::leave).await,
        "generation:resume" => call.to(event, generations::resume).await,
        "generation:stop" => call.to(event, generations::stop).await,
        "message:delete" => call.to(event, messages::delete).await,
        "message:edit" => call.to(event, messages::edit).await,
        "message:regenerate" => call.to(event, messages::regenerate).await,
        "message:send" => call.to(event, messages::send).await,
        "messages:read" => call.to(event, conversations::mark_read).await,
        "typing:start" => call.to(event, typing::start).await,
        "typing:stop" => call.to(event, typing::stop).await,
        _ => Err(ApiError::invalid("event_unknown", "There is no event of this name.")),
    }
}

impl Call<Value> {
    async fn to<T, R, F>(self, event: &'static str, handler: fn(Call<T>) -> F) -> ApiResult<Answer>
    where
        T: DeserializeOwned,
        R: Serialize + Send + 'static,
        F: Future<Output = ApiResult<R>>,
    {
        let Self { realtime, socket, user, payload } = self;
        let payload = fields::read(event, payload)?;
        let answer = handler(Call { realtime, socket, user, payload }).await?;
        Ok(Box::new(move |ack| ack.send(&Acknowledged { ok: true, answer })))
    }
}

#[derive(Serialize)]
struct Acknowledged<R> {
    ok: bool,
    #[serde(flatten)]
    answer: R,
}

/// Acknowledges an event with what is wrong.
pub(in crate::realtime) fn refuse(ack: AckSender<Adapter>, error: &ApiError) {
    let mut told = json!({ "code": error.code, "status": error.status.as_u16(), "message": error.detail });
    if !error.fields.is_empty() {
        told["errors"] = json!(error.fields);
    }
    if let Some(trace) = trace::current_id() {
        told["traceId"] = trace.into();
    }
    if let Some(seconds) = error.retry_after {
        told["retryAfter"] = seconds.into();
    }
    unheard(error.code, ack.send(&json!({ "ok": false, "error": told })));
}

fn unheard(what: &str, sent: Result<(), socketioxide::SendError>) {
    if let Err(error) = sent {
        // The client is gone or takes nothing; it will send again.
        tracing::debug!(what, %error, "unacknowledged");
    }
}
