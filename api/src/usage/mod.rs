//! `/api/usage`

use axum::Json;
use axum::extract::State;
use collabry_shared::usage::UsageDay;
use jiff::ToSpan as _;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Identity;
use crate::http::{ApiError, ApiResult, Query};
use crate::state::ApiState;

const TAG: &str = "usage";
const DEFAULT_DAYS: u32 = 30;
const MAX_DAYS: u32 = 366;

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(get))
}

#[derive(Debug, Deserialize, IntoParams)]
struct UsageQuery {
    /// How many days, today included: 1 to 366, by default 30.
    days: Option<u32>,
}

#[derive(Debug, Serialize, ToSchema)]
struct Usage {
    from: Date,
    to: Date,
    /// Days, UTC, on which something was counted, in order.
    days: Vec<UsageDay>,
}

/// What you used, by day. Counted once an hour: the last one may be missing
#[utoipa::path(get, operation_id = "getUsage", path = "/api/usage", tag = TAG, security(("bearer" = [])), params(UsageQuery), responses((status = 200, body = Usage)))]
async fn get(
    State(state): State<ApiState>,
    identity: Identity,
    Query(query): Query<UsageQuery>,
) -> ApiResult<Json<Usage>> {
    let days = query.days.unwrap_or(DEFAULT_DAYS);
    if !(1..=MAX_DAYS).contains(&days) {
        return Err(ApiError::invalid("validation", format!("`days` is a number from 1 to {MAX_DAYS}.")));
    }
    let to = state.clock.now().to_zoned(TimeZone::UTC).date();
    let from = to.saturating_sub(i64::from(days - 1).days());
    let days = state.stores.usage.of(identity.user_id, from, to).await?;
    Ok(Json(Usage { from, to, days }))
}
