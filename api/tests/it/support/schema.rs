//! Values held against the schemas of the `OpenAPI` document, as far as it uses JSON Schema. No library: those that there are
//! switch on features of `serde_json` that what is shipped does not have.

use serde_json::Value;

/// All that is wrong with a value; a field that nothing describes is wrong, too, although clients have to live with it.
pub fn errors(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(document, schema, value, "", &mut found);
    found
}

fn check(document: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(reference) = schema["$ref"].as_str() {
        let target = document.pointer(reference.trim_start_matches('#')).expect(reference);
        return check(document, target, value, at, found);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let fits = choices.iter().map(|choice| errors(document, choice, value));
        let wrong: Vec<_> = fits.filter(|wrong| !wrong.is_empty()).collect();
        match choices.len() - wrong.len() {
            1 => {}
            0 => found.push(format!("{at}: none of the choices: {wrong:?}")),
            many => found.push(format!("{at}: {many} of the choices at once")),
        }
        return;
    }
    let types: Vec<_> = match &schema["type"] {
        Value::Array(types) => types.iter().filter_map(Value::as_str).collect(),
        Value::String(one) => vec![one.as_str()],
        _ => Vec::new(),
    };
    if !types.is_empty() && !types.iter().any(|kind| is_a(kind, value)) {
        found.push(format!("{at}: {value} is not of type {types:?}"));
        return;
    }
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        found.push(format!("{at}: {value} is not one of {allowed:?}"));
    }
    bounds(schema, value, at, found);
    if let (Some(fields), Some(described)) = (value.as_object(), schema["properties"].as_object()) {
        for name in schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                found.push(format!("{at}: `{name}` is missing"));
            }
        }
        for (name, field) in fields {
            match described.get(name) {
                Some(schema) => check(document, schema, field, &format!("{at}/{name}"), found),
                None => found.push(format!("{at}: nothing describes `{name}`")),
            }
        }
    }
    for (place, item) in value.as_array().into_iter().flatten().enumerate() {
        check(document, &schema["items"], item, &format!("{at}/{place}"), found);
    }
}

fn is_a(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_u64() || value.is_i64(),
        "number" => value.is_number(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("there is no type {other}"),
    }
}

fn bounds(schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let size = value.as_str().map(|text| f64::from(u32::try_from(text.chars().count()).unwrap()));
    for (name, size, low) in [
        ("minimum", value.as_f64(), true),
        ("maximum", value.as_f64(), false),
        ("minLength", size, true),
        ("maxLength", size, false),
    ] {
        if let (Some(bound), Some(size)) = (schema[name].as_f64(), size)
            && (if low { size < bound } else { size > bound })
        {
            found.push(format!("{at}: {value} is beyond {name} {bound}"));
        }
    }
    if let (Some("uuid"), Some(text)) = (schema["format"].as_str(), value.as_str())
        && text.parse::<uuid::Uuid>().is_err()
    {
        found.push(format!("{at}: {text} is no UUID"));
    }
    if let (Some("date-time"), Some(text)) = (schema["format"].as_str(), value.as_str())
        && text.parse::<jiff::Timestamp>().is_err()
    {
        found.push(format!("{at}: {text} is no time"));
    }
    if let (Some(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$"), Some(text)) =
        (schema["pattern"].as_str(), value.as_str())
    {
        let digits = text.rsplit_once('.').and_then(|(_, rest)| rest.strip_suffix('Z')).unwrap_or_default();
        if digits.len() != 3 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            found.push(format!("{at}: {text} has no milliseconds"));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::errors;

    #[test]
    fn what_does_not_fit_is_found() {
        let document = json!({ "components": { "schemas": { "Id": { "type": "string", "format": "uuid" } } } });
        let schema = json!({ "type": "object", "required": ["id", "title"], "properties": {
            "id": { "$ref": "#/components/schemas/Id" },
            "title": { "type": ["string", "null"] },
            "count": { "type": "integer", "minimum": 1 },
            "kind": { "oneOf": [{ "type": "string", "enum": ["a"] }, { "type": "null" }] },
        } });
        let count = |value: Value| errors(&document, &schema, &value).len();
        let id = "0198c0de-0000-7000-8000-000000000000";
        assert_eq!(count(json!({ "id": id, "title": null, "count": 1, "kind": "a" })), 0);
        assert_eq!(count(json!({ "id": "x", "title": 1, "count": 0, "kind": "b" })), 4);
        assert_eq!(count(json!({ "other": 1 })), 3);
        assert_eq!(count(json!([])), 1);
    }
}
