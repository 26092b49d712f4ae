//! The members of a notebook, and whoever is invited to become one.

use std::collections::HashMap;

use jiff::Timestamp;
use mongodb::bson::{Bson, Document, doc};

use super::{NOTEBOOKS, live_filter};
use crate::auth::{Email, UserSummary};
use crate::ids::{NotebookId, UserId};
use crate::notebooks::{Invitation, Member, Role};
use crate::storage::mongo::{Change, Database, Fields as _, Query, date, nested};
use crate::storage::{StoreError, StoreResult};

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

pub async fn role_of(db: &Database, id: NotebookId, user: UserId) -> StoreResult<Option<Role>> {
    match db.collection(NOTEBOOKS).find_one(Query::new(live_filter(id))).await? {
        Some(notebook) => role(&notebook, user),
        None => Ok(None),
    }
}

pub async fn list(db: &Database, id: NotebookId) -> StoreResult<Vec<Member>> {
    let Some(notebook) = db.collection(NOTEBOOKS).find_one(Query::new(live_filter(id))).await? else {
        return Ok(Vec::new());
    };
    let mut joined: Vec<(Timestamp, UserId, Role)> = Vec::new();
    for member in notebook.documents("members")? {
        joined.push((member.time("joinedAt")?, member.parsed("user")?, member.nested("role")?));
    }
    joined.sort_unstable_by_key(|(joined_at, user, _)| (*joined_at, *user));
    let ids: Vec<_> = joined.iter().map(|(_, user, _)| *user).collect();
    let users = crate::auth::users(db, &ids).await?;
    let users: HashMap<UserId, UserSummary> = users.iter().map(|user| (user.id, user.into())).collect();
    let member = |(joined_at, user, role)| Some(Member { user: users.get(&user)?.clone(), role, joined_at });
    Ok(joined.into_iter().filter_map(member).collect())
}

/// Their ids, first joined first.
pub async fn ids(db: &Database, id: NotebookId) -> StoreResult<Vec<UserId>> {
    let Some(notebook) = db.collection(NOTEBOOKS).find_one(Query::new(live_filter(id))).await? else {
        return Ok(Vec::new());
    };
    let mut joined: Vec<(Timestamp, UserId)> = Vec::new();
    for member in notebook.documents("members")? {
        joined.push((member.time("joinedAt")?, member.parsed("user")?));
    }
    joined.sort_unstable();
    Ok(joined.into_iter().map(|(_, user)| user).collect())
}

pub async fn add(db: &Database, id: NotebookId, user: UserId, role: Role, now: Timestamp) -> StoreResult<bool> {
    let mut without = live_filter(id);
    without.insert("members.user", doc! { "$ne": user.to_string() });
    let join = doc! { "$push": { "members": document(user, role, now)? } };
    db.collection(NOTEBOOKS).update(Change::new(without, join)).await
}

pub async fn set_role(db: &Database, id: NotebookId, user: UserId, role: Role) -> StoreResult<bool> {
    let filter = if role == Role::Owner { with_member(id, user) } else { with_dispensable(id, user) };
    let change = doc! { "$set": { "members.$[member].role": nested(&role)? } };
    let member = doc! { "member.user": user.to_string() };
    db.collection(NOTEBOOKS).update(Change::new(filter, change).elements(member)).await
}

pub async fn remove(db: &Database, id: NotebookId, user: UserId) -> StoreResult<bool> {
    let leave = doc! { "$pull": { "members": { "user": user.to_string() } } };
    db.collection(NOTEBOOKS).update(Change::new(with_dispensable(id, user), leave)).await
}

fn with_member(id: NotebookId, user: UserId) -> Document {
    let mut filter = live_filter(id);
    filter.insert("members.user", user.to_string());
    filter
}

/// The notebook, if `user` is a member without whom it still has an owner. Part of the write that lets them go: looked
/// up before it, two owners could see each other and both leave.
fn with_dispensable(id: NotebookId, user: UserId) -> Document {
    let user = user.to_string();
    let no_owner = doc! { "members": { "$elemMatch": { "user": &user, "role": { "$ne": "owner" } } } };
    let another_owner = doc! { "members": { "$elemMatch": { "user": { "$ne": &user }, "role": "owner" } } };
    let mut filter = live_filter(id);
    filter.insert("members.user", &user);
    filter.insert("$or", [no_owner, another_owner].to_vec());
    filter
}

pub async fn invite(db: &Database, invitation: &Invitation) -> StoreResult<()> {
    let notebooks = db.collection(NOTEBOOKS);
    let document = doc! {
        "email": invitation.email.as_str(),
        "role": nested(&invitation.role)?,
        "invitedBy": invitation.invited_by.to_string(),
        "createdAt": date(invitation.created_at),
    };
    let mut invited = live_filter(invitation.notebook_id);
    invited.insert("invitations.email", invitation.email.as_str());
    let mut not_invited = live_filter(invitation.notebook_id);
    not_invited.insert("invitations.email", doc! { "$ne": invitation.email.as_str() });

    let replace = Change::new(invited, doc! { "$set": { "invitations.$[old]": document.clone() } })
        .elements(doc! { "old.email": invitation.email.as_str() });
    let add = Change::new(not_invited, doc! { "$push": { "invitations": document } });
    // Whoever invites or withdraws at the same time can make each miss once, not both again and again.
    for change in [replace.clone(), add.clone(), replace, add] {
        if notebooks.update(change).await? {
            return Ok(());
        }
    }
    Err(StoreError::Missing("the notebook"))
}

pub async fn invitations(db: &Database, id: NotebookId) -> StoreResult<Vec<Invitation>> {
    let Some(notebook) = db.collection(NOTEBOOKS).find_one(Query::new(live_filter(id))).await? else {
        return Ok(Vec::new());
    };
    let mut invitations = all_in(&notebook)?;
    invitations.sort_unstable_by(|a, b| (a.created_at, a.email.as_str()).cmp(&(b.created_at, b.email.as_str())));
    Ok(invitations)
}

pub async fn withdraw(db: &Database, id: NotebookId, email: &Email) -> StoreResult<bool> {
    let mut invited = live_filter(id);
    invited.insert("invitations.email", email.as_str());
    db.collection(NOTEBOOKS).update(Change::new(invited, withdrawal(email))).await
}

/// Invitation and membership change in one write, so that neither can be without the other.
pub async fn accept(db: &Database, email: &Email, user: UserId, now: Timestamp) -> StoreResult<Vec<NotebookId>> {
    let notebooks = db.collection(NOTEBOOKS);
    let invited = Query::new(doc! { "invitations.email": email.as_str(), "deletedAt": null }).current();
    let mut open: Vec<Invitation> = Vec::new();
    for invitations in notebooks.find(invited, all_in).await? {
        open.extend(invitations.into_iter().filter(|invitation| invitation.email == *email));
    }
    open.sort_unstable_by_key(|invitation| invitation.created_at);

    let mut joined = Vec::new();
    for Invitation { notebook_id, role, .. } in open {
        let same = doc! { "$elemMatch": { "email": email.as_str(), "role": nested(&role)? } };
        let mut newcomer = live_filter(notebook_id);
        newcomer.insert("invitations", same);
        newcomer.insert("members.user", doc! { "$ne": user.to_string() });
        let join = doc! {
            "$push": { "members": document(user, role, now)? },
            "$pull": { "invitations": { "email": email.as_str() } },
        };
        if notebooks.update(Change::new(newcomer, join)).await? {
            joined.push(notebook_id);
        } else {
            // Already in. An invitation that was changed meanwhile stays for the next time.
            notebooks.update(Change::new(with_member(notebook_id, user), withdrawal(email))).await?;
        }
    }
    Ok(joined)
}

fn withdrawal(email: &Email) -> Document {
    doc! { "$pull": { "invitations": { "email": email.as_str() } } }
}

fn all_in(notebook: &Document) -> StoreResult<Vec<Invitation>> {
    let notebook_id = notebook.parsed("_id")?;
    let invitation = |document: &Document| {
        Ok(Invitation {
            notebook_id,
            email: document.nested("email")?,
            role: document.nested("role")?,
            invited_by: document.parsed("invitedBy")?,
            created_at: document.time("createdAt")?,
        })
    };
    notebook.documents("invitations")?.into_iter().map(invitation).collect()
}
