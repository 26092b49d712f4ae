//! What every route has in common: errors, bodies, ids in paths.

pub mod code;
pub mod conditional;
pub mod created;
pub mod error;
pub mod form;
pub mod idempotency;
pub mod json;
pub mod options;
pub mod pages;
pub mod path;
pub mod problems;
pub mod query;
pub mod run_to_completion;
pub mod safe_headers;
pub mod shape;
pub mod slash;

pub use self::code::Code;
pub use self::conditional::Seen;
pub use self::created::{Created, accepted, created};
pub use self::error::{ApiError, ApiResult, FieldError};
pub use self::form::Form;
pub use self::json::{Body, Shared};
pub use self::pages::{List, PageQuery, page};
pub use self::path::Params;
pub use self::problems::Problem;
pub use self::query::Query;
