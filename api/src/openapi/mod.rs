//! The OpenAPI document, made from the handlers, and the page to browse it.

mod errors;
mod events;
mod headers;
mod schemas;

use axum::Router;
use serde_json::{Value, json};
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi as _};
use utoipa_swagger_ui::SwaggerUi;

use crate::http::Problem;
use crate::state::ApiState;

const METHODS: [&str; 5] = ["get", "put", "post", "patch", "delete"];

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Collabry",
        description = "Notebooks of sources, questions about them, streamed answers that cite.\n\n\
            Errors are RFC 9457 problem details with a stable `code`, and `errors` where fields are wrong. \
            New fields, codes, values of `kind`-like tags and operations may be added at any time: ignore what you do not know. \
            Nothing is removed or changes its meaning within a major version.\n\n\
            Times are RFC 3339 in UTC, with milliseconds, so that they also sort as text; offsets in text count Unicode code points; ids are UUIDs.",
        contact(name = "The administrator of this server"),
        license(name = "MIT", identifier = "MIT"),
    ),
    servers((url = "/", description = "The server that answers")),
    tags(
        (name = "auth", description = "Accounts and sessions"),
        (name = "notebooks", description = "Shared spaces of sources and conversations"),
        (name = "members", description = "Who belongs to a notebook, and how people join"),
        (name = "sources", description = "Files and web pages of a notebook, in versions"),
        (name = "conversations", description = "Logs of messages, in order of their revs"),
        (name = "generations", description = "Answers in the making, and their events"),
        (name = "search", description = "Passages of the sources without an answer"),
        (name = "models", description = "What can answer"),
        (name = "notifications", description = "What happened to somebody's things"),
        (name = "usage", description = "What somebody used"),
        (name = "admin", description = "For those who run the server"),
    ),
    components(schemas(Problem<'static>)),
    modifiers(&Bearer),
)]
pub struct Document;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut OpenApi) {
        let scheme = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).bearer_format("JWT").build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// What the routes' own documentation is merged into.
pub fn document() -> OpenApi {
    Document::openapi()
}

/// `/api/openapi.json` and `/api/docs`
pub fn router(document: &OpenApi) -> Router<ApiState> {
    SwaggerUi::new("/api/docs").external_url_unchecked("/api/openapi.json", complete(document)).into()
}

/// With all that the macros do not know.
fn complete(document: &OpenApi) -> Value {
    let mut document = serde_json::to_value(document).unwrap_or_default();
    events::define(&mut document);
    schemas::spell_as_sent(&mut document);
    schemas::say_how_times_are_written(&mut document);
    for (path, method, operation) in operations(&mut document) {
        secure(operation);
        errors::add(&path, method, operation);
        headers::add(method, operation);
        headers::add_parameters(&path, method, operation);
        describe(operation);
    }
    headers::define(&mut document);
    schemas::write_out(&mut document);
    say_which_bodies_are_needed(&mut document);
    document
}

fn operations(document: &mut Value) -> impl Iterator<Item = (String, &'static str, &mut Value)> {
    let paths = document["paths"].as_object_mut().into_iter().flatten();
    paths.flat_map(|(path, item)| {
        let operations = item.as_object_mut().into_iter().flatten();
        operations.filter_map(move |(method, operation)| {
            let method = METHODS.into_iter().find(|known| known == method)?;
            Some((path.clone(), method, operation))
        })
    })
}

/// A body in which nothing has to be said may be left out.
fn say_which_bodies_are_needed(document: &mut Value) {
    let schemas = document["components"]["schemas"].clone();
    for (_, _, operation) in operations(document) {
        let Some(body) = operation.get_mut("requestBody") else { continue };
        let schema = &body["content"]["application/json"]["schema"];
        let name = schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
        let needed = schemas[name]["required"].as_array().is_some_and(|fields| !fields.is_empty());
        if schemas[name]["type"] == "object" {
            body["required"] = needed.into();
        }
    }
}

/// An operation takes a token, unless its handler says `security(())`: that none is needed.
fn secure(operation: &mut Value) {
    operation["security"] = match operation.get("security") {
        None => json!([{ "bearer": [] }]),
        Some(_) => json!([]),
    };
}

/// Whoever reads a description finds one.
fn describe(operation: &mut Value) {
    if operation.get("description").is_none() {
        operation["description"] = format!("{}.", operation["summary"].as_str().unwrap_or_default()).into();
    }
    // Not by index, which would make a list that is not there null.
    for parameter in operation.get_mut("parameters").and_then(Value::as_array_mut).into_iter().flatten() {
        if parameter["in"] == "header" {
            parameter["required"] = false.into();
        }
    }
}
