//! A streamed answer: what its chunks say, in every dialect, as pieces.

use std::collections::VecDeque;

use collabry_shared::conversations::CutOff;
use futures::stream::{self, BoxStream, StreamExt};
use serde_json::Value;

use super::frames::{Frame, Frames, Framing};
use super::json::Halves;
use super::thoughts::Thoughts;
use super::{Answer, AnswerError, Piece, Usage};

/// Far above the longest answer with its thoughts.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// What one chunk of a stream says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub text: String,
    pub thinks: bool,
    pub usage: Option<Usage>,
    pub end: Option<End>,
}

/// That the answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct End {
    /// Why before it is complete.
    pub cut_off: Option<CutOff>,
    /// Nothing follows, not even about what it took.
    pub last: bool,
}

/// How a provider's protocol is read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect {
    pub framing: Framing,
    pub said: fn(&Value) -> Result<Said, AnswerError>,
}

/// The end that a provider's word for it means; `None`: it goes on. What nobody knows is perhaps no end of the answer.
pub(super) fn end(reason: Option<&Value>) -> Result<Option<End>, AnswerError> {
    let Some(reason) = reason.and_then(Value::as_str) else {
        return Ok(None);
    };
    let cut_off = match reason.to_ascii_lowercase().as_str() {
        "" | "null" | "none" => return Ok(None),
        "stop" | "end_turn" | "stop_sequence" | "eos" | "eos_token" | "complete" | "completed" | "end" => None,
        "length" | "max_tokens" | "max_output_tokens" | "model_length" | "model_context_window_exceeded" => {
            Some(CutOff::Length)
        }
        "content_filter"
        | "content_filtered"
        | "safety"
        | "recitation"
        | "prohibited_content"
        | "blocklist"
        | "spii"
        | "sensitive"
        | "guardrail_intervened" => Some(CutOff::Filter),
        "refusal" => Some(CutOff::Refusal),
        "error" => return Err(AnswerError::Reported { detail: "it ended with an error".to_owned() }),
        _ => Some(CutOff::Unknown),
    };
    Ok(Some(End { cut_off, last: false }))
}

type Body = BoxStream<'static, reqwest::Result<bytes::Bytes>>;

struct Reading {
    body: Body,
    read: usize,
    frames: Frames,
    said: fn(&Value) -> Result<Said, AnswerError>,
    halves: Halves,
    thoughts: Thoughts,
    /// Pieces that nobody has taken yet.
    ready: VecDeque<Piece>,
    /// What comes after them.
    failed: Option<AnswerError>,
    over: bool,
    /// Whether there is text, and whether the model thought, as its server says.
    text: bool,
    thought: bool,
    usage: Option<Usage>,
    end: Option<End>,
}

/// The pieces in a streamed body.
pub(super) fn pieces(response: reqwest::Response, dialect: Dialect, thoughts: Thoughts) -> Answer {
    let reading = Reading {
        body: response.bytes_stream().boxed(),
        read: 0,
        frames: Frames::new(dialect.framing),
        said: dialect.said,
        halves: Halves::default(),
        thoughts,
        ready: VecDeque::new(),
        failed: None,
        over: false,
        text: false,
        thought: false,
        usage: None,
        end: None,
    };
    stream::try_unfold(reading, async |mut reading| Ok(reading.next().await?.map(|piece| (piece, reading)))).boxed()
}

impl Reading {
    async fn next(&mut self) -> Result<Option<Piece>, AnswerError> {
        loop {
            if let Some(piece) = self.ready.pop_front() {
                return Ok(Some(piece));
            }
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            if self.over {
                return Ok(None);
            }
            let chunk = self.body.next().await;
            if let Err(error) = self.hear(chunk) {
                // What came before it is shown first.
                self.thoughts.broken(&mut self.ready);
                self.failed = Some(error);
                self.over = true;
            }
            self.look();
        }
    }

    /// Everything that came at once is looked at before any of it is told: a thought is often known by its end.
    fn hear(&mut self, chunk: Option<reqwest::Result<bytes::Bytes>>) -> Result<(), AnswerError> {
        match chunk {
            Some(Ok(chunk)) => {
                self.read += chunk.len();
                if self.read > MAX_BODY_BYTES {
                    return Err(AnswerError::TooLong { limit: MAX_BODY_BYTES });
                }
                self.frames.push(&chunk);
                while !self.over {
                    match self.frames.next() {
                        Ok(Some(frame)) => self.take(frame)?,
                        Ok(None) => break,
                        Err(_) if self.end.is_some() => self.over = true,
                        Err(error) => return Err(error),
                    }
                }
                if self.over { self.close() } else { Ok(()) }
            }
            // What follows an end is about it, and not needed.
            Some(Err(_)) if self.end.is_some() => self.close(),
            Some(Err(_)) => Err(AnswerError::CutOff),
            None => self.finish(),
        }
    }

    fn take(&mut self, frame: Frame) -> Result<(), AnswerError> {
        let last = End { cut_off: None, last: true };
        let said = match frame {
            Frame::Done => Ok(Said { end: Some(last), ..Said::default() }),
            Frame::Json(value) => (self.said)(&value),
        };
        let said = match said {
            Ok(said) => said,
            Err(_) if self.end.is_some() => return Ok(()),
            Err(error) => return Err(error),
        };
        self.thoughts.push(&self.halves.push(&said.text));
        if said.thinks && said.text.is_empty() {
            self.thought = true;
            self.ready.push_back(Piece::Thinking);
        }
        self.usage = match (self.usage, said.usage) {
            (Some(before), Some(now)) => Some(before.most(now)),
            (before, now) => now.or(before),
        };
        if let Some(now) = said.end {
            self.over |= now.last;
            let cut_off = self.end.and_then(|before| before.cut_off).or(now.cut_off);
            self.end = Some(End { cut_off, ..now });
        }
        Ok(())
    }

    /// The body is over; its last line may lack a line end, or may have been cut.
    fn finish(&mut self) -> Result<(), AnswerError> {
        match self.frames.rest() {
            Ok(Some(frame)) => self.take(frame)?,
            Ok(None) => {}
            Err(_) if self.end.is_some() => {}
            Err(_) if self.text || self.thought => return Err(AnswerError::CutOff),
            Err(error) => return Err(error),
        }
        self.close()
    }

    /// The answer is over.
    fn close(&mut self) -> Result<(), AnswerError> {
        self.over = true;
        if let Some(half) = self.halves.end() {
            self.thoughts.push(half.encode_utf8(&mut [0; 4]));
        }
        self.thoughts.end(&mut self.ready);
        self.look();
        let cut_off = self.end.map_or(Some(CutOff::Unknown), |end| end.cut_off);
        let thought = self.thought || self.thoughts.any();
        self.ready.extend(self.usage.take().map(Piece::Usage));
        if self.text {
            self.ready.extend(cut_off.map(Piece::CutOff));
            Ok(())
        } else if self.end.is_none() && !thought {
            Err(AnswerError::Nothing)
        } else {
            Err(AnswerError::Empty { thought, cut_off })
        }
    }

    fn look(&mut self) {
        if !self.over {
            self.thoughts.drain(&mut self.ready);
        }
        for piece in &self.ready {
            match piece {
                Piece::Text(_) => self.text = true,
                Piece::Anew => self.text = false,
                Piece::Thinking | Piece::CutOff(_) | Piece::Usage(_) => {}
            }
        }
    }
}

impl Usage {
    /// Of two counts of one answer, which only grow.
    fn most(self, other: Self) -> Self {
        Self { prompt: self.prompt.max(other.prompt), answer: self.answer.max(other.answer) }
    }
}

#[cfg(test)]
mod tests {
    use collabry_shared::conversations::CutOff;
    use serde_json::json;

    use super::{End, end};

    #[test]
    fn ends_are_told_by_their_reasons() {
        let of = |reason: &str| end(Some(&json!(reason))).unwrap().map(|End { cut_off, .. }| cut_off);
        assert_eq!([of("stop"), of("END_TURN"), of("eos_token")], [Some(None); 3]);
        assert_eq!([of("length"), of("MAX_TOKENS")], [Some(Some(CutOff::Length)); 2]);
        assert_eq!([of("content_filter"), of("SAFETY")], [Some(Some(CutOff::Filter)); 2]);
        assert_eq!([of("tool_calls"), of("something new")], [Some(Some(CutOff::Unknown)); 2]);
        assert_eq!([of(""), of("null")], [None; 2]);
        assert_eq!(end(Some(&json!(null))), Ok(None));
        assert!(end(Some(&json!("error"))).is_err());
    }
}
