//! What was written of an answer so far.

use std::time::Duration;

use super::{GenerationEvent, GenerationLog, Layout};
use crate::conversations::Citation;
use crate::ids::GenerationId;
use crate::storage::StoreResult;

/// The part of an answer that was shown.
#[derive(Debug, Default)]
pub struct Draft {
    /// All deltas together, from the last one that started over.
    pub text: String,
    /// All passages given.
    pub citations: Vec<Citation>,
    layout: Layout,
    /// The log lacked its first events.
    cut: bool,
}

impl Draft {
    /// Takes the log of a generation over from whoever wrote it: what it holds, to which nobody else adds anything.
    pub async fn taken_over(log: &dyn GenerationLog, id: GenerationId) -> StoreResult<Self> {
        log.take(id).await?;
        let mut draft = Self::default();
        for (at, logged) in (1..).zip(log.read(id, 0, Duration::ZERO).await?) {
            draft.cut |= logged.event_id != at;
            draft.take(logged.event);
        }
        Ok(draft)
    }

    /// Adds an event that is in the log.
    pub fn take(&mut self, event: GenerationEvent) {
        self.layout.take(&event);
        match event {
            GenerationEvent::Citations { citations } => self.citations = citations,
            GenerationEvent::Delta { text, anew, .. } => {
                if anew {
                    self.text.clear();
                }
                self.text.push_str(&text);
            }
            GenerationEvent::Started { .. } | GenerationEvent::Done { .. } | GenerationEvent::Failed { .. } => {}
        }
    }

    /// Whether anything was said of it at all.
    pub fn started(&self) -> bool {
        self.layout.started
    }

    /// How it was told; `None` when that is not known from its beginning.
    pub fn layout(&self) -> Option<&Layout> {
        (!self.cut).then_some(&self.layout)
    }
}
