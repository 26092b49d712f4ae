//! Accounts and sessions in MongoDB.

use async_trait::async_trait;
use jiff::Timestamp;
use mongodb::bson::{Bson, Document, doc};
use secrecy::{ExposeSecret as _, SecretString};

use super::{Credentials, Email, Name, Session, SessionRepo, TokenHash, User, UserRepo};
use crate::ids::{SessionId, UserId};
use crate::pages::Window;
use crate::storage::mongo::{Change, Database, Fields as _, Index, Order, Query, binary, conflict, date};
use crate::storage::{StoreError, StoreResult};

const USERS: &str = "users";
const SESSIONS: &str = "sessions";

pub(crate) const INDEXES: &[Index] = &[
    Index::on(USERS, "users_email", &["email"]).unique(),
    Index::on(USERS, "users_admin", &["admin"]).sparse(),
    Index::on(SESSIONS, "sessions_token_hash", &["tokenHash"]).unique(),
    Index::on(SESSIONS, "sessions_previous_hash", &["previousHash"]),
    Index::on(SESSIONS, "sessions_user", &["user"]),
    Index::on(SESSIONS, "sessions_expiry", &["expiresAt"]),
];

#[async_trait]
impl UserRepo for Database {
    async fn create(&self, user: &User, password_hash: &SecretString) -> StoreResult<()> {
        let document = doc! {
            "_id": user.id.to_string(),
            "email": user.email.as_str(),
            "name": user.name.as_str(),
            "passwordHash": password_hash.expose_secret(),
            "createdAt": date(user.created_at),
            "verifiedAt": user.verified_at.map(date),
            "admin": user.admin,
        };
        self.collection(USERS).insert(&document).await.map_err(conflict("an account with this address"))
    }

    async fn get(&self, id: UserId) -> StoreResult<Option<User>> {
        let found = self.collection(USERS).find_one(Query::new(doc! { "_id": id.to_string() })).await?;
        found.as_ref().map(user).transpose()
    }

    async fn credentials(&self, email: &Email) -> StoreResult<Option<Credentials>> {
        for spelling in [email.as_str(), &email.in_ascii()] {
            let found = self.collection(USERS).find_one(Query::new(doc! { "email": spelling })).await?;
            if let Some(found) = found {
                return Ok(Some(Credentials { user: user(&found)?, password_hash: password_hash(&found)? }));
            }
        }
        Ok(None)
    }

    async fn password_hash(&self, id: UserId) -> StoreResult<Option<SecretString>> {
        let hash = Query::new(doc! { "_id": id.to_string() }).fields(doc! { "passwordHash": 1 });
        self.collection(USERS).find_one(hash).await?.as_ref().map(password_hash).transpose()
    }

    async fn set_admin(&self, id: UserId, admin: bool, now: Timestamp) -> StoreResult<bool> {
        let users = self.collection(USERS);
        let change = |set: Document| doc! { "$set": set };
        if admin {
            let first = doc! { "_id": id.to_string(), "verifiedAt": null };
            users.update(Change::new(first, change(doc! { "verifiedAt": date(now) }))).await?;
        }
        users.update(Change::new(doc! { "_id": id.to_string() }, change(doc! { "admin": admin }))).await
    }

    async fn set_password(&self, id: UserId, before: &SecretString, hash: &SecretString) -> StoreResult<bool> {
        let user = doc! { "_id": id.to_string(), "passwordHash": before.expose_secret() };
        self.collection(USERS)
            .update(Change::new(user, doc! { "$set": { "passwordHash": hash.expose_secret() } }))
            .await
    }

    async fn delete(&self, user: &User) -> StoreResult<()> {
        let id = user.id.to_string();
        self.cascade(USERS, &id).await?;
        self.collection(SESSIONS).delete_all(doc! { "user": &id }).await?;
        // Last: as long as it is there, an interrupted deletion can be requested again.
        self.collection(USERS).delete(doc! { "_id": id }).await?;
        Ok(())
    }

    async fn admins(&self) -> StoreResult<Vec<User>> {
        let admins = Query::new(doc! { "admin": true }).sort(doc! { "email": 1 });
        self.collection(USERS).find(admins, user).await
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
        let mut document = tokens(session);
        document.insert("_id", session.id.to_string());
        document.insert("user", session.user_id.to_string());
        self.collection(SESSIONS).insert(&document).await.map_err(conflict("the session"))
    }

    async fn get(&self, id: SessionId, now: Timestamp) -> StoreResult<Option<Session>> {
        let living = Query::new(doc! { "_id": id.to_string(), "expiresAt": { "$gt": date(now) } });
        self.collection(SESSIONS).find_one(living).await?.as_ref().map(session).transpose()
    }

    async fn by_token(&self, token: TokenHash, now: Timestamp) -> StoreResult<Option<Session>> {
        for field in ["tokenHash", "previousHash"] {
            let living = Query::new(doc! { field: hash(&token), "expiresAt": { "$gt": date(now) } });
            if let Some(found) = self.collection(SESSIONS).find_one(living.current()).await? {
                return session(&found).map(Some);
            }
        }
        Ok(None)
    }

    async fn list_page(&self, user: UserId, now: Timestamp, window: &Window) -> StoreResult<Vec<Session>> {
        let theirs = doc! { "user": user.to_string(), "expiresAt": { "$gt": date(now) } };
        self.collection(SESSIONS).find(Query::page(theirs, "rotatedAt", Order::NewestFirst, window), session).await
    }

    async fn rotate(&self, before: TokenHash, session: &Session, now: Timestamp) -> StoreResult<bool> {
        let sessions = self.collection(SESSIONS);
        let id = session.id.to_string();
        let unchanged = doc! { "_id": &id, "tokenHash": hash(&before), "expiresAt": { "$gt": date(now) } };
        if sessions.update(Change::new(unchanged, doc! { "$set": tokens(session) })).await? {
            return Ok(true);
        }
        // Nobody else knows the new token: it was this call, whose first answer was lost on the way.
        sessions.exists(doc! { "_id": id, "tokenHash": hash(&session.token_hash) }).await
    }

    async fn delete(&self, id: SessionId) -> StoreResult<()> {
        self.collection(SESSIONS).delete(doc! { "_id": id.to_string() }).await?;
        Ok(())
    }

    async fn delete_expired(&self, now: Timestamp) -> StoreResult<u64> {
        self.collection(SESSIONS).delete_all(doc! { "expiresAt": { "$lte": date(now) } }).await
    }
}

fn password_hash(document: &Document) -> StoreResult<SecretString> {
    Ok(document.text("passwordHash")?.into())
}

fn user(document: &Document) -> StoreResult<User> {
    Ok(User {
        id: document.parsed("_id")?,
        email: document.nested("email")?,
        name: Name::stored(document.text("name")?),
        created_at: document.time("createdAt")?,
        verified_at: document.opt_time("verifiedAt")?,
        // Earlier versions stored nothing.
        admin: document.get_bool("admin").unwrap_or(false),
    })
}

fn session(document: &Document) -> StoreResult<Session> {
    let opt_hash = |field: &str| document.opt_bytes(field)?.map(unhash).transpose();
    let rotated_at = document.time("rotatedAt")?;
    Ok(Session {
        id: document.parsed("_id")?,
        user_id: document.parsed("user")?,
        token_hash: unhash(document.bytes("tokenHash")?)?,
        previous_hash: opt_hash("previousHash")?,
        other_hash: opt_hash("otherHash")?,
        family_hash: opt_hash("familyHash")?,
        created_at: document.opt_time("createdAt")?.unwrap_or(rotated_at),
        rotated_at,
        expires_at: document.time("expiresAt")?,
    })
}

/// What changes with each rotation.
fn tokens(session: &Session) -> Document {
    doc! {
        "tokenHash": hash(&session.token_hash),
        "previousHash": session.previous_hash.as_ref().map(hash),
        "otherHash": session.other_hash.as_ref().map(hash),
        "familyHash": session.family_hash.as_ref().map(hash),
        "createdAt": date(session.created_at),
        "rotatedAt": date(session.rotated_at),
        "expiresAt": date(session.expires_at),
    }
}

fn hash(hash: &TokenHash) -> Bson {
    binary(hash.to_vec()).into()
}

fn unhash(bytes: &[u8]) -> StoreResult<TokenHash> {
    bytes.try_into().map_err(|_| StoreError::Damaged(format!("a token hash of {} bytes", bytes.len())))
}
