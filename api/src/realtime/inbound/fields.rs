//! Parses the payloads of events, and says what is wrong with them in the words of the contract.

use collabry_shared::realtime::ClientEvent;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use uuid::Uuid;

use crate::http::{ApiError, ApiResult, Code, FieldError};

/// What a field holds.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// One that is no id names nothing, as in a path of REST.
    Id,
    Ids,
    Text,
    Count,
    Flag,
}

struct Field {
    name: &'static str,
    kind: Kind,
    needed: bool,
}

const fn needs(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, needed: true }
}

const fn may_have(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, needed: false }
}

const CONVERSATION: Field = needs("conversationId", Kind::Id);
const MESSAGE: Field = needs("messageId", Kind::Id);
const GENERATION: Field = needs("generationId", Kind::Id);
const MODEL: Field = may_have("model", Kind::Text);
const SOURCES: Field = may_have("sourceIds", Kind::Ids);

/// As in `docs/realtime.md`.
fn fields(event: ClientEvent) -> &'static [Field] {
    match event {
        ClientEvent::AuthRefresh => const { &[needs("token", Kind::Text)] },
        ClientEvent::ConversationJoin => const { &[CONVERSATION, may_have("sinceRev", Kind::Count)] },
        ClientEvent::ConversationLeave | ClientEvent::TypingStart | ClientEvent::TypingStop => {
            const { &[CONVERSATION] }
        }
        ClientEvent::GenerationResume => const { &[GENERATION, needs("lastEventId", Kind::Count)] },
        ClientEvent::GenerationStop => const { &[GENERATION] },
        ClientEvent::MessageDelete => const { &[CONVERSATION, MESSAGE] },
        ClientEvent::MessageEdit => const { &[CONVERSATION, MESSAGE, needs("content", Kind::Text)] },
        ClientEvent::MessageRegenerate => const { &[CONVERSATION, MESSAGE, MODEL, SOURCES] },
        ClientEvent::MessageSend => {
            const {
                &[
                    CONVERSATION,
                    needs("clientId", Kind::Text),
                    needs("content", Kind::Text),
                    MODEL,
                    SOURCES,
                    may_have("ask", Kind::Flag),
                ]
            }
        }
        ClientEvent::MessagesRead => const { &[CONVERSATION, needs("rev", Kind::Count)] },
    }
}

/// The payload of an event, parsed.
pub(in crate::realtime) fn read<T: DeserializeOwned>(event: ClientEvent, payload: Value) -> ApiResult<T> {
    let Value::Object(payload) = payload else { return Err(not_an_object()) };
    let wrong: Vec<_> = fields(event).iter().filter_map(|field| field.wrong(&payload)).collect();
    if !wrong.is_empty() {
        return Err(ApiError::fields(wrong));
    }
    if fields(event).iter().any(|field| field.names_nothing(&payload)) {
        return Err(ApiError::not_found());
    }
    serde_json::from_value(Value::Object(payload)).map_err(|error| {
        tracing::debug!(event = event.name(), %error, "a payload does not fit its event");
        ApiError::new(Code::Validation, "The payload does not fit this event.")
    })
}

/// The error for a payload that has no fields at all.
pub(in crate::realtime) fn not_an_object() -> ApiError {
    ApiError::new(Code::Validation, "The payload is a JSON object with the fields of the event.")
}

impl Field {
    fn wrong(&self, payload: &Map<String, Value>) -> Option<FieldError> {
        let name = self.name;
        let message = match (payload.get(name), self.kind) {
            (None | Some(Value::Null), _) if !self.needed => return None,
            (None, _) => format!("`{name}` is missing."),
            (Some(Value::String(_)), Kind::Id | Kind::Text) | (Some(Value::Bool(_)), Kind::Flag) => return None,
            (Some(Value::Number(number)), Kind::Count) if number.is_u64() => return None,
            (Some(Value::Array(items)), Kind::Ids) if items.iter().all(is_id) => return None,
            (Some(_), Kind::Id) => format!("`{name}` is an id, as text."),
            (Some(_), Kind::Text) => format!("`{name}` is text."),
            (Some(_), Kind::Count) => format!("`{name}` is a whole number from 0."),
            (Some(_), Kind::Flag) => format!("`{name}` is true or false."),
            (Some(_), Kind::Ids) => format!("`{name}` is a list of ids."),
        };
        Some(FieldError::new(name, message))
    }

    fn names_nothing(&self, payload: &Map<String, Value>) -> bool {
        matches!(self.kind, Kind::Id) && payload.get(self.name).is_some_and(|value| !value.is_null() && !is_id(value))
    }
}

fn is_id(value: &Value) -> bool {
    value.as_str().is_some_and(|text| Uuid::parse_str(text).is_ok())
}

#[cfg(test)]
mod tests {
    use collabry_shared::realtime::ClientEvent;
    use serde_json::{Value, json};

    use super::read;

    fn parsed(event: ClientEvent, payload: Value) -> (String, String) {
        match read::<Value>(event, payload) {
            Ok(_) => ("ok".to_owned(), String::new()),
            Err(error) => (error.code.name().to_owned(), error.detail.into_owned()),
        }
    }

    #[test]
    fn errors_use_the_words_of_the_contract() {
        let id = "0198c0de-0000-7000-8000-000000000000";
        let object = "The payload is a JSON object with the fields of the event.";
        for none in [Value::Null, json!([]), json!("x"), json!(1)] {
            assert_eq!(parsed(ClientEvent::ConversationJoin, none), ("validation".to_owned(), object.to_owned()));
        }
        let cases = [
            (ClientEvent::ConversationJoin, json!({}), "validation", "`conversationId` is missing."),
            (
                ClientEvent::ConversationJoin,
                json!({ "conversationId": 1 }),
                "validation",
                "`conversationId` is an id, as text.",
            ),
            (
                ClientEvent::GenerationResume,
                json!({ "generationId": id, "lastEventId": -1 }),
                "validation",
                "`lastEventId` is a whole number from 0.",
            ),
            (
                ClientEvent::MessageEdit,
                json!({ "conversationId": id, "messageId": id, "content": 7 }),
                "validation",
                "`content` is text.",
            ),
            (
                ClientEvent::MessageSend,
                json!({ "conversationId": id, "sourceIds": "all", "ask": 1 }),
                "validation",
                "`clientId` is missing. `content` is missing. `sourceIds` is a list of ids. `ask` is true or false.",
            ),
        ];
        for (event, payload, code, sentence) in cases {
            assert_eq!(parsed(event, payload), (code.to_owned(), sentence.to_owned()));
        }
        assert_eq!(parsed(ClientEvent::ConversationJoin, json!({ "conversationId": "xyz" })).0, "not_found");
        let full = json!({ "conversationId": id, "sinceRev": null, "traceparent": "x" });
        assert_eq!(parsed(ClientEvent::ConversationJoin, full).0, "ok");
    }
}
