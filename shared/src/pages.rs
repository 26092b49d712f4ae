//! Pagination of lists: storage reads only the requested part.

use jiff::Timestamp;

/// The position of an item in a list: the time that orders the list, and an id that orders items of the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    pub at: Timestamp,
    pub id: String,
}

impl Place {
    pub fn new(at: Timestamp, id: &impl ToString) -> Self {
        Self { at, id: id.to_string() }
    }
}

/// Which part of a list to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The part starts after this place, whether or not its item still exists.
    pub after: Option<Place>,
    /// The maximum number of items.
    pub limit: u32,
}

impl Window {
    /// The whole list.
    pub const WHOLE: Self = Self { after: None, limit: u32::MAX };

    /// The bound below which a newest-first list continues: milliseconds and an id.
    pub(crate) fn newest_first(&self) -> (i64, &str) {
        self.bound(i64::MAX)
    }

    /// The bound above which an oldest-first list continues.
    pub(crate) fn oldest_first(&self) -> (i64, &str) {
        self.bound(i64::MIN)
    }

    fn bound(&self, beyond_all: i64) -> (i64, &str) {
        self.after.as_ref().map_or((beyond_all, ""), |place| (place.at.as_millisecond(), &place.id))
    }
}
