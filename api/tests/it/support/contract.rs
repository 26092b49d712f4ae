//! The OpenAPI document as the tests' second opinion: every answer that any test gets must be documented.

use serde_json::Value;

use super::{Answer, schema};

const PROBLEM: &str = "application/problem+json";
const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

/// One documented operation.
#[derive(Debug, Clone)]
pub struct Operation {
    pub id: String,
    pub method: String,
    /// With `{parameters}`.
    pub path: String,
    /// Whether it needs a token.
    pub secured: bool,
    pub statuses: Vec<String>,
}

impl Operation {
    /// Names of its path parameters.
    pub fn parameters(&self) -> Vec<String> {
        let pieces = self.path.split('{').skip(1);
        pieces.map(|piece| piece.split_once('}').unwrap().0.to_owned()).collect()
    }

    /// The path with each parameter replaced.
    pub fn filled(&self, value: impl Fn(&str) -> String) -> String {
        self.parameters()
            .iter()
            .fold(self.path.clone(), |path, name| path.replace(&format!("{{{name}}}"), &value(name)))
    }

    fn matches(&self, method: &str, path: &str) -> bool {
        let (mine, theirs): (Vec<_>, Vec<_>) = (self.path.split('/').collect(), path.split('/').collect());
        self.method == method
            && mine.len() == theirs.len()
            && mine.iter().zip(&theirs).all(|(mine, theirs)| mine.starts_with('{') || mine == theirs)
    }
}

pub fn operations(document: &Value) -> Vec<Operation> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for method in METHODS {
            let Some(operation) = item.get(method) else { continue };
            found.push(Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_owned(),
                path: path.clone(),
                secured: operation["security"].as_array().is_some_and(|needs| !needs.is_empty()),
                statuses: operation["responses"].as_object().unwrap().keys().cloned().collect(),
            });
        }
    }
    found
}

/// Panics when an operation answers with a status, a body or an error code that it does not document.
pub fn check(document: &Value, operations: &[Operation], method: &str, path: &str, answer: &Answer) {
    let status = answer.status.as_u16();
    let path = path.split('?').next().unwrap_or_default().trim_end_matches('/');
    let mut candidates: Vec<_> =
        operations.iter().filter(|operation| operation.matches(&method.to_lowercase(), path)).collect();
    // A literal path goes before one with parameters.
    candidates.sort_by_key(|operation| operation.parameters().len());
    if let Some(operation) = candidates.first() {
        let documented = operation.statuses.contains(&status.to_string());
        assert!(documented, "{} answers {status}, which is not documented", operation.id);
        let response = &document["paths"][&operation.path][&operation.method]["responses"][status.to_string()];
        let Some(content) = response["content"].as_object() else {
            assert!(answer.body.is_empty(), "{} {status} has a body", operation.id);
            return;
        };
        let kind = answer.header("content-type").split(';').next().unwrap_or_default().to_owned();
        let Some(schema) = content.get(&kind).or_else(|| content.get("application/octet-stream")) else {
            panic!("{} {status} answers {kind}, which is not documented", operation.id)
        };
        if ["application/json", PROBLEM].contains(&kind.as_str()) {
            let what = format!("{} {status}", operation.id);
            validate(document, &what, &schema["schema"], &answer.json());
            if status >= 400 {
                let codes = response["x-codes"].as_array().expect(&what);
                let code = &answer.json()["code"];
                assert!(codes.contains(code), "{what} names no {code}, but {codes:?}");
            }
        }
    }
}

/// Panics when an event of a socket is not as documented.
pub fn check_event(document: &Value, event: &str, payload: &Value) {
    let schema = &document["x-socket-events"][event];
    assert!(schema.is_object(), "{event} is not documented");
    validate(document, event, schema, payload);
}

/// Panics when the acknowledgement of an event is not as documented.
pub fn check_acknowledgement(document: &Value, event: &str, answer: &Value) {
    let mut answer = answer.clone();
    let ok = answer.as_object_mut().unwrap().remove("ok").expect("an acknowledgement says whether it is ok");
    let (schema, said) = match ok {
        Value::Bool(true) => (&document["x-socket-requests"][event]["acknowledgement"], &answer),
        _ => (&document["x-socket-refusal"], &answer["error"]),
    };
    assert!(schema.is_object(), "{event} is not documented");
    validate(document, &format!("the acknowledgement of {event}"), schema, said);
}

/// Panics when `value` is not exactly what `schema` says, with no field more.
pub fn validate(document: &Value, what: &str, schema: &Value, value: &Value) {
    let wrong = schema::errors(document, schema, value);
    assert!(wrong.is_empty(), "{what} is not as documented: {wrong:#?}\n{value:#}");
}
