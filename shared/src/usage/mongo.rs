//! Usage in MongoDB.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use jiff::civil::Date;
use mongodb::bson::{Document, doc};

use super::{ModelUsage, UsageDay, UsageRepo, bounds, usage_of};
use crate::ids::UserId;
use crate::storage::StoreResult;
use crate::storage::mongo::{Change, Database, Fields as _, Index, Query, date};

const DAYS: &str = "usageDays";
const MODELS: &str = "usageModels";
const MESSAGES: &str = "messages";
const GENERATIONS: &str = "generations";
const SOURCES: &str = "sources";

/// A day is rolled up from what was created on it.
pub(crate) const INDEXES: &[Index] = &[
    Index::on(DAYS, "usage_days_user", &["user", "day"]).unique(),
    Index::on(MODELS, "usage_models_user", &["user", "day", "model"]).unique(),
    Index::on(MESSAGES, "messages_created", &["createdAt"]),
    Index::on(GENERATIONS, "generations_created", &["createdAt"]),
    Index::on(SOURCES, "source_versions_created", &["versions.createdAt"]),
];

/// Answers that are measured together.
const BATCH: usize = 500;

#[async_trait]
impl UsageRepo for Database {
    async fn roll_up(&self, day: Date) -> StoreResult<()> {
        let (from, to) = bounds(day)?;
        let on_day = doc! { "$gte": date(from), "$lt": date(to) };
        for (user, messages) in messages(self, &on_day).await? {
            raise(self, DAYS, doc! { "user": user, "day": day.to_string() }, doc! { "messages": messages }).await?;
        }
        for (user, uploads, bytes) in uploads(self, &on_day).await? {
            let counts = doc! { "uploads": uploads, "uploadedBytes": bytes };
            raise(self, DAYS, doc! { "user": user, "day": day.to_string() }, counts).await?;
        }
        for ((user, model), counted) in answers(self, &on_day).await? {
            let counts = doc! { "generations": counted.generations, "characters": counted.characters };
            raise(self, MODELS, doc! { "user": user, "day": day.to_string(), "model": model }, counts).await?;
        }
        Ok(())
    }

    async fn of(&self, user: UserId, from: Date, to: Date) -> StoreResult<Vec<UsageDay>> {
        let days = doc! { "user": user.to_string(), "day": { "$gte": from.to_string(), "$lte": to.to_string() } };
        let whole = |document: &Document| Ok(document.clone());
        let mut found = BTreeMap::new();
        for document in self.collection(DAYS).find(Query::new(days.clone()), whole).await? {
            let day = usage_of(&mut found, document.parsed("day")?);
            day.messages = document.opt_number("messages")?.unwrap_or_default();
            day.uploads = document.opt_number("uploads")?.unwrap_or_default();
            day.uploaded_bytes = document.opt_number("uploadedBytes")?.unwrap_or_default();
        }
        let models = Query::new(days).sort(doc! { "model": 1 });
        for document in self.collection(MODELS).find(models, whole).await? {
            usage_of(&mut found, document.parsed("day")?).models.push(ModelUsage {
                model: document.nested("model")?,
                generations: document.number("generations")?,
                characters: document.number("characters")?,
            });
        }
        Ok(found.into_values().collect())
    }
}

/// Raises each count that is lower.
async fn raise(db: &Database, collection: &'static str, key: Document, counts: Document) -> StoreResult<()> {
    let raise = || Change::new(key.clone(), doc! { "$max": counts.clone() }).upsert();
    match db.collection(collection).update(raise()).await {
        // Another worker was first to insert it.
        Err(crate::storage::StoreError::Conflict(_)) => db.collection(collection).update(raise()).await?,
        other => other?,
    };
    Ok(())
}

async fn messages(db: &Database, on_day: &Document) -> StoreResult<Vec<(String, i64)>> {
    let stages = vec![
        doc! { "$match": { "createdAt": on_day.clone(), "author.kind": "user" } },
        doc! { "$group": { "_id": "$author.userId", "messages": { "$sum": 1 } } },
    ];
    db.collection(MESSAGES).aggregate(stages, |found| Ok((found.text("_id")?, found.number("messages")?))).await
}

async fn uploads(db: &Database, on_day: &Document) -> StoreResult<Vec<(String, i64, i64)>> {
    let stages = vec![
        doc! { "$match": { "versions.createdAt": on_day.clone(), "origin.kind": "upload" } },
        doc! { "$unwind": "$versions" },
        doc! { "$match": { "versions.createdAt": on_day.clone() } },
        doc! { "$group": { "_id": "$createdBy", "uploads": { "$sum": 1 }, "bytes": { "$sum": "$versions.size" } } },
    ];
    let upload = |found: &Document| Ok((found.text("_id")?, found.number("uploads")?, found.number("bytes")?));
    db.collection(SOURCES).aggregate(stages, upload).await
}

#[derive(Default)]
struct Counted {
    generations: i64,
    characters: i64,
}

/// By user and model.
async fn answers(db: &Database, on_day: &Document) -> StoreResult<HashMap<(String, String), Counted>> {
    let asked = Query::new(doc! { "createdAt": on_day.clone() });
    let asked = db
        .collection(GENERATIONS)
        .find(asked, |found| Ok(((found.text("requestedBy")?, found.text("model")?), found.text("answer")?)))
        .await?;
    let mut counted: HashMap<_, Counted> = HashMap::new();
    for batch in asked.chunks(BATCH) {
        let answers: Vec<_> = batch.iter().map(|(_, answer)| answer.clone()).collect();
        let lengths = lengths(db, answers).await?;
        for (whose, answer) in batch {
            let counts = counted.entry(whose.clone()).or_default();
            counts.generations += 1;
            counts.characters += lengths.get(answer).copied().unwrap_or_default();
        }
    }
    Ok(counted)
}

/// Code points of messages, by their id.
async fn lengths(db: &Database, ids: Vec<String>) -> StoreResult<HashMap<String, i64>> {
    let stages = vec![
        doc! { "$match": { "_id": { "$in": ids } } },
        doc! { "$project": { "length": { "$strLenCP": "$content" } } },
    ];
    let length = |found: &Document| Ok((found.text("_id")?, found.number("length")?));
    Ok(db.collection(MESSAGES).aggregate(stages, length).await?.into_iter().collect())
}
