//! An address of the API with a slash at its end is the address without it: bases of URLs that are put together, and some
//! libraries, add one.

use std::borrow::Cow;

use axum::extract::Request;
use axum::http::Uri;

/// Its pages are files, which refer to each other from below this folder.
const PAGES: &str = "/api/docs/";

/// Middleware around everything that looks at paths.
pub async fn without_trailing_slash(mut request: Request) -> Request {
    if let Some(uri) = trimmed(request.uri()) {
        *request.uri_mut() = uri;
    }
    request
}

fn trimmed(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    if !path.starts_with("/api/") || path.starts_with(PAGES) || !path.ends_with('/') {
        return None;
    }
    let query = uri.query().map_or(Cow::Borrowed(""), |query| Cow::Owned(format!("?{query}")));
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(format!("{}{query}", path.trim_end_matches('/')).parse().ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::trimmed;

    #[test]
    fn only_addresses_of_the_api_lose_their_slash() {
        let cases = [
            ("/api/notebooks/?limit=1", Some("/api/notebooks?limit=1")),
            ("/api/notebooks//", Some("/api/notebooks")),
            ("/api/notebooks", None),
            ("/api/docs/", None),
            ("/api/docs/index.css", None),
            ("/notebooks/", None),
            ("/", None),
        ];
        for (path, expected) in cases {
            let uri = trimmed(&path.parse().unwrap()).map(|uri| uri.to_string());
            assert_eq!(uri.as_deref(), expected, "{path}");
        }
    }
}
