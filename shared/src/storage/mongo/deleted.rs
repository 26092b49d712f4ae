//! Documents that are deleted, but not purged yet.

use mongodb::bson::{Document, doc};

/// Matches deleted documents that can be restored, because no purge has started.
pub(crate) fn restorable() -> Document {
    doc! { "deletedAt": { "$ne": null }, "purging": { "$ne": true } }
}
