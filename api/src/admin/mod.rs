//! What only admins may do: `COLLABRY_ADMIN_EMAILS` says who they are.

mod access;
mod jobs;
mod log_level;

use utoipa_axum::router::OpenApiRouter;

use self::access::Admin;
use crate::state::ApiState;

const TAG: &str = "admin";

pub fn router() -> OpenApiRouter<ApiState> {
    jobs::router().merge(log_level::router())
}
