//! Schemas of what goes over sockets.

use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

/// A schema, and those that it names.
pub struct Shape {
    pub schema: RefOr<Schema>,
    pub parts: Vec<(String, RefOr<Schema>)>,
}

/// What a socket may send.
pub struct Request {
    pub name: &'static str,
    pub payload: Shape,
    /// Beside `ok`.
    pub acknowledgement: Shape,
}

impl Shape {
    pub(in crate::realtime) fn of<T: ToSchema>() -> Self {
        let mut parts = Vec::new();
        T::schemas(&mut parts);
        Self { schema: <T as PartialSchema>::schema(), parts }
    }
}
