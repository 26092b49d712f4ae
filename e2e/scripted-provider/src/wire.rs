//! The two protocols, and the body that speaks them.

use std::io;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use futures::stream::{self, BoxStream, StreamExt};
use serde_json::json;

use crate::script::{Ending, Reply};

#[derive(Debug, Clone, Copy)]
pub(crate) enum Protocol {
    Ollama,
    OpenAi,
}

impl Protocol {
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Ollama => "application/x-ndjson",
            Self::OpenAi => "text/event-stream",
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
        }
    }

    fn noise(self) -> String {
        match self {
            Self::Ollama => self.token(""),
            Self::OpenAi => format!(": keep-alive\n\n{}", self.token("")),
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
        }
    }

    fn done(self) -> String {
        match self {
            Self::Ollama => {
                format!("{}\n", json!({ "message": { "content": "" }, "done": true, "done_reason": "stop" }))
            }
            Self::OpenAi => {
                let finish = json!({ "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }] });
                format!("data: {finish}\n\ndata: [DONE]\n\n")
            }
        }
    }
}

/// For the server to send what it has.
const BEFORE_ABORT: Duration = Duration::from_millis(50);

type Chunks = BoxStream<'static, io::Result<Bytes>>;

/// The body of a reply.
pub(crate) fn body(reply: &Reply, protocol: Protocol) -> Body {
    if let Some(raw) = &reply.raw {
        return Body::from(raw.clone());
    }
    let noise = if reply.noise { protocol.noise() } else { String::new() };
    let tokens: Vec<(Duration, String)> = reply
        .words()
        .iter()
        .enumerate()
        .map(|(index, word)| (reply.before_token(index), format!("{noise}{}", protocol.token(word))))
        .collect();
    let tokens = stream::iter(tokens).then(async |(pause, text)| {
        tokio::time::sleep(pause).await;
        Ok(Bytes::from(text))
    });
    let chunks = tokens.chain(ending(reply.end, protocol));
    match reply.cut {
        Some(size) => Body::from_stream(chunks.flat_map(move |chunk| stream::iter(cut(chunk, size)))),
        None => Body::from_stream(chunks),
    }
}

fn ending(end: Ending, protocol: Protocol) -> Chunks {
    let one = |text: String| stream::once(async { Ok(Bytes::from(text)) }).boxed();
    match end {
        Ending::Done => one(protocol.done()),
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
