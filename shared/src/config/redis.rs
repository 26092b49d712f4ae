//! Where replicas coordinate.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::SecretString;

use super::reader::Reader;

#[derive(Debug, Clone)]
pub struct RedisConfig {
    /// `REDIS_URL`: `redis://` or `rediss://`, with user, password and number of the database as needed.
    pub url: SecretString,
    /// `COLLABRY_REDIS_CA`: what its certificate is checked against, in PEM; `None`: the usual authorities.
    pub ca: Option<PathBuf>,
    /// `COLLABRY_REDIS_TIMEOUT_MS`: for each command; after it the command counts as failed.
    pub timeout: Duration,
}

impl RedisConfig {
    pub(super) fn read(read: &mut Reader<'_>) -> Option<Self> {
        let timeout = read.milliseconds("COLLABRY_REDIS_TIMEOUT_MS", 1_000, 10..=60_000);
        let ca = Some(read.path("COLLABRY_REDIS_CA", "")).filter(|path| !path.as_os_str().is_empty());
        let url = read.address("REDIS_URL", &["redis", "rediss"])?;
        Some(Self { url, ca, timeout })
    }
}
