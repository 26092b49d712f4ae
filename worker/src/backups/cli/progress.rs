//! A line now and then for who waits.

use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::size::size;
use crate::backups::create::Watch;

const EVERY: Duration = Duration::from_secs(1);

pub struct Progress {
    entries: u64,
    bytes: u64,
    said: Instant,
}

impl Progress {
    pub fn new() -> Self {
        Self { entries: 0, bytes: 0, said: Instant::now() }
    }
}

#[async_trait]
impl Watch for Progress {
    async fn entry(&mut self, name: &str, bytes: u64) -> anyhow::Result<()> {
        self.entries += 1;
        self.bytes += bytes;
        if self.said.elapsed() >= EVERY {
            self.said = Instant::now();
            eprintln!("  {} entries, {}: {name}", self.entries, size(self.bytes));
        }
        Ok(())
    }
}
