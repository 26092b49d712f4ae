//! The headers of answers.

use serde_json::{Value, json};

use super::errors::keeps_answers;

/// Name in the document, name on the wire, type, what it says.
const HEADERS: [(&str, &str, &str, &str); 8] = [
    ("RequestId", "X-Request-Id", "string", "The id of the request, as in the server's log"),
    ("RateLimit", "RateLimit", "string", "What is left of the limits that the request counted against"),
    ("RateLimitPolicy", "RateLimit-Policy", "string", "The limits that the request counted against"),
    ("RetryAfter", "Retry-After", "integer", "Seconds after which trying again makes sense"),
    ("WwwAuthenticate", "WWW-Authenticate", "string", "The challenge: RFC 6750"),
    ("Location", "Location", "string", "The path of what was made"),
    ("ETag", "ETag", "string", "The state of what was answered, for `If-None-Match` and `If-Match`"),
    ("ContentDisposition", "Content-Disposition", "string", "The name of the file"),
];

/// The headers of each answer of an operation, by its status.
pub fn add(method: &str, operation: &mut Value) {
    let answers_json = operation["responses"]["200"]["content"].get("application/json").is_some();
    if method == "get" && answers_json {
        operation["responses"]["304"] = json!({ "description": "It is what `If-None-Match` names" });
    }
    let is_file = |kind: &str| !["application/json", "text/event-stream"].contains(&kind);
    let kinds = operation["responses"]["200"]["content"].as_object();
    let file = kinds.is_some_and(|kinds| kinds.keys().any(|kind| is_file(kind)));
    let streams = operation["responses"]["200"]["content"].get("text/event-stream").is_some();
    for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
        let mut names = vec!["RequestId", "RateLimit", "RateLimitPolicy"];
        match status.as_str() {
            "200" | "304" if method == "get" && !streams => names.push("ETag"),
            "201" | "202" => names.push("Location"),
            "401" => names.push("WwwAuthenticate"),
            "408" | "409" | "429" | "503" | "507" => names.push("RetryAfter"),
            _ => {}
        }
        if file && status == "200" {
            names.push("ContentDisposition");
        }
        for (name, wire, ..) in HEADERS.into_iter().filter(|(name, ..)| names.contains(name)) {
            response["headers"][wire] = json!({ "$ref": format!("#/components/headers/{name}") });
        }
    }
}

/// The headers that operations of a kind take.
pub fn add_parameters(path: &str, method: &str, operation: &mut Value) {
    let mut more = Vec::new();
    if keeps_answers(path, method) {
        let description = "Made by the client for each new request, for example a UUID: sent again with the same key within \
            24 hours, the same request is answered as the first time. An upload is told from another one by its address and its file.";
        more.push(("Idempotency-Key", json!({ "type": "string", "minLength": 1, "maxLength": 255 }), description));
    }
    if ["put", "patch", "delete"].contains(&method) {
        more.push((
            "If-Match",
            json!({ "type": "string" }),
            "The `ETag` that was read: what has changed since is left alone",
        ));
    }
    if operation["responses"].get("304").is_some() {
        more.push((
            "If-None-Match",
            json!({ "type": "string" }),
            "The `ETag` that is known: what is still that is not sent",
        ));
    }
    let parameters = more
        .into_iter()
        .map(|(name, schema, description)| json!({ "name": name, "in": "header", "schema": schema, "description": description }));
    let mut all = operation["parameters"].as_array().cloned().unwrap_or_default();
    all.extend(parameters);
    if !all.is_empty() {
        operation["parameters"] = all.into();
    }
}

pub fn define(document: &mut Value) {
    for (name, _, kind, description) in HEADERS {
        document["components"]["headers"][name] = json!({ "description": description, "schema": { "type": kind } });
    }
}
