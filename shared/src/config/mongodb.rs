//! The settings of MongoDB.

use std::time::Duration;

use super::reader::Reader;
use crate::storage::MongoConfig;

pub(super) fn read(read: &mut Reader<'_>, slow_query: Duration) -> Option<MongoConfig> {
    let pool = u32::try_from(read.number("COLLABRY_MONGODB_POOL", 50, 1..=1_000)).unwrap_or(u32::MAX);
    let timeout = read.seconds("COLLABRY_MONGODB_TIMEOUT_SECS", 10, 1..=300);
    let uri = read.address("MONGODB_URI", &["mongodb", "mongodb+srv"])?;
    Some(MongoConfig { uri, pool, timeout, slow_query })
}
