//! The collections of MongoDB, as concatenated BSON: what `mongodump` writes and `bsondump` reads.

use std::collections::BTreeMap;

use async_trait::async_trait;
use bytes::{Buf as _, Bytes};
use mongodb::bson::{Document, doc};

use super::{Backend, BackupRepo, Counts, NOT_RESTORED, PART_BYTES, Part, Parts, REVS_SKIPPED, RestoreRepo, Restored};
use crate::sources;
use crate::storage::mongo::{Database, Fields as _, Scan};
use crate::storage::{StoreError, StoreResult};

/// A collection, and the order in which it is read.
type Collected = (&'static str, &'static [&'static str]);

const BY_ID: &[&str] = &["_id"];

/// Every collection in reading order: referring documents before those they refer to, and a state before its evidence (a
/// generation that is done before its answer). So nothing in a copy refers to anything missing. Only a source may have
/// become ready after its chunks were read: it is ingested again.
///
/// Users come last: a database that has users was filled by something else, and a restore that broke off before them can
/// be repeated.
///
/// Messages come in the order of their conversation's log. A message that is edited meanwhile moves up and is read again, so
/// a conversation is copied as it was when its last message was read.
const COLLECTIONS: [Collected; 15] = [
    ("readMarks", BY_ID),
    ("notifications", BY_ID),
    ("idempotencyKeys", BY_ID),
    ("usageDays", BY_ID),
    ("usageModels", BY_ID),
    ("generations", BY_ID),
    ("messages", &["conversation", "rev"]),
    ("conversations", BY_ID),
    ("chunks", BY_ID),
    ("pages", BY_ID),
    ("sources", BY_ID),
    ("notebooks", BY_ID),
    ("sessions", BY_ID),
    ("jobs", BY_ID),
    ("users", BY_ID),
];

/// Not copied: the run ledger and the counts of a day's answers belong to one installation, and a restored one has its own.
#[cfg(test)]
const LEFT_OUT: [&str; 2] = ["answerCounts", "jobRuns"];

/// How many documents are inserted together.
const BATCH: usize = 500;

#[async_trait]
impl BackupRepo for Database {
    fn backend(&self) -> Backend {
        Backend::Mongodb
    }

    async fn copy(&self) -> StoreResult<Box<dyn Parts + '_>> {
        Ok(Box::new(Copy { db: self, left: &COLLECTIONS, scan: None, counts: Counts::new() }))
    }
}

struct Copy<'a> {
    db: &'a Database,
    left: &'static [Collected],
    scan: Option<Reading>,
    counts: Counts,
}

/// A collection that is being read.
struct Reading {
    name: &'static str,
    scan: Scan,
    parts: usize,
}

#[async_trait]
impl Parts for Copy<'_> {
    async fn next(&mut self) -> StoreResult<Option<Part>> {
        loop {
            if self.scan.is_none() {
                let Some(((name, sort), left)) = self.left.split_first() else {
                    return Ok(None);
                };
                self.left = left;
                let sort = sort.iter().map(|field| ((*field).to_owned(), 1.into())).collect();
                let scan = self.db.collection(name).scan(sort).await?;
                self.counts.insert((*name).to_owned(), 0);
                self.scan = Some(Reading { name, scan, parts: 0 });
            }
            if let Some(part) = self.part().await? {
                return Ok(Some(part));
            }
            self.scan = None;
        }
    }

    fn counts(&self) -> Counts {
        self.counts.clone()
    }
}

impl Copy<'_> {
    async fn part(&mut self) -> StoreResult<Option<Part>> {
        let Some(reading) = &mut self.scan else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        while bytes.len() < PART_BYTES {
            let Some(document) = reading.scan.next().await? else {
                break;
            };
            bytes.extend_from_slice(document.as_bytes());
            *self.counts.entry(reading.name.to_owned()).or_default() += 1;
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        reading.parts += 1;
        let name = format!("{}/{:06}.bson", reading.name, reading.parts);
        Ok(Some(Part { name, bytes: bytes.into() }))
    }
}

/// A database without users, to restore into.
pub async fn target(db: Database) -> StoreResult<Box<dyn RestoreRepo>> {
    if db.collection("users").exists(doc! {}).await? {
        return Err(StoreError::Conflict("a database with users"));
    }
    Ok(Box::new(Target { db, chunks: BTreeMap::new(), restored: Restored::default() }))
}

struct Target {
    db: Database,
    /// Chunks of each segment, by source, version and fence.
    chunks: BTreeMap<(String, i64, i64), u64>,
    restored: Restored,
}

#[async_trait]
impl RestoreRepo for Target {
    fn backend(&self) -> Backend {
        Backend::Mongodb
    }

    async fn put(&mut self, part: Part) -> StoreResult<()> {
        let collection = part.name.split('/').next().unwrap_or_default();
        let Some((name, _)) = COLLECTIONS.iter().find(|(name, _)| *name == collection) else {
            return Err(StoreError::Damaged(format!("the backup has a collection {collection:?}, which is unknown")));
        };
        if NOT_RESTORED.contains(name) {
            return Ok(());
        }
        let mut documents = Vec::with_capacity(BATCH);
        let mut bytes = part.bytes;
        while !bytes.is_empty() {
            documents.push(self.adapted(name, document(&mut bytes)?)?);
            if documents.len() == BATCH || bytes.is_empty() {
                self.insert(name, &documents).await?;
                documents.clear();
            }
        }
        Ok(())
    }

    async fn finish(&mut self) -> StoreResult<Restored> {
        for (name, _) in &COLLECTIONS {
            let count = self.db.collection(name).count(Document::new()).await?;
            self.restored.counts.insert((*name).to_owned(), count);
        }
        Ok(self.restored.clone())
    }
}

impl Target {
    /// For a document that is read twice the last reading counts.
    async fn insert(&self, name: &'static str, documents: &[Document]) -> StoreResult<()> {
        let collection = self.db.collection(name);
        match collection.insert_all(documents).await {
            Err(StoreError::Conflict(_)) => {
                for document in documents {
                    collection.replace(document).await?;
                }
                Ok(())
            }
            other => other,
        }
    }

    /// Adapts a document to the restored database.
    fn adapted(&mut self, collection: &str, mut document: Document) -> StoreResult<Document> {
        match collection {
            "conversations" => {
                let head: i64 = document.number("head")?;
                document.insert("head", head + REVS_SKIPPED);
            }
            "chunks" => {
                let segment = (document.text("source")?, document.number("version")?, document.number("fence")?);
                *self.chunks.entry(segment).or_default() += 1;
            }
            "sources" => {
                let chunks = |source: &str, version: i64, fence: i64| {
                    self.chunks.get(&(source.to_owned(), version, fence)).copied().unwrap_or_default()
                };
                if sources::ingest_again_without_chunks(&mut document, chunks)? {
                    self.restored.ingested_again += 1;
                }
            }
            _ => {}
        }
        Ok(document)
    }
}

fn document(bytes: &mut Bytes) -> StoreResult<Document> {
    let mut reader = bytes.clone().reader();
    let document = Document::from_reader(&mut reader).map_err(|error| StoreError::Damaged(error.to_string()))?;
    *bytes = reader.into_inner();
    Ok(document)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::storage::mongo::Index;
    use crate::stores::INDEXES;

    #[test]
    fn every_collection_is_copied_or_left_out_on_purpose() {
        let known: BTreeSet<_> = COLLECTIONS.iter().map(|(name, _)| *name).chain(LEFT_OUT).collect();
        let indexed: BTreeSet<_> = INDEXES.into_iter().flatten().map(Index::collection).collect();
        assert_eq!(indexed.difference(&known).collect::<Vec<_>>(), Vec::<&&str>::new());
    }

    #[test]
    fn parts_are_read_back_document_by_document() {
        let documents = [doc! { "_id": 1, "text": "ΔS ≥ 0" }, doc! { "_id": 2 }];
        let mut bytes: Bytes = documents.iter().flat_map(|one| one.to_vec().unwrap()).collect();
        assert_eq!([document(&mut bytes).unwrap(), document(&mut bytes).unwrap()], documents);
        assert!(bytes.is_empty());
        assert!(document(&mut Bytes::from_static(b"\x10\0\0\0no")).is_err());
    }
}
