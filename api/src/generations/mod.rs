//! Answers in the making: their state, their events over SSE, and stopping them.

mod access;
pub mod metrics;
mod reader;
mod retell;
mod routes;
mod sse;
pub mod view;

pub use self::access::GenerationAccess;
pub use self::sse::stream;
use crate::state::ApiState;

const TAG: &str = "generations";

pub fn router() -> utoipa_axum::router::OpenApiRouter<ApiState> {
    routes::router().merge(sse::router())
}
