//! How a message takes the conversation's next rev.
//!
//! A message's document lists every rev that it ever had in `revs`, and the unique index over `(conversation, revs)` is
//! the log: a rev that was taken stays taken, also when its message has moved on to a later one. So whoever writes with
//! a head that is out of date loses to the index and tries the next. `head` in the conversation is moved up
//! afterwards; it is where the next writer begins to look, and decides nothing.

use std::sync::Arc;

use jiff::Timestamp;
use mongodb::bson::{Document, doc};

use super::documents::{message, of_message};
use super::{CONVERSATIONS, MESSAGES, live, live_filter};
use crate::conversations::{Appended, Message, NewMessage, Rewrite};
use crate::ids::{ConversationId, MessageId, OwnerId};
use crate::storage::mongo::{Change, Database, Fields as _, Query, date};
use crate::storage::{StoreError, StoreResult};

/// A race is lost only to a writer that won; within this process writers take turns, so these are other processes. Luck
/// decides each race: with a few processes that write without a pause, now and then one loses a hundred in a row.
const TRIES: usize = 1_000;

/// Takes the first free rev after `head`, which is the conversation's head as the caller last read it.
pub async fn append(db: &Database, new: &NewMessage, head: i64) -> StoreResult<Appended> {
    let mut turn = db.write_queues.take(new.conversation_id).await;
    let mut rev = turn.last(head) + 1;
    for lost in 0..TRIES {
        let document = of_message(new, rev)?;
        match db.collection(MESSAGES).insert(&document).await {
            Ok(()) => {
                let appended = created(db, &document, new.created_at).await?;
                turn.reached(rev);
                return Ok(appended);
            }
            Err(StoreError::Conflict(_)) => {}
            Err(error) => return Err(error),
        }
        if let Some(known) = known(db, new).await? {
            let stored = Arc::new(message(&known)?);
            // Its process may have died before this.
            advance(db, new.conversation_id, &known, Some(new.created_at)).await?;
            // Stored as this call would have: its first answer was lost on the way, and the driver sent it again.
            let ours = stored.id == new.id && known.number::<i64>("rev")? == rev;
            return Ok(if ours { Appended::Created(stored) } else { Appended::Existing(stored) });
        }
        if lost == 0 && db.collection(MESSAGES).exists(doc! { "_id": new.id.to_string() }).await? {
            return Err(StoreError::Conflict("the message"));
        }
        rev = next_after(db, new.conversation_id, rev).await?;
    }
    Err(contended())
}

pub async fn rewrite(
    db: &Database,
    conversation: ConversationId,
    id: MessageId,
    seen: Option<u64>,
    rewrite: &Rewrite,
    now: Timestamp,
) -> StoreResult<Option<Message>> {
    let _turn = db.write_queues.take(conversation).await;
    let Some(found) = live(db, conversation).await? else {
        return Ok(None);
    };
    let mut rev = found.number::<i64>("head")? + 1;
    // Two calls may be alike to the millisecond and the letter.
    let call = OwnerId::new().to_string();
    for _ in 0..TRIES {
        let this = doc! { "_id": id.to_string(), "conversation": conversation.to_string() };
        let Some(stored) = db.collection(MESSAGES).find_one(Query::new(this).current()).await? else {
            return Ok(None);
        };
        let stands_at = stored.number::<i64>("rev")?;
        if stored.opt_text("changedBy")?.as_deref() == Some(call.as_str()) {
            // It was this call, whose answer was lost on the way.
            return changed(db, conversation, &stored).await;
        }
        if stored.opt_time("deletedAt")?.is_some() || stands(&stored, rewrite)? {
            return Ok(None);
        }
        if seen.is_some_and(|seen| super::rev(seen) != stands_at) {
            return Err(StoreError::Changed("the message"));
        }
        // A document is not in its own way in a unique index: above its own revs it must be by itself, and of two changes
        // of the same message the rev it stands at lets one through.
        rev = rev.max(stands_at + 1);
        let unchanged = doc! { "_id": id.to_string(), "rev": stands_at };
        let set = change(rewrite, rev, now, &call);
        let update = doc! { "$set": set.clone(), "$push": { "revs": rev } };
        match db.collection(MESSAGES).update(Change::new(unchanged, update)).await {
            Ok(true) => {
                let mut document = stored;
                document.extend(set);
                return changed(db, conversation, &document).await;
            }
            Ok(false) => {}
            Err(StoreError::Conflict(_)) => rev = next_after(db, conversation, rev).await?,
            Err(error) => return Err(error),
        }
    }
    Err(contended())
}

/// The fields that change. `call` is unique: who reads it in the document knows that this call made the change.
fn change(rewrite: &Rewrite, rev: i64, now: Timestamp, call: &str) -> Document {
    let mut set = match rewrite {
        Rewrite::Edit { content } => doc! { "content": content.as_str(), "editedAt": date(now) },
        Rewrite::Delete => doc! { "content": "", "citations": [], "deletedAt": date(now) },
        Rewrite::Supersede { by } => doc! { "supersededBy": by.to_string() },
    };
    set.insert("rev", rev);
    set.insert("changedBy", call);
    set
}

/// Whether the message is superseded in this way already.
fn stands(stored: &Document, rewrite: &Rewrite) -> StoreResult<bool> {
    let Rewrite::Supersede { by } = rewrite else { return Ok(false) };
    Ok(stored.opt_parsed("supersededBy")? == Some(*by))
}

async fn known(db: &Database, new: &NewMessage) -> StoreResult<Option<Document>> {
    let known = doc! { "conversation": new.conversation_id.to_string(), "clientId": new.client_id.as_str() };
    db.collection(MESSAGES).find_one(Query::new(known).current()).await
}

/// The next rev that may be free when `taken` is not. Nobody goes on before whoever took it can be read: so all up to a
/// rev that can be read can be read, and all up to the head, which only lacks what is being stored at this instant.
async fn next_after(db: &Database, id: ConversationId, taken: i64) -> StoreResult<i64> {
    let conversation = db.collection(CONVERSATIONS).find_one(Query::new(live_filter(id)).current()).await?;
    let head: i64 = conversation.ok_or(StoreError::Missing("the conversation"))?.number("head")?;
    if head >= taken {
        return Ok(head + 1);
    }
    let visible = doc! { "conversation": id.to_string(), "revs": taken };
    Ok(if db.collection(MESSAGES).exists(visible).await? { taken + 1 } else { taken })
}

async fn created(db: &Database, document: &Document, added_at: Timestamp) -> StoreResult<Appended> {
    let stored = Arc::new(message(document)?);
    if advance(db, stored.conversation_id, document, Some(added_at)).await? {
        return Ok(Appended::Created(stored));
    }
    // The conversation was deleted while the message was stored, perhaps too late to be found below it.
    db.collection(MESSAGES).delete(doc! { "_id": stored.id.to_string() }).await?;
    Err(StoreError::Missing("the conversation"))
}

async fn changed(db: &Database, conversation: ConversationId, document: &Document) -> StoreResult<Option<Message>> {
    let there = advance(db, conversation, document, None).await?;
    Ok(if there { Some(message(document)?) } else { None })
}

/// Moves the head up to the message's rev, and the activity to when it was added; `false` when the conversation is gone.
async fn advance(
    db: &Database,
    id: ConversationId,
    message: &Document,
    added_at: Option<Timestamp>,
) -> StoreResult<bool> {
    let mut max = doc! { "head": message.number::<i64>("rev")? };
    max.extend(added_at.map(|at| ("activeAt".to_owned(), date(at).into())));
    db.collection(CONVERSATIONS).update(Change::new(live_filter(id), doc! { "$max": max })).await
}

fn contended() -> StoreError {
    StoreError::Unavailable("too many write to this conversation at once".to_owned())
}
