//! The additional rules of routes.

use axum::http::Method;
use collabry_shared::limits::Rule;

/// The route whose handler counts, because the account is in the request's body.
pub const SIGN_IN: (&Method, &str) = (&Method::POST, "/api/auth/login");

/// Method, path, and the additional rule of its requests.
const ROUTES: [(&Method, &str, Rule); 11] = [
    (&Method::POST, "/api/conversations/{conversationId}/messages", Rule::Messages),
    (&Method::PATCH, "/api/conversations/{conversationId}/messages/{messageId}", Rule::Messages),
    (&Method::POST, "/api/conversations/{conversationId}/messages/{messageId}/regenerate", Rule::Messages),
    (&Method::POST, "/api/notebooks/{notebookId}/ask", Rule::Messages),
    (&Method::POST, "/api/notebooks/{notebookId}/sources", Rule::Uploads),
    (&Method::POST, "/api/notebooks/{notebookId}/sources/url", Rule::Uploads),
    (&Method::POST, "/api/sources/{sourceId}/versions", Rule::Uploads),
    (&Method::POST, "/api/sources/{sourceId}/retry", Rule::Uploads),
    (&Method::POST, "/api/notebooks/join", Rule::Codes),
    (&Method::POST, "/api/notebooks/{notebookId}/members", Rule::Invitations),
    (&Method::GET, "/api/auth/me/export", Rule::Exports),
];

/// The rule of a route, by its path's template.
pub fn rule(method: &Method, path: &str) -> Option<Rule> {
    ROUTES.iter().find(|(its_method, its_path, _)| *its_method == method && *its_path == path).map(|(.., rule)| *rule)
}

/// Whether requests of the route may wait for an event, by its path's template.
pub fn can_wait(path: &str) -> bool {
    path == "/api/sources/{sourceId}"
}
