//! What every route has in common: errors, bodies, ids in paths.

pub mod error;
pub mod form;
pub mod json;
pub mod path;
pub mod problems;
pub mod query;
pub mod safe_headers;
pub mod see_through;

pub use self::error::{ApiError, ApiResult, FieldError};
pub use self::form::Form;
pub use self::json::Body;
pub use self::path::Params;
pub use self::problems::Problem;
pub use self::query::Query;
