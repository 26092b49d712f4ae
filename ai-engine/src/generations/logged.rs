//! What the log of a generation holds already.

use std::time::Duration;

use collabry_shared::conversations::Citation;
use collabry_shared::generations::{GenerationEvent, GenerationLog};
use collabry_shared::ids::GenerationId;
use collabry_shared::storage::StoreResult;

#[derive(Debug, Default)]
pub(super) struct Logged {
    pub started: bool,
    pub citations: Vec<Citation>,
    /// All deltas together.
    pub text: String,
}

impl Logged {
    pub async fn read(log: &dyn GenerationLog, id: GenerationId) -> StoreResult<Self> {
        let mut logged = Self::default();
        for event in log.read(id, 0, Duration::ZERO).await? {
            match event.event {
                GenerationEvent::Started { .. } => logged.started = true,
                GenerationEvent::Citations { citations } => logged.citations = citations,
                GenerationEvent::Delta { text } => logged.text.push_str(&text),
                GenerationEvent::Done { .. } | GenerationEvent::Failed { .. } => {}
            }
        }
        Ok(logged)
    }
}
