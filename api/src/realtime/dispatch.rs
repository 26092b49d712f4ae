//! From a packet to a handler and back to an acknowledgement: parsed, authorised, answered.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use socketioxide::extract::{AckSender, SocketRef, State, TryData};

use super::{Realtime, SocketUser};
use crate::http::{ApiError, ApiResult};

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
                          State(realtime): State<Realtime>,
                          ack: AckSender| async move {
        let answer = match (data, socket.extensions.get::<SocketUser>()) {
            (Ok(payload), Some(user)) => handler(Call { realtime, socket, user, payload }).await,
            (Err(error), _) => Err(ApiError::invalid("payload_invalid", format!("{event}: {error}"))),
            (_, None) => Err(ApiError::unauthorized("token_missing", "Sign in first.")),
        };
        if let Err(error) = ack.send(&acknowledgement(event, answer)) {
            // The client is gone; it will send again.
            tracing::debug!(event, %error, "unacknowledged");
        }
    };
    socket.on(event, on_packet);
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
            json!({ "ok": false, "error": { "code": error.code, "message": error.detail } })
        }
    }
}
