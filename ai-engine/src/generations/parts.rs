//! What generations work with.

use std::fmt;
use std::sync::Arc;

use collabry_shared::clock::Clock;
use collabry_shared::generations::Endings;
use collabry_shared::realtime::FanOut;
use collabry_shared::stores::Stores;

use crate::models::Models;
use crate::retrieval::Search;

#[derive(Clone)]
pub struct GenerationParts {
    pub stores: Stores,
    pub search: Arc<dyn Search>,
    pub models: Arc<Models>,
    pub fan_out: Arc<dyn FanOut>,
    pub clock: Arc<dyn Clock>,
}

impl GenerationParts {
    pub(super) fn endings(&self) -> Endings {
        self.stores.endings(Arc::clone(&self.fan_out), Arc::clone(&self.clock))
    }
}

impl fmt::Debug for GenerationParts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GenerationParts").field("models", &self.models).finish_non_exhaustive()
    }
}
