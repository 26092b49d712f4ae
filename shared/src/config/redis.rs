//! The settings of Redis.

use super::reader::Reader;
use crate::redis::RedisConfig;

pub(super) fn read(read: &mut Reader<'_>) -> Option<RedisConfig> {
    let timeout = read.milliseconds("COLLABRY_REDIS_TIMEOUT_MS", 1_000, 10..=60_000);
    let ca = Some(read.path("COLLABRY_REDIS_CA", "")).filter(|path| !path.as_os_str().is_empty());
    let url = read.address("REDIS_URL", &["redis", "rediss"])?;
    Some(RedisConfig { url, ca, timeout })
}
