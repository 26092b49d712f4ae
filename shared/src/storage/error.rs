//! What can go wrong with what is stored, whatever the backend.

pub type StoreResult<T> = Result<T, StoreError>;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A unique key is taken.
    #[error("{0} exists already")]
    Conflict(&'static str),
    /// What the write belongs to is gone, or never was: a notebook, a conversation, a user.
    #[error("{0} does not exist")]
    Missing(&'static str),
    /// A write that was only for what somebody had seen: it has changed since.
    #[error("{0} has changed")]
    Changed(&'static str),
    /// The database did not answer in time or is away; trying again may help.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// There is no room left; reading still works, and writing does again once there is room.
    #[error("the database has no room left: {0}")]
    Full(String),
    /// A newer version of Collabry has changed the schema: nothing is damaged, this version is too old.
    #[error(
        "a newer version of Collabry wrote this database (migration {0}). Start that version again; to go back to \
         this one, restore the backup that was made before the upgrade (docs/operations/upgrade.md)"
    )]
    Newer(i64),
    /// Redis did not answer in time, is away, or refuses; it is noticed and logged by who keeps the connection.
    #[error("Redis is not available: {0}")]
    Redis(String),
    /// Another process has taken over what this one was writing.
    #[error("another process has taken over {0}")]
    TakenOver(&'static str),
    /// What was read cannot be understood.
    #[error("stored data is damaged: {0}")]
    Damaged(String),
    #[error(transparent)]
    Sqlite(sqlx::Error),
    /// Without the values that were to be read or written.
    #[error("MongoDB: {0}")]
    Mongo(String),
}
