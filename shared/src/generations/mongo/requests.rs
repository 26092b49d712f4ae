//! Requests for answers, within what people may have, and the order in which they are taken up.
//!
//! Who waits for how many answers is in the generations themselves: each that is unfinished holds one of its person's
//! places, under a unique index, so that no two get the same. How many there were on a day is counted in a document for
//! each person and one for all: one more before the request is stored, one less when it is refused. A process that dies
//! in between leaves it counted.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use jiff::Timestamp;
use mongodb::bson::{Bson, Document, doc};

use super::{GENERATIONS, HOLDS, of_generation, oldest_first};
use crate::generations::allowance::day;
use crate::generations::repo::MOST_UNCLAIMED;
use crate::generations::{Allowance, Generation, Requested};
use crate::ids::{GenerationId, UserId};
use crate::storage::mongo::{Change, Database, Fields as _, Query, date};
use crate::storage::{StoreError, StoreResult};

const COUNTS: &str = "answerCounts";

/// Whose count is everybody's; no user has this id.
const ALL: &str = "all";

/// Of a person's places so many are tried, from anywhere on, so that requests at the same time are not in each other's way.
/// Of who has more of them a few more than allowed may get in, which is no matter where so many may.
const PLACES_TRIED: u32 = 64;

pub async fn request(db: &Database, generation: &Generation, allowance: &Allowance) -> StoreResult<Requested> {
    let (asker, today) = (generation.requested_by.to_string(), day(generation.created_at));
    let theirs = count(db, &asker, &today, allowance.daily).await?;
    // Only then: whoever is refused takes nothing from the others, not even for an instant.
    let everybodys = theirs && count(db, ALL, &today, allowance.daily_of_all).await?;
    let mut stored = Ok(false);
    if theirs && everybodys {
        let mut document = of_generation(generation)?;
        document.insert("countedOn", &today);
        stored = store(db, generation, document, allowance.unfinished).await;
        if matches!(stored, Ok(true)) {
            return Ok(Requested::Queued);
        }
    }
    if theirs {
        uncount(db, &asker, &today).await?;
    }
    if everybodys {
        uncount(db, ALL, &today).await?;
    }
    stored?;
    // The same again is no more than one.
    if db.collection(GENERATIONS).exists(doc! { "_id": generation.id.to_string() }).await? {
        return Ok(Requested::Queued);
    }
    Ok(match (theirs, everybodys) {
        (true, true) => Requested::TooManyUnfinished,
        (false, _) => Requested::Spent,
        (true, false) => Requested::SpentByAll,
    })
}

/// `false`: the person has no place left, or it is stored already.
async fn store(db: &Database, generation: &Generation, mut document: Document, places: u32) -> StoreResult<bool> {
    let generations = db.collection(GENERATIONS);
    if places == 0 {
        return match generations.insert(&document).await {
            Err(StoreError::Conflict(_)) => Ok(false),
            inserted => inserted.map(|()| true),
        };
    }
    let begin = anywhere(generation.id);
    for round in 0..2 {
        for place in (0..places.min(PLACES_TRIED)).map(|one| begin.wrapping_add(one) % places) {
            document.insert(HOLDS, format!("{} {place}", generation.requested_by));
            match generations.insert(&document).await {
                Ok(()) => return Ok(true),
                Err(StoreError::Conflict(_)) => {}
                Err(error) => return Err(error),
            }
        }
        if round == 0 && !free_places(db, generation.requested_by).await? {
            break;
        }
    }
    Ok(false)
}

fn anywhere(id: GenerationId) -> u32 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    u32::try_from(hasher.finish() >> 32).unwrap_or_default()
}

/// Takes places from what is over: a release that knew nothing of them may have ended it.
async fn free_places(db: &Database, asker: UserId) -> StoreResult<bool> {
    let over = doc! {
        "requestedBy": asker.to_string(),
        "state": { "$nin": ["queued", "running"] },
        HOLDS: { "$exists": true },
    };
    Ok(db.collection(GENERATIONS).update_all(Change::new(over, doc! { "$unset": { HOLDS: "" } })).await? > 0)
}

/// Counts one more of the day; `false`: there are as many as there may be.
async fn count(db: &Database, subject: &str, today: &str, limit: u32) -> StoreResult<bool> {
    let counts = db.collection(COUNTS);
    let mut of_today = doc! { "_id": subject, "day": today };
    if limit > 0 {
        of_today.insert("used", doc! { "$lt": i64::from(limit) });
    }
    let more = Change::new(of_today, doc! { "$inc": { "used": 1_i64 } });
    let earlier = doc! { "_id": subject, "day": { "$lt": today } };
    let first = Change::new(earlier, doc! { "$set": { "day": today, "used": 1_i64 } });
    // The second time if somebody else was the first of the day in between.
    for _ in 0..2 {
        if counts.update(more.clone()).await? || counts.update(first.clone()).await? {
            return Ok(true);
        }
        match counts.insert(&doc! { "_id": subject, "day": today, "used": 1_i64 }).await {
            Ok(()) => return Ok(true),
            Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

async fn uncount(db: &Database, subject: &str, today: &str) -> StoreResult<()> {
    let counted = doc! { "_id": subject, "day": today, "used": { "$gt": 0 } };
    db.collection(COUNTS).update(Change::new(counted, doc! { "$inc": { "used": -1_i64 } })).await?;
    Ok(())
}

pub async fn withdraw(db: &Database, id: GenerationId) -> StoreResult<()> {
    give_back(db, id).await?;
    db.collection(GENERATIONS).delete(doc! { "_id": id.to_string(), "state": "queued" }).await?;
    Ok(())
}

pub async fn give_back(db: &Database, id: GenerationId) -> StoreResult<()> {
    let counted = doc! { "_id": id.to_string(), "countedOn": { "$ne": Bson::Null } };
    let Some(found) = db.collection(GENERATIONS).find_one(Query::new(counted.clone()).current()).await? else {
        return Ok(());
    };
    // Of any number who say so, one takes the day off.
    if db.collection(GENERATIONS).update(Change::new(counted, doc! { "$unset": { "countedOn": "" } })).await? {
        let day = found.text("countedOn")?;
        uncount(db, &found.text("requestedBy")?, &day).await?;
        uncount(db, ALL, &day).await?;
    }
    Ok(())
}

/// Everybody's first before anybody's second; what runs of theirs counts as having come before.
pub async fn unclaimed(db: &Database, before: Timestamp) -> StoreResult<Vec<GenerationId>> {
    let generations = db.collection(GENERATIONS);
    let queued = doc! { "state": "queued", "createdAt": { "$lt": date(before) } };
    let fields = doc! { "requestedBy": 1 };
    let query = Query::new(queued).fields(fields.clone()).sort(oldest_first()).limit(MOST_UNCLAIMED);
    let waiting = generations
        .find(query, |document| {
            Ok((document.parsed::<GenerationId>("_id")?, document.parsed::<UserId>("requestedBy")?))
        })
        .await?;
    if waiting.is_empty() {
        return Ok(Vec::new());
    }
    let running = Query::new(doc! { "state": "running" }).fields(fields);
    let mut turns: HashMap<UserId, usize> = HashMap::new();
    for asker in generations.find(running, |document| document.parsed("requestedBy")).await? {
        *turns.entry(asker).or_default() += 1;
    }
    let mut ordered: Vec<(usize, GenerationId)> = Vec::with_capacity(waiting.len());
    for (id, asker) in waiting {
        let turn = turns.entry(asker).or_default();
        *turn += 1;
        ordered.push((*turn, id));
    }
    // Stable: within a turn the oldest stays the first.
    ordered.sort_by_key(|(turn, _)| *turn);
    Ok(ordered.into_iter().map(|(_, id)| id).collect())
}
