//! The three protocols, and the body that speaks them.

use std::io;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::script::{Ending, Reply};

#[derive(Debug, Clone, Copy)]
pub(crate) enum Protocol {
    Ollama,
    OpenAi,
    Anthropic,
}

/// An event as Anthropic sends it: its type stands on a line of its own as well.
fn event(event: &Value) -> String {
    format!("event: {}\ndata: {event}\n\n", event["type"].as_str().unwrap_or_default())
}

impl Protocol {
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Ollama => "application/x-ndjson",
            Self::OpenAi | Self::Anthropic => "text/event-stream",
        }
    }

    /// What comes before any token.
    fn beginning(self) -> Option<String> {
        match self {
            Self::Ollama | Self::OpenAi => None,
            Self::Anthropic => {
                let usage = json!({ "input_tokens": PROMPT_TOKENS, "output_tokens": 1 });
                let start = json!({ "type": "message_start", "message": { "role": "assistant", "usage": usage } });
                let text = json!({ "type": "text", "text": "" });
                let block = json!({ "type": "content_block_start", "index": 0, "content_block": text });
                Some(format!("{}{}", event(&start), event(&block)))
            }
        }
    }

    fn token(self, text: &str) -> String {
        match self {
            Self::Ollama => {
                format!("{}\n", json!({ "message": { "role": "assistant", "content": text }, "done": false }))
            }
            Self::OpenAi => {
                format!(
                    "data: {}\n\n",
                    json!({ "choices": [{ "index": 0, "delta": { "content": text }, "finish_reason": null }] })
                )
            }
            Self::Anthropic => {
                let delta = json!({ "type": "text_delta", "text": text });
                event(&json!({ "type": "content_block_delta", "index": 0, "delta": delta }))
            }
        }
    }

    fn noise(self) -> String {
        match self {
            Self::Ollama => self.token(""),
            Self::OpenAi => format!(": keep-alive\n\n{}", self.token("")),
            Self::Anthropic => event(&json!({ "type": "ping" })),
        }
    }

    fn error(self) -> String {
        match self {
            Self::Ollama => format!("{}\n", json!({ "error": "the model runner ended" })),
            Self::OpenAi => {
                format!(
                    "data: {}\n\n",
                    json!({ "error": { "message": "the model runner ended", "type": "server_error" } })
                )
            }
            Self::Anthropic => {
                let error = json!({ "type": "api_error", "message": "the model runner ended" });
                event(&json!({ "type": "error", "error": error }))
            }
        }
    }

    /// The end of an answer of so many tokens.
    fn done(self, tokens: usize) -> String {
        match self {
            Self::Ollama => {
                let usage = json!({ "message": { "content": "" }, "done": true, "done_reason": "stop",
                    "prompt_eval_count": PROMPT_TOKENS, "eval_count": tokens });
                format!("{usage}\n")
            }
            Self::OpenAi => {
                let finish = json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] });
                let usage = json!({ "prompt_tokens": PROMPT_TOKENS, "completion_tokens": tokens });
                let usage = json!({ "choices": [], "usage": usage });
                format!("data: {finish}\n\ndata: {usage}\n\ndata: [DONE]\n\n")
            }
            Self::Anthropic => {
                let usage = json!({ "output_tokens": tokens });
                let finish = json!({ "type": "message_delta", "delta": { "stop_reason": "end_turn" }, "usage": usage });
                let block = json!({ "type": "content_block_stop", "index": 0 });
                format!("{}{}{}", event(&block), event(&finish), event(&json!({ "type": "message_stop" })))
            }
        }
    }
}

/// What every prompt is said to take.
const PROMPT_TOKENS: usize = 7;

/// For the server to send what it has.
const BEFORE_ABORT: Duration = Duration::from_millis(50);

type Chunks = BoxStream<'static, io::Result<Bytes>>;

/// The body of a reply.
pub(crate) fn body(reply: &Reply, protocol: Protocol, mut go: watch::Receiver<usize>) -> Body {
    if let Some(raw) = &reply.raw {
        let raw = Bytes::from(raw.clone());
        return match (reply.cut, reply.rest.clone()) {
            (Some(size), _) => Body::from_stream(stream::iter(cut(Ok(raw), size))),
            (None, None) => Body::from(raw),
            (None, Some(rest)) => {
                let rest = stream::once(async move {
                    // The sender lives as long as the server.
                    let _ = go.changed().await;
                    Ok(Bytes::from(rest))
                });
                Body::from_stream(stream::iter([io::Result::Ok(raw)]).chain(rest))
            }
        };
    }
    let noise = if reply.noise { protocol.noise() } else { String::new() };
    let tokens: Vec<(Duration, String)> = reply
        .words()
        .iter()
        .enumerate()
        .map(|(index, word)| (reply.before_token(index), format!("{noise}{}", protocol.token(word))))
        .collect();
    let words = tokens.len();
    let tokens = stream::iter(tokens).then(async |(pause, text)| {
        tokio::time::sleep(pause).await;
        Ok(Bytes::from(text))
    });
    let beginning = stream::iter(protocol.beginning().map(|text| Ok(Bytes::from(text))));
    let chunks = beginning.chain(tokens).chain(ending(reply.end, protocol, words));
    match reply.cut {
        Some(size) => Body::from_stream(chunks.flat_map(move |chunk| stream::iter(cut(chunk, size)))),
        None => Body::from_stream(chunks),
    }
}

fn ending(end: Ending, protocol: Protocol, tokens: usize) -> Chunks {
    let one = |text: String| stream::once(async { Ok(Bytes::from(text)) }).boxed();
    match end {
        Ending::Done => one(protocol.done(tokens)),
        Ending::Error => one(protocol.error()),
        Ending::Eof => stream::empty().boxed(),
        Ending::Hang => stream::pending().boxed(),
        // An error in a body makes the server drop the connection without the end of the chunked encoding, and with it
        // what it has not sent yet: hence the pause. Before it half a token is sent.
        Ending::Abort => {
            let half: String = protocol.token("lost").chars().take(12).collect();
            let aborted = stream::once(async {
                tokio::time::sleep(BEFORE_ABORT).await;
                Err(io::Error::from(io::ErrorKind::ConnectionAborted))
            });
            one(half).chain(aborted).boxed()
        }
    }
}

fn cut(chunk: io::Result<Bytes>, size: usize) -> Vec<io::Result<Bytes>> {
    match chunk {
        Ok(chunk) => chunk.chunks(size.max(1)).map(|part| Ok(Bytes::copy_from_slice(part))).collect(),
        Err(error) => vec![Err(error)],
    }
}
