//! Where the documents of replicas are kept.

use std::time::Duration;

use secrecy::SecretString;

use super::reader::Reader;

#[derive(Debug, Clone)]
pub struct MongoConfig {
    /// `MONGODB_URI`, with the database's name in its path; `collabry` when it has none.
    pub uri: SecretString,
    /// `COLLABRY_MONGODB_POOL`: connections of one process.
    pub pool: u32,
    /// `COLLABRY_MONGODB_TIMEOUT_SECS`: for finding a server, and for each operation.
    pub timeout: Duration,
    /// As [`StorageConfig::slow_query`](super::StorageConfig::slow_query).
    pub slow_query: Duration,
}

impl MongoConfig {
    pub(super) fn read(read: &mut Reader<'_>, slow_query: Duration) -> Option<Self> {
        let pool = u32::try_from(read.number("COLLABRY_MONGODB_POOL", 50, 1..=1_000)).unwrap_or(u32::MAX);
        let timeout = read.seconds("COLLABRY_MONGODB_TIMEOUT_SECS", 10, 1..=300);
        let uri = read.address("MONGODB_URI", &["mongodb", "mongodb+srv"])?;
        Some(Self { uri, pool, timeout, slow_query })
    }
}
