//! A generation's log as server-sent events, from any event on.

use std::convert::Infallible;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use axum::http::{HeaderMap, StatusCode};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use collabry_shared::generations::{EventId, Generation, LoggedEvent};
use collabry_shared::ids::GenerationId;
use collabry_shared::storage::StoreError;
use futures::{Stream, StreamExt as _, stream as streams};
use serde::Deserialize;
use utoipa::IntoParams;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::reader::Reader;
use super::view::{self, GenerationEvents};
use super::{GenerationAccess, TAG};
use crate::auth::Identity;
use crate::http::{ApiResult, Query};
use crate::state::ApiState;

const LAST_EVENT_ID: &str = "last-event-id";
/// Keeps proxies from taking a thinking model for a dead connection.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
/// Before the database is asked again by a stream that it has left in the dark.
const PAUSE: Duration = Duration::from_secs(1);

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(events))
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct From {
    /// Begin after this event; the header `Last-Event-ID` goes before it.
    #[param(minimum = 0, maximum = 9_007_199_254_740_991.0, value_type = Option<u64>, nullable = false)]
    after: Option<EventId>,
}

/// The events of a generation: everything after the given one, then each as it happens
///
/// `id` is the event's id, `event` one of `started`, `citations`, `delta`, `done`, `failed`, `data` its JSON. The stream
/// ends after `done` or `failed`. A `delta` may have `thinking` (the model is thinking and sends no text) or `anew` (the
/// text starts over); a `done` may have `cutOff` (why the answer may be incomplete).
/// A client that reconnects after the end gets 204, at which a standard `EventSource` stops. Any number of clients may watch,
/// and closing a stream does not stop the answer. While events cannot be read, the stream stays open and sends only comments.
#[utoipa::path(get, operation_id = "streamGeneration", path = "/api/ai/generations/{generationId}/events", tag = TAG, params(("generationId" = GenerationId, Path), From,
    ("Last-Event-ID" = u64, Header, description = "As `after`, and goes before it: what a standard `EventSource` sends when it comes back")), responses(
    (status = 200, content_type = "text/event-stream", body = LoggedEvent), (status = 204, description = "nothing follows the given event, now or later"),
    (status = 422, description = "`event_id_invalid`"),
))]
async fn events(
    State(state): State<ApiState>,
    identity: Identity,
    GenerationAccess(generation): GenerationAccess,
    Query(from): Query<From>,
    headers: HeaderMap,
) -> ApiResult<Response> {
    let after = last_event_id(&headers)?.or(from.after).unwrap_or(0);
    view::check_given_out(&state, &generation, after).await?;
    if view::is_told(&state, &generation, after).await? {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    stream(&state, identity, &generation, after).await
}

/// The events after `after`, for as long as their reader may read them.
pub async fn stream(
    state: &ApiState,
    identity: Identity,
    generation: &Generation,
    after: EventId,
) -> ApiResult<Response> {
    let reader = Reader::prove(state, identity, generation).await?;
    let stream =
        Sse::new(tail(state.clone(), reader, generation.id, after)).keep_alive(KeepAlive::new().interval(KEEP_ALIVE));
    let no_buffering = [
        (CACHE_CONTROL, HeaderValue::from_static("no-store, no-transform")),
        (HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no")),
    ];
    Ok((no_buffering, stream).into_response())
}

fn last_event_id(headers: &HeaderMap) -> ApiResult<Option<EventId>> {
    let Some(value) = headers.get(LAST_EVENT_ID) else { return Ok(None) };
    let id = value.to_str().ok().and_then(|text| text.parse().ok());
    id.map(Some).ok_or_else(view::not_given_out)
}

/// Ends after the final event, when its reader may read no longer, and when the server drains: the client comes back
/// with the last id.
fn tail(
    state: ApiState,
    reader: Reader,
    id: GenerationId,
    after: EventId,
) -> impl Stream<Item = Result<Event, Infallible>> {
    let (draining, open) = (state.draining.clone(), state.metrics.streams.open());
    let begin = (GenerationEvents::new(state, id, after), reader, draining, open);
    let batches = streams::unfold(begin, move |(mut tail, mut reader, draining, open)| async move {
        let events = tokio::select! {
            biased;
            () = draining.cancelled() => return None,
            () = reader.gone() => return None,
            events = held(&mut tail, id) => events,
        };
        Some((events?, (tail, reader, draining, open)))
    });
    batches.flat_map(|events| streams::iter(events.into_iter().map(|event| Ok(to_sse(&event)))))
}

/// The next events. A database that is away is waited for: a stream that ends, and is then refused, is lost to a standard
/// `EventSource` for good.
async fn held(tail: &mut GenerationEvents, id: GenerationId) -> Option<Vec<LoggedEvent>> {
    let mut told = false;
    loop {
        match tail.next().await {
            Ok(events) => return events,
            Err(error @ (StoreError::Unavailable(_) | StoreError::Redis(_) | StoreError::Mongo(_))) => {
                if !std::mem::replace(&mut told, true) {
                    tracing::warn!(generation = %id, %error, "an event stream waits for what it is read from");
                }
                tokio::time::sleep(PAUSE).await;
            }
            Err(error) => {
                tracing::error!(generation = %id, %error, "generation log unreadable");
                return None;
            }
        }
    }
}

fn to_sse(logged: &LoggedEvent) -> Event {
    let event = Event::default().id(logged.event_id.to_string()).event(logged.event.name());
    event.json_data(logged).unwrap_or_else(|error| {
        tracing::error!(%error, "an event that is not JSON");
        Event::default().comment("unreadable event")
    })
}
