//! The OpenAPI document, made from the handlers, and the page to browse it.

use axum::Router;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{Modify, OpenApi as _};
use utoipa_swagger_ui::SwaggerUi;

use crate::state::ApiState;

#[derive(utoipa::OpenApi)]
#[openapi(
    info(
        title = "Collabry",
        description = "Notebooks of sources, questions about them, streamed answers that cite. \
            Errors are RFC 9457 problem details with a stable `code`. Live events: see docs/realtime.md.",
    ),
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
pub fn router(document: OpenApi) -> Router<ApiState> {
    SwaggerUi::new("/api/docs").url("/api/openapi.json", document).into()
}
