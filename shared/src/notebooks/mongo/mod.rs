//! Notebooks in MongoDB: one document each, with its [`members`] and [`invitations`] in it, so that whatever must hold
//! between them (the last owner stays, an invitation is taken up once) is the condition of one write.

mod invitations;
mod joined;
mod members;

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use jiff::Timestamp;
use mongodb::bson::{Document, doc};

pub(crate) use self::invitations::withdraw_all_of;
pub(crate) use self::joined::{in_live_notebook, joined_members, joined_role, with_members, with_role_of};
use super::{Notebook, NotebookRepo, NotebookState, Role, Title};
use crate::auth::require_user;
use crate::ids::{NotebookId, UserId};
use crate::pages::Window;
use crate::storage::mongo::{
    Change, Database, Fields as _, Index, Order, Query, conflict, date, nested, opt_nested, restorable,
};
use crate::storage::{StoreError, StoreResult};

const NOTEBOOKS: &str = "notebooks";

pub(crate) const INDEXES: &[Index] = &[
    Index::on(NOTEBOOKS, "notebooks_join_code", &["joinCode.code"]).unique().sparse(),
    Index::on(NOTEBOOKS, "notebooks_member", &["members.user"]),
    Index::on(NOTEBOOKS, "notebooks_invited", &["invitations.email"]),
    Index::on(NOTEBOOKS, "notebooks_invitation_code", &["invitations.codeHash"]),
    Index::on(NOTEBOOKS, "notebooks_deleted", &["deletedAt"]).sparse(),
];

#[async_trait]
impl NotebookRepo for Database {
    async fn create(&self, notebook: &Notebook) -> StoreResult<()> {
        require_user(self, notebook.created_by).await?;
        let mut document = doc! {
            "_id": notebook.id.to_string(),
            "title": notebook.title.as_str(),
            "createdBy": notebook.created_by.to_string(),
            "createdAt": date(notebook.created_at),
            "updatedAt": date(notebook.updated_at),
            "members": [members::document(notebook.created_by, Role::Owner, notebook.created_at)?],
            "invitations": [],
        };
        // A missing code is no key; an empty one would be, and only one notebook could have it.
        if notebook.join_code.is_some() {
            document.insert("joinCode", opt_nested(notebook.join_code.as_ref())?);
        }
        self.collection(NOTEBOOKS).insert(&document).await.map_err(conflict("the notebook or its join code"))
    }

    async fn get(&self, id: NotebookId) -> StoreResult<Option<Notebook>> {
        let found = self.collection(NOTEBOOKS).find_one(Query::new(live_filter(id))).await?;
        found.as_ref().map(notebook).transpose()
    }

    async fn list_page(&self, user: UserId, window: &Window) -> StoreResult<Vec<(Notebook, Role)>> {
        let theirs = doc! { "members.user": user.to_string(), "deletedAt": null };
        let theirs = Query::page(theirs, "updatedAt", Order::NewestFirst, window);
        let entry = |document: &Document| Ok((notebook(document)?, members::role(document, user)?));
        let listed = self.collection(NOTEBOOKS).find(theirs, entry).await?;
        Ok(listed.into_iter().filter_map(|(notebook, role)| Some((notebook, role?))).collect())
    }

    async fn count_owned(&self, user: UserId) -> StoreResult<u64> {
        let owned = doc! { "user": user.to_string(), "role": "owner" };
        self.collection(NOTEBOOKS).count(doc! { "members": { "$elemMatch": owned }, "deletedAt": null }).await
    }

    async fn rename(
        &self,
        id: NotebookId,
        seen: Option<&NotebookState>,
        title: &Title,
        now: Timestamp,
    ) -> StoreResult<Option<Notebook>> {
        let rename = doc! { "$set": { "title": title.as_str(), "updatedAt": date(now) } };
        match self.collection(NOTEBOOKS).find_and_update(Change::new(seen_filter(id, seen), rename)).await? {
            Some(renamed) => notebook(&renamed).map(Some),
            None => absent(self, id, seen).await.map(|()| None),
        }
    }

    async fn mark_deleted(&self, id: NotebookId, seen: Option<&NotebookState>, now: Timestamp) -> StoreResult<bool> {
        // The join code is given up: it must not keep another notebook from drawing it.
        let delete = doc! { "$set": { "deletedAt": date(now) }, "$unset": { "joinCode": "" } };
        if self.collection(NOTEBOOKS).update(Change::new(seen_filter(id, seen), delete)).await? {
            return Ok(true);
        }
        absent(self, id, seen).await.map(|()| false)
    }

    async fn deleted_of(&self, owner: UserId, window: &Window) -> StoreResult<Vec<(Notebook, Timestamp)>> {
        let theirs = Query::page(owned_and_deleted(owner)?, "deletedAt", Order::NewestFirst, window);
        let entry = |document: &Document| Ok((notebook(document)?, document.time("deletedAt")?));
        self.collection(NOTEBOOKS).find(theirs, entry).await
    }

    async fn restore(&self, id: NotebookId, owner: UserId) -> StoreResult<Option<Notebook>> {
        let mut deleted = owned_and_deleted(owner)?;
        deleted.insert("_id", id.to_string());
        let back = Change::new(deleted, doc! { "$unset": { "deletedAt": "" } });
        self.collection(NOTEBOOKS).find_and_update(back).await?.as_ref().map(notebook).transpose()
    }

    async fn begin_purge(&self, id: NotebookId) -> StoreResult<bool> {
        let deleted = doc! { "_id": id.to_string(), "deletedAt": { "$ne": null } };
        self.collection(NOTEBOOKS).update(Change::new(deleted, doc! { "$set": { "purging": true } })).await
    }

    async fn deleted(&self, upto: Timestamp) -> StoreResult<Vec<NotebookId>> {
        let deleted = Query::new(doc! { "deletedAt": { "$lte": date(upto) } }).ids().sort(doc! { "deletedAt": 1 });
        self.collection(NOTEBOOKS).find(deleted, |document| document.parsed("_id")).await
    }

    async fn purge(&self, id: NotebookId) -> StoreResult<()> {
        let deleted = doc! { "_id": id.to_string(), "deletedAt": { "$ne": null } };
        if !self.collection(NOTEBOOKS).exists(deleted.clone()).await? {
            return Ok(());
        }
        self.cascade(NOTEBOOKS, &id.to_string()).await?;
        // Last: as long as it is there, an interrupted purge runs again.
        self.collection(NOTEBOOKS).delete(deleted).await?;
        Ok(())
    }
}

/// What an owner deleted and can restore.
fn owned_and_deleted(owner: UserId) -> StoreResult<Document> {
    let owner = doc! { "$elemMatch": { "user": owner.to_string(), "role": nested(&Role::Owner)? } };
    let mut deleted = restorable();
    deleted.insert("members", owner);
    Ok(deleted)
}

/// Whether the notebook exists and nobody deleted it.
pub(crate) async fn is_live(db: &Database, id: NotebookId) -> StoreResult<bool> {
    db.collection(NOTEBOOKS).exists(live_filter(id)).await
}

/// The members of those of these notebooks that exist and nobody deleted.
pub(crate) async fn members_among(
    db: &Database,
    ids: impl Iterator<Item = NotebookId>,
) -> StoreResult<HashMap<NotebookId, HashSet<UserId>>> {
    let ids: HashSet<String> = ids.map(|id| id.to_string()).collect();
    let live = Query::new(doc! { "_id": { "$in": Vec::from_iter(ids) }, "deletedAt": null });
    let members = |document: &Document| {
        let members: StoreResult<_> =
            document.documents("members")?.into_iter().map(|member| member.parsed("user")).collect();
        Ok((document.parsed("_id")?, members?))
    };
    let found = db.collection(NOTEBOOKS).find(live.fields(doc! { "members.user": 1 }), members).await?;
    Ok(found.into_iter().collect())
}

/// The notebook, if it is as it was seen: part of the write, as another process may change it at any moment.
fn seen_filter(id: NotebookId, seen: Option<&NotebookState>) -> Document {
    let mut filter = live_filter(id);
    if let Some(seen) = seen {
        filter.extend(doc! { "title": &seen.title, "updatedAt": date(seen.updated_at), "joinCode.code": seen.code() });
    }
    filter
}

/// After a write that matched nothing: [`StoreError::Changed`] when the notebook is there, but not as it was seen.
async fn absent(db: &Database, id: NotebookId, seen: Option<&NotebookState>) -> StoreResult<()> {
    if seen.is_some() && is_live(db, id).await? { Err(StoreError::Changed("the notebook")) } else { Ok(()) }
}

fn live_filter(id: NotebookId) -> Document {
    doc! { "_id": id.to_string(), "deletedAt": null }
}

fn notebook(document: &Document) -> StoreResult<Notebook> {
    Ok(Notebook {
        id: document.parsed("_id")?,
        title: Title::stored(document.text("title")?),
        join_code: document.opt_nested("joinCode")?,
        created_by: document.parsed("createdBy")?,
        created_at: document.time("createdAt")?,
        updated_at: document.time("updatedAt")?,
    })
}
