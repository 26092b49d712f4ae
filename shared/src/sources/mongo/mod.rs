//! Sources in MongoDB: one document each with all its versions, so that a version and the work on it are one write.
//! [`documents`] maps them, [`claims`] hands out the work, [`segments`] stores what it makes.

mod claims;
mod documents;
mod segments;
mod shares;

use std::collections::HashSet;

use async_trait::async_trait;
use jiff::Timestamp;
use mongodb::bson::{Bson, Document, doc};

pub(crate) use self::documents::ingest_again_without_chunks;
use self::documents::{is_open, source, version_of};
use super::retry::may_retry;
use super::{
    Chunk, ClaimedVersion, Format, IngestFailure, IngestState, NotRead, OpenVersion, Owned, Page, Retry, SegmentId,
    Source, SourceRepo, SourceState, SourceVersion, Waiting, Wanted,
};
use crate::ids::{NotebookId, SourceId, UserId};
use crate::pages::Window;
use crate::storage::mongo::{Change, Database, Fields as _, Index, Order, Query, conflict, date, nested, restorable};
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
        if !crate::notebooks::is_live(self, source.notebook_id).await? {
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
        if let Some(added) = self.collection(SOURCES).take(Change::new(before, add)).await? {
            return source(&added).map(Some);
        }
        let Some(stored) = live(self, id).await? else {
            return Ok(None);
        };
        // Of two uploads each has a file of its own: with this file in it, the first answer was lost on the way.
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
        match self.collection(SOURCES).take(change).await? {
            Some(renamed) => source(&renamed).map(Some),
            None => absent(self, id, seen).await.map(|()| None),
        }
    }

    async fn notebook_of(&self, id: SourceId) -> StoreResult<Option<NotebookId>> {
        live(self, id).await?.map(|found| found.parsed("notebook")).transpose()
    }

    async fn list_page(&self, notebook: NotebookId, window: &Window) -> StoreResult<Vec<Source>> {
        if !crate::notebooks::is_live(self, notebook).await? {
            return Ok(Vec::new());
        }
        let all = doc! { "notebook": notebook.to_string(), "deletedAt": null };
        self.collection(SOURCES).find(Query::part(all, "createdAt", Order::OldestFirst, window), source).await
    }

    async fn version(&self, segment: SegmentId) -> StoreResult<Option<SourceVersion>> {
        let Some(found) = live(self, segment.source_id).await? else {
            return Ok(None);
        };
        version_of(&found, segment.version)?.map(documents::version).transpose()
    }

    async fn retry(&self, notebook: NotebookId, id: SourceId, by: UserId, now: Timestamp) -> StoreResult<Retry> {
        let Some(found) =
            live(self, id).await?.filter(|found| found.text("notebook").ok() == Some(notebook.to_string()))
        else {
            return Ok(Retry::NotFailed);
        };
        let latest: u32 = found.number("latest")?;
        let Some(version) = version_of(&found, latest)? else {
            return Ok(Retry::NotFailed);
        };
        if !matches!(version.nested("state")?, IngestState::Failed(_)) {
            return Ok(Retry::NotFailed);
        }
        let retries: u32 = version.opt_number("retries")?.unwrap_or_default();
        if let Err(refused) = may_retry(retries, version.time("updatedAt")?, now) {
            return Ok(refused);
        }
        let mut failed = live_filter(id);
        failed.insert("latest", latest);
        // Each claim moves the fence, so of two retries one finds what it read.
        let unchanged = doc! { "version": latest, "state.step": "failed", "fence": version.number::<i64>("fence")? };
        failed.insert("versions", doc! { "$elemMatch": unchanged });
        let queue = doc! { "$set": {
            "versions.$[version].state": nested(&IngestState::Queued)?,
            "versions.$[version].open": true,
            "versions.$[version].attempts": 0,
            "versions.$[version].crashes": 0,
            "versions.$[version].crashState": null,
            "versions.$[version].retries": retries + 1,
            "versions.$[version].updatedAt": date(now),
            "versions.$[version].queuedAt": date(now),
            "versions.$[version].queuedBy": by.to_string(),
        } };
        let change = Change::new(failed, queue).elements(doc! { "version.version": latest });
        match self.collection(SOURCES).take(change).await? {
            Some(queued) => Ok(Retry::Queued(Box::new(source(&queued)?))),
            None => Ok(Retry::NotFailed),
        }
    }

    async fn claim_wanted(&self, wanted: &Wanted<'_>) -> StoreResult<Option<ClaimedVersion>> {
        claims::claim(self, wanted).await
    }

    async fn open_versions(&self, now: Timestamp) -> StoreResult<Vec<OpenVersion>> {
        claims::open_versions(self, now).await
    }

    async fn waiting(&self, now: Timestamp) -> StoreResult<Waiting> {
        claims::waiting(self, now).await
    }

    async fn progress(
        &self,
        claim: &ClaimedVersion,
        state: &IngestState,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> StoreResult<bool> {
        claims::progress(self, claim, state, now, lease_until).await
    }

    async fn fetched(&self, claim: &ClaimedVersion, name: &str, format: Format, size: u64) -> StoreResult<bool> {
        claims::fetched(self, claim, name, format, size).await
    }

    async fn put_not_read(&self, claim: &ClaimedVersion, not_read: &[NotRead]) -> StoreResult<bool> {
        claims::put_not_read(self, claim, not_read).await
    }

    async fn put_pages(&self, claim: &ClaimedVersion, pages: &[Page]) -> StoreResult<bool> {
        segments::put_pages(self, claim, pages).await
    }

    async fn put_chunks(&self, claim: &ClaimedVersion, chunks: &[Chunk]) -> StoreResult<bool> {
        segments::put_chunks(self, claim, chunks).await
    }

    async fn clear_segment(&self, claim: &ClaimedVersion) -> StoreResult<bool> {
        segments::clear(self, claim).await
    }

    async fn ready(
        &self,
        claim: &ClaimedVersion,
        page_count: Option<u32>,
        chunk_count: u32,
        now: Timestamp,
    ) -> StoreResult<bool> {
        claims::ready(self, claim, page_count, chunk_count, now).await
    }

    async fn failed(&self, claim: &ClaimedVersion, failure: &IngestFailure, now: Timestamp) -> StoreResult<bool> {
        claims::failed(self, claim, failure, now).await
    }

    async fn release(&self, claim: &ClaimedVersion, now: Timestamp) -> StoreResult<bool> {
        claims::release(self, claim, now).await
    }

    async fn end_leases(&self, now: Timestamp) -> StoreResult<()> {
        claims::end_leases(self, now).await
    }

    async fn page(&self, segment: SegmentId, number: u32) -> StoreResult<Option<Page>> {
        segments::page(self, segment, number).await
    }

    async fn chunks(&self, segment: SegmentId) -> StoreResult<Vec<Chunk>> {
        segments::chunks(self, segment).await
    }

    async fn owned_by(&self, person: UserId) -> StoreResult<Owned> {
        shares::owned_by(self, person).await
    }

    async fn passages_since(&self, person: UserId, since: Timestamp) -> StoreResult<u64> {
        shares::passages_since(self, person, since).await
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
        if !crate::notebooks::is_live(self, notebook).await? {
            return Ok(Vec::new());
        }
        let mut deleted = restorable();
        deleted.insert("notebook", notebook.to_string());
        let entry = |document: &Document| Ok((source(document)?, document.time("deletedAt")?));
        let part = Query::part(deleted, "deletedAt", Order::NewestFirst, window);
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
            // Whoever had begun with it has given it up, or will find that it is no longer theirs.
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
        self.collection(SOURCES).take(back).await?.as_ref().map(source).transpose()
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
        // Last: as long as it is there, a purge that was cut short runs again.
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

/// The source's document; `None` when it or its notebook is gone.
async fn live(db: &Database, id: SourceId) -> StoreResult<Option<Document>> {
    let Some(found) = db.collection(SOURCES).find_one(Query::new(live_filter(id)).current()).await? else {
        return Ok(None);
    };
    let live = crate::notebooks::is_live(db, found.parsed("notebook")?).await?;
    Ok(live.then_some(found))
}

/// The document of a source that was deleted and can be brought back; `None` also when its notebook is gone.
async fn deleted(db: &Database, id: SourceId) -> StoreResult<Option<Document>> {
    let mut filter = restorable();
    filter.insert("_id", id.to_string());
    let Some(found) = db.collection(SOURCES).find_one(Query::new(filter).current()).await? else {
        return Ok(None);
    };
    let there = crate::notebooks::is_live(db, found.parsed("notebook")?).await?;
    Ok(there.then_some(found))
}

/// The source, if it is as it was seen: part of the write, as another process may change it at any moment.
fn seen_filter(id: SourceId, seen: Option<&SourceState>) -> Document {
    let mut filter = live_filter(id);
    if let Some(SourceState { name, latest }) = seen {
        let version = doc! { "version": latest.version, "updatedAt": date(latest.updated_at) };
        filter.extend(doc! { "name": name, "latest": latest.version, "versions": { "$elemMatch": version } });
    }
    filter
}

/// After a write that met nothing: [`StoreError::Changed`] when the source is there, but not as it was seen.
async fn absent(db: &Database, id: SourceId, seen: Option<&SourceState>) -> StoreResult<()> {
    let changed = seen.is_some() && live(db, id).await?.is_some();
    if changed { Err(StoreError::Changed("the source")) } else { Ok(()) }
}

fn live_filter(id: SourceId) -> Document {
    doc! { "_id": id.to_string(), "deletedAt": null }
}
