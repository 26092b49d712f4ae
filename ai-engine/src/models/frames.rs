//! The JSON values in a streamed body: server-sent events, or one value a line.
//!
//! Server-sent events are read as the HTML standard defines them
//! (<https://html.spec.whatwg.org/multipage/server-sent-events.html>). Beyond it, an event without a blank line at its end is
//! accepted, and a whole document from a server that does not stream.

use serde_json::{Value, json};

use super::lines::Lines;
use super::{AnswerError, json};

/// Far above any answer that arrives as one document.
const MAX_DOCUMENT_BYTES: usize = 4 * 1024 * 1024;

/// How the values of a body are separated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Framing {
    Events,
    Lines,
}

#[derive(Debug, PartialEq)]
pub(super) enum Frame {
    Json(Value),
    /// OpenAI's `[DONE]`.
    Done,
}

#[derive(Debug)]
pub(super) struct Frames {
    framing: Framing,
    lines: Lines,
    /// The lines so far of an event that is not complete.
    event: String,
    /// The whole body, when it does not have the framing that was requested.
    document: String,
    seen: bool,
}

const GARBLED: AnswerError = AnswerError::Garbled { detail: "no JSON of a chat" };

impl Frames {
    pub fn new(framing: Framing) -> Self {
        Self { framing, lines: Lines::default(), event: String::new(), document: String::new(), seen: false }
    }

    pub fn push(&mut self, chunk: &[u8]) {
        self.lines.push(chunk);
    }

    /// The next value; `None`: push more.
    pub fn next(&mut self) -> Result<Option<Frame>, AnswerError> {
        while let Some(line) = self.lines.next_line()? {
            if let Some(frame) = self.line(&line)? {
                self.seen = true;
                return Ok(Some(frame));
            }
        }
        Ok(None)
    }

    /// The value in the unfinished end of the body.
    pub fn rest(&mut self) -> Result<Option<Frame>, AnswerError> {
        let rest = self.lines.rest();
        if let Some(frame) = self.line(&rest)? {
            return Ok(Some(frame));
        }
        let left = std::mem::take(if self.event.is_empty() { &mut self.document } else { &mut self.event });
        if left.trim().is_empty() {
            Ok(None)
        } else {
            json::read(&left).map(|value| Some(Frame::Json(value))).ok_or(GARBLED)
        }
    }

    fn line(&mut self, line: &str) -> Result<Option<Frame>, AnswerError> {
        match self.framing {
            Framing::Events => self.event_line(line),
            Framing::Lines => self.json_line(line),
        }
    }

    fn json_line(&mut self, line: &str) -> Result<Option<Frame>, AnswerError> {
        if line.trim().is_empty() {
            return Ok(None);
        }
        match json::read(line).filter(|_| self.document.is_empty()) {
            Some(value) => Ok(Some(Frame::Json(value))),
            None if self.seen => Err(GARBLED),
            None => add(&mut self.document, line).map(|()| None),
        }
    }

    fn event_line(&mut self, line: &str) -> Result<Option<Frame>, AnswerError> {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            let event = event.trim();
            return if event.is_empty() { Ok(None) } else { frame(event).map(Some).ok_or(GARBLED) };
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        match field {
            "data" => {
                // Most events have one line, and some servers do not end them with a blank one.
                if self.event.is_empty()
                    && let Some(frame) = frame(value.trim())
                {
                    return Ok(Some(frame));
                }
                add(&mut self.event, value).map(|()| None)
            }
            // Older llama.cpp servers send errors this way.
            "error" => Ok(json::read(value).map(|error| Frame::Json(json!({ "error": error })))),
            "" | "event" | "id" | "retry" => Ok(None),
            _ if self.seen => Ok(None),
            _ => {
                add(&mut self.document, line)?;
                let alone = self.document.len() == line.len() + 1;
                Ok(json::read(line).filter(|value| alone && value.is_object()).map(|value| {
                    self.document.clear();
                    Frame::Json(value)
                }))
            }
        }
    }
}

fn frame(data: &str) -> Option<Frame> {
    if data.starts_with("[DONE]") { Some(Frame::Done) } else { json::read(data).map(Frame::Json) }
}

fn add(document: &mut String, line: &str) -> Result<(), AnswerError> {
    document.push_str(line);
    document.push('\n');
    let fits = document.len() <= MAX_DOCUMENT_BYTES;
    if fits { Ok(()) } else { Err(AnswerError::Garbled { detail: "an oversized document" }) }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Frame, Frames, Framing};

    fn frames(framing: Framing, body: &str) -> Vec<Frame> {
        let mut frames = Frames::new(framing);
        frames.push(body.as_bytes());
        let mut found = Vec::new();
        while let Some(frame) = frames.next().unwrap() {
            found.push(frame);
        }
        found.extend(frames.rest().unwrap());
        found
    }

    fn value(value: serde_json::Value) -> Frame {
        Frame::Json(value)
    }

    #[test]
    fn events_are_read_as_the_standard_says() {
        let body = ": hello\nevent: x\nid: 7\nretry: 10\ndata:\n\ndata: {\"a\":\ndata: 1}\n\ndata:{\"b\":2}\n\nunknown: x\ndata: [DONE]\n\n";
        assert_eq!(frames(Framing::Events, body), [value(json!({ "a": 1 })), value(json!({ "b": 2 })), Frame::Done]);
    }

    #[test]
    fn events_without_blank_lines_are_told_apart() {
        let body = "data: {\"a\":1}\ndata: {\"b\":2}\ndata: {\"c\":3}";
        let expected = [json!({ "a": 1 }), json!({ "b": 2 }), json!({ "c": 3 })].map(Frame::Json);
        assert_eq!(frames(Framing::Events, body), expected);
    }

    #[test]
    fn a_document_in_place_of_a_stream_is_one_value() {
        for framing in [Framing::Events, Framing::Lines] {
            assert_eq!(frames(framing, "{\"a\":1}"), [value(json!({ "a": 1 }))]);
            assert_eq!(frames(framing, "\n{\n  \"a\":\n  [\n 1\n ]\n}\n"), [value(json!({ "a": [1] }))]);
        }
        assert_eq!(frames(Framing::Events, "error: {\"code\":500}\n\n"), [value(json!({ "error": { "code": 500 } }))]);
    }

    #[test]
    fn what_is_no_json_is_refused() {
        for (framing, body) in [
            (Framing::Events, "data: {broken\n\n"),
            (Framing::Events, "\u{1}garbage\n"),
            (Framing::Lines, "garbage"),
            (Framing::Lines, "{\"a\":1}\n{broken\n"),
        ] {
            let mut frames = Frames::new(framing);
            frames.push(body.as_bytes());
            let mut refused = false;
            loop {
                match frames.next() {
                    Ok(Some(_)) => {}
                    Ok(None) => break,
                    Err(_) => {
                        refused = true;
                        break;
                    }
                }
            }
            assert!(refused || frames.rest().is_err(), "{body}");
        }
    }
}
