//! What is wrong with the fields of a request, in the words of the documentation: read off the schemas that the OpenAPI
//! document is made of, so that nobody is shown what a parser says.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use utoipa::openapi::path::{Parameter, ParameterIn};
use utoipa::openapi::{RefOr, Required, Schema};
use utoipa::{IntoParams, ToSchema};

use super::error::FieldError;

/// Every field of `body` that its schema does not allow, by name.
pub fn of_body<T: ToSchema>(body: &Map<String, Value>) -> Vec<FieldError> {
    let mut named = Vec::new();
    T::schemas(&mut named);
    let known: BTreeMap<_, _> = named.into_iter().map(|(name, schema)| (name, plain(&schema))).collect();
    let schema = plain(&T::schema());
    let required = schema["required"].as_array();
    let needed = |name: &str| required.is_some_and(|names| names.iter().any(|one| one == name));
    let fields = schema["properties"].as_object().into_iter().flatten();
    fields.filter_map(|(name, schema)| wrong(name, needed(name), &Kind::of(schema, &known), body.get(name))).collect()
}

/// As [`of_body`] for the parameters of a query, which are text until they are read.
pub fn of_query<T: IntoParams>(query: &str) -> Vec<FieldError> {
    let known = BTreeMap::new();
    let parameters = T::into_params(|| Some(ParameterIn::Query));
    let fields = parameters.iter().filter_map(|parameter| {
        let Parameter { name, required, schema, .. } = parameter;
        let kind = Kind::of(&plain(schema.as_ref()?), &known);
        let mut given = url::form_urlencoded::parse(query.as_bytes()).filter(|(key, _)| key == name);
        let value = given.next().map(|(_, text)| kind.read(&text));
        if given.next().is_some() {
            return Some(FieldError::new(name.clone(), format!("`{name}` is there twice.")));
        }
        wrong(name, matches!(required, Required::True), &kind, value.as_ref())
    });
    fields.collect()
}

fn plain(schema: &RefOr<Schema>) -> Value {
    serde_json::to_value(schema).unwrap_or_default()
}

fn wrong(name: &str, needed: bool, kind: &Kind, value: Option<&Value>) -> Option<FieldError> {
    let message = match value {
        None if needed => format!("`{name}` is missing."),
        None => return None,
        Some(value) if kind.fits(value) => return None,
        Some(_) => format!("`{name}` is {kind}."),
    };
    Some(FieldError::new(name.to_owned(), message))
}

/// What a field holds.
struct Kind {
    of: Of,
    /// Whether it may be null.
    nullable: bool,
}

enum Of {
    Text,
    Id,
    Choice(Vec<String>),
    Flag,
    Count { from: u64, to: Option<u64> },
    List(Box<Kind>),
    Anything,
}

impl Kind {
    fn of(schema: &Value, known: &BTreeMap<String, Value>) -> Self {
        if let Some(name) = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
            return known
                .get(name)
                .map_or(Self { of: Of::Anything, nullable: false }, |schema| Self::of(schema, known));
        }
        if let Some(choices) = schema["oneOf"].as_array() {
            let null = |one: &&Value| one["type"] == "null";
            let mut kinds = choices.iter().filter(|one| !null(one)).map(|one| Self::of(one, known));
            let of = match (kinds.next(), kinds.next()) {
                (Some(kind), None) => kind.of,
                _ => Of::Anything,
            };
            return Self { of, nullable: choices.iter().any(|one| null(&one)) };
        }
        let types: Vec<_> = match &schema["type"] {
            Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
            Value::String(one) => vec![one.as_str()],
            _ => Vec::new(),
        };
        let of = match types.iter().find(|one| **one != "null") {
            Some(&"string") => match (schema["enum"].as_array(), schema["format"].as_str()) {
                (Some(choices), _) => Of::Choice(choices.iter().filter_map(Value::as_str).map(str::to_owned).collect()),
                (None, Some("uuid")) => Of::Id,
                _ => Of::Text,
            },
            Some(&"boolean") => Of::Flag,
            Some(&"integer") => {
                Of::Count { from: number(&schema["minimum"]).unwrap_or(0), to: number(&schema["maximum"]) }
            }
            Some(&"array") => Of::List(Box::new(Self::of(&schema["items"], known))),
            _ => Of::Anything,
        };
        Self { of, nullable: types.contains(&"null") }
    }

    fn fits(&self, value: &Value) -> bool {
        match (&self.of, value) {
            (_, Value::Null) => self.nullable,
            (Of::Anything, _) | (Of::Text, Value::String(_)) | (Of::Flag, Value::Bool(_)) => true,
            (Of::Id, Value::String(text)) => uuid::Uuid::parse_str(text).is_ok(),
            (Of::Choice(choices), Value::String(text)) => choices.contains(text),
            (Of::Count { from, to }, Value::Number(number)) => {
                number.as_u64().is_some_and(|number| number >= *from && to.is_none_or(|to| number <= to))
            }
            (Of::List(kind), Value::Array(items)) => items.iter().all(|item| kind.fits(item)),
            _ => false,
        }
    }

    /// What the text of a query means.
    fn read(&self, text: &str) -> Value {
        let read = match self.of {
            Of::Count { .. } => text.parse::<u64>().ok().map(Value::from),
            Of::Flag => text.parse::<bool>().ok().map(Value::from),
            _ => None,
        };
        read.unwrap_or_else(|| Value::from(text))
    }
}

/// Bounds are written as floats.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "bounds are small whole numbers from 0")]
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_f64().map(|number| number as u64))
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.of {
            Of::Text => f.write_str("text"),
            Of::Id => f.write_str("an id, as text"),
            Of::Choice(choices) => write!(f, "one of {}", choices.join(", ")),
            Of::Flag => f.write_str("true or false"),
            Of::Count { from, to: Some(to) } => write!(f, "a whole number from {from} to {to}"),
            Of::Count { from, to: None } => write!(f, "a whole number from {from}"),
            Of::List(kind) => match kind.of {
                Of::Id => f.write_str("a list of ids"),
                _ => f.write_str("a list"),
            },
            Of::Anything => f.write_str("something else"),
        }?;
        if self.nullable { f.write_str(", or null") } else { Ok(()) }
    }
}
