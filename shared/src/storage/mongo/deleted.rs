//! Documents that are deleted, but not purged yet.

use mongodb::bson::{Document, doc};

/// What was deleted and can be brought back: nobody has begun to purge it.
pub(crate) fn restorable() -> Document {
    doc! { "deletedAt": { "$ne": null }, "purging": { "$ne": true } }
}
