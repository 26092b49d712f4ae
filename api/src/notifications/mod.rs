//! `/api/notifications`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use collabry_shared::ids::NotificationId;
use collabry_shared::notifications::Notification;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Identity;
use crate::http::{ApiResult, Body};
use crate::state::ApiState;

const TAG: &str = "notifications";
const SHOWN: u32 = 100;

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(mark_read))
}

#[derive(Debug, Serialize, ToSchema)]
struct NotificationList {
    notifications: Vec<Notification>,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ReadRequest {
    /// This one and all before it.
    up_to: NotificationId,
}

/// The newest 100 notifications, newest first
#[utoipa::path(get, operation_id = "listNotifications", path = "/api/notifications", tag = TAG, security(("bearer" = [])), responses((status = 200, body = NotificationList)))]
async fn list(State(state): State<ApiState>, identity: Identity) -> ApiResult<Json<NotificationList>> {
    Ok(Json(NotificationList { notifications: state.stores.notifications.list(identity.user_id, SHOWN).await? }))
}

/// Mark notifications as read
#[utoipa::path(post, operation_id = "markNotificationsRead", path = "/api/notifications/read", tag = TAG, security(("bearer" = [])), request_body = ReadRequest, responses((status = 204)))]
async fn mark_read(
    State(state): State<ApiState>,
    identity: Identity,
    Body(request): Body<ReadRequest>,
) -> ApiResult<StatusCode> {
    state.stores.notifications.mark_read(identity.user_id, request.up_to, state.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
