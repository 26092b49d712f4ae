//! What is said over sockets, for machines: `docs/realtime.md` is what people read. Extensions, since no version of
//! `OpenAPI` knows sockets.

use serde_json::{Map, Value, json};
use utoipa::openapi::{RefOr, Schema};

use super::schemas::{always_there, merged};
use crate::realtime::{self, Request, Shape};

/// Under this name each event that the server sends has the schema of its payload.
const EVENTS: &str = "x-socket-events";
/// Each event that clients send, with the schemas of its payload and of its acknowledgement, beside `ok`.
const REQUESTS: &str = "x-socket-requests";
/// The schema of `error` in an acknowledgement that is not `ok`.
const REFUSAL: &str = "x-socket-refusal";

/// Extensions that name schemas.
pub(super) const EXTENSIONS: [&str; 3] = [EVENTS, REQUESTS, REFUSAL];

/// Comes before fields are spelt as they are sent.
pub fn define(document: &mut Value) {
    let mut schemas = Schemas(document["components"]["schemas"].as_object().cloned().unwrap_or_default());
    let requests = realtime::requests().into_iter().map(|request| schemas.exchange(request)).collect::<Map<_, _>>();
    let events = schemas.events();
    let refusal = schemas.sent(realtime::refusal());
    document[EVENTS] = events.into();
    document[REQUESTS] = requests.into();
    document[REFUSAL] = refusal;
    document["components"]["schemas"] = schemas.0.into();
}

/// Those of the document, and what is added.
struct Schemas(Map<String, Value>);

impl Schemas {
    fn events(&mut self) -> Map<String, Value> {
        let told = realtime::events().into_iter().map(|(name, shape)| (name.to_owned(), self.sent(shape)));
        let mut events: Map<_, _> = told.collect();
        let published = realtime::published_names().iter().map(|name| (*name).to_owned());
        events.extend(published.zip(choices(self.sent(realtime::published()))));
        let relayed = choices(self.sent(realtime::relayed()));
        let named = relayed.into_iter().map(|event| {
            let kind = event["properties"]["type"]["enum"][0].as_str().unwrap_or_default();
            (format!("generation:{kind}"), event)
        });
        events.extend(named);
        events
    }

    fn exchange(&mut self, request: Request) -> (String, Value) {
        let mut acknowledgement = self.sent(request.acknowledgement);
        if acknowledgement["properties"].is_null() {
            acknowledgement = json!({ "type": "object" });
        }
        let payload = self.whole(request.payload);
        (request.name.to_owned(), json!({ "payload": payload, "acknowledgement": acknowledgement }))
    }

    fn sent(&mut self, shape: Shape) -> Value {
        let mut schema = self.whole(shape);
        always_there(&mut schema);
        schema
    }

    fn whole(&mut self, Shape { schema, parts }: Shape) -> Value {
        for (name, part) in parts {
            self.0.entry(name).or_insert_with(|| written(&part));
        }
        merged(&written(&schema), &self.0)
    }
}

fn written(schema: &RefOr<Schema>) -> Value {
    serde_json::to_value(schema).unwrap_or_default()
}

fn choices(mut schema: Value) -> Vec<Value> {
    match schema["oneOf"].take() {
        Value::Array(choices) => choices,
        _ => Vec::new(),
    }
}
