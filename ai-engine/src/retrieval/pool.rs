//! Threads for work that computes for milliseconds, which must not run on the threads of the async runtime.

use collabry_shared::engine::EngineError;
use rayon::{ThreadPool, ThreadPoolBuilder};
use tokio::sync::oneshot;

/// The pool itself is not bounded: its callers hold one of a bounded number of permits.
pub struct Pool(ThreadPool);

impl Pool {
    /// 0 threads means one per core.
    pub fn start(threads: usize) -> Result<Self, EngineError> {
        let builder = ThreadPoolBuilder::new().num_threads(threads).thread_name(|index| format!("search-{index}"));
        builder.build().map(Self).map_err(|error| EngineError::Internal(error.to_string()))
    }

    /// Runs `work`, whose parallel iterators use this pool. Skips it if the caller has gone before it starts.
    pub async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, EngineError> + Send + 'static,
    ) -> Result<T, EngineError> {
        let (reply, answer) = oneshot::channel();
        self.0.spawn(move || {
            if !reply.is_closed() {
                // An error means that the caller has gone.
                drop(reply.send(std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))));
            }
        });
        match answer.await {
            Ok(Ok(result)) => result,
            _ => Err(EngineError::Internal("a search thread panicked".to_owned())),
        }
    }
}
