//! The settings of the Redis connection.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

#[derive(Debug, Clone)]
pub struct RedisConfig {
    /// `REDIS_URL`: `redis://` or `rediss://`, with user, password and number of the database as needed.
    pub url: SecretString,
    /// `COLLABRY_REDIS_CA`: what its certificate is checked against, in PEM; `None`: the usual authorities.
    pub ca: Option<PathBuf>,
    /// `COLLABRY_REDIS_TIMEOUT_MS`: for each command; after it the command counts as failed.
    pub timeout: Duration,
}
