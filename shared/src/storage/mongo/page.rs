//! A part of a list, as a query.

use mongodb::bson::{Document, doc};

use super::collection::Query;
use super::fields::date;
use crate::pages::Window;

/// Which way a list goes.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Order {
    NewestFirst,
    OldestFirst,
}

impl Query {
    /// The part of the list of what fits that is in the window; `field` has the time that places an item, before its id.
    pub fn page(filter: Document, field: &str, order: Order, window: &Window) -> Self {
        let (way, beyond) = match order {
            Order::NewestFirst => (-1, "$lt"),
            Order::OldestFirst => (1, "$gt"),
        };
        let filter = match &window.after {
            None => filter,
            Some(place) => {
                let (at, id) = (date(place.at), place.id.as_str());
                let behind = doc! { "$or": [{ field: { beyond: at } }, { field: at, "_id": { beyond: id } }] };
                doc! { "$and": [filter, behind] }
            }
        };
        Self::new(filter).sort(doc! { field: way, "_id": way }).limit(window.limit)
    }
}
