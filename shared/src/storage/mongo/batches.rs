//! What a read finds, batch by batch. The first comes with the answer that opens the cursor; each further one is an
//! operation of its own, and counts and is timed as one, however many documents it holds.

use futures::TryStreamExt as _;
use mongodb::bson::error::Error;
use mongodb::bson::{Document, RawBsonRef, RawDocument};
use mongodb::raw_batch_cursor::{RawBatch, RawBatchCursor};

use super::Collection;
use crate::storage::{StoreError, StoreResult};

/// A read that goes on.
pub(super) struct Batches {
    cursor: RawBatchCursor,
    /// The next batch is here already.
    first: bool,
    /// The server has no more.
    ended: bool,
}

impl Batches {
    pub fn new(cursor: RawBatchCursor) -> Self {
        Self { cursor, first: true, ended: false }
    }
}

impl Collection {
    /// The next batch; `logged` is what a slow one is reported with.
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

/// A cursor that the server has closed has no number.
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

/// Without what was read.
pub(super) fn damaged(error: &Error) -> StoreError {
    StoreError::Damaged(error.to_string())
}
