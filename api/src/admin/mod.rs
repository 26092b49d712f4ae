//! What only admins may do, and who they are.

mod access;
pub mod command;
mod jobs;
mod log_level;
pub mod unmade;

use utoipa_axum::router::OpenApiRouter;

use self::access::Admin;
use crate::state::ApiState;

const TAG: &str = "admin";

pub fn router() -> OpenApiRouter<ApiState> {
    jobs::router().merge(log_level::router())
}
