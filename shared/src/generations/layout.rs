//! How an answer was told. The stored message has its text, this has where each event of its log begins and ends: the two
//! together are the whole log, under the same ids, also when the log itself is gone.

use serde::{Deserialize, Serialize};

use super::{EventId, Generation, GenerationEvent, LoggedEvent};
use crate::conversations::Message;

/// The events of a log before its last one. They come in this order: `started`, `citations`, and the deltas.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Layout {
    pub started: bool,
    pub citations: bool,
    /// Code points of each delta. One without is a thought.
    pub deltas: Vec<u32>,
    /// The last delta at which the text started over: that of those before it is stored nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub anew: Option<u32>,
}

impl Layout {
    /// What a version told that stored no layout: all its text at once.
    pub fn at_once(answer: &Message) -> Self {
        let mut layout =
            Self { started: true, citations: !answer.citations.is_empty(), deltas: Vec::new(), anew: None };
        if !answer.content.is_empty() {
            layout.push(&answer.content);
        }
        layout
    }

    /// Counts an event of the log.
    pub fn take(&mut self, event: &GenerationEvent) {
        match event {
            GenerationEvent::Started { .. } => self.started = true,
            GenerationEvent::Citations { .. } => self.citations = true,
            GenerationEvent::Delta { text, anew, .. } => {
                if *anew {
                    self.anew = u32::try_from(self.deltas.len()).ok();
                }
                self.push(text);
            }
            GenerationEvent::Done { .. } | GenerationEvent::Failed { .. } => {}
        }
    }

    fn push(&mut self, text: &str) {
        self.deltas.push(u32::try_from(text.chars().count()).unwrap_or(u32::MAX));
    }

    /// The id of the event that ends the log.
    pub fn last_event_id(&self) -> EventId {
        EventId::from(self.started) + EventId::from(self.citations) + self.deltas.len() as EventId + 1
    }

    /// Code points of all deltas together, from the last one that started over.
    pub fn text_length(&self) -> u64 {
        self.deltas.iter().skip(self.kept_from()).copied().map(u64::from).sum()
    }

    /// The first delta whose text belongs to the answer.
    fn kept_from(&self) -> usize {
        self.anew.map_or(0, |anew| anew as usize)
    }

    /// The whole log of a generation that is over; `None` when the answer is not the one that was told: it was deleted.
    pub fn retell(&self, generation: &Generation, answer: Option<&Message>) -> Option<Vec<LoggedEvent>> {
        let text = answer.map_or("", |answer| &answer.content);
        if text.chars().count() as u64 != self.text_length() {
            return None;
        }
        let mut events = Vec::new();
        if self.started {
            let Generation { question_id, answer_id, .. } = *generation;
            events.push(GenerationEvent::Started { question_id, answer_id, model: generation.model.clone() });
        }
        if self.citations {
            let citations = answer.map(|answer| answer.citations.clone()).unwrap_or_default();
            events.push(GenerationEvent::Citations { citations });
        }
        let mut letters = text.chars();
        for (n, length) in self.deltas.iter().enumerate() {
            let text: String =
                if n < self.kept_from() { String::new() } else { letters.by_ref().take(*length as usize).collect() };
            let anew = self.anew.is_some_and(|anew| anew as usize == n);
            events.push(GenerationEvent::Delta { text, thinking: *length == 0 && !anew, anew });
        }
        events.push(generation.final_event()?);
        Some((1..).zip(events).map(|(event_id, event)| LoggedEvent { event_id, event }).collect())
    }
}
