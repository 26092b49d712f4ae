//! Conversations in MongoDB, and the [`log`] of each.

mod documents;
mod log;

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use jiff::Timestamp;
use mongodb::bson::{Document, doc};

use self::documents::{conversation, message};
use super::page::Filling;
use super::{
    Appended, ClientId, Conversation, ConversationRepo, ConversationUpdate, Message, NewMessage, Opened, Page,
    ReadMark, Rewrite, Title,
};
use crate::auth::NOBODY;
use crate::ids::{ConversationId, MessageId, NotebookId, UserId};
use crate::models::ModelId;
use crate::notebooks::{self, Role};
use crate::pages::Window;
use crate::storage::mongo::{Change, Database, Fields as _, Index, Order, Query, conflict, date, restorable};
use crate::storage::{StoreError, StoreResult};

const CONVERSATIONS: &str = "conversations";
const MESSAGES: &str = "messages";
const READ_MARKS: &str = "readMarks";
/// A message that is changed while it is read may come with its new rev in its old place, and whoever goes on from there
/// would leave out what lies between: then all is read again.
const READS: usize = 10;

pub(crate) const INDEXES: &[Index] = &[
    Index::on(CONVERSATIONS, "conversations_notebook", &["notebook", "activeAt"]),
    Index::on(CONVERSATIONS, "conversations_deleted", &["deletedAt"]).sparse(),
    Index::on(MESSAGES, "messages_client_id", &["conversation", "clientId"]).unique(),
    // Over every rev that a message ever had: see `log`.
    Index::on(MESSAGES, "messages_revs", &["conversation", "revs"]).unique(),
    Index::on(MESSAGES, "messages_rev", &["conversation", "rev"]),
    Index::on(MESSAGES, "messages_position", &["conversation", "position"]),
    Index::on(MESSAGES, "messages_reply", &["replyTo", "position"]),
    Index::on(READ_MARKS, "read_marks_conversation", &["conversation", "user"]).unique(),
];

#[async_trait]
impl ConversationRepo for Database {
    async fn create(&self, conversation: &Conversation) -> StoreResult<()> {
        if !notebooks::is_live(self, conversation.notebook_id).await? {
            return Err(StoreError::Missing("the notebook"));
        }
        let document = documents::of_conversation(conversation);
        self.collection(CONVERSATIONS).insert(&document).await.map_err(conflict("the conversation"))
    }

    async fn get(&self, id: ConversationId) -> StoreResult<Option<Conversation>> {
        live(self, id).await?.as_ref().map(conversation).transpose()
    }

    async fn for_member(&self, id: ConversationId, user: UserId) -> StoreResult<Option<(Conversation, Role)>> {
        let stages = notebooks::with_role_of(user, live_filter(id));
        let read = |found: &Document| Ok((conversation(found)?, notebooks::joined_role(found)?));
        let found = self.collection(CONVERSATIONS).aggregate(stages, read).await?.pop();
        Ok(found.and_then(|(conversation, role)| role.map(|role| (conversation, role))))
    }

    async fn open(
        &self,
        id: ConversationId,
        user: UserId,
        since: Option<u64>,
        limit: u32,
    ) -> StoreResult<Option<Opened>> {
        let page = match since {
            Some(rev) => self.changes_since(id, rev, limit).await?,
            None => newest(self, id, None, limit).await?.reversed(),
        };
        let read_marks = marks(self, id).await?;
        // Last, whether it is there and theirs to read.
        let stages = notebooks::with_members(live_filter(id));
        let read = |found: &Document| Ok((conversation(found)?, notebooks::joined_members(found)?));
        let Some((conversation, members)) = self.collection(CONVERSATIONS).aggregate(stages, read).await?.pop() else {
            return Ok(None);
        };
        let Some(role) = members.iter().find(|(member, _)| *member == user).map(|(_, role)| *role) else {
            return Ok(None);
        };
        let members = members.into_iter().map(|(member, _)| member).collect();
        Ok(Some(Opened { conversation, role, members, page, read_marks }))
    }

    async fn list_page(&self, notebook: NotebookId, window: &Window) -> StoreResult<Vec<Conversation>> {
        if !notebooks::is_live(self, notebook).await? {
            return Ok(Vec::new());
        }
        let all = doc! { "notebook": notebook.to_string(), "deletedAt": null };
        let part = Query::page(all, "activeAt", Order::NewestFirst, window);
        self.collection(CONVERSATIONS).find(part, conversation).await
    }

    async fn count_begun(&self, notebook: NotebookId, user: UserId) -> StoreResult<u64> {
        let theirs = doc! { "notebook": notebook.to_string(), "createdBy": user.to_string(), "deletedAt": null };
        self.collection(CONVERSATIONS).count(theirs).await
    }

    async fn update(
        &self,
        id: ConversationId,
        seen: Option<&Conversation>,
        change: &ConversationUpdate,
    ) -> StoreResult<Option<Conversation>> {
        let mut set = Document::new();
        set.extend(change.title.as_ref().map(|title| ("title".to_owned(), title.as_deref().into())));
        let model = change.model.as_ref().map(|model| model.as_ref().map(ModelId::to_string));
        set.extend(model.map(|model| ("model".to_owned(), model.into())));
        if set.is_empty() {
            return ConversationRepo::get(self, id).await;
        }
        match change_live(self, id, seen_filter(id, seen), set).await? {
            Some(changed) => Ok(Some(changed)),
            None => absent(self, id, seen).await.map(|()| None),
        }
    }

    async fn title_if_none(&self, id: ConversationId, title: &Title) -> StoreResult<Option<Conversation>> {
        let mut untitled = live_filter(id);
        untitled.insert("title", mongodb::bson::Bson::Null);
        change_live(self, id, untitled, doc! { "title": title.as_str() }).await
    }

    async fn mark_deleted(&self, id: ConversationId, seen: Option<&Conversation>, now: Timestamp) -> StoreResult<bool> {
        if live(self, id).await?.is_none() {
            return Ok(false);
        }
        let delete = doc! { "$set": { "deletedAt": date(now) } };
        if !self.collection(CONVERSATIONS).update(Change::new(seen_filter(id, seen), delete)).await? {
            return absent(self, id, seen).await.map(|()| false);
        }
        Ok(true)
    }

    async fn deleted_in(&self, notebook: NotebookId, window: &Window) -> StoreResult<Vec<(Conversation, Timestamp)>> {
        if !notebooks::is_live(self, notebook).await? {
            return Ok(Vec::new());
        }
        let mut deleted = restorable();
        deleted.insert("notebook", notebook.to_string());
        let entry = |document: &Document| Ok((conversation(document)?, document.time("deletedAt")?));
        let part = Query::page(deleted, "deletedAt", Order::NewestFirst, window);
        self.collection(CONVERSATIONS).find(part, entry).await
    }

    async fn deleted_one(&self, id: ConversationId) -> StoreResult<Option<Conversation>> {
        let found = self.collection(CONVERSATIONS).find_one(Query::new(deleted_of(id)).current()).await?;
        let found = found.as_ref().map(conversation).transpose()?;
        match found {
            Some(found) if notebooks::is_live(self, found.notebook_id).await? => Ok(Some(found)),
            _ => Ok(None),
        }
    }

    async fn restore(&self, id: ConversationId) -> StoreResult<Option<Conversation>> {
        if self.deleted_one(id).await?.is_none() {
            return Ok(None);
        }
        let back = Change::new(deleted_of(id), doc! { "$unset": { "deletedAt": "" } });
        self.collection(CONVERSATIONS).find_and_update(back).await?.as_ref().map(conversation).transpose()
    }

    async fn deleted(&self, upto: Timestamp) -> StoreResult<Vec<ConversationId>> {
        let deleted = Query::new(doc! { "deletedAt": { "$lte": date(upto) } }).ids().sort(doc! { "deletedAt": 1 });
        self.collection(CONVERSATIONS).find(deleted, |document| document.parsed("_id")).await
    }

    async fn purge(&self, id: ConversationId) -> StoreResult<()> {
        let deleted = doc! { "_id": id.to_string(), "deletedAt": { "$ne": null } };
        // From here on it cannot be brought back.
        if self.collection(CONVERSATIONS).update(Change::new(deleted, doc! { "$set": { "purging": true } })).await? {
            purge(self, id).await?;
        }
        Ok(())
    }

    async fn append(&self, message: &NewMessage) -> StoreResult<Appended> {
        let conversation = live(self, message.conversation_id).await?;
        let head = conversation.ok_or(StoreError::Missing("the conversation"))?.number("head")?;
        log::append(self, message, head).await
    }

    async fn append_at(&self, message: &NewMessage, head: u64) -> StoreResult<Appended> {
        log::append(self, message, rev(head)).await
    }

    async fn by_client_id(&self, conversation: ConversationId, client_id: &ClientId) -> StoreResult<Option<Message>> {
        let one = Query::new(doc! { "conversation": conversation.to_string(), "clientId": client_id.as_str() });
        Ok(messages(self, conversation, one).await?.pop())
    }

    async fn rewrite_seen(
        &self,
        conversation: ConversationId,
        id: MessageId,
        seen: Option<u64>,
        rewrite: &Rewrite,
        now: Timestamp,
    ) -> StoreResult<Option<Message>> {
        log::rewrite(self, conversation, id, seen, rewrite, now).await
    }

    async fn message(&self, conversation: ConversationId, id: MessageId) -> StoreResult<Option<Message>> {
        let one = Query::new(doc! { "_id": id.to_string(), "conversation": conversation.to_string() });
        Ok(messages(self, conversation, one).await?.pop())
    }

    async fn latest_answer(&self, conversation: ConversationId, question: MessageId) -> StoreResult<Option<Message>> {
        let answers = doc! {
            "conversation": conversation.to_string(),
            "replyTo": question.to_string(),
            "deletedAt": null,
        };
        let newest = Query::new(answers).sort(doc! { "position": -1 }).limit(1);
        Ok(messages(self, conversation, newest).await?.pop())
    }

    async fn history(&self, conversation: ConversationId, before: Option<u64>, limit: u32) -> StoreResult<Page> {
        if live(self, conversation).await?.is_none() {
            return Ok(Page::empty());
        }
        newest(self, conversation, before, limit).await
    }

    async fn changes_since(&self, conversation: ConversationId, since: u64, limit: u32) -> StoreResult<Page> {
        for _ in 0..READS {
            let Some(found) = live(self, conversation).await? else {
                return Ok(Page::empty());
            };
            let head = found.number("head")?;
            let newer =
                doc! { "conversation": conversation.to_string(), "rev": { "$gt": rev(since), "$lte": rev(head) } };
            let changes = page(self, Query::new(newer).sort(doc! { "rev": 1 }), limit).await?;
            if changes.messages.iter().all(|message| message.rev <= head) {
                return Ok(changes);
            }
        }
        Err(StoreError::Unavailable("messages changed each time they were read".to_owned()))
    }

    async fn mark_read(&self, conversation: ConversationId, user: UserId, upto: u64) -> StoreResult<bool> {
        if upto == 0 || live(self, conversation).await?.is_none() {
            return Ok(false);
        }
        let behind = doc! {
            "conversation": conversation.to_string(),
            "user": user.to_string(),
            "rev": { "$lt": rev(upto) },
        };
        let forward = Change::new(behind, doc! { "$set": { "rev": rev(upto) } });
        match self.collection(READ_MARKS).update(forward.clone().upsert()).await {
            // The mark is there, and either stands further on or was made just now.
            Err(StoreError::Conflict(_)) => self.collection(READ_MARKS).update(forward).await,
            moved => moved,
        }
    }

    async fn read_marks(&self, conversation: ConversationId) -> StoreResult<Vec<ReadMark>> {
        if live(self, conversation).await?.is_none() {
            return Ok(Vec::new());
        }
        marks(self, conversation).await
    }

    async fn read_revs(&self, of: UserId, among: &[ConversationId]) -> StoreResult<HashMap<ConversationId, u64>> {
        let among: Vec<_> = among.iter().map(ToString::to_string).collect();
        let theirs = Query::new(doc! { "conversation": { "$in": among }, "user": of.to_string() });
        let mark = |document: &Document| Ok((document.parsed("conversation")?, document.number("rev")?));
        Ok(self.collection(READ_MARKS).find(theirs, mark).await?.into_iter().collect())
    }
}

/// [`StoreError::Missing`] when there is no such conversation.
pub(crate) async fn require(db: &Database, id: ConversationId) -> StoreResult<()> {
    let there = db.collection(CONVERSATIONS).exists(live_filter(id)).await?;
    if there { Ok(()) } else { Err(StoreError::Missing("the conversation")) }
}

/// Which of these conversations are there; whether their notebooks are is for the caller to ask.
pub(crate) async fn live_among(
    db: &Database,
    ids: impl Iterator<Item = ConversationId>,
) -> StoreResult<HashSet<ConversationId>> {
    let ids: HashSet<String> = ids.map(|id| id.to_string()).collect();
    let live = doc! { "_id": { "$in": Vec::from_iter(ids) }, "deletedAt": null };
    let found = db.collection(CONVERSATIONS).find(Query::new(live).ids(), |document| document.parsed("_id")).await?;
    Ok(found.into_iter().collect())
}

/// Of these messages those that are stored, and whether each was deleted.
pub(crate) async fn deleted_among(
    db: &Database,
    ids: impl Iterator<Item = MessageId>,
) -> StoreResult<HashMap<MessageId, bool>> {
    let ids: HashSet<String> = ids.map(|id| id.to_string()).collect();
    let deleted = |document: &Document| Ok((document.parsed("_id")?, document.opt_time("deletedAt")?.is_some()));
    let these = Query::new(doc! { "_id": { "$in": Vec::from_iter(ids) } }).fields(doc! { "deletedAt": 1 });
    Ok(db.collection(MESSAGES).find(these, deleted).await?.into_iter().collect())
}

/// Ends what a process that died began: see [`purge`].
pub(crate) async fn finish_purges(db: &Database) -> StoreResult<()> {
    purge_where(db, doc! { "deletedAt": { "$ne": null }, "purging": true }).await
}

/// Removes the conversations of a deleted notebook.
pub(crate) async fn purge_all_in(db: &Database, notebook: &str) -> StoreResult<()> {
    purge_where(db, doc! { "notebook": notebook }).await
}

async fn purge_where(db: &Database, filter: Document) -> StoreResult<()> {
    let conversations = db.collection(CONVERSATIONS);
    for id in conversations.find(Query::new(filter).ids().current(), |document| document.parsed("_id")).await? {
        purge(db, id).await?;
    }
    Ok(())
}

/// Removes a conversation that nobody sees any more with everything below it. Its document goes last: as long as it is
/// there, the next process to start goes on.
async fn purge(db: &Database, id: ConversationId) -> StoreResult<()> {
    let below = doc! { "conversation": id.to_string() };
    db.collection(MESSAGES).delete_all(below.clone()).await?;
    db.collection(READ_MARKS).delete_all(below).await?;
    db.cascade(CONVERSATIONS, &id.to_string()).await?;
    db.collection(CONVERSATIONS).delete(doc! { "_id": id.to_string() }).await?;
    Ok(())
}

/// The conversation's document; `None` when it or its notebook is gone.
async fn live(db: &Database, id: ConversationId) -> StoreResult<Option<Document>> {
    let stages = notebooks::in_live_notebook(live_filter(id));
    Ok(db.collection(CONVERSATIONS).aggregate(stages, |found| Ok(found.clone())).await?.pop())
}

async fn change_live(
    db: &Database,
    id: ConversationId,
    filter: Document,
    set: Document,
) -> StoreResult<Option<Conversation>> {
    if live(db, id).await?.is_none() {
        return Ok(None);
    }
    let changed = db.collection(CONVERSATIONS).find_and_update(Change::new(filter, doc! { "$set": set })).await?;
    changed.as_ref().map(conversation).transpose()
}

async fn messages(db: &Database, conversation: ConversationId, query: Query) -> StoreResult<Vec<Message>> {
    if live(db, conversation).await?.is_none() {
        return Ok(Vec::new());
    }
    db.collection(MESSAGES).find(query, message).await
}

/// The newest messages before a position, newest first; whether the conversation is there is for the caller to ask.
async fn newest(db: &Database, id: ConversationId, before: Option<u64>, limit: u32) -> StoreResult<Page> {
    let older = doc! { "conversation": id.to_string(), "position": { "$lt": rev(before.unwrap_or(u64::MAX)) } };
    page(db, Query::new(older).sort(doc! { "position": -1 }), limit).await
}

/// Who has read how far; whether the conversation is there is for the caller to ask.
async fn marks(db: &Database, id: ConversationId) -> StoreResult<Vec<ReadMark>> {
    let all = Query::new(doc! { "conversation": id.to_string() }).sort(doc! { "user": 1 });
    let mark = |document: &Document| Ok(ReadMark { user_id: document.parsed("user")?, rev: document.number("rev")? });
    db.collection(READ_MARKS).find(all, mark).await
}

/// Parses no more than the page takes.
async fn page(db: &Database, query: Query, limit: u32) -> StoreResult<Page> {
    let mut page = Filling::new(limit);
    let query = query.limit(limit);
    db.collection(MESSAGES).find_while(query, |document| Ok(page.take(message(document)?))).await?;
    Ok(page.done())
}

fn deleted_of(id: ConversationId) -> Document {
    let mut deleted = restorable();
    deleted.insert("_id", id.to_string());
    deleted
}

/// The conversation, if it is as it was seen: part of the write, as another process may change it at any moment.
fn seen_filter(id: ConversationId, seen: Option<&Conversation>) -> Document {
    let mut filter = live_filter(id);
    if let Some(Conversation { title, model, head, .. }) = seen {
        let model = model.as_ref().map(ModelId::to_string);
        filter.extend(doc! { "title": title.as_deref(), "model": model, "head": rev(*head) });
    }
    filter
}

/// After a write that met nothing: [`StoreError::Changed`] when the conversation is there, but not as it was seen.
async fn absent(db: &Database, id: ConversationId, seen: Option<&Conversation>) -> StoreResult<()> {
    let changed = seen.is_some() && live(db, id).await?.is_some();
    if changed { Err(StoreError::Changed("the conversation")) } else { Ok(()) }
}

fn live_filter(id: ConversationId) -> Document {
    doc! { "_id": id.to_string(), "deletedAt": null }
}

/// A rev as MongoDB's signed integer. What does not fit is larger than anything stored.
fn rev(rev: u64) -> i64 {
    i64::try_from(rev).unwrap_or(i64::MAX)
}

/// The name of an account that is deleted goes from its messages.
pub(crate) async fn forget_author(db: &Database, user: &str) -> StoreResult<()> {
    let theirs = doc! { "author.userId": user };
    let nobody = doc! { "$set": { "author.name": NOBODY } };
    db.collection(MESSAGES).update_all(Change::new(theirs, nobody)).await?;
    Ok(())
}
