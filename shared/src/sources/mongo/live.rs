//! Sources that nobody deleted, and those that are deleted and can be restored.

use mongodb::bson::{Document, doc};

use super::SOURCES;
use crate::ids::SourceId;
use crate::notebooks::in_live_notebook;
use crate::sources::SourceState;
use crate::storage::mongo::{Database, date, restorable};
use crate::storage::{StoreError, StoreResult};

/// The source's document; `None` when it or its notebook is gone.
pub async fn live(db: &Database, id: SourceId) -> StoreResult<Option<Document>> {
    one(db, live_filter(id)).await
}

/// The document of a source that was deleted and can be restored; `None` also when its notebook is gone.
pub async fn deleted(db: &Database, id: SourceId) -> StoreResult<Option<Document>> {
    let mut filter = restorable();
    filter.insert("_id", id.to_string());
    one(db, filter).await
}

/// The source that fits, if its notebook is live.
pub async fn one(db: &Database, filter: Document) -> StoreResult<Option<Document>> {
    Ok(db.collection(SOURCES).aggregate(in_live_notebook(filter), |found| Ok(found.clone())).await?.pop())
}

pub fn live_filter(id: SourceId) -> Document {
    doc! { "_id": id.to_string(), "deletedAt": null }
}

/// The source, if it is as it was seen: part of the write, as another process may change it at any moment.
pub fn seen_filter(id: SourceId, seen: Option<&SourceState>) -> Document {
    let mut filter = live_filter(id);
    if let Some(SourceState { name, latest }) = seen {
        let version = doc! { "version": latest.version, "updatedAt": date(latest.updated_at) };
        filter.extend(doc! { "name": name, "latest": latest.version, "versions": { "$elemMatch": version } });
    }
    filter
}

/// After a write that matched nothing: [`StoreError::Changed`] when the source is there, but not as it was seen.
pub async fn absent(db: &Database, id: SourceId, seen: Option<&SourceState>) -> StoreResult<()> {
    let changed = seen.is_some() && live(db, id).await?.is_some();
    if changed { Err(StoreError::Changed("the source")) } else { Ok(()) }
}
