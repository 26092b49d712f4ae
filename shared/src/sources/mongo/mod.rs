//! Sources in MongoDB: one document each with all its versions, so that a version and the work on it are one write.
//! [`documents`] maps them, [`queue`] hands out the work, [`segments`] stores what it produces.

mod candidate;
mod documents;
mod live;
mod queue;
mod segments;

use std::collections::HashSet;

use async_trait::async_trait;
use jiff::Timestamp;
use mongodb::bson::{Bson, Document, doc};

pub(crate) use self::documents::ingest_again_without_chunks;
use self::documents::{is_open, source, version_of};
use self::live::{absent, deleted, live, live_filter, seen_filter};
use super::{Owned, SegmentId, Source, SourceRepo, SourceState, SourceVersion};
use crate::ids::{NotebookId, SourceId, UserId};
use crate::notebooks::{in_live_notebook, is_live};
use crate::pages::Window;
use crate::storage::mongo::{Change, Database, Fields as _, Index, Order, Query, conflict, date, restorable};
use crate::storage::{StoreError, StoreResult};

const SOURCES: &str = "sources";
const PAGES: &str = "pages";
const CHUNKS: &str = "chunks";

pub(crate) const INDEXES: &[Index] = &[
    Index::on(SOURCES, "sources_notebook", &["notebook", "createdAt"]),
    Index::on(SOURCES, "sources_open", &["versions.open"]),
    Index::on(SOURCES, "sources_deleted", &["deletedAt"]).sparse(),
    Index::on(SOURCES, "sources_created_by", &["createdBy"]),
    Index::on(SOURCES, "sources_queued_by", &["versions.queuedBy"]),
    Index::on(PAGES, "pages_number", &["source", "version", "fence", "number"]).unique(),
    Index::on(CHUNKS, "chunks_number", &["source", "version", "fence", "number"]).unique(),
];

#[async_trait]
impl SourceRepo for Database {
    async fn create(&self, source: &Source) -> StoreResult<()> {
        if !is_live(self, source.notebook_id).await? {
            return Err(StoreError::Missing("the notebook"));
        }
        let document = documents::of_source(source)?;
        self.collection(SOURCES).insert(&document).await.map_err(conflict("the source"))
    }

    async fn add_version(&self, id: SourceId, name: &str, version: &SourceVersion) -> StoreResult<Option<Source>> {
        let mut before = live_filter(id);
        before.insert("latest", i64::from(version.version) - 1);
        let add = doc! {
            "$set": { "name": name, "latest": version.version },
            "$push": { "versions": documents::of_version(version)? },
        };
        if live(self, id).await?.is_none() {
            return Ok(None);
        }
        if let Some(added) = self.collection(SOURCES).find_and_update(Change::new(before, add)).await? {
            return source(&added).map(Some);
        }
        let Some(stored) = live(self, id).await? else {
            return Ok(None);
        };
        // Each upload has a file of its own: a version with this file was stored by the first attempt, whose answer was lost.
        match version_of(&stored, version.version)? {
            Some(taken) if taken.text("blobKey")? == version.blob_key => source(&stored).map(Some),
            _ => Err(StoreError::Conflict("this version of the source")),
        }
    }

    async fn get(&self, notebook: NotebookId, id: SourceId) -> StoreResult<Option<Source>> {
        match live(self, id).await? {
            Some(found) if found.parsed::<NotebookId>("notebook")? == notebook => source(&found).map(Some),
            _ => Ok(None),
        }
    }

    async fn rename(
        &self,
        notebook: NotebookId,
        id: SourceId,
        seen: Option<&SourceState>,
        name: &str,
    ) -> StoreResult<Option<Source>> {
        if SourceRepo::get(self, notebook, id).await?.is_none() {
            return Ok(None);
        }
        let change = Change::new(seen_filter(id, seen), doc! { "$set": { "name": name } });
        match self.collection(SOURCES).find_and_update(change).await? {
            Some(renamed) => source(&renamed).map(Some),
            None => absent(self, id, seen).await.map(|()| None),
        }
    }

    async fn notebook_of(&self, id: SourceId) -> StoreResult<Option<NotebookId>> {
        live(self, id).await?.map(|found| found.parsed("notebook")).transpose()
    }

    async fn list_page(&self, notebook: NotebookId, window: &Window) -> StoreResult<Vec<Source>> {
        if !is_live(self, notebook).await? {
            return Ok(Vec::new());
        }
        let all = doc! { "notebook": notebook.to_string(), "deletedAt": null };
        self.collection(SOURCES).find(Query::page(all, "createdAt", Order::OldestFirst, window), source).await
    }

    async fn version(&self, segment: SegmentId) -> StoreResult<Option<SourceVersion>> {
        let Some(found) = live(self, segment.source_id).await? else {
            return Ok(None);
        };
        version_of(&found, segment.version)?.map(documents::version).transpose()
    }

    async fn owned_by(&self, person: UserId) -> StoreResult<Owned> {
        let sources = self.collection(SOURCES);
        let bytes = doc! { "$group": { "_id": null, "sum": { "$sum": "$versions.size" } } };
        let sum = async |mut stages: Vec<Document>, group: &Document| {
            stages.push(group.clone());
            Ok::<u64, StoreError>(
                sources.aggregate(stages, |found| found.number("sum")).await?.pop().unwrap_or_default(),
            )
        };
        let there = versions_of(person, in_live_notebook, doc! { "deletedAt": null });
        let kept = versions_of(person, |filter| vec![doc! { "$match": filter }], doc! {});
        let added = in_live_notebook(doc! { "createdBy": person.to_string(), "deletedAt": null });
        Ok(Owned {
            sources: sum(added, &doc! { "$group": { "_id": null, "sum": { "$sum": 1 } } }).await?,
            bytes: sum(there, &bytes).await?,
            bytes_kept: sum(kept, &bytes).await?,
        })
    }

    async fn passages_since(&self, person: UserId, since: Timestamp) -> StoreResult<u64> {
        let mut stages = versions_of(person, |filter| vec![doc! { "$match": filter }], doc! {});
        stages
            .push(doc! { "$match": { "versions.state.step": "ready", "versions.updatedAt": { "$gte": date(since) } } });
        stages.push(doc! { "$group": { "_id": null, "passages": { "$sum": "$versions.chunkCount" } } });
        let found = self.collection(SOURCES).aggregate(stages, |found| found.number("passages")).await?.pop();
        Ok(found.unwrap_or_default())
    }

    async fn mark_deleted(
        &self,
        notebook: NotebookId,
        id: SourceId,
        seen: Option<&SourceState>,
        now: Timestamp,
    ) -> StoreResult<bool> {
        if SourceRepo::get(self, notebook, id).await?.is_none() {
            return Ok(false);
        }
        let delete = doc! { "$set": { "deletedAt": date(now), "versions.$[].open": false } };
        if self.collection(SOURCES).update(Change::new(seen_filter(id, seen), delete)).await? {
            return Ok(true);
        }
        absent(self, id, seen).await.map(|()| false)
    }

    async fn deleted_in(&self, notebook: NotebookId, window: &Window) -> StoreResult<Vec<(Source, Timestamp)>> {
        if !is_live(self, notebook).await? {
            return Ok(Vec::new());
        }
        let mut deleted = restorable();
        deleted.insert("notebook", notebook.to_string());
        let entry = |document: &Document| Ok((source(document)?, document.time("deletedAt")?));
        let part = Query::page(deleted, "deletedAt", Order::NewestFirst, window);
        self.collection(SOURCES).find(part, entry).await
    }

    async fn deleted_one(&self, id: SourceId) -> StoreResult<Option<Source>> {
        deleted(self, id).await?.as_ref().map(source).transpose()
    }

    async fn restore(&self, id: SourceId) -> StoreResult<Option<Source>> {
        let Some(found) = deleted(self, id).await? else {
            return Ok(None);
        };
        let mut set = Document::new();
        for (at, version) in found.documents("versions")?.into_iter().enumerate() {
            set.insert(format!("versions.{at}.open"), is_open(&version.nested("state")?));
            // A worker that had claimed it has given it up, or will find that its claim is lost.
            set.insert(format!("versions.{at}.owner"), Bson::Null);
            set.insert(format!("versions.{at}.leaseUntil"), Bson::Null);
        }
        // Nothing of it changes while it is deleted.
        let mut same = restorable();
        same.extend([
            ("_id".to_owned(), id.to_string().into()),
            ("deletedAt".to_owned(), date(found.time("deletedAt")?).into()),
        ]);
        let back = Change::new(same, doc! { "$unset": { "deletedAt": "" }, "$set": set });
        self.collection(SOURCES).find_and_update(back).await?.as_ref().map(source).transpose()
    }

    async fn begin_purge(&self, id: SourceId) -> StoreResult<bool> {
        let deleted = doc! { "_id": id.to_string(), "deletedAt": { "$ne": null } };
        self.collection(SOURCES).update(Change::new(deleted, doc! { "$set": { "purging": true } })).await
    }

    async fn blob_keys(&self, ids: &[SourceId]) -> StoreResult<HashSet<String>> {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let theirs = Query::new(doc! { "_id": { "$in": ids } }).current();
        let keys = |source: &Document| {
            source
                .documents("versions")?
                .into_iter()
                .map(|version| version.text("blobKey"))
                .collect::<StoreResult<Vec<_>>>()
        };
        Ok(self.collection(SOURCES).find(theirs, keys).await?.into_iter().flatten().collect())
    }

    async fn deleted(&self, upto: Timestamp) -> StoreResult<Vec<(NotebookId, SourceId)>> {
        let deleted = Query::new(doc! { "deletedAt": { "$lte": date(upto) } }).sort(doc! { "deletedAt": 1 });
        let ids = |document: &Document| Ok((document.parsed("notebook")?, document.parsed("_id")?));
        self.collection(SOURCES).find(deleted, ids).await
    }

    async fn purge(&self, id: SourceId) -> StoreResult<()> {
        if live(self, id).await?.is_some() {
            return Ok(());
        }
        segments::remove_all(self, id).await?;
        // Last: as long as it is there, an interrupted purge runs again.
        self.collection(SOURCES).delete(doc! { "_id": id.to_string() }).await?;
        Ok(())
    }
}

/// Removes the sources of a deleted notebook.
pub(crate) async fn purge_all_in(db: &Database, notebook: &str) -> StoreResult<()> {
    let all = Query::new(doc! { "notebook": notebook }).ids().current();
    for source in db.collection(SOURCES).find(all, |document| document.parsed("_id")).await? {
        SourceRepo::purge(db, source).await?;
    }
    Ok(())
}

/// Stages that find the versions which `person` queued, one each, in the sources that `stages` find.
fn versions_of(person: UserId, stages: impl FnOnce(Document) -> Vec<Document>, mut sources: Document) -> Vec<Document> {
    let person = person.to_string();
    sources.insert("$or", vec![doc! { "createdBy": &person }, doc! { "versions.queuedBy": &person }]);
    let theirs = vec![doc! { "versions.queuedBy": &person }, doc! { "versions.queuedBy": null, "createdBy": &person }];
    let mut stages = stages(sources);
    stages.extend([doc! { "$unwind": "$versions" }, doc! { "$match": { "$or": theirs } }]);
    stages
}
