//! Schemas in the shapes that generators of clients read: objects written out in place of `allOf`, variants with names of
//! their own and a discriminator, and fields that are always sent as required.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use super::events::EXTENSIONS;

const PREFIX: &str = "#/components/schemas/";

pub fn write_out(document: &mut Value) {
    let Some(Value::Object(schemas)) = document["components"].get_mut("schemas").map(Value::take) else { return };
    let mut written: BTreeMap<String, Value> =
        schemas.iter().map(|(name, schema)| (name.clone(), merged(schema, &schemas))).collect();
    let sent = reachable(&responses(document), &written);
    for (name, schema) in &mut written {
        if sent.contains(name) {
            always_there(schema);
        }
    }
    let variants: Vec<_> = written.iter_mut().flat_map(|(name, schema)| name_variants(name, schema)).collect();
    written.extend(variants);
    document["components"]["schemas"] = json!(written);
    let said = EXTENSIONS.map(|name| document[name].clone());
    let named = json!([document["paths"], said]);
    let used = reachable(&named, &written);
    if let Some(schemas) = document["components"]["schemas"].as_object_mut() {
        schemas.retain(|name, _| used.contains(name));
    }
}

/// Every field is sent in camel case. The macros know that of structs, and not of the fields of variants
/// (`rename_all_fields`).
pub fn spell_as_sent(schema: &mut Value) {
    if let Some(fields) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        *fields = std::mem::take(fields).into_iter().map(|(name, field)| (camel_case(&name), field)).collect();
    }
    for name in schema.get_mut("required").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Some(spelt) = name.as_str().map(camel_case) {
            *name = spelt.into();
        }
    }
    match schema {
        Value::Object(parts) => parts.values_mut().for_each(spell_as_sent),
        Value::Array(parts) => parts.iter_mut().for_each(spell_as_sent),
        _ => {}
    }
}

/// Times always have three digits of a second.
pub fn say_how_times_are_written(schema: &mut Value) {
    if schema["format"] == "date-time" && schema.get("type").is_some() {
        schema["pattern"] = r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$".into();
    }
    match schema {
        Value::Object(parts) => parts.values_mut().for_each(say_how_times_are_written),
        Value::Array(parts) => parts.iter_mut().for_each(say_how_times_are_written),
        _ => {}
    }
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |spelt, word| spelt + &capitalised(word))
}

/// An `allOf` as one object; of a choice and an object, as a choice of objects.
pub fn merged(schema: &Value, all: &Map<String, Value>) -> Value {
    match schema {
        Value::Object(fields) => {
            let mut fields: Map<_, _> = fields.iter().map(|(name, value)| (name.clone(), merged(value, all))).collect();
            let Some(Value::Array(parts)) = fields.remove("allOf") else { return Value::Object(fields) };
            let mut whole = vec![Value::Object(fields)];
            for part in parts {
                let part = merged(resolved(&part, all), all);
                let choices = part["oneOf"].as_array().cloned().unwrap_or_else(|| vec![part]);
                whole = whole.iter().flat_map(|one| choices.iter().map(|other| both(one, other))).collect();
            }
            match whole.len() {
                1 => whole.remove(0),
                _ => json!({ "oneOf": whole }),
            }
        }
        Value::Array(items) => items.iter().map(|item| merged(item, all)).collect(),
        other => other.clone(),
    }
}

fn resolved<'a>(schema: &'a Value, all: &'a Map<String, Value>) -> &'a Value {
    let target = schema["$ref"].as_str().and_then(|path| path.strip_prefix(PREFIX)).and_then(|name| all.get(name));
    target.unwrap_or(schema)
}

fn both(one: &Value, other: &Value) -> Value {
    let mut whole = one.clone();
    for (name, value) in other.as_object().into_iter().flatten() {
        match (name.as_str(), whole.get_mut(name)) {
            ("properties", Some(Value::Object(mine))) => mine.extend(value.as_object().cloned().unwrap_or_default()),
            ("required", Some(Value::Array(mine))) => mine.extend(value.as_array().cloned().unwrap_or_default()),
            (_, Some(_)) => {}
            (_, None) => whole[name] = value.clone(),
        }
    }
    whole
}

/// What is null when there is nothing to say is sent all the same. What is left out instead is not nullable.
pub fn always_there(schema: &mut Value) {
    if let Some(Value::Object(fields)) = schema.get("properties") {
        let nullable = |field: &Value| {
            field["type"].as_array().is_some_and(|types| types.contains(&json!("null")))
                || field["oneOf"].as_array().is_some_and(|choices| choices.contains(&json!({ "type": "null" })))
        };
        let nullable: Vec<_> =
            fields.iter().filter(|(_, field)| nullable(field)).map(|(name, _)| json!(name)).collect();
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        let more: Vec<_> = nullable.into_iter().filter(|name| !required.contains(name)).collect();
        if !more.is_empty() {
            schema["required"] = required.into_iter().chain(more).collect();
        }
    }
    for choice in schema.get_mut("oneOf").and_then(Value::as_array_mut).into_iter().flatten() {
        always_there(choice);
    }
}

/// Gives the objects of a choice names of their own, and says which field tells them apart.
fn name_variants(name: &str, schema: &mut Value) -> Vec<(String, Value)> {
    let Some(choices) = schema.get("oneOf").and_then(Value::as_array) else { return Vec::new() };
    let Some(tag) = choices.first().and_then(tag_of) else { return Vec::new() };
    let values: Option<Vec<_>> =
        choices.iter().map(|choice| Some(constant(&choice["properties"][&tag])?.to_owned())).collect();
    let Some(values) = values else { return Vec::new() };
    let names: Vec<_> = values.iter().map(|value| format!("{name}{}", capitalised(value))).collect();
    let variants = names.iter().cloned().zip(choices.iter().cloned()).collect();
    let path = |name: &String| format!("{PREFIX}{name}");
    let mapping: Map<_, _> =
        values.iter().zip(&names).map(|(value, name)| (value.clone(), path(name).into())).collect();
    schema["oneOf"] = names.iter().map(|name| json!({ "$ref": path(name) })).collect();
    schema["discriminator"] = json!({ "propertyName": tag, "mapping": mapping });
    variants
}

fn tag_of(choice: &Value) -> Option<String> {
    let fields = choice["properties"].as_object()?;
    fields.iter().find(|(_, field)| constant(field).is_some()).map(|(name, _)| name.clone())
}

fn constant(field: &Value) -> Option<&str> {
    match field["enum"].as_array()?.as_slice() {
        [only] => only.as_str(),
        _ => None,
    }
}

fn capitalised(word: &str) -> String {
    let mut chars = word.chars();
    chars.next().map(|first| first.to_ascii_uppercase().to_string() + chars.as_str()).unwrap_or_default()
}

/// What is answered.
fn responses(document: &Value) -> Value {
    let paths = document["paths"].as_object().into_iter().flatten();
    paths
        .flat_map(|(_, item)| item.as_object().into_iter().flatten())
        .map(|(_, one)| one["responses"].clone())
        .collect()
}

/// The schemas that are named in `from`, and those that these name.
fn reachable(from: &Value, all: &BTreeMap<String, Value>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = Vec::new();
    references(&json!({ "of": from.get("paths").unwrap_or(from) }), &mut open);
    while let Some(name) = open.pop() {
        if let Some(schema) = all.get(&name)
            && found.insert(name)
        {
            references(schema, &mut open);
        }
    }
    found
}

fn references(value: &Value, found: &mut Vec<String>) {
    match value {
        Value::Object(fields) => {
            let target = fields.get("$ref").and_then(Value::as_str).and_then(|path| path.strip_prefix(PREFIX));
            found.extend(target.map(str::to_owned));
            fields.values().for_each(|field| references(field, found));
        }
        Value::Array(items) => items.iter().for_each(|item| references(item, found)),
        _ => {}
    }
}
