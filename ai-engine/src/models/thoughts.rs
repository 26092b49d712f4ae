//! Filters out the thoughts that a model writes into its answer between tags, when its server does not separate them.
//!
//! Thoughts count only at the beginning of the answer, where there may be several. Anything later that looks like a tag
//! is text, also in code and quotations. Many templates put the opening tag into the prompt, so that the answer has the
//! closing one alone: then everything before it was a thought, unless an opening tag or a code block says otherwise. By
//! then the thought may have been shown; it is retracted ([`AnswerEvent::Retracted`]), and the model's next answers are
//! held back until their thought ends.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use super::AnswerEvent;

/// Opening and closing tags of thoughts. Sources: the chat templates of `DeepSeek`, Qwen, Magistral, Kimi, Seed,
/// Sky-T1, gpt-oss; Gemini.
const TAGS: [(&str, &str); 9] = [
    ("<think>", "</think>"),
    ("<thinking>", "</thinking>"),
    ("<reasoning>", "</reasoning>"),
    ("<thought>", "</thought>"),
    ("<seed:think>", "</seed:think>"),
    ("[think]", "[/think]"),
    ("◁think▷", "◁/think▷"),
    ("<|begin_of_thought|>", "<|end_of_thought|>"),
    ("<|channel|>analysis<|message|>", "<|channel|>final<|message|>"),
];

/// Text longer than this without the end of a thought is an answer.
const MAX_HELD_BYTES: usize = 256 * 1024;

/// The most models in [`ThinkFirst`].
const MAX_MODELS: usize = 1_000;

/// The models of one server whose prompt contains the opening tag, so that their answers start with a thought.
#[derive(Debug, Clone, Default)]
pub(super) struct ThinkFirst(Arc<Mutex<HashSet<String>>>);

impl ThinkFirst {
    /// A filter for one answer of a model.
    pub fn filter(&self, model: &str) -> ThoughtFilter {
        let held = self.lock().contains(model);
        ThoughtFilter {
            state: State::Start { held },
            pending: String::new(),
            shown: String::new(),
            found: false,
            model: model.to_owned(),
            think_first: self.clone(),
        }
    }

    fn learn(&self, model: &str, thinks_first: bool) {
        let mut models = self.lock();
        if !thinks_first {
            models.remove(model);
        } else if models.len() < MAX_MODELS {
            models.insert(model.to_owned());
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashSet<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// So far only white space and thoughts have arrived. `held`: hold back what follows, because it is probably a
    /// thought.
    Start { held: bool },
    /// Inside a thought that ends with this tag.
    Thought(&'static str),
    /// Inside text that is held back: a thought, if a closing tag follows.
    Held,
    /// Inside the answer, which a closing tag without an opening one may still turn into a thought.
    Open,
    /// Inside the answer for good.
    Answer,
}

#[derive(Debug)]
pub(super) struct ThoughtFilter {
    state: State,
    /// Received, and not emitted yet.
    pending: String,
    /// Emitted as text, and kept while it may still turn out to be a thought.
    shown: String,
    found: bool,
    model: String,
    think_first: ThinkFirst,
}

impl ThoughtFilter {
    /// Whether the answer contained a thought.
    pub fn has_thought(&self) -> bool {
        self.found
    }

    pub fn push(&mut self, text: &str) {
        self.pending.push_str(text);
    }

    /// Emits what is certain by now.
    pub fn drain(&mut self, events: &mut VecDeque<AnswerEvent>) {
        while self.step(events) {}
    }

    /// Emits the rest at the end of the answer.
    pub fn finish(&mut self, events: &mut VecDeque<AnswerEvent>) {
        self.drain(events);
        match self.state {
            State::Thought(_) => self.pending.clear(),
            State::Held => {
                self.think_first.learn(&self.model, false);
                self.emit(self.pending.len(), events);
            }
            State::Start { .. } if self.found || self.pending.trim().is_empty() => self.pending.clear(),
            State::Start { .. } | State::Open | State::Answer => self.emit(self.pending.len(), events),
        }
    }

    /// Emits the rest of an answer that broke off, without what may be a thought.
    pub fn abort(&mut self, events: &mut VecDeque<AnswerEvent>) {
        self.drain(events);
        if matches!(self.state, State::Open | State::Answer) {
            self.emit(self.pending.len(), events);
        }
    }

    /// `false`: nothing more is certain before more text arrives.
    fn step(&mut self, events: &mut VecDeque<AnswerEvent>) -> bool {
        match self.state {
            State::Start { held } => self.start(held, events),
            State::Thought(close) => {
                self.emit_thinking(events);
                match find(&self.pending, close) {
                    Some((_, end)) => self.end_of_thought(end),
                    None => self.keep_tail(close),
                }
            }
            State::Held | State::Open => self.open(events),
            State::Answer => {
                self.emit(self.pending.len(), events);
                false
            }
        }
    }

    fn start(&mut self, held: bool, events: &mut VecDeque<AnswerEvent>) -> bool {
        let lead = self.pending.len() - self.pending.trim_start().len();
        let rest = &self.pending[lead..];
        let begins = |tag: &str| rest.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
        if let Some((open, close)) = TAGS.into_iter().find(|(open, _)| begins(open)) {
            self.pending.drain(..lead + open.len());
            self.state = State::Thought(close);
            self.emit_thinking(events);
            return true;
        }
        if let Some((_, close)) = TAGS.into_iter().find(|(_, close)| begins(close)) {
            return self.end_of_thought(lead + close.len());
        }
        if TAGS.into_iter().any(|(open, close)| is_start(rest, open) || is_start(rest, close)) {
            return false;
        }
        if self.found {
            self.pending.drain(..lead);
        }
        self.state = match (self.found, held) {
            (true, _) => State::Answer,
            (false, true) => State::Held,
            (false, false) => State::Open,
        };
        true
    }

    /// Handles text that may still turn out to be a thought.
    fn open(&mut self, events: &mut VecDeque<AnswerEvent>) -> bool {
        let found = TAGS.into_iter().filter_map(|(_, close)| find(&self.pending, close)).min();
        if let Some((start, end)) = found {
            let before = format!("{}{}", self.shown, &self.pending[..start]);
            if opens_thought(&before) || in_code(&before) {
                self.emit(end, events);
                if opens_thought(&before) {
                    self.think_first.learn(&self.model, false);
                    self.state = State::Answer;
                }
                return true;
            }
            if !std::mem::take(&mut self.shown).is_empty() {
                events.push_back(AnswerEvent::Retracted);
            }
            self.emit_thinking(events);
            self.think_first.learn(&self.model, true);
            return self.end_of_thought(end);
        }
        if self.state == State::Held && self.pending.len() < MAX_HELD_BYTES {
            events.push_back(AnswerEvent::Thinking);
            return false;
        }
        let tail = TAGS.into_iter().map(|(_, close)| partial_tag(&self.pending, close)).max().unwrap_or_default();
        self.emit(self.pending.len() - tail, events);
        if self.shown.len() > MAX_HELD_BYTES {
            self.shown = String::new();
            self.state = State::Answer;
        }
        false
    }

    fn end_of_thought(&mut self, end: usize) -> bool {
        self.found = true;
        self.pending.drain(..end);
        self.state = State::Start { held: false };
        true
    }

    fn emit_thinking(&mut self, events: &mut VecDeque<AnswerEvent>) {
        self.found = true;
        events.push_back(AnswerEvent::Thinking);
    }

    fn keep_tail(&mut self, close: &str) -> bool {
        self.pending.drain(..self.pending.len() - partial_tag(&self.pending, close));
        false
    }

    fn emit(&mut self, end: usize, events: &mut VecDeque<AnswerEvent>) {
        let text: String = self.pending.drain(..end).collect();
        if text.is_empty() {
            return;
        }
        if matches!(self.state, State::Open | State::Held) {
            self.shown.push_str(&text);
        }
        events.push_back(AnswerEvent::Text(text));
    }
}

/// Start and end of the first such tag, compared without case.
fn find(text: &str, tag: &str) -> Option<(usize, usize)> {
    let at = text.as_bytes().windows(tag.len()).position(|window| window.eq_ignore_ascii_case(tag.as_bytes()))?;
    Some((at, at + tag.len()))
}

/// Whether a text is the start of a tag.
fn is_start(text: &str, tag: &str) -> bool {
    tag.as_bytes().get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text.as_bytes()))
}

/// The number of bytes at the end of a text that may be the start of a tag.
fn partial_tag(text: &str, tag: &str) -> usize {
    let from = text.len().saturating_sub(tag.len() - 1);
    let mut starts = (from..text.len()).filter(|at| text.is_char_boundary(*at));
    starts.find(|at| is_start(&text[*at..], tag)).map_or(0, |at| text.len() - at)
}

fn opens_thought(text: &str) -> bool {
    TAGS.into_iter().any(|(open, _)| find(text, open).is_some())
}

/// Whether the text that follows is code: after an open fence, or an odd number of backticks in the line.
fn in_code(before: &str) -> bool {
    let fences = before.lines().filter(|line| ["```", "~~~"].iter().any(|fence| line.trim_start().starts_with(fence)));
    let line = before.rsplit('\n').next().unwrap_or_default();
    let ticks = line.bytes().filter(|byte| *byte == b'`').count();
    fences.count() % 2 == 1 || ticks % 2 == 1
}

#[cfg(test)]
#[path = "thoughts_tests.rs"]
mod tests;
