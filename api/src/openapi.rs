//! The OpenAPI document, made from the handlers, and the page to browse it.

use axum::Router;
use axum::http::StatusCode;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Response};
use utoipa::{Modify, OpenApi as _};
use utoipa_swagger_ui::SwaggerUi;

use crate::http::Problem;
use crate::http::problems::PROBLEM_JSON;
use crate::state::ApiState;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Collabry",
        description = "Notebooks of sources, questions about them, streamed answers that cite. \
            Errors are RFC 9457 problem details with a stable `code`. Live events: see docs/realtime.md.",
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
pub fn router(mut document: OpenApi) -> Router<ApiState> {
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item) {
            complete(path, operation);
        }
    }
    SwaggerUi::new("/api/docs").url("/api/openapi.json", document).into()
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.put, &mut item.post, &mut item.patch, &mut item.delete].into_iter().flatten()
}

/// Adds the errors that a route has by its kind, so that its handler documents only its own.
fn complete(path: &str, operation: &mut Operation) {
    let mut errors = vec![
        ("429", "`rate_limited`: too much at once. `Retry-After` says how many seconds to wait"),
        ("default", "Any other error"),
    ];
    if operation.security.is_some() {
        errors.push(("401", "`token_missing`, `token_invalid`, `token_expired`"));
    }
    if path.contains('{') {
        errors.push(("404", "`not_found`: it is not there, or the caller may not see it"));
    }
    if operation.request_body.is_some() {
        errors.push(("400", "`json_malformed`, `body_unreadable`"));
        errors.push(("413", "`payload_too_large`"));
        errors.push(("415", "`json_expected`, `form_expected`"));
        errors.push(("422", "`validation`"));
    }
    if takes_query(operation) {
        errors.push(("422", "`validation`"));
    }
    let responses = &mut operation.responses.responses;
    for (status, description) in errors {
        responses.entry(status.to_owned()).or_insert_with(|| problem(description));
    }
    for (status, response) in responses {
        let RefOr::T(response) = response else { continue };
        if response.description.is_empty() {
            response.description = reason(status).to_owned();
        }
        if status.starts_with(['4', '5'])
            && let Some(content) = response.content.swap_remove("application/json")
        {
            response.content.insert(PROBLEM_JSON.to_owned(), content);
        }
    }
}

fn takes_query(operation: &Operation) -> bool {
    let mut parameters = operation.parameters.iter().flatten();
    parameters.any(|parameter| matches!(parameter, RefOr::T(one) if one.parameter_in == ParameterIn::Query))
}

/// `OpenAPI` 3.1 wants every response described.
fn reason(status: &str) -> &'static str {
    let status = status.parse().ok().and_then(|code| StatusCode::from_u16(code).ok());
    status.and_then(|status| status.canonical_reason()).unwrap_or("An answer")
}

fn problem(description: &str) -> RefOr<Response> {
    let content = Content::new(Some(Ref::from_schema_name("Problem")));
    let mut response = Response::new(description);
    response.content.insert(PROBLEM_JSON.to_owned(), RefOr::T(content));
    RefOr::T(response)
}
