//! Sources of a notebook: adding, looking, removing.

mod access;
mod add;
mod download;
mod limits;
mod queue;
mod read;
pub mod room;
mod routes;
mod upload;

pub use self::access::SourceAccess;
use crate::state::ApiState;

const TAG: &str = "sources";

pub fn router() -> utoipa_axum::router::OpenApiRouter<ApiState> {
    routes::router().merge(read::router()).merge(download::router()).merge(add::router()).merge(limits::router())
}
