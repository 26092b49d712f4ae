//! Invitations in MongoDB: part of their notebook's document.

use async_trait::async_trait;
use jiff::Timestamp;
use mongodb::bson::{Document, doc};

use super::{NOTEBOOKS, live_filter, members};
use crate::auth::Email;
use crate::ids::{NotebookId, UserId};
use crate::notebooks::{CodeHash, Invitation, InvitationLink, InvitationRepo};
use crate::storage::mongo::{Change, Database, Fields as _, Query, binary, date, nested};
use crate::storage::{StoreError, StoreResult};

#[async_trait]
impl InvitationRepo for Database {
    async fn invite(&self, invitation: &Invitation) -> StoreResult<()> {
        let notebooks = self.collection(NOTEBOOKS);
        let mut document = doc! {
            "email": invitation.email.as_str(),
            "role": nested(&invitation.role)?,
            "invitedBy": invitation.invited_by.to_string(),
            "createdAt": date(invitation.created_at),
        };
        if let Some(link) = &invitation.link {
            document.insert("codeHash", binary(link.code_hash.to_vec()));
            document.insert("expiresAt", date(link.expires_at));
        }
        let mut invited = live_filter(invitation.notebook_id);
        invited.insert("invitations.email", invitation.email.as_str());
        let mut not_invited = live_filter(invitation.notebook_id);
        not_invited.insert("invitations.email", doc! { "$ne": invitation.email.as_str() });

        let replace = Change::new(invited, doc! { "$set": { "invitations.$[old]": document.clone() } })
            .elements(doc! { "old.email": invitation.email.as_str() });
        let add = Change::new(not_invited, doc! { "$push": { "invitations": document } });
        // Somebody who invites or withdraws at the same time can make each of the two miss once, but not again and again.
        for change in [replace.clone(), add.clone(), replace, add] {
            if notebooks.update(change).await? {
                return Ok(());
            }
        }
        Err(StoreError::Missing("the notebook"))
    }

    async fn invitations(&self, id: NotebookId) -> StoreResult<Vec<Invitation>> {
        let Some(notebook) = self.collection(NOTEBOOKS).find_one(Query::new(live_filter(id))).await? else {
            return Ok(Vec::new());
        };
        let mut invitations = all_in(&notebook)?;
        invitations.sort_unstable_by(|a, b| (a.created_at, a.email.as_str()).cmp(&(b.created_at, b.email.as_str())));
        Ok(invitations)
    }

    async fn withdraw_invitation(&self, id: NotebookId, email: &Email) -> StoreResult<bool> {
        let mut invited = live_filter(id);
        invited.insert("invitations.email", email.as_str());
        self.collection(NOTEBOOKS)
            .update(Change::new(invited, doc! { "$pull": { "invitations": { "email": email.as_str() } } }))
            .await
    }

    async fn by_invitation(&self, code: CodeHash, now: Timestamp) -> StoreResult<Option<Invitation>> {
        let with_code = Query::new(doc! { "invitations.codeHash": binary(code.to_vec()), "deletedAt": null }).current();
        let Some(notebook) = self.collection(NOTEBOOKS).find_one(with_code).await? else { return Ok(None) };
        let is_it = |link: &InvitationLink| link.code_hash == code && link.expires_at > now;
        Ok(all_in(&notebook)?.into_iter().find(|invitation| invitation.link.as_ref().is_some_and(is_it)))
    }

    async fn accept_invitation(&self, invitation: &Invitation, user: UserId, now: Timestamp) -> StoreResult<bool> {
        let Some(link) = &invitation.link else { return Ok(false) };
        let code = binary(link.code_hash.to_vec());
        let same =
            doc! { "codeHash": code.clone(), "role": nested(&invitation.role)?, "expiresAt": { "$gt": date(now) } };
        let mut newcomer = live_filter(invitation.notebook_id);
        newcomer.insert("invitations", doc! { "$elemMatch": same });
        newcomer.insert("members.user", doc! { "$ne": user.to_string() });
        // One write for invitation and membership, so that neither can exist without the other.
        let join = doc! {
            "$push": { "members": members::document(user, invitation.role, now)? },
            "$pull": { "invitations": { "codeHash": code }, "removed": user.to_string() },
        };
        self.collection(NOTEBOOKS).update(Change::new(newcomer, join)).await
    }
}

/// Withdraws the invitations of an address from every notebook, because its account is deleted.
pub async fn withdraw_all_of(db: &Database, user: &str) -> StoreResult<()> {
    for user in crate::auth::users(db, &[user.parse().map_err(|_| StoreError::Missing("the account"))?]).await? {
        for email in [user.email.as_str(), &user.email.in_ascii()] {
            let invited = doc! { "invitations.email": email };
            let withdraw = doc! { "$pull": { "invitations": { "email": email } } };
            db.collection(NOTEBOOKS).update_all(Change::new(invited, withdraw)).await?;
        }
    }
    Ok(())
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
            link: link(document)?,
        })
    };
    notebook.documents("invitations")?.into_iter().map(invitation).collect()
}

fn link(document: &Document) -> StoreResult<Option<InvitationLink>> {
    let (Some(hash), Some(expires_at)) = (document.opt_bytes("codeHash")?, document.opt_time("expiresAt")?) else {
        return Ok(None);
    };
    let code_hash = hash.try_into().map_err(|_| StoreError::Damaged("the hash of an invitation".to_owned()))?;
    Ok(Some(InvitationLink { code_hash, expires_at }))
}
