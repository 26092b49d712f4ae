//! Where the documents of replicas are kept.

use std::time::Duration;

use secrecy::SecretString;

#[derive(Debug, Clone)]
pub struct MongoConfig {
    /// `MONGODB_URI`, with the database's name in its path; `collabry` when it has none.
    pub uri: SecretString,
    /// `COLLABRY_MONGODB_POOL`: connections of one process.
    pub pool: u32,
    /// `COLLABRY_MONGODB_TIMEOUT_SECS`: for finding a server, and for each operation.
    pub timeout: Duration,
    /// `COLLABRY_SLOW_QUERY_MS`: what takes longer is logged.
    pub slow_query: Duration,
}
