//! From a packet to a handler and back to an acknowledgement: parsed, authorised, answered.

use collabry_shared::telemetry::trace;
use serde::Deserialize;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use socketioxide::ParserError;
use socketioxide::extract::{AckSender, State, TryData};
use tokio::time::Instant;
use tracing::Instrument as _;
use tracing::field::Empty;

use super::{Adapter, Realtime, SocketRef, SocketUser};
use crate::auth::TokenError;
use crate::http::{ApiError, ApiResult};
use crate::limits;

/// Any event may say which trace it belongs to.
#[derive(Debug, Deserialize)]
struct Traced {
    traceparent: Option<String>,
}

/// A parsed event with everything its handler needs.
pub(super) struct Call<T> {
    pub realtime: Realtime,
    pub socket: SocketRef,
    pub user: SocketUser,
    pub payload: T,
}

/// Registers `handler` for `event`. What it returns is acknowledged as `{ ok: true, … }`.
pub(super) fn on<T, R, F>(socket: &SocketRef, event: &'static str, handler: fn(Call<T>) -> F)
where
    T: DeserializeOwned + Send + Sync + 'static,
    R: Serialize + Send + 'static,
    F: Future<Output = ApiResult<R>> + Send + 'static,
{
    let on_packet = move |socket: SocketRef,
                          TryData(data): TryData<T>,
                          TryData(traced): TryData<Traced>,
                          State(realtime): State<Realtime>,
                          ack: AckSender<Adapter>| async move {
        let (api, begun) = (realtime.api.clone(), Instant::now());
        let span = tracing::error_span!("event", otel.name = event, otel.kind = "server", trace_id = Empty);
        trace::adopt(&span, traced.ok().and_then(|traced| traced.traceparent?.parse().ok()));
        let answered = async {
            let answer = answer(event, handler, realtime, socket, data).await;
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
    };
    socket.on(event, on_packet);
}

async fn answer<T, R, F>(
    event: &'static str,
    handler: fn(Call<T>) -> F,
    realtime: Realtime,
    socket: SocketRef,
    data: Result<T, ParserError>,
) -> ApiResult<R>
where
    F: Future<Output = ApiResult<R>>,
{
    let user = socket.extensions.get::<SocketUser>().ok_or(TokenError::Missing)?;
    limits::event(&realtime.api, user.id(), event).await?;
    let payload = data.map_err(|error| ApiError::invalid("payload_invalid", format!("{event}: {error}")))?;
    handler(Call { realtime, socket, user, payload }).await
}

fn acknowledgement<R: Serialize>(event: &str, answer: ApiResult<R>) -> Value {
    match answer.and_then(|answer| serde_json::to_value(answer).map_err(ApiError::internal)) {
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
