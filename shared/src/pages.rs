//! Lists a page at a time: storage reads the part that was asked for, and no more.

use jiff::Timestamp;

/// Where an item stands in a list: the time that the list is ordered by, and what tells apart items of the same time.
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
    /// The part begins behind this place, whether or not its item is still there.
    pub after: Option<Place>,
    /// Items at most.
    pub limit: u32,
}

impl Window {
    /// All of it.
    pub const WHOLE: Self = Self { after: None, limit: u32::MAX };

    pub fn first(limit: u32) -> Self {
        Self { after: None, limit }
    }

    /// The bound below which a list that begins with the newest goes on: milliseconds and an id.
    pub(crate) fn newest_first(&self) -> (i64, &str) {
        self.bound(i64::MAX)
    }

    /// The bound above which a list that begins with the oldest goes on.
    pub(crate) fn oldest_first(&self) -> (i64, &str) {
        self.bound(i64::MIN)
    }

    fn bound(&self, beyond_all: i64) -> (i64, &str) {
        self.after.as_ref().map_or((beyond_all, ""), |place| (place.at.as_millisecond(), &place.id))
    }
}
