//! The errors that an operation has by its kind, and the body of all errors, so that its handler documents only the codes
//! that are its own.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::http::problems::PROBLEM_JSON;

const BUSY: &str = "`busy`: try again after `Retry-After` seconds";

pub fn add(path: &str, method: &str, operation: &mut Value) {
    for (status, codes) in of_kind(path, method, operation) {
        let responses = &mut operation["responses"];
        match responses.get_mut(status) {
            Some(response) => also(response, codes),
            None => responses[status] = json!({ "description": codes, "content": {} }),
        }
    }
    for (status, response) in operation["responses"].as_object_mut().into_iter().flatten() {
        if response["description"].as_str().unwrap_or_default().is_empty() {
            response["description"] = reason(status).into();
        }
        if !status.starts_with('2') && status != "304" {
            response["content"] = json!({ PROBLEM_JSON: { "schema": { "$ref": "#/components/schemas/Problem" } } });
            let codes = codes(response["description"].as_str().unwrap_or_default());
            if !codes.is_empty() {
                response["x-codes"] = codes.into();
            }
        }
    }
}

/// Status and codes.
fn of_kind(path: &str, method: &str, operation: &Value) -> Vec<(&'static str, &'static str)> {
    let mut errors = vec![
        ("429", "`rate_limited`: too much at once. `Retry-After` says how many seconds to wait"),
        ("503", BUSY),
        ("default", "Any other error; see the list of codes"),
    ];
    if operation["security"].as_array().is_some_and(|schemes| !schemes.is_empty()) {
        errors.push(("401", "`token_missing`, `token_invalid`, `token_expired`"));
    }
    if path.contains('{') {
        errors.push(("404", "`not_found`: it is not there, or the caller may not see it"));
    }
    match operation["requestBody"]["content"].as_object() {
        Some(content) if content.contains_key("multipart/form-data") => {
            errors.push(("413", "`upload_too_large`"));
            errors.push(("415", "`form_expected`, `format_unknown`, `encoding_unsupported`"));
        }
        Some(_) => {
            errors.push(("400", "`json_malformed`, `body_unreadable`"));
            errors.push(("408", "`body_too_slow`"));
            errors.push(("413", "`payload_too_large`"));
            errors.push(("415", "`json_expected`, `encoding_unsupported`"));
            errors.push(("422", "`validation`"));
        }
        None => {}
    }
    if keeps_answers(path, method) {
        errors.push(("409", "`idempotency_in_progress`"));
        errors.push(("422", "`idempotency_key_reused`, `idempotency_key_invalid`"));
    }
    if ["put", "patch", "delete"].contains(&method) {
        errors.push(("412", "`precondition_failed`: it is not what `If-Match` names"));
    }
    if operation["parameters"].as_array().into_iter().flatten().any(|one| one["in"] == "query") {
        errors.push(("422", "`validation`"));
    }
    errors
}

/// Whether an operation takes an `Idempotency-Key`.
pub fn keeps_answers(path: &str, method: &str) -> bool {
    method == "post" && !path.starts_with("/api/auth/")
}

/// Adds codes that are not named yet.
fn also(response: &mut Value, more: &str) {
    let described = response["description"].as_str().unwrap_or_default().to_owned();
    let new: Vec<_> = codes(more)
        .into_iter()
        .filter(|code| !described.contains(&format!("`{code}`")))
        .map(|c| format!("`{c}`"))
        .collect();
    if described.is_empty() {
        response["description"] = more.into();
    } else if !new.is_empty() {
        response["description"] = format!("{}; {described}", new.join(", ")).into();
    }
}

/// What stands between backquotes and looks like a code.
fn codes(description: &str) -> Vec<String> {
    let quoted = description.split('`').skip(1).step_by(2);
    quoted.filter(|text| text.bytes().all(|b| b.is_ascii_lowercase() || b == b'_')).map(str::to_owned).collect()
}

fn reason(status: &str) -> &'static str {
    let status = status.parse().ok().and_then(|code| StatusCode::from_u16(code).ok());
    status.and_then(|status| status.canonical_reason()).unwrap_or("An answer")
}
