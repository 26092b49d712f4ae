//! What each person keeps and has had done.

use jiff::Timestamp;
use mongodb::bson::{Document, doc};

use super::SOURCES;
use crate::ids::{NotebookId, UserId};
use crate::sources::Owned;
use crate::storage::StoreResult;
use crate::storage::mongo::{Database, Fields as _, date};

pub async fn owned_by(db: &Database, person: UserId) -> StoreResult<Owned> {
    let mut stages = versions_of(person, doc! { "deletedAt": null });
    let by_notebook = doc! { "_id": "$notebook", "bytes": { "$sum": "$versions.size" } };
    stages.push(doc! { "$group": by_notebook });
    let bytes: Vec<(NotebookId, u64)> =
        db.collection(SOURCES).aggregate(stages, |found| Ok((found.parsed("_id")?, found.number("bytes")?))).await?;
    let mut kept = versions_of(person, doc! {});
    kept.push(doc! { "$group": { "_id": null, "bytes": { "$sum": "$versions.size" } } });
    let bytes_kept = db.collection(SOURCES).aggregate(kept, |found| found.number("bytes")).await?.pop();
    let added = vec![
        doc! { "$match": { "createdBy": person.to_string(), "deletedAt": null } },
        doc! { "$group": { "_id": "$notebook", "sources": { "$sum": 1 } } },
    ];
    let sources: Vec<(NotebookId, u64)> =
        db.collection(SOURCES).aggregate(added, |found| Ok((found.parsed("_id")?, found.number("sources")?))).await?;
    let (sources, bytes) = (in_live(db, &sources).await?, in_live(db, &bytes).await?);
    Ok(Owned { sources, bytes, bytes_kept: bytes_kept.unwrap_or_default() })
}

/// What is in a deleted notebook is gone for its owner, though it is still there.
async fn in_live(db: &Database, by_notebook: &[(NotebookId, u64)]) -> StoreResult<u64> {
    let mut sum = 0;
    for (notebook, count) in by_notebook {
        if crate::notebooks::is_live(db, *notebook).await? {
            sum += count;
        }
    }
    Ok(sum)
}

/// Also of sources that were deleted since: the work was done.
pub async fn passages_since(db: &Database, person: UserId, since: Timestamp) -> StoreResult<u64> {
    let mut stages = versions_of(person, doc! {});
    stages.push(doc! { "$match": { "versions.state.step": "ready", "versions.updatedAt": { "$gte": date(since) } } });
    stages.push(doc! { "$group": { "_id": null, "passages": { "$sum": "$versions.chunkCount" } } });
    let found = db.collection(SOURCES).aggregate(stages, |found| found.number("passages")).await?.pop();
    Ok(found.unwrap_or_default())
}

/// Stages that find the versions which `person` queued, one each.
fn versions_of(person: UserId, mut sources: Document) -> Vec<Document> {
    let person = person.to_string();
    sources.insert("$or", vec![doc! { "createdBy": &person }, doc! { "versions.queuedBy": &person }]);
    let theirs = vec![doc! { "versions.queuedBy": &person }, doc! { "versions.queuedBy": null, "createdBy": &person }];
    vec![doc! { "$match": sources }, doc! { "$unwind": "$versions" }, doc! { "$match": { "$or": theirs } }]
}
