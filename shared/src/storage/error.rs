//! Storage errors, the same for all backends.

pub type StoreResult<T> = Result<T, StoreError>;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique key is already taken.
    #[error("{0} exists already")]
    Conflict(&'static str),
    /// What the write belongs to was deleted or never existed: a notebook, a conversation, a user.
    #[error("{0} does not exist")]
    Missing(&'static str),
    /// A conditional write failed: the item has changed since the caller read it.
    #[error("{0} has changed")]
    Changed(&'static str),
    /// The database is unavailable or did not answer in time; a retry may help.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// There is no space left; reads still work, and writes do again once there is space.
    #[error("the database has no room left: {0}")]
    Full(String),
    /// A newer version of Collabry has migrated the schema: nothing is damaged, this version is too old.
    #[error(
        "a newer version of Collabry wrote this database (migration {0}). Start that version again; to go back to \
         this one, restore the backup that was made before the upgrade (docs/operations/upgrade.md)"
    )]
    Newer(i64),
    /// Redis is unavailable, did not answer in time or refused; the monitor of the connection logs it.
    #[error("Redis is not available: {0}")]
    Redis(String),
    /// Another process has taken over what this one was writing.
    #[error("another process has taken over {0}")]
    TakenOver(&'static str),
    /// Stored data cannot be decoded.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
    #[error(transparent)]
    Sqlite(sqlx::Error),
    /// The message does not contain the values of the operation.
    #[error("MongoDB: {0}")]
    Mongo(String),
}
