//! `/api/notifications`

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use collabry_shared::ids::NotificationId;
use collabry_shared::notifications::Notification;
use collabry_shared::pages::Place;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::auth::Identity;
use crate::http::{ApiResult, Body, List, PageQuery, Query, page};
use crate::state::ApiState;

const TAG: &str = "notifications";
/// On a page, where nothing else is asked for.
const PAGE: u32 = 100;

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(mark_read))
}

#[derive(Debug, Serialize, ToSchema)]
struct NotificationList {
    notifications: Vec<Notification>,
    /// `cursor` of the next page; null on the last page.
    next: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct NotificationFilter {
    /// Only those that are not read.
    #[serde(default)]
    #[param(default = false)]
    unread: bool,
}

#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ReadRequest {
    /// This one and all before it.
    up_to: NotificationId,
}

/// Notifications of the last 90 days, newest first
#[utoipa::path(get, operation_id = "listNotifications", path = "/api/notifications", tag = TAG, params(PageQuery, NotificationFilter), responses(
    (status = 200, body = NotificationList), (status = 422, description = "`validation`, `cursor_invalid`"),
))]
async fn list(
    State(state): State<ApiState>,
    identity: Identity,
    Query(mut query): Query<PageQuery>,
    Query(filter): Query<NotificationFilter>,
) -> ApiResult<Json<NotificationList>> {
    query.limit.get_or_insert(PAGE);
    let (stored, user, unread) = (&state.stores.notifications, identity.user_id, filter.unread);
    let read = async |window| stored.list_page(user, unread, &window).await;
    let list = List::new("notifications", user, &unread);
    let (notifications, next) =
        page(&query, list, read, Some, |one: &Notification| Place::new(one.created_at, &one.id)).await?;
    Ok(Json(NotificationList { notifications, next }))
}

/// Mark notifications as read
#[utoipa::path(post, operation_id = "markNotificationsRead", path = "/api/notifications/read", tag = TAG, request_body = ReadRequest, responses((status = 204)))]
async fn mark_read(
    State(state): State<ApiState>,
    identity: Identity,
    Body(request): Body<ReadRequest>,
) -> ApiResult<StatusCode> {
    state.stores.notifications.mark_read(identity.user_id, request.up_to, state.clock.now()).await?;
    Ok(StatusCode::NO_CONTENT)
}
