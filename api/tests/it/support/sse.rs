//! Server-sent events, read as the standard says.

use futures::StreamExt as _;
use serde_json::Value;

#[derive(Debug, Clone, PartialEq)]
pub struct SseEvent {
    pub id: u64,
    pub name: String,
    pub data: Value,
}

/// Reads a stream one event at a time.
pub struct SseReader {
    response: Box<dyn futures::Stream<Item = reqwest::Result<bytes::Bytes>> + Unpin + Send>,
    buffer: String,
}

impl SseReader {
    pub fn new(response: reqwest::Response) -> Self {
        Self { response: Box::new(Box::pin(response.bytes_stream())), buffer: String::new() }
    }

    /// The next event; `None` at a clean end. Comments are passed over.
    pub async fn next(&mut self) -> Option<SseEvent> {
        loop {
            if let Some((block, rest)) = self.buffer.split_once("\n\n") {
                let event = parse(block);
                self.buffer = rest.to_owned();
                if event.is_some() {
                    return event;
                }
                continue;
            }
            let chunk = self.response.next().await?.expect("the stream breaks off");
            self.buffer.push_str(std::str::from_utf8(&chunk).expect("events come in whole characters"));
        }
    }

    /// All events to the end of the stream.
    pub async fn rest(mut self) -> Vec<SseEvent> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

fn parse(block: &str) -> Option<SseEvent> {
    let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    let data = field("data")?;
    Some(SseEvent {
        id: field("id").unwrap().parse().unwrap(),
        name: field("event").unwrap().to_owned(),
        data: serde_json::from_str(data).unwrap(),
    })
}
