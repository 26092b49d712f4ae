//! Reads a streamed answer in any dialect into events.

use std::collections::VecDeque;

use collabry_shared::conversations::CutOff;
use futures::stream::{self, BoxStream, StreamExt};
use serde_json::Value;

use super::frames::{Frame, Frames, Framing};
use super::json::SurrogatePairs;
use super::thoughts::ThoughtFilter;
use super::{Answer, AnswerError, AnswerEvent, Usage};

/// Far above the longest answer including its thoughts.
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// The content of one chunk of a stream.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ReplyDelta {
    pub text: String,
    pub thinking: bool,
    pub usage: Option<Usage>,
    pub finish: Option<Finish>,
}

/// The end of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Finish {
    /// Why it ends before it is complete.
    pub cut_off: Option<CutOff>,
    /// Nothing follows, not even the usage.
    pub last: bool,
}

/// How to read a provider's protocol.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dialect {
    pub framing: Framing,
    pub parse: fn(&Value) -> Result<ReplyDelta, AnswerError>,
}

/// The end that a provider's reason for it means; `None`: the answer goes on. After an unknown reason the answer may be
/// incomplete.
pub(super) fn finish(reason: Option<&Value>) -> Result<Option<Finish>, AnswerError> {
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
    Ok(Some(Finish { cut_off, last: false }))
}

type Body = BoxStream<'static, reqwest::Result<bytes::Bytes>>;

struct ReplyReader {
    body: Body,
    read: usize,
    frames: Frames,
    parse: fn(&Value) -> Result<ReplyDelta, AnswerError>,
    halves: SurrogatePairs,
    thoughts: ThoughtFilter,
    /// Events that the caller has not taken yet.
    ready: VecDeque<AnswerEvent>,
    /// The error that comes after them.
    failed: Option<AnswerError>,
    ended: bool,
    /// Whether the answer has text.
    has_text: bool,
    /// Whether the model thought, as its server reports.
    thought: bool,
    usage: Option<Usage>,
    finish: Option<Finish>,
}

/// The events of a streamed body.
pub(super) fn events(response: reqwest::Response, dialect: Dialect, thoughts: ThoughtFilter) -> Answer {
    let reader = ReplyReader {
        body: response.bytes_stream().boxed(),
        read: 0,
        frames: Frames::new(dialect.framing),
        parse: dialect.parse,
        halves: SurrogatePairs::default(),
        thoughts,
        ready: VecDeque::new(),
        failed: None,
        ended: false,
        has_text: false,
        thought: false,
        usage: None,
        finish: None,
    };
    stream::try_unfold(reader, async |mut reader| Ok(reader.next().await?.map(|event| (event, reader)))).boxed()
}

impl ReplyReader {
    async fn next(&mut self) -> Result<Option<AnswerEvent>, AnswerError> {
        loop {
            if let Some(event) = self.ready.pop_front() {
                return Ok(Some(event));
            }
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            if self.ended {
                return Ok(None);
            }
            let chunk = self.body.next().await;
            if let Err(error) = self.receive(chunk) {
                // The text before the error is shown first.
                self.thoughts.abort(&mut self.ready);
                self.failed = Some(error);
                self.ended = true;
            }
            self.drain_thoughts();
        }
    }

    /// Handles the whole chunk before any of it is emitted: often only its end shows that it is a thought.
    fn receive(&mut self, chunk: Option<reqwest::Result<bytes::Bytes>>) -> Result<(), AnswerError> {
        match chunk {
            Some(Ok(chunk)) => {
                self.read += chunk.len();
                if self.read > MAX_BODY_BYTES {
                    return Err(AnswerError::TooLong { limit: MAX_BODY_BYTES });
                }
                self.frames.push(&chunk);
                while !self.ended {
                    match self.frames.next() {
                        Ok(Some(frame)) => self.apply(frame)?,
                        Ok(None) => break,
                        Err(_) if self.finish.is_some() => self.ended = true,
                        Err(error) => return Err(error),
                    }
                }
                if self.ended { self.close() } else { Ok(()) }
            }
            // After the end there is only metadata, which is not needed.
            Some(Err(_)) if self.finish.is_some() => self.close(),
            Some(Err(_)) => Err(AnswerError::CutOff),
            None => self.end_of_body(),
        }
    }

    fn apply(&mut self, frame: Frame) -> Result<(), AnswerError> {
        let last = Finish { cut_off: None, last: true };
        let parsed = match frame {
            Frame::Done => Ok(ReplyDelta { finish: Some(last), ..ReplyDelta::default() }),
            Frame::Json(value) => (self.parse)(&value),
        };
        let delta = match parsed {
            Ok(delta) => delta,
            Err(_) if self.finish.is_some() => return Ok(()),
            Err(error) => return Err(error),
        };
        self.thoughts.push(&self.halves.push(&delta.text));
        if delta.thinking && delta.text.is_empty() {
            self.thought = true;
            self.ready.push_back(AnswerEvent::Thinking);
        }
        self.usage = match (self.usage, delta.usage) {
            (Some(before), Some(now)) => Some(before.max(now)),
            (before, now) => now.or(before),
        };
        if let Some(now) = delta.finish {
            self.ended |= now.last;
            let cut_off = self.finish.and_then(|before| before.cut_off).or(now.cut_off);
            self.finish = Some(Finish { cut_off, ..now });
        }
        Ok(())
    }

    /// Handles the end of the body. Its last line may lack a line ending, or may be incomplete.
    fn end_of_body(&mut self) -> Result<(), AnswerError> {
        match self.frames.rest() {
            Ok(Some(frame)) => self.apply(frame)?,
            Ok(None) => {}
            Err(_) if self.finish.is_some() => {}
            Err(_) if self.has_text || self.thought => return Err(AnswerError::CutOff),
            Err(error) => return Err(error),
        }
        self.close()
    }

    /// Handles the end of the answer.
    fn close(&mut self) -> Result<(), AnswerError> {
        self.ended = true;
        if let Some(half) = self.halves.finish() {
            self.thoughts.push(half.encode_utf8(&mut [0; 4]));
        }
        self.thoughts.finish(&mut self.ready);
        self.drain_thoughts();
        let cut_off = self.finish.map_or(Some(CutOff::Unknown), |finish| finish.cut_off);
        let thought = self.thought || self.thoughts.has_thought();
        self.ready.extend(self.usage.take().map(AnswerEvent::Usage));
        if self.has_text {
            self.ready.extend(cut_off.map(AnswerEvent::CutOff));
            Ok(())
        } else if self.finish.is_none() && !thought {
            Err(AnswerError::Nothing)
        } else {
            Err(AnswerError::Empty { thought, cut_off })
        }
    }

    fn drain_thoughts(&mut self) {
        if !self.ended {
            self.thoughts.drain(&mut self.ready);
        }
        for event in &self.ready {
            match event {
                AnswerEvent::Text(_) => self.has_text = true,
                AnswerEvent::Retracted => self.has_text = false,
                AnswerEvent::Thinking | AnswerEvent::CutOff(_) | AnswerEvent::Usage(_) => {}
            }
        }
    }
}

impl Usage {
    /// The later of two counts of one answer: counts only grow.
    fn max(self, other: Self) -> Self {
        Self { prompt: self.prompt.max(other.prompt), answer: self.answer.max(other.answer) }
    }
}

#[cfg(test)]
mod tests {
    use collabry_shared::conversations::CutOff;
    use serde_json::json;

    use super::{Finish, finish};

    #[test]
    fn reasons_tell_how_an_answer_ended() {
        let of = |reason: &str| finish(Some(&json!(reason))).unwrap().map(|Finish { cut_off, .. }| cut_off);
        assert_eq!([of("stop"), of("END_TURN"), of("eos_token")], [Some(None); 3]);
        assert_eq!([of("length"), of("MAX_TOKENS")], [Some(Some(CutOff::Length)); 2]);
        assert_eq!([of("content_filter"), of("SAFETY")], [Some(Some(CutOff::Filter)); 2]);
        assert_eq!([of("tool_calls"), of("something new")], [Some(Some(CutOff::Unknown)); 2]);
        assert_eq!([of(""), of("null")], [None; 2]);
        assert_eq!(finish(Some(&json!(null))), Ok(None));
        assert!(finish(Some(&json!("error"))).is_err());
    }
}
