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
use crate::http::{ApiResult, Query};
use crate::state::ApiState;

const TAG: &str = "usage";
const DEFAULT_DAYS: u32 = 30;

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(get))
}

#[derive(Debug, Deserialize, IntoParams)]
struct UsageQuery {
    /// How many days, today included.
    #[param(minimum = 1, maximum = 366, default = 30, nullable = false)]
    days: Option<u32>,
}

#[derive(Debug, Serialize, ToSchema)]
struct UsageReport {
    from: Date,
    to: Date,
    /// Days, UTC, on which something was counted, in order.
    days: Vec<UsageDay>,
}

/// What you used, by day. Counted once an hour: the last one may be missing
#[utoipa::path(get, operation_id = "getUsage", path = "/api/usage", tag = TAG, params(UsageQuery), responses((status = 200, body = UsageReport)))]
async fn get(
    State(state): State<ApiState>,
    identity: Identity,
    Query(query): Query<UsageQuery>,
) -> ApiResult<Json<UsageReport>> {
    let days = query.days.unwrap_or(DEFAULT_DAYS);
    let to = state.clock.now().to_zoned(TimeZone::UTC).date();
    let from = to.saturating_sub(i64::from(days - 1).days());
    let days = state.stores.usage.of(identity.user_id, from, to).await?;
    Ok(Json(UsageReport { from, to, days }))
}
