//! What MongoDB's errors mean to callers. Messages about writes quote what was written, so they are not passed on.

use mongodb::error::{Error, ErrorKind, RETRYABLE_WRITE_ERROR, WriteFailure};

use crate::storage::StoreError;

const DUPLICATE_KEY: i32 = 11_000;
const OUT_OF_DISK_SPACE: i32 = 14_031;

/// "Not primary", "shutting down", "interrupted" and the like: <https://www.mongodb.com/docs/manual/reference/error-codes/>.
const PASSING: [i32; 12] = [6, 7, 89, 91, 189, 262, 9001, 10_107, 11_600, 11_602, 13_435, 13_436];

impl From<Error> for StoreError {
    fn from(error: Error) -> Self {
        match error.kind.as_ref() {
            ErrorKind::Write(WriteFailure::WriteError(failure)) => refused(failure.code, "a write"),
            ErrorKind::Write(WriteFailure::WriteConcernError(failure)) => {
                Self::Unavailable(format!("a write is not confirmed by a majority ({})", failure.code_name))
            }
            ErrorKind::InsertMany(failure) => match failure.write_errors.iter().flatten().next() {
                Some(first) => refused(first.code, "an insert"),
                None => Self::Unavailable("an insert is not confirmed by a majority".to_owned()),
            },
            ErrorKind::Command(failure) if failure.code == DUPLICATE_KEY => refused(failure.code, "a write"),
            ErrorKind::Command(failure) if failure.code == OUT_OF_DISK_SPACE => refused(failure.code, "a command"),
            ErrorKind::Command(failure) if PASSING.contains(&failure.code) => {
                Self::Unavailable(failure.code_name.clone())
            }
            ErrorKind::Io(_)
            | ErrorKind::ConnectionPoolCleared { .. }
            | ErrorKind::ServerSelection { .. }
            | ErrorKind::DnsResolve { .. }
            | ErrorKind::Authentication { .. } => Self::Unavailable(error.kind.to_string()),
            ErrorKind::Bson(_) | ErrorKind::InvalidResponse { .. } => Self::Damaged(error.kind.to_string()),
            _ if error.contains_label(RETRYABLE_WRITE_ERROR) => Self::Unavailable(error.kind.to_string()),
            _ => Self::Mongo(error.kind.to_string()),
        }
    }
}

fn refused(code: i32, what: &str) -> StoreError {
    match code {
        DUPLICATE_KEY => StoreError::Conflict("this key"),
        OUT_OF_DISK_SPACE => StoreError::Full(format!("{what} was refused by MongoDB")),
        code if PASSING.contains(&code) => StoreError::Unavailable(format!("{what} met error {code}")),
        code => StoreError::Mongo(format!("{what} was refused with error {code}")),
    }
}

/// For `map_err`: a unique key that is taken means that `what` exists already.
pub fn conflict(what: &'static str) -> impl FnOnce(StoreError) -> StoreError {
    move |error| match error {
        StoreError::Conflict(_) => StoreError::Conflict(what),
        other => other,
    }
}
