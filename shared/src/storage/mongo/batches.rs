//! Reads results batch by batch. The first comes with the answer that opens the cursor; each further one is a separate
//! operation and is counted and timed as one, however many documents it holds.

use futures::TryStreamExt as _;
use mongodb::bson::error::Error;
use mongodb::bson::{Document, RawBsonRef, RawDocument};
use mongodb::raw_batch_cursor::{RawBatch, RawBatchCursor};

use super::Collection;
use crate::storage::{StoreError, StoreResult};

/// A running read.
pub(super) struct Batches {
    cursor: RawBatchCursor,
    /// The next batch has already arrived.
    first: bool,
    /// The server has no more batches.
    ended: bool,
}

impl Batches {
    pub fn new(cursor: RawBatchCursor) -> Self {
        Self { cursor, first: true, ended: false }
    }
}

impl Collection {
    /// Returns the next batch; `logged` is the filter that is logged when the batch is slow.
    pub(super) async fn batch(&self, batches: &mut Batches, logged: &Document) -> StoreResult<Option<RawBatch>> {
        if batches.ended {
            return Ok(None);
        }
        let batch = if std::mem::take(&mut batches.first) {
            batches.cursor.try_next().await?
        } else {
            self.run("getMore", logged, batches.cursor.try_next()).await?
        };
        batches.ended = batch.as_ref().is_none_or(is_last);
        Ok(batch)
    }
}

/// Whether the server has closed the cursor: then its id is 0.
fn is_last(batch: &RawBatch) -> bool {
    let number = batch.as_raw_document().get_document("cursor").and_then(|cursor| cursor.get_i64("id"));
    number.is_ok_and(|number| number == 0)
}

/// The documents of a batch.
pub(super) fn documents(batch: &RawBatch) -> StoreResult<impl Iterator<Item = StoreResult<&RawDocument>>> {
    Ok(batch.doc_slices()?.into_iter().map(document))
}

fn document(value: Result<RawBsonRef<'_>, Error>) -> StoreResult<&RawDocument> {
    match value.map_err(|error| damaged(&error))? {
        RawBsonRef::Document(document) => Ok(document),
        _ => Err(StoreError::Damaged("a batch holds no document".to_owned())),
    }
}

/// An error that does not contain what was read.
pub(super) fn damaged(error: &Error) -> StoreError {
    StoreError::Damaged(error.to_string())
}
