//! What a socket keeps of the request that it began with.
//!
//! socketioxide keeps the request's head for as long as the socket lives. Each header, the address, and axum's copy of
//! the address are slices of the buffers that the connection was read into: 16 KiB for each idle socket. A copy of the
//! little that the handshake needs lets go of them, and of what the layers before left for handlers.

use axum::extract::Request;
use axum::http::Extensions;
use axum::http::header::{
    CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_KEY, UPGRADE,
};
use collabry_shared::http::serving::ConnectionState;
use hyper::upgrade::OnUpgrade;

use crate::limits::Client;

pub(in crate::realtime) const PATH: &str = "/socket.io/";
const NEEDED: [HeaderName; 3] = [SEC_WEBSOCKET_KEY, CONTENT_TYPE, CONTENT_LENGTH];

/// The same request with a head of its own, when it is one of Socket.IO.
pub async fn own(request: Request) -> Request {
    if !request.uri().path().starts_with(PATH) {
        return request;
    }
    let (mut parts, body) = request.into_parts();
    if parts.headers.contains_key(UPGRADE)
        && let Some(connection) = parts.extensions.get::<ConnectionState>()
    {
        connection.mark_socket();
    }
    // What cannot be copied stays as it is.
    if let Ok(uri) = parts.uri.to_string().parse() {
        parts.uri = uri;
    }
    parts.headers = needed(&parts.headers);
    let mut extensions = Extensions::new();
    carry::<Client>(&mut parts.extensions, &mut extensions);
    carry::<OnUpgrade>(&mut parts.extensions, &mut extensions);
    parts.extensions = extensions;
    Request::from_parts(parts, body)
}

fn carry<T: Clone + Send + Sync + 'static>(from: &mut Extensions, to: &mut Extensions) {
    if let Some(value) = from.remove::<T>() {
        to.insert(value);
    }
}

fn needed(headers: &HeaderMap) -> HeaderMap {
    // Small: the default has room for eight.
    let mut own = HeaderMap::with_capacity(1);
    for name in NEEDED {
        if let Some(value) = headers.get(&name).and_then(|value| HeaderValue::from_bytes(value.as_bytes()).ok()) {
            own.insert(name, value);
        }
    }
    own
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::extract::{OriginalUri, Request};
    use axum::http::Uri;

    use super::own;

    fn request(uri: &'static str) -> Request {
        let request = Request::builder().uri(uri).header("sec-websocket-key", "a2V5").header("cookie", "secret");
        let mut request = request.body(Body::empty()).unwrap();
        request.extensions_mut().insert(OriginalUri(Uri::from_static(uri)));
        request
    }

    #[tokio::test]
    async fn of_a_handshake_stays_what_it_needs() {
        let uri = "/socket.io/?EIO=4&transport=websocket";
        let given = request(uri);
        let value = given.headers()["sec-websocket-key"].as_bytes().as_ptr();
        let own = own(given).await;
        assert_eq!(own.uri(), uri);
        assert_eq!(own.headers().len(), 1);
        assert_eq!(own.headers()["sec-websocket-key"], "a2V5");
        assert_ne!(own.headers()["sec-websocket-key"].as_bytes().as_ptr(), value, "a copy, not a slice");
        assert!(own.extensions().get::<OriginalUri>().is_none());
    }

    #[tokio::test]
    async fn any_other_request_is_left_alone() {
        let own = own(request("/api/auth/me")).await;
        assert_eq!(own.headers().len(), 2);
        assert!(own.extensions().get::<OriginalUri>().is_some());
    }
}
