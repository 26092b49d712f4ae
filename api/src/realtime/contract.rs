//! What is said over sockets, as schemas: made from the types that are sent and read, for the document that programs read.

use collabry_shared::realtime::Event;
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use super::Draining;
use super::inbound::{dispatch, gate};
use super::membership::auth;
use super::outbound::{losses, relay};

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

/// What sockets hear, but for the events of answers.
pub fn events() -> Vec<(&'static str, Shape)> {
    vec![
        (auth::EXPIRED, Shape::of::<auth::Expired>()),
        (gate::CLOSING, Shape::of::<gate::Closing>()),
        (losses::CHECK, Shape::of::<losses::Check>()),
        (super::DRAINING, Shape::of::<Draining>()),
    ]
}

/// What sockets hear of notebooks and conversations: a choice, in the order of [`published_names`].
pub fn published() -> Shape {
    Shape::of::<Event>()
}

pub fn published_names() -> &'static [&'static str] {
    Event::NAMES
}

/// What sockets hear of answers: a choice, told apart by `type`. The name of each is `generation:` and its type.
pub fn relayed() -> Shape {
    Shape::of::<relay::Payload<'static>>()
}

pub fn requests() -> Vec<Request> {
    dispatch::requests()
}

/// `error` in an acknowledgement that is not `ok`.
pub fn refusal() -> Shape {
    Shape::of::<dispatch::Refusal>()
}
