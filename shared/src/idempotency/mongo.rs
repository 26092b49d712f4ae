//! Kept answers in MongoDB.

use async_trait::async_trait;
use jiff::Timestamp;
use mongodb::bson::{Document, doc};

use super::{Claim, IdempotencyRepo, KeptAnswer, MAX_KEYS, Request};
use crate::ids::UserId;
use crate::storage::mongo::{Change, Database, Fields as _, Index, Query, conflict, date, nested};
use crate::storage::{StoreError, StoreResult};

const KEYS: &str = "idempotencyKeys";

/// One in so many claims looks for keys beyond the bound, which may be passed by about as many.
const CLEARS_EVERY: u32 = 16;

pub(crate) const INDEXES: &[Index] = &[
    Index::on(KEYS, "idempotency_keys_user", &["user", "claimedAt"]),
    Index::on(KEYS, "idempotency_keys_until", &["until"]),
];

#[async_trait]
impl IdempotencyRepo for Database {
    async fn claim(&self, request: Request<'_>, now: Timestamp, until: Timestamp) -> StoreResult<Claim> {
        let keys = self.collection(KEYS);
        keys.delete_all(doc! { "until": { "$lte": date(now) } }).await?;
        let claim = doc! {
            "_id": id(request),
            "user": request.user.to_string(),
            "fingerprint": request.fingerprint,
            "claimedAt": date(now),
            "until": date(until),
        };
        match keys.insert(&claim).await.map_err(conflict("the key")) {
            Ok(()) => {
                if rand::random_ratio(1, CLEARS_EVERY) {
                    forget_oldest(self, request.user).await?;
                }
                Ok(Claim::New)
            }
            Err(StoreError::Conflict(_)) => {
                // Gone since: whoever had it gave it back, and the next try has it.
                let Some(known) = keys.find_one(Query::new(doc! { "_id": id(request) })).await? else {
                    return Ok(Claim::Running);
                };
                Ok(Claim::of(request, &known.text("fingerprint")?, known.opt_nested("answer")?))
            }
            Err(error) => Err(error),
        }
    }

    async fn keep(&self, request: Request<'_>, answer: &KeptAnswer, until: Timestamp) -> StoreResult<()> {
        let kept = doc! { "$set": { "answer": nested(answer)?, "until": date(until) } };
        self.collection(KEYS).update(Change::new(ours(request), kept)).await?;
        Ok(())
    }

    async fn give_back(&self, request: Request<'_>) -> StoreResult<()> {
        let mut unanswered = ours(request);
        unanswered.insert("answer", mongodb::bson::Bson::Null);
        self.collection(KEYS).delete(unanswered).await?;
        Ok(())
    }
}

fn id(request: Request<'_>) -> String {
    format!("{} {}", request.user, request.key)
}

fn ours(request: Request<'_>) -> Document {
    doc! { "_id": id(request), "fingerprint": request.fingerprint }
}

async fn forget_oldest(db: &Database, user: UserId) -> StoreResult<()> {
    let newest = Query::new(doc! { "user": user.to_string() })
        .fields(doc! { "claimedAt": 1 })
        .sort(doc! { "claimedAt": -1 })
        .limit(MAX_KEYS);
    let times = db.collection(KEYS).find(newest, |key| key.time("claimedAt")).await?;
    if let Some(oldest) = times.last().filter(|_| u32::try_from(times.len()).is_ok_and(|count| count >= MAX_KEYS)) {
        let older = doc! { "user": user.to_string(), "claimedAt": { "$lt": date(*oldest) } };
        db.collection(KEYS).delete_all(older).await?;
    }
    Ok(())
}

/// The account is deleted.
pub(crate) async fn delete_all_of(db: &Database, user: &str) -> StoreResult<()> {
    db.collection(KEYS).delete_all(doc! { "user": user }).await?;
    Ok(())
}
