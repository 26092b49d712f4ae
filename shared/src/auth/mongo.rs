//! Accounts and sessions in MongoDB.

use async_trait::async_trait;
use jiff::Timestamp;
use mongodb::bson::{Bson, Document, doc};

use super::{Email, RotateOutcome, Session, SessionRepo, TokenHash, User, UserRepo};
use crate::ids::{SessionId, UserId};
use crate::storage::mongo::{Change, Database, Fields as _, Index, Query, binary, conflict, date};
use crate::storage::{StoreError, StoreResult};

const USERS: &str = "users";
const SESSIONS: &str = "sessions";

pub(crate) const INDEXES: &[Index] = &[
    Index::on(USERS, "users_email", &["email"]).unique(),
    Index::on(SESSIONS, "sessions_token_hash", &["tokenHash"]).unique(),
    Index::on(SESSIONS, "sessions_previous_hash", &["previousHash"]),
    Index::on(SESSIONS, "sessions_user", &["user"]),
    Index::on(SESSIONS, "sessions_expiry", &["expiresAt"]),
];

#[async_trait]
impl UserRepo for Database {
    async fn create(&self, user: &User) -> StoreResult<()> {
        let document = doc! {
            "_id": user.id.to_string(),
            "email": user.email.as_str(),
            "name": &user.name,
            "passwordHash": &user.password_hash,
            "createdAt": date(user.created_at),
        };
        self.collection(USERS).insert(&document).await.map_err(conflict("an account with this address"))
    }

    async fn get(&self, id: UserId) -> StoreResult<Option<User>> {
        let found = self.collection(USERS).find_one(Query::new(doc! { "_id": id.to_string() })).await?;
        found.as_ref().map(user).transpose()
    }

    async fn by_email(&self, email: &Email) -> StoreResult<Option<User>> {
        let found = self.collection(USERS).find_one(Query::new(doc! { "email": email.as_str() })).await?;
        found.as_ref().map(user).transpose()
    }
}

/// Accounts by their ids, in no order.
pub(crate) async fn users(db: &Database, ids: &[UserId]) -> StoreResult<Vec<User>> {
    let ids: Vec<_> = ids.iter().map(UserId::to_string).collect();
    db.collection(USERS).find(Query::new(doc! { "_id": { "$in": ids } }), user).await
}

/// [`StoreError::Missing`] when there is no such account.
pub(crate) async fn require_user(db: &Database, id: UserId) -> StoreResult<()> {
    let there = db.collection(USERS).exists(doc! { "_id": id.to_string() }).await?;
    if there { Ok(()) } else { Err(StoreError::Missing("the account")) }
}

#[async_trait]
impl SessionRepo for Database {
    async fn create(&self, session: &Session) -> StoreResult<()> {
        require_user(self, session.user_id).await?;
        let document = doc! {
            "_id": session.id.to_string(),
            "user": session.user_id.to_string(),
            "tokenHash": hash(&session.token_hash),
            "previousHash": session.previous_hash.as_ref().map(hash),
            "rotatedAt": date(session.rotated_at),
            "expiresAt": date(session.expires_at),
        };
        self.collection(SESSIONS).insert(&document).await.map_err(conflict("the session"))
    }

    async fn get(&self, id: SessionId, now: Timestamp) -> StoreResult<Option<Session>> {
        let living = Query::new(doc! { "_id": id.to_string(), "expiresAt": { "$gt": date(now) } });
        self.collection(SESSIONS).find_one(living).await?.as_ref().map(session).transpose()
    }

    async fn rotate(
        &self,
        presented: TokenHash,
        next: TokenHash,
        now: Timestamp,
        expires_at: Timestamp,
    ) -> StoreResult<RotateOutcome> {
        let sessions = self.collection(SESSIONS);
        let living = |field: &str| doc! { field: hash(&presented), "expiresAt": { "$gt": date(now) } };
        let rotate = doc! { "$set": {
            "tokenHash": hash(&next),
            "previousHash": hash(&presented),
            "rotatedAt": date(now),
            "expiresAt": date(expires_at),
        } };
        if let Some(rotated) = sessions.take(Change::new(living("tokenHash"), rotate)).await? {
            return Ok(RotateOutcome::Rotated(session(&rotated)?));
        }
        let Some(found) = sessions.find_one(Query::new(living("previousHash")).current()).await? else {
            return Ok(RotateOutcome::Unknown);
        };
        let found = session(&found)?;
        // Nobody else knows `next`: it was this call, whose first answer was lost on the way.
        Ok(if found.token_hash == next { RotateOutcome::Rotated(found) } else { RotateOutcome::Reused(found) })
    }

    async fn delete(&self, id: SessionId) -> StoreResult<()> {
        self.collection(SESSIONS).delete(doc! { "_id": id.to_string() }).await?;
        Ok(())
    }

    async fn delete_expired(&self, now: Timestamp) -> StoreResult<u64> {
        self.collection(SESSIONS).delete_all(doc! { "expiresAt": { "$lte": date(now) } }).await
    }
}

fn user(document: &Document) -> StoreResult<User> {
    Ok(User {
        id: document.parsed("_id")?,
        email: document.nested("email")?,
        name: document.text("name")?,
        password_hash: document.text("passwordHash")?,
        created_at: document.time("createdAt")?,
    })
}

fn session(document: &Document) -> StoreResult<Session> {
    Ok(Session {
        id: document.parsed("_id")?,
        user_id: document.parsed("user")?,
        token_hash: unhash(document.bytes("tokenHash")?)?,
        previous_hash: document.opt_bytes("previousHash")?.map(unhash).transpose()?,
        rotated_at: document.time("rotatedAt")?,
        expires_at: document.time("expiresAt")?,
    })
}

fn hash(hash: &TokenHash) -> Bson {
    binary(hash.to_vec()).into()
}

fn unhash(bytes: &[u8]) -> StoreResult<TokenHash> {
    bytes.try_into().map_err(|_| StoreError::Damaged(format!("a token hash of {} bytes", bytes.len())))
}
