//! How many generations of one kind may write and wait.

use std::sync::Arc;

use tokio::sync::Semaphore;

use super::permits::WriterPermits;

/// Generations that may wait for a permit, as a multiple of those that write.
const QUEUE_FACTOR: usize = 2;

pub(super) struct Capacity {
    concurrent: usize,
    /// One for each generation that writes.
    pub writer_permits: WriterPermits,
    /// One for each generation that writes or waits to.
    pub admission_permits: Arc<Semaphore>,
}

impl Capacity {
    pub fn new(concurrent: usize) -> Self {
        let admission_permits = Arc::new(Semaphore::new(concurrent.saturating_mul(1 + QUEUE_FACTOR)));
        Self { concurrent, writer_permits: WriterPermits::new(concurrent), admission_permits }
    }

    pub fn writing(&self) -> usize {
        self.concurrent.saturating_sub(self.writer_permits.free())
    }

    pub fn waiting(&self) -> usize {
        self.writer_permits.waiting()
    }
}
