//! The backends that the contract runs over. A new one is a constructor here and a line in [`contract!`].

use std::sync::Arc;

use collabry_shared::clock::ManualClock;
use collabry_shared::storage::{Stores, sqlite};
use tempfile::TempDir;

use crate::fixtures::at;

/// An empty set of stores of its own.
pub struct Backend {
    pub stores: Stores,
    pub clock: ManualClock,
    folder: TempDir,
}

impl Backend {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(at(0));
        let stores = sqlite::open(folder.path(), Arc::new(clock.clone())).await.unwrap();
        Self { stores, clock, folder }
    }

    /// The same data in a new process, as far as the stores can tell.
    pub async fn reopen(self) -> Self {
        let Self { stores, clock, folder } = self;
        drop(stores);
        let stores = sqlite::open(folder.path(), Arc::new(clock.clone())).await.unwrap();
        Self { stores, clock, folder }
    }
}

/// Makes a test of each named function for every backend.
macro_rules! contract {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            use crate::backend::Backend;

            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $test() {
                super::$test(Backend::sqlite().await).await;
            })+
        }
    };
}
pub(crate) use contract;
