//! Prints progress for the waiting user.

use std::time::{Duration, Instant};

use async_trait::async_trait;

use super::size::size;
use crate::backups::create::Progress;

const PRINT_INTERVAL: Duration = Duration::from_secs(1);

pub struct ProgressPrinter {
    entries: u64,
    bytes: u64,
    printed_at: Instant,
}

impl ProgressPrinter {
    pub fn new() -> Self {
        Self { entries: 0, bytes: 0, printed_at: Instant::now() }
    }
}

#[async_trait]
impl Progress for ProgressPrinter {
    async fn on_entry(&mut self, name: &str, bytes: u64) -> anyhow::Result<()> {
        self.entries += 1;
        self.bytes += bytes;
        if self.printed_at.elapsed() >= PRINT_INTERVAL {
            self.printed_at = Instant::now();
            eprintln!("  {} entries, {}: {name}", self.entries, size(self.bytes));
        }
        Ok(())
    }
}
