//! A collection whose operations have a timeout and are logged when they are slow.

use std::future::IntoFuture;
use std::time::Duration;

use mongodb::bson::{Bson, Document, doc};
use mongodb::error::Result as MongoResult;
use mongodb::options::{ReadConcern, ReturnDocument};
use mongodb::raw_batch_cursor::RawBatchCursor;
use tokio::time::{Instant, timeout};

use super::batches::{Batches, damaged, documents};
use super::metrics::Metrics;
use super::shape::shape;
use crate::storage::{StoreError, StoreResult};

/// How many documents are deleted in one step.
const DELETE_BATCH: u32 = 1000;

/// Some servers read the limit as a 32-bit number.
const MAX_LIMIT: u32 = i32::MAX.unsigned_abs();

#[derive(Debug)]
pub(crate) struct Collection {
    pub(super) name: &'static str,
    pub(super) inner: mongodb::Collection<Document>,
    pub(super) timeout: Duration,
    pub(super) slow: Duration,
    pub(super) metrics: Metrics,
}

/// A query.
#[derive(Debug, Clone)]
pub(crate) struct Query {
    filter: Document,
    fields: Option<Document>,
    sort: Option<Document>,
    limit: Option<u32>,
    concern: Option<ReadConcern>,
}

impl Query {
    pub fn new(filter: Document) -> Self {
        Self { filter, fields: None, sort: None, limit: None, concern: None }
    }

    /// Reads only the ids of the documents.
    pub fn ids(self) -> Self {
        Self { fields: Some(doc! { "_id": 1 }), ..self }
    }

    /// Reads only the ids of the documents and these fields.
    pub fn fields(self, fields: Document) -> Self {
        Self { fields: Some(fields), ..self }
    }

    pub fn sort(self, sort: Document) -> Self {
        Self { sort: Some(sort), ..self }
    }

    pub fn limit(self, limit: u32) -> Self {
        Self { limit: Some(limit), ..self }
    }

    /// Reads the primary's current state, whether a majority has confirmed it or not: for reads that a conditional write
    /// follows, which would otherwise see the same stale state again and again.
    pub fn current(self) -> Self {
        Self { concern: Some(ReadConcern::local()), ..self }
    }
}

/// A change to the documents that match a filter.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    filter: Document,
    update: Document,
    sort: Option<Document>,
    elements: Option<Document>,
    upsert: bool,
}

impl Change {
    pub fn new(filter: Document, update: Document) -> Self {
        Self { filter, update, sort: None, elements: None, upsert: false }
    }

    /// Of several matching documents, the first in this order is changed.
    pub fn sort(self, sort: Document) -> Self {
        Self { sort: Some(sort), ..self }
    }

    /// The elements of a list that `$[…]` in the change refers to.
    pub fn elements(self, elements: Document) -> Self {
        Self { elements: Some(elements), ..self }
    }

    /// Inserts a document when none matches; [`StoreError::Conflict`] when another document has its key.
    pub fn upsert(self) -> Self {
        Self { upsert: true, ..self }
    }
}

impl Collection {
    /// [`StoreError::Conflict`] when a unique key is taken.
    pub async fn insert(&self, document: &Document) -> StoreResult<()> {
        self.run("insert", &Document::new(), self.inner.insert_one(document)).await?;
        Ok(())
    }

    /// Inserts missing documents; those whose key is taken stay as they are.
    pub async fn insert_missing(&self, documents: &[Document]) -> StoreResult<()> {
        if documents.is_empty() {
            return Ok(());
        }
        match self.insert_all(documents).await {
            Err(StoreError::Conflict(_)) => Ok(()),
            other => other,
        }
    }

    /// Inserts all documents whose keys are free; [`StoreError::Conflict`] when a key was taken.
    pub async fn insert_all(&self, documents: &[Document]) -> StoreResult<()> {
        self.run("insert", &Document::new(), self.inner.insert_many(documents).ordered(false)).await?;
        Ok(())
    }

    /// Replaces the document with the same id, or inserts it.
    pub async fn replace(&self, document: &Document) -> StoreResult<()> {
        let id = doc! { "_id": document.get("_id").cloned().unwrap_or(Bson::Null) };
        let logged = id.clone();
        self.run("update", &logged, self.inner.replace_one(id, document).upsert(true)).await?;
        Ok(())
    }

    pub async fn count(&self, filter: Document) -> StoreResult<u64> {
        let logged = filter.clone();
        self.run("count", &logged, self.inner.count_documents(filter)).await
    }

    pub async fn find<T>(&self, query: Query, read: impl Fn(&Document) -> StoreResult<T>) -> StoreResult<Vec<T>> {
        let mut found = Vec::new();
        let into = &mut found;
        self.find_while(query, move |document| {
            into.push(read(document)?);
            Ok(true)
        })
        .await?;
        Ok(found)
    }

    /// Reads documents for as long as `read` says `true`.
    pub async fn find_while(
        &self,
        query: Query,
        mut read: impl FnMut(&Document) -> StoreResult<bool>,
    ) -> StoreResult<()> {
        let Query { filter, fields, sort, limit, concern } = query;
        if limit == Some(0) {
            // MongoDB reads 0 as no limit.
            return Ok(());
        }
        let logged = filter.clone();
        let mut find = self.inner.find(filter).limit(limit.map_or(0, |limit| i64::from(limit.min(MAX_LIMIT))));
        find = if let Some(fields) = fields { find.projection(fields) } else { find };
        find = if let Some(sort) = sort { find.sort(sort) } else { find };
        find = if let Some(concern) = concern { find.read_concern(concern) } else { find };
        let mut batches = Batches::new(self.run("find", &logged, find.batch()).await?);
        while let Some(batch) = self.batch(&mut batches, &logged).await? {
            for document in documents(&batch)? {
                if !read(&Document::try_from(document?).map_err(|error| damaged(&error))?)? {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    pub async fn find_one(&self, query: Query) -> StoreResult<Option<Document>> {
        Ok(self.find(query.limit(1), |document| Ok(document.clone())).await?.pop())
    }

    pub async fn exists(&self, filter: Document) -> StoreResult<bool> {
        Ok(self.find_one(Query::new(filter).ids().current()).await?.is_some())
    }

    /// Aggregates the primary's current state.
    pub async fn aggregate<T>(
        &self,
        stages: Vec<Document>,
        read: impl Fn(&Document) -> StoreResult<T>,
    ) -> StoreResult<Vec<T>> {
        let logged = doc! { "pipeline": stages.clone() };
        let aggregate = self.inner.aggregate(stages).read_concern(ReadConcern::local());
        let cursor = self.run("aggregate", &logged, aggregate.batch()).await?;
        self.read_all(cursor, &logged, read).await
    }

    async fn read_all<T>(
        &self,
        cursor: RawBatchCursor,
        logged: &Document,
        read: impl Fn(&Document) -> StoreResult<T>,
    ) -> StoreResult<Vec<T>> {
        let (mut batches, mut found) = (Batches::new(cursor), Vec::new());
        while let Some(batch) = self.batch(&mut batches, logged).await? {
            for document in documents(&batch)? {
                found.push(read(&Document::try_from(document?).map_err(|error| damaged(&error))?)?);
            }
        }
        Ok(found)
    }

    /// Changes one document atomically and returns the changed document.
    pub async fn find_and_update(&self, change: Change) -> StoreResult<Option<Document>> {
        let Change { filter, update, sort, elements, upsert } = change;
        let logged = filter.clone();
        let operation = self.inner.find_one_and_update(filter, update);
        let mut operation = operation.return_document(ReturnDocument::After).upsert(upsert);
        operation = if let Some(sort) = sort { operation.sort(sort) } else { operation };
        operation = if let Some(elements) = elements { operation.array_filters([elements]) } else { operation };
        self.run("findAndModify", &logged, operation).await
    }

    /// Changes one document; `false` when none matches.
    pub async fn update(&self, change: Change) -> StoreResult<bool> {
        let Change { filter, update, sort: _, elements, upsert } = change;
        let logged = filter.clone();
        let mut operation = self.inner.update_one(filter, update).upsert(upsert);
        operation = if let Some(elements) = elements { operation.array_filters([elements]) } else { operation };
        let done = self.run("update", &logged, operation).await?;
        Ok(done.matched_count == 1 || done.upserted_id.is_some())
    }

    /// Changes every matching document, each on its own; returns how many.
    pub async fn update_all(&self, change: Change) -> StoreResult<u64> {
        let Change { filter, update, sort: _, elements, upsert: _ } = change;
        let logged = filter.clone();
        let mut operation = self.inner.update_many(filter, update);
        operation = if let Some(elements) = elements { operation.array_filters([elements]) } else { operation };
        Ok(self.run("update", &logged, operation).await?.modified_count)
    }

    pub async fn delete(&self, filter: Document) -> StoreResult<bool> {
        let logged = filter.clone();
        Ok(self.run("delete", &logged, self.inner.delete_one(filter)).await?.deleted_count == 1)
    }

    /// Deletes all matching documents in batches, so that each step ends within the timeout.
    pub async fn delete_all(&self, filter: Document) -> StoreResult<u64> {
        let mut deleted = 0;
        loop {
            let step = Query::new(filter.clone()).ids().limit(DELETE_BATCH).current();
            let ids = self.find(step, |document| Ok(document.get("_id").cloned().unwrap_or(Bson::Null))).await?;
            let last = u32::try_from(ids.len()).is_ok_and(|found| found < DELETE_BATCH);
            // The filter again, because a document may not match any more.
            let found = doc! { "$and": [{ "_id": { "$in": ids } }, filter.clone()] };
            deleted += self.run("delete", &filter, self.inner.delete_many(found)).await?.deleted_count;
            if last {
                return Ok(deleted);
            }
        }
    }

    /// Runs an operation with the timeout, and logs a slow one with its shape, never with its values.
    pub(super) async fn run<T>(
        &self,
        command: &'static str,
        filter: &Document,
        operation: impl IntoFuture<Output = MongoResult<T>>,
    ) -> StoreResult<T> {
        let started = Instant::now();
        let result = timeout(self.timeout, operation).await;
        let elapsed = started.elapsed();
        if elapsed >= self.slow {
            let (collection, shape) = (self.name, shape(filter));
            let millis = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
            tracing::warn!(command, collection, shape, millis, "a slow query");
        }
        let result = match result {
            Ok(result) => result.map_err(StoreError::from),
            Err(_) => {
                Err(StoreError::Unavailable(format!("MongoDB did not finish within {} s", self.timeout.as_secs())))
            }
        };
        // A key that is taken is an answer.
        let failed = matches!(result, Err(StoreError::Unavailable(_) | StoreError::Mongo(_)));
        self.metrics.observe(command, self.name, elapsed, failed);
        result
    }
}
