//! A whole collection, document by document, as MongoDB keeps it.

use futures::TryStreamExt as _;
use mongodb::Cursor;
use mongodb::bson::{Document, RawDocumentBuf, doc};

use super::Collection;
use crate::storage::StoreResult;

/// A reading that goes on. Each batch has the patience of an operation; together they take as long as they take.
pub(crate) struct Scan {
    collection: Collection,
    cursor: Cursor<RawDocumentBuf>,
}

impl Scan {
    pub async fn next(&mut self) -> StoreResult<Option<RawDocumentBuf>> {
        self.collection.run("getMore", &Document::new(), self.cursor.try_next()).await
    }
}

impl Collection {
    /// Every document, in the order of `sort`, which an index should have.
    pub async fn scan(self, sort: Document) -> StoreResult<Scan> {
        let raw = self.inner.clone_with_type::<RawDocumentBuf>();
        let cursor = self.run("find", &Document::new(), raw.find(doc! {}).sort(sort)).await?;
        Ok(Scan { collection: self, cursor })
    }
}
