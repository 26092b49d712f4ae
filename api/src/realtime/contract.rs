//! The events of sockets as schemas, made from the types that are sent and parsed: for the OpenAPI document.

use collabry_shared::realtime::{ChangedMessage, Event, MessageChange};

use super::inbound::{dispatch, gate};
use super::membership::auth;
use super::outbound::{losses, relay};
use super::server::{DRAINING, Draining};
use super::shape::{Request, Shape};

/// Events that have a type of their own.
pub fn events() -> Vec<(&'static str, Shape)> {
    let changes = MessageChange::NAMES.iter().map(|name| (*name, Shape::of::<ChangedMessage<'static>>()));
    let of_the_api = [
        (auth::EXPIRED, Shape::of::<auth::Expired>()),
        (gate::CLOSING, Shape::of::<gate::Closing>()),
        (losses::CHECK, Shape::of::<losses::Check>()),
        (DRAINING, Shape::of::<Draining>()),
    ];
    changes.chain(of_the_api).collect()
}

/// What sockets receive of notebooks and conversations: a choice, in the order of [`published_names`].
pub fn published() -> Shape {
    Shape::of::<Event>()
}

pub fn published_names() -> &'static [&'static str] {
    Event::NAMES
}

/// What sockets receive of answers: a choice, told apart by `type`. The name of each is `generation:` and its type.
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
