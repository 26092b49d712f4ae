//! Thoughts that a model writes into its answer, between tags, when its server does not tell them apart.
//!
//! A thought counts only where one can stand: at the beginning of the answer, one or several. What looks like a tag
//! later on is text, also in code and quotations. Many templates write the opening tag into the prompt, so that the
//! answer has the closing one alone: everything before it was a thought, unless an opening tag or a code block says
//! otherwise. By then the thought may have been shown; it is taken back ([`Piece::Anew`]), and the model's next answers
//! are held until their thought is over.

use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use super::Piece;

/// How thoughts begin and end. Sources: chat templates of `DeepSeek`, Qwen, Magistral, Kimi, Seed, Sky-T1, gpt-oss; Gemini.
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

/// A longer beginning without the end of a thought is an answer.
const MAX_HELD_BYTES: usize = 256 * 1024;

/// Models remembered at a time.
const MAX_MODELS: usize = 1_000;

/// The models of one server whose prompt opens their thought.
#[derive(Debug, Clone, Default)]
pub(super) struct ThinkFirst(Arc<Mutex<HashSet<String>>>);

impl ThinkFirst {
    /// A filter for one answer of a model.
    pub fn filter(&self, model: &str) -> Thoughts {
        let known = self.lock().contains(model);
        Thoughts {
            state: State::Start { held: known },
            text: String::new(),
            shown: String::new(),
            thought: false,
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
    /// Nothing but white space and thoughts has come; `held`: what comes is a thought until its end says so.
    Start { held: bool },
    /// In a thought that ends with this tag.
    Thought(&'static str),
    /// In what is a thought, if its end comes.
    Held,
    /// In the answer, where the end of a thought may still come that nothing has opened.
    Open,
    /// In the answer for good.
    Answer,
}

#[derive(Debug)]
pub(super) struct Thoughts {
    state: State,
    /// Not told yet.
    text: String,
    /// Told as text, as long as it may turn out to be a thought.
    shown: String,
    thought: bool,
    model: String,
    think_first: ThinkFirst,
}

impl Thoughts {
    /// Whether there was a thought.
    pub fn any(&self) -> bool {
        self.thought
    }

    pub fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    /// What is certain by now.
    pub fn drain(&mut self, pieces: &mut VecDeque<Piece>) {
        while self.step(pieces) {}
    }

    /// What is left at the end of the answer.
    pub fn end(&mut self, pieces: &mut VecDeque<Piece>) {
        self.drain(pieces);
        match self.state {
            State::Thought(_) => self.text.clear(),
            State::Held => {
                self.think_first.learn(&self.model, false);
                self.tell(self.text.len(), pieces);
            }
            State::Start { .. } if self.thought || self.text.trim().is_empty() => self.text.clear(),
            State::Start { .. } | State::Open | State::Answer => self.tell(self.text.len(), pieces),
        }
    }

    /// What is left of an answer that broke: what may be a thought is not part of it.
    pub fn broken(&mut self, pieces: &mut VecDeque<Piece>) {
        self.drain(pieces);
        if matches!(self.state, State::Open | State::Answer) {
            self.tell(self.text.len(), pieces);
        }
    }

    /// `false`: nothing more can be said before more text comes.
    fn step(&mut self, pieces: &mut VecDeque<Piece>) -> bool {
        match self.state {
            State::Start { held } => self.start(held, pieces),
            State::Thought(close) => {
                self.thinks(pieces);
                match find(&self.text, close) {
                    Some((_, end)) => self.end_of_thought(end),
                    None => self.keep_tail(close),
                }
            }
            State::Held | State::Open => self.open(pieces),
            State::Answer => {
                self.tell(self.text.len(), pieces);
                false
            }
        }
    }

    fn start(&mut self, held: bool, pieces: &mut VecDeque<Piece>) -> bool {
        let lead = self.text.len() - self.text.trim_start().len();
        let begun = &self.text[lead..];
        let begins = |tag: &str| begun.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
        if let Some((open, close)) = TAGS.into_iter().find(|(open, _)| begins(open)) {
            self.text.drain(..lead + open.len());
            self.state = State::Thought(close);
            self.thinks(pieces);
            return true;
        }
        if let Some((_, close)) = TAGS.into_iter().find(|(_, close)| begins(close)) {
            return self.end_of_thought(lead + close.len());
        }
        if TAGS.into_iter().any(|(open, close)| is_start(begun, open) || is_start(begun, close)) {
            return false;
        }
        if self.thought {
            self.text.drain(..lead);
        }
        self.state = match (self.thought, held) {
            (true, _) => State::Answer,
            (false, true) => State::Held,
            (false, false) => State::Open,
        };
        true
    }

    /// Text that may be a thought.
    fn open(&mut self, pieces: &mut VecDeque<Piece>) -> bool {
        let found = TAGS.into_iter().filter_map(|(_, close)| find(&self.text, close)).min();
        if let Some((start, end)) = found {
            let before = format!("{}{}", self.shown, &self.text[..start]);
            if opens_thought(&before) || in_code(&before) {
                self.tell(end, pieces);
                if opens_thought(&before) {
                    self.think_first.learn(&self.model, false);
                    self.state = State::Answer;
                }
                return true;
            }
            if !std::mem::take(&mut self.shown).is_empty() {
                pieces.push_back(Piece::Anew);
            }
            self.thinks(pieces);
            self.think_first.learn(&self.model, true);
            return self.end_of_thought(end);
        }
        if self.state == State::Held && self.text.len() < MAX_HELD_BYTES {
            pieces.push_back(Piece::Thinking);
            return false;
        }
        let tail = TAGS.into_iter().map(|(_, close)| started(&self.text, close)).max().unwrap_or_default();
        self.tell(self.text.len() - tail, pieces);
        if self.shown.len() > MAX_HELD_BYTES {
            self.shown = String::new();
            self.state = State::Answer;
        }
        false
    }

    fn end_of_thought(&mut self, end: usize) -> bool {
        self.thought = true;
        self.text.drain(..end);
        self.state = State::Start { held: false };
        true
    }

    fn thinks(&mut self, pieces: &mut VecDeque<Piece>) {
        self.thought = true;
        pieces.push_back(Piece::Thinking);
    }

    fn keep_tail(&mut self, close: &str) -> bool {
        self.text.drain(..self.text.len() - started(&self.text, close));
        false
    }

    fn tell(&mut self, end: usize, pieces: &mut VecDeque<Piece>) {
        let text: String = self.text.drain(..end).collect();
        if text.is_empty() {
            return;
        }
        if matches!(self.state, State::Open | State::Held) {
            self.shown.push_str(&text);
        }
        pieces.push_back(Piece::Text(text));
    }
}

/// Where a tag stands, in any case of its letters.
fn find(text: &str, tag: &str) -> Option<(usize, usize)> {
    let at = text.as_bytes().windows(tag.len()).position(|window| window.eq_ignore_ascii_case(tag.as_bytes()))?;
    Some((at, at + tag.len()))
}

/// Whether a text may become a tag.
fn is_start(text: &str, tag: &str) -> bool {
    tag.as_bytes().get(..text.len()).is_some_and(|start| start.eq_ignore_ascii_case(text.as_bytes()))
}

/// How many bytes at the end of a text may become a tag.
fn started(text: &str, tag: &str) -> usize {
    let from = text.len().saturating_sub(tag.len() - 1);
    let mut starts = (from..text.len()).filter(|at| text.is_char_boundary(*at));
    starts.find(|at| is_start(&text[*at..], tag)).map_or(0, |at| text.len() - at)
}

fn opens_thought(text: &str) -> bool {
    TAGS.into_iter().any(|(open, _)| find(text, open).is_some())
}

/// Whether what comes next is code: an open fence, or an odd number of backticks in the line.
fn in_code(before: &str) -> bool {
    let fences = before.lines().filter(|line| ["```", "~~~"].iter().any(|fence| line.trim_start().starts_with(fence)));
    let line = before.rsplit('\n').next().unwrap_or_default();
    let ticks = line.bytes().filter(|byte| *byte == b'`').count();
    fences.count() % 2 == 1 || ticks % 2 == 1
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::{Piece, ThinkFirst};

    /// What is left of an answer in pieces of so many characters, and whether text was taken back.
    fn answer(think_first: &ThinkFirst, text: &str, size: usize) -> (String, bool, bool) {
        let mut thoughts = think_first.filter("m");
        let mut pieces = VecDeque::new();
        let chars: Vec<char> = text.chars().collect();
        for chunk in chars.chunks(size) {
            thoughts.push(&chunk.iter().collect::<String>());
            thoughts.drain(&mut pieces);
        }
        thoughts.end(&mut pieces);
        let (mut text, mut anew) = (String::new(), false);
        for piece in pieces {
            match piece {
                Piece::Text(more) => text.push_str(&more),
                Piece::Anew => {
                    anew = true;
                    text.clear();
                }
                Piece::Thinking | Piece::CutOff(_) | Piece::Usage(_) => {}
            }
        }
        (text, anew, thoughts.any())
    }

    #[test]
    fn thoughts_at_the_beginning_are_no_text_however_they_are_cut() {
        for text in [
            "<think>\nsecret [2]\n</think>\n\nIt is 42 [1].",
            "\n <THINK>secret</Think>It is 42 [1].",
            "<thinking>a</thinking> <think>b </thinking> c</think>\nIt is 42 [1].",
            "<reasoning>secret < / ></reasoning>It is 42 [1].",
            "<think>\n\n</think>\n\nIt is 42 [1].",
            "[THINK]secret[/THINK]It is 42 [1].",
            "◁think▷secret◁/think▷It is 42 [1].",
            "<|channel|>analysis<|message|>x<|end|><|start|>assistant<|channel|>final<|message|>It is 42 [1].",
            "</think>\n\nIt is 42 [1].",
        ] {
            for size in 1..=text.chars().count() {
                let (left, anew, thought) = answer(&ThinkFirst::default(), text, size);
                assert_eq!((left.as_str(), anew, thought), ("It is 42 [1].", false, true), "{text:?} by {size}");
            }
        }
    }

    #[test]
    fn a_thought_that_nothing_opened_is_taken_back_once_and_then_held() {
        let text = "secret `a` [2]\n</think>\n\nIt is 42 [1].";
        for size in 1..=text.len() {
            let models = ThinkFirst::default();
            let (left, anew, thought) = answer(&models, text, size);
            assert_eq!((left.as_str(), thought), ("It is 42 [1].", true), "by {size}");
            assert!(anew || size > 15, "by {size}");
            assert_eq!(answer(&models, text, size), ("It is 42 [1].".to_owned(), false, true), "held, by {size}");
        }
    }

    #[test]
    fn a_model_that_no_longer_thinks_is_not_held_twice() {
        let models = ThinkFirst::default();
        answer(&models, "secret</think>Yes.", 100);
        assert_eq!(answer(&models, "Plain.", 2), ("Plain.".to_owned(), false, false));
        let mut pieces = VecDeque::new();
        let mut thoughts = models.filter("m");
        thoughts.push("Plain ");
        thoughts.drain(&mut pieces);
        assert_eq!(pieces, [Piece::Text("Plain ".to_owned())]);
    }

    #[test]
    fn a_thought_without_end_leaves_nothing() {
        for size in [1, 3, 100] {
            let models = ThinkFirst::default();
            assert_eq!(answer(&models, "<think> It is 42. </thin", size), (String::new(), false, true));
            assert_eq!(answer(&models, "<think>a</think> \n", size), (String::new(), false, true));
        }
    }

    #[test]
    fn text_about_tags_is_text() {
        for text in [
            "Models write <think> and </think> around thoughts.",
            "Write `</think>` at the end.",
            "```xml\n</think>\n```\nIs how it ends.",
            "It is 42 <think>not a thought</think> [1].",
            "> <think>quoted</think>",
            "`<think>` opens it.",
            "  indented",
            "<thin",
            "<b>bold</b> </thin",
            "a < b",
            "42",
        ] {
            for size in 1..=text.len() {
                let (left, anew, thought) = answer(&ThinkFirst::default(), text, size);
                assert_eq!((left.as_str(), anew, thought), (text, false, false), "{text:?} by {size}");
            }
        }
    }
}
