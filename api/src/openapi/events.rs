//! The events of sockets for machines: `docs/realtime.md` is what people read. An extension, since no version of `OpenAPI`
//! knows sockets.

use serde_json::{Map, Value, json};

/// Under this name each event has the schema of its payload.
pub(super) const EXTENSION: &str = "x-socket-events";

pub fn define(document: &mut Value) {
    let mut events = of_notebooks();
    events.extend(of_conversations());
    events.extend(of_generations());
    events.extend([
        ("auth:expired", object(&[("graceSecs", count())])),
        ("server:draining", object(&[("reconnectWithinMs", count())])),
        ("server:closing", object(&[("code", text()), ("message", text())])),
        ("notification:new", object(&[("notification", of("Notification"))])),
    ]);
    document[EXTENSION] =
        events.into_iter().map(|(name, schema)| (name.to_owned(), schema)).collect::<Map<_, _>>().into();
}

fn of_notebooks() -> Vec<(&'static str, Value)> {
    vec![
        ("source:status", object(&[("source", of("Source"))])),
        ("source:deleted", object(&[("notebookId", id()), ("sourceId", id())])),
        ("notebook:updated", object(&[("notebookId", id()), ("title", text())])),
        ("notebook:deleted", object(&[("notebookId", id())])),
        ("notebook:members", object(&[("notebookId", id())])),
        ("conversation:updated", object(&[("conversation", of("Conversation"))])),
        (
            "conversation:activity",
            object(&[("notebookId", id()), ("conversationId", id()), ("head", count()), ("lastMessageAt", time())]),
        ),
        ("conversation:read", object(&[("notebookId", id()), ("conversationId", id()), ("rev", count())])),
        ("conversation:deleted", object(&[("notebookId", id()), ("conversationId", id())])),
        ("presence:update", object(&[("notebookId", id()), ("userIds", list(&id()))])),
    ]
}

fn of_conversations() -> Vec<(&'static str, Value)> {
    let message = || object(&[("message", of("Message"))]);
    let typing = || object(&[("conversationId", id()), ("userId", id()), ("name", text())]);
    let mark = object(&[("userId", id()), ("rev", count())]);
    let up_to = object(&[("generationId", id()), ("lastEventId", count())]);
    vec![
        ("message:new", message()),
        ("message:edited", message()),
        ("message:deleted", message()),
        ("messages:read", object(&[("conversationId", id()), ("mark", mark)])),
        ("conversation:check", object(&[("conversationId", id()), ("rev", count()), ("generations", list(&up_to))])),
        ("user:typing", typing()),
        ("user:stopped-typing", typing()),
    ]
}

fn of_generations() -> Vec<(&'static str, Value)> {
    let generation = |kind: &str, fields: &[(&str, Value)]| {
        let head = [("generationId", id()), ("conversationId", id()), ("eventId", count()), ("type", one_of(&[kind]))];
        object(&head.iter().chain(fields).cloned().collect::<Vec<_>>())
    };
    let ends = one_of(&["done", "stopped", "interrupted"]);
    vec![
        ("generation:started", generation("started", &[("questionId", id()), ("answerId", id()), ("model", text())])),
        ("generation:citations", generation("citations", &[("citations", list(&of("Citation")))])),
        ("generation:delta", generation("delta", &[("text", text()), ("thinking?", flag()), ("anew?", flag())])),
        (
            "generation:done",
            generation(
                "done",
                &[("state", ends), ("answerId", id()), ("cutOff?", of("CutOff")), ("textLength?", count())],
            ),
        ),
        ("generation:failed", generation("failed", &[("failure", of("Failure")), ("textLength?", count())])),
    ]
}

fn id() -> Value {
    json!({ "type": "string", "format": "uuid" })
}

fn text() -> Value {
    json!({ "type": "string" })
}

fn time() -> Value {
    json!({ "type": "string", "format": "date-time" })
}

fn one_of(words: &[&str]) -> Value {
    json!({ "type": "string", "enum": words })
}

fn count() -> Value {
    json!({ "type": "integer", "minimum": 0 })
}

fn flag() -> Value {
    json!({ "type": "boolean" })
}

fn list(items: &Value) -> Value {
    json!({ "type": "array", "items": items })
}

fn of(name: &str) -> Value {
    json!({ "$ref": format!("#/components/schemas/{name}") })
}

/// Fields whose names end in `?` may be left out.
fn object(fields: &[(&str, Value)]) -> Value {
    let required: Vec<_> = fields.iter().map(|(name, _)| *name).filter(|name| !name.ends_with('?')).collect();
    let named = |(name, schema): &(&str, Value)| (name.trim_end_matches('?').to_owned(), schema.clone());
    let properties: Map<_, _> = fields.iter().map(named).collect();
    json!({ "type": "object", "required": required, "properties": properties })
}
