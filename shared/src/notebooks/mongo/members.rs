//! The members of a notebook in MongoDB: part of its document.

use std::collections::HashMap;

use async_trait::async_trait;
use jiff::Timestamp;
use mongodb::bson::{Bson, Document, doc};

use super::{NOTEBOOKS, live_filter, notebook};
use crate::auth::UserSummary;
use crate::ids::{NotebookId, UserId};
use crate::notebooks::{JoinCode, Member, MemberRepo, Notebook, Role};
use crate::pages::Window;
use crate::storage::mongo::{Change, Database, Fields as _, Query, conflict, date, nested, opt_nested};
use crate::storage::{StoreError, StoreResult};

/// Attempts to change a notebook whose members others change at the same time, which is rare.
const TRIES: usize = 8;

#[async_trait]
impl MemberRepo for Database {
    async fn role_of(&self, id: NotebookId, user: UserId) -> StoreResult<Option<Role>> {
        match self.collection(NOTEBOOKS).find_one(Query::new(live_filter(id))).await? {
            Some(notebook) => role(&notebook, user),
            None => Ok(None),
        }
    }

    async fn members_page(&self, id: NotebookId, window: &Window) -> StoreResult<Vec<Member>> {
        let members = Query::new(live_filter(id)).fields(doc! { "members": 1 });
        let Some(notebook) = self.collection(NOTEBOOKS).find_one(members).await? else {
            return Ok(Vec::new());
        };
        let mut joined: Vec<(Timestamp, UserId, Role)> = Vec::new();
        for member in notebook.documents("members")? {
            joined.push((member.time("joinedAt")?, member.parsed("user")?, member.nested("role")?));
        }
        joined.sort_unstable_by_key(|(joined_at, user, _)| (*joined_at, *user));
        let (after, last) = window.oldest_first();
        joined.retain(|(joined_at, user, _)| (joined_at.as_millisecond(), user.to_string().as_str()) > (after, last));
        joined.truncate(usize::try_from(window.limit).unwrap_or(usize::MAX));
        let ids: Vec<_> = joined.iter().map(|(_, user, _)| *user).collect();
        let users = crate::auth::users(self, &ids).await?;
        let users: HashMap<UserId, UserSummary> = users.iter().map(|user| (user.id, user.into())).collect();
        let member = |(joined_at, user, role)| Some(Member { user: users.get(&user)?.clone(), role, joined_at });
        Ok(joined.into_iter().filter_map(member).collect())
    }

    async fn member_ids(&self, id: NotebookId) -> StoreResult<Vec<UserId>> {
        let Some(notebook) = self.collection(NOTEBOOKS).find_one(Query::new(live_filter(id))).await? else {
            return Ok(Vec::new());
        };
        let mut joined: Vec<(Timestamp, UserId)> = Vec::new();
        for member in notebook.documents("members")? {
            joined.push((member.time("joinedAt")?, member.parsed("user")?));
        }
        joined.sort_unstable();
        Ok(joined.into_iter().map(|(_, user)| user).collect())
    }

    async fn set_role(&self, id: NotebookId, user: UserId, next: Role) -> StoreResult<bool> {
        // One write changes role, join code and invitations, if they are still as they were read.
        let notebooks = self.collection(NOTEBOOKS);
        for _ in 0..TRIES {
            let Some(notebook) = notebooks.find_one(Query::new(live_filter(id)).current()).await? else {
                return Ok(false);
            };
            let Some(had) = role(&notebook, user)? else { return Ok(false) };
            let code = notebook.opt_nested::<JoinCode>("joinCode")?;
            let mut filter = if next == Role::Owner { with_member(id, user) } else { with_dispensable(id, user) };
            let same = doc! { "$elemMatch": { "user": user.to_string(), "role": nested(&had)? } };
            filter.insert("members", same);
            filter.insert("joinCode.code", code.as_ref().map(|code| code.code.as_str()));
            let mut change = doc! { "$set": { "members.$[member].role": nested(&next)? } };
            if next < had && code.is_some_and(|code| next < code.role) {
                change.insert("$unset", doc! { "joinCode": "" });
            }
            if next < had && had == Role::Owner {
                change.insert("$pull", doc! { "invitations": { "invitedBy": user.to_string() } });
            }
            let member = doc! { "member.user": user.to_string() };
            if notebooks.update(Change::new(filter, change).elements(member)).await? {
                return Ok(true);
            }
            if next != Role::Owner && !notebooks.exists(with_dispensable(id, user)).await? {
                return Ok(false);
            }
        }
        Err(StoreError::Unavailable("the members of the notebook changed on every attempt".to_owned()))
    }

    async fn is_removed(&self, id: NotebookId, user: UserId) -> StoreResult<bool> {
        let mut removed = live_filter(id);
        removed.insert("removed", user.to_string());
        self.collection(NOTEBOOKS).exists(removed).await
    }

    async fn remove_member(&self, id: NotebookId, user: UserId) -> StoreResult<bool> {
        let leave = doc! { "$pull": { "members": { "user": user.to_string() } } };
        self.collection(NOTEBOOKS).update(Change::new(with_dispensable(id, user), leave)).await
    }

    async fn expel(&self, id: NotebookId, user: UserId, _now: Timestamp) -> StoreResult<bool> {
        let text = user.to_string();
        let expel = doc! {
            "$pull": { "members": { "user": &text }, "invitations": { "invitedBy": &text } },
            "$unset": { "joinCode": "" },
            "$addToSet": { "removed": &text },
        };
        self.collection(NOTEBOOKS).update(Change::new(with_dispensable(id, user), expel)).await
    }

    async fn set_join_code(&self, id: NotebookId, code: Option<&JoinCode>) -> StoreResult<Option<Notebook>> {
        let change = if code.is_some() {
            doc! { "$set": { "joinCode": opt_nested(code)? } }
        } else {
            doc! { "$unset": { "joinCode": "" } }
        };
        let changed = self.collection(NOTEBOOKS).find_and_update(Change::new(live_filter(id), change)).await;
        changed.map_err(conflict("a notebook with this join code"))?.as_ref().map(notebook).transpose()
    }

    async fn by_join_code(&self, code: &str) -> StoreResult<Option<Notebook>> {
        let found = Query::new(doc! { "joinCode.code": code, "deletedAt": null });
        self.collection(NOTEBOOKS).find_one(found).await?.as_ref().map(notebook).transpose()
    }

    async fn join(&self, id: NotebookId, code: &str, user: UserId, now: Timestamp) -> StoreResult<bool> {
        let notebooks = self.collection(NOTEBOOKS);
        let Some(notebook) = notebooks.find_one(Query::new(live_filter(id)).current()).await? else { return Ok(false) };
        let Some(current) = notebook.opt_nested::<JoinCode>("joinCode")? else { return Ok(false) };
        if current.code != code || !current.works(now) {
            return Ok(false);
        }
        let mut newcomer = live_filter(id);
        newcomer.insert("members.user", doc! { "$ne": user.to_string() });
        newcomer.insert("removed", doc! { "$ne": user.to_string() });
        newcomer.insert("joinCode.code", code);
        let mut join = doc! { "$push": { "members": document(user, current.role, now)? } };
        // A code never goes from counted to uncounted or back: another one takes its place.
        if current.uses_left.is_some() {
            newcomer.insert("joinCode.usesLeft", doc! { "$gt": 0 });
            join.insert("$inc", doc! { "joinCode.usesLeft": -1 });
        }
        notebooks.update(Change::new(newcomer, join)).await
    }
}

pub fn document(user: UserId, role: Role, joined_at: Timestamp) -> StoreResult<Bson> {
    Ok(doc! { "user": user.to_string(), "role": nested(&role)?, "joinedAt": date(joined_at) }.into())
}

/// The role of `user` in a notebook's document.
pub fn role(notebook: &Document, user: UserId) -> StoreResult<Option<Role>> {
    for member in notebook.documents("members")? {
        if member.parsed::<UserId>("user")? == user {
            return member.nested("role").map(Some);
        }
    }
    Ok(None)
}

fn with_member(id: NotebookId, user: UserId) -> Document {
    let mut filter = live_filter(id);
    filter.insert("members.user", user.to_string());
    filter
}

/// The notebook, if `user` is a member and it would still have an owner without them. Part of the write that removes them:
/// in a read before it, two owners could see each other and both leave.
fn with_dispensable(id: NotebookId, user: UserId) -> Document {
    let user = user.to_string();
    let no_owner = doc! { "members": { "$elemMatch": { "user": &user, "role": { "$ne": "owner" } } } };
    let another_owner = doc! { "members": { "$elemMatch": { "user": { "$ne": &user }, "role": "owner" } } };
    let mut filter = live_filter(id);
    filter.insert("members.user", &user);
    filter.insert("$or", [no_owner, another_owner].to_vec());
    filter
}
