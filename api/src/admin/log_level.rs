//! `/api/admin/log-level`

use axum::Json;
use axum::extract::State;
use collabry_shared::coordination::Change;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Admin, TAG};
use crate::http::{ApiError, ApiResult, Body, Code};
use crate::state::ApiState;

const DEFAULT_SECS: u32 = 15 * 60;
/// A day: what is wanted for longer belongs into the configuration.
const MAX_SECS: u32 = 24 * 60 * 60;
const MAX_FILTER_BYTES: usize = 1_000;

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(get, set, reset))
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct LogLevelChange {
    /// As in `COLLABRY_LOG`: `debug`, or `info,collabry_api=debug`.
    #[schema(max_length = 1000)]
    filter: String,
    /// For how long, up to a day; default: a quarter of an hour.
    for_secs: Option<u32>,
}

#[derive(Debug, Serialize, ToSchema)]
struct LogLevelView {
    /// What the process that answers was started with.
    configured: Option<String>,
    /// What is logged instead; null: nothing else.
    filter: Option<String>,
    /// Until when.
    #[serde(serialize_with = "collabry_shared::clock::wire::optional")]
    until: Option<Timestamp>,
}

impl LogLevelView {
    fn of(state: &ApiState) -> Json<Self> {
        let configured = state.coordination.log_level.configured().map(str::to_owned);
        let (filter, until) = state.coordination.log_level.change().map(|change| (change.filter, change.until)).unzip();
        Json(Self { configured, filter, until })
    }
}

/// What is logged
#[utoipa::path(get, operation_id = "getLogLevel", path = "/api/admin/log-level", tag = TAG, responses(
    (status = 200, body = LogLevelView), (status = 404, description = "`not_found`: the caller is not an admin"),
))]
async fn get(State(state): State<ApiState>, _: Admin) -> Json<LogLevelView> {
    LogLevelView::of(&state)
}

/// Log more, or less, for a while: every process of every role, within seconds
#[utoipa::path(put, operation_id = "setLogLevel", path = "/api/admin/log-level", tag = TAG, request_body = LogLevelChange, responses(
    (status = 200, body = LogLevelView), (status = 404, description = "`not_found`: the caller is not an admin"),
    (status = 422, description = "`filter_invalid`, `duration_invalid`"),
))]
async fn set(
    State(state): State<ApiState>,
    admin: Admin,
    Body(LogLevelChange { filter, for_secs }): Body<LogLevelChange>,
) -> ApiResult<Json<LogLevelView>> {
    let seconds = for_secs.unwrap_or(DEFAULT_SECS);
    if !(1..=MAX_SECS).contains(&seconds) {
        return Err(ApiError::from(Code::DurationInvalid).of_field("forSecs"));
    }
    if filter.len() > MAX_FILTER_BYTES {
        return Err(ApiError::field(Code::FilterInvalid, "filter", "A filter has at most 1,000 characters."));
    }
    let until = state.clock.now().saturating_add(SignedDuration::from_secs(seconds.into())).unwrap_or(Timestamp::MAX);
    let change = Change::parse(&filter, until).map_err(|error| {
        ApiError::field(Code::FilterInvalid, "filter", format!("This is not a log filter: {error}."))
    })?;
    tracing::info!(by = %admin.user_id, filter, seconds, "an admin changes the log level");
    state.coordination.log_level.set(Some(change)).await?;
    Ok(LogLevelView::of(&state))
}

/// Go back to what is configured
#[utoipa::path(delete, operation_id = "resetLogLevel", path = "/api/admin/log-level", tag = TAG, responses(
    (status = 200, body = LogLevelView), (status = 404, description = "`not_found`: the caller is not an admin"),
))]
async fn reset(State(state): State<ApiState>, _: Admin) -> ApiResult<Json<LogLevelView>> {
    state.coordination.log_level.set(None).await?;
    Ok(LogLevelView::of(&state))
}
