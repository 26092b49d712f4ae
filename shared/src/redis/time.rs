//! Redis as the time server of an installation.

use async_trait::async_trait;
use jiff::Timestamp;

use super::Redis;
use crate::clock::{TimeError, TimeServer};

#[async_trait]
impl TimeServer for Redis {
    fn name(&self) -> &'static str {
        "Redis"
    }

    async fn time(&self) -> Result<Timestamp, TimeError> {
        let asked = redis::cmd("TIME").query_async(&mut self.connection()).await;
        let (seconds, micros): (i64, i64) = self.track_errors(asked)?;
        Ok(Timestamp::from_microsecond(seconds.saturating_mul(1_000_000).saturating_add(micros))?)
    }
}
