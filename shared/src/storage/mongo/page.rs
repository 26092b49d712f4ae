//! Queries for one page of a list.

use mongodb::bson::{Document, doc};

use super::collection::Query;
use super::fields::date;
use crate::pages::Window;

/// The direction of a list.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Order {
    NewestFirst,
    OldestFirst,
}

impl Query {
    /// The matching items in the window; `field` is the time that orders the list, before the id.
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
