//! A whole collection, document by document, as MongoDB keeps it.

use std::collections::VecDeque;

use mongodb::bson::{Document, RawDocumentBuf, doc};

use super::Collection;
use super::batches::{Batches, documents};
use crate::storage::StoreResult;

/// A reading that goes on. Each batch has the patience of an operation; together they take as long as they take.
pub(crate) struct Scan {
    collection: Collection,
    batches: Batches,
    read: VecDeque<RawDocumentBuf>,
}

impl Scan {
    pub async fn next(&mut self) -> StoreResult<Option<RawDocumentBuf>> {
        while self.read.is_empty() {
            let Some(batch) = self.collection.batch(&mut self.batches, &Document::new()).await? else {
                return Ok(None);
            };
            for document in documents(&batch)? {
                self.read.push_back(document?.to_owned());
            }
        }
        Ok(self.read.pop_front())
    }
}

impl Collection {
    /// Every document, in the order of `sort`, which an index should have.
    pub async fn scan(self, sort: Document) -> StoreResult<Scan> {
        let cursor = self.run("find", &Document::new(), self.inner.find(doc! {}).sort(sort).batch()).await?;
        Ok(Scan { collection: self, batches: Batches::new(cursor), read: VecDeque::new() })
    }
}
