//! From a packet to a handler and back to an acknowledgement: authorised, counted, parsed, answered.
//!
//! A socket has one handler, which knows every event: a table of its own would be a kilobyte of each idle socket.

use collabry_shared::telemetry::trace;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use socketioxide::ParserError;
use socketioxide::extract::{AckSender, Event, State, TryData};
use tokio::time::Instant;
use tracing::Instrument as _;
use tracing::field::Empty;

use super::{Adapter, Realtime, SocketRef, SocketUser, auth, conversations, generations, messages, typing};
use crate::auth::TokenError;
use crate::http::{ApiError, ApiResult};
use crate::limits;

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
pub(super) struct Call<T> {
    pub realtime: Realtime,
    pub socket: SocketRef,
    pub user: SocketUser,
    pub payload: T,
}

/// Lets a socket be heard. What a handler returns is acknowledged as `{ ok: true, … }`.
pub(super) fn register(socket: &SocketRef) {
    socket.on_fallback(heard);
}

async fn heard(
    socket: SocketRef,
    Event(event): Event,
    TryData(data): TryData<Value>,
    State(realtime): State<Realtime>,
    ack: AckSender<Adapter>,
) {
    // What clients make up has one name in figures and lines.
    let event = EVENTS.into_iter().find(|known| *known == event).unwrap_or("unknown");
    let (api, begun) = (realtime.api.clone(), Instant::now());
    let span = tracing::error_span!("event", otel.name = event, otel.kind = "server", trace_id = Empty);
    let parent = data.as_ref().ok().and_then(|data| data.get("traceparent")?.as_str()?.parse().ok());
    trace::adopt(&span, parent);
    let answered = async {
        let answer = answer(event, realtime, socket, data).await;
        let took = begun.elapsed();
        api.metrics.realtime.answered(event, &answer, took);
        let ms = took.as_millis();
        if took >= api.config.slow_request {
            tracing::warn!(event, ok = answer.is_ok(), ms, slow = true, "event");
        } else {
            tracing::debug!(event, ok = answer.is_ok(), ms, "event");
        }
        if let Err(error) = ack.send(&acknowledgement(event, answer)) {
            // The client is gone; it will send again.
            tracing::debug!(event, %error, "unacknowledged");
        }
    };
    answered.instrument(span).await;
}

async fn answer(
    event: &'static str,
    realtime: Realtime,
    socket: SocketRef,
    data: Result<Value, ParserError>,
) -> ApiResult<Value> {
    let user = socket.extensions.get::<SocketUser>().ok_or(TokenError::Missing)?;
    limits::event(&realtime.api, user.id(), event).await?;
    let payload = data.map_err(|error| invalid(event, &error))?;
    let call = Call { realtime, socket, user, payload };
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
    async fn to<T, R, F>(self, event: &str, handler: fn(Call<T>) -> F) -> ApiResult<Value>
    where
        T: DeserializeOwned,
        R: Serialize,
        F: Future<Output = ApiResult<R>>,
    {
        let Self { realtime, socket, user, payload } = self;
        let payload = serde_json::from_value(payload).map_err(|error| invalid(event, &error))?;
        let answer = handler(Call { realtime, socket, user, payload }).await?;
        serde_json::to_value(answer).map_err(ApiError::internal)
    }
}

fn invalid(event: &str, error: &dyn std::error::Error) -> ApiError {
    ApiError::invalid("payload_invalid", format!("{event}: {error}"))
}

fn acknowledgement(event: &str, answer: ApiResult<Value>) -> Value {
    match answer {
        Ok(Value::Object(mut fields)) => {
            fields.insert("ok".to_owned(), Value::Bool(true));
            Value::Object(fields)
        }
        Ok(_) => json!({ "ok": true }),
        Err(error) => {
            if let Some(internal) = &error.internal {
                tracing::error!(event, code = error.code, error = internal, "socket event failed");
            }
            let mut told = json!({ "code": error.code, "message": error.detail });
            if let Some(trace) = trace::current_id() {
                told["traceId"] = trace.into();
            }
            if let Some(seconds) = error.retry_after {
                told["retryAfter"] = seconds.into();
            }
            json!({ "ok": false, "error": told })
        }
    }
}
