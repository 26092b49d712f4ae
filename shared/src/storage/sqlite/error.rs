//! What SQLite's errors mean to callers.

use sqlx::error::ErrorKind;
use sqlx::migrate::MigrateError;

use crate::storage::StoreError;

// Primary result codes, <https://www.sqlite.org/rescode.html>.
const BUSY: i32 = 5;
const LOCKED: i32 = 6;
const READ_ONLY: i32 = 8;
const IO_ERROR: i32 = 10;
const CORRUPT: i32 = 11;
const FULL: i32 = 13;
const CANNOT_OPEN: i32 = 14;
const NOT_A_DATABASE: i32 = 26;

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed | sqlx::Error::Io(_) => {
                Self::Unavailable(error.to_string())
            }
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Damaged(error.to_string()),
            sqlx::Error::Database(database) if database.kind() == ErrorKind::ForeignKeyViolation => {
                Self::Missing("what it belongs to")
            }
            // The low byte of an extended code is its primary code.
            sqlx::Error::Database(database) => match database.code().and_then(|code| code.parse().ok()).map(primary) {
                Some(FULL) => Self::Full(error.to_string()),
                Some(BUSY | LOCKED | READ_ONLY | IO_ERROR | CANNOT_OPEN) => Self::Unavailable(error.to_string()),
                Some(CORRUPT | NOT_A_DATABASE) => Self::Damaged(error.to_string()),
                _ => Self::Sqlite(error),
            },
            _ => Self::Sqlite(error),
        }
    }
}

fn primary(code: i32) -> i32 {
    code & 0xff
}

impl From<MigrateError> for StoreError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => error.into(),
            MigrateError::VersionMissing(newer) => Self::Newer(newer),
            other => Self::Damaged(other.to_string()),
        }
    }
}

/// For `map_err`: a unique key that is taken means that `what` exists already.
pub fn conflict(what: &'static str) -> impl FnOnce(sqlx::Error) -> StoreError {
    move |error| match &error {
        sqlx::Error::Database(database) if database.is_unique_violation() => StoreError::Conflict(what),
        _ => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pool_without_a_free_connection_is_unavailable() {
        assert!(matches!(StoreError::from(sqlx::Error::PoolTimedOut), StoreError::Unavailable(_)));
    }

    #[test]
    fn extended_codes_count_as_their_primary_code() {
        const BUSY_SNAPSHOT: i32 = 517;
        assert_eq!(primary(BUSY_SNAPSHOT), BUSY);
    }
}
