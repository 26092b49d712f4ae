//! Notebooks and their members.

pub mod access;
pub mod codes;
mod join_codes;
mod members;
mod routes;

pub use self::access::{AtLeast, Editor, NotebookAccess, Owner, Viewer};
pub use self::members::leave;
pub use self::routes::delete_notebook as delete;
use crate::state::ApiState;

pub fn router() -> utoipa_axum::router::OpenApiRouter<ApiState> {
    routes::router().merge(members::router()).merge(join_codes::router())
}
