//! What the log of a generation holds already.

use std::time::Duration;

use super::{GenerationEvent, GenerationLog};
use crate::conversations::Citation;
use crate::ids::GenerationId;
use crate::storage::StoreResult;

/// The part of an answer that was shown.
#[derive(Debug, Default)]
pub struct Logged {
    pub started: bool,
    pub citations: Vec<Citation>,
    /// All deltas together, from the last on that began anew.
    pub text: String,
}

impl Logged {
    pub async fn read(log: &dyn GenerationLog, id: GenerationId) -> StoreResult<Self> {
        let mut logged = Self::default();
        for event in log.read(id, 0, Duration::ZERO).await? {
            match event.event {
                GenerationEvent::Started { .. } => logged.started = true,
                GenerationEvent::Citations { citations } => logged.citations = citations,
                GenerationEvent::Delta { text, anew, .. } => {
                    if anew {
                        logged.text.clear();
                    }
                    logged.text.push_str(&text);
                }
                GenerationEvent::Done { .. } | GenerationEvent::Failed { .. } => {}
            }
        }
        Ok(logged)
    }
}
