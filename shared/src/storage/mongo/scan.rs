//! Scans a whole collection as raw documents.

use std::collections::VecDeque;

use mongodb::bson::{Document, RawDocumentBuf, doc};

use super::Collection;
use super::batches::{Batches, documents};
use crate::storage::StoreResult;

/// A running scan. Each batch has the timeout of an operation; the whole scan has none.
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
    /// Reads every document in the order of `sort`, which an index should provide.
    pub async fn scan(self, sort: Document) -> StoreResult<Scan> {
        let cursor = self.run("find", &Document::new(), self.inner.find(doc! {}).sort(sort).batch()).await?;
        Ok(Scan { collection: self, batches: Batches::new(cursor), read: VecDeque::new() })
    }
}
