//! `Idempotency-Key`: whoever lost an answer sends the same request again and gets the same answer, instead of making the
//! same thing twice.

use axum::body::{Body, to_bytes};
use axum::extract::{DefaultBodyLimit, FromRequest as _, FromRequestParts as _, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use collabry_shared::idempotency::{Claim, KEPT, KeptAnswer, Request as Claimed};
use jiff::SignedDuration;
use sha2::{Digest as _, Sha256};

use super::code::Code;
use super::error::{ApiError, ApiResult};
use super::form::{Form, Uploaded};
use super::json;
use crate::auth::Identity;
use crate::state::ApiState;

pub const KEY: HeaderName = HeaderName::from_static("idempotency-key");
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
const MAX_KEY_BYTES: usize = 255;
/// Larger answers are not kept; no answer to a POST is.
const MAX_ANSWER_BYTES: usize = 256 * 1024;
/// For how long a key waits for a process that died with it: as long as its request may take.
const CLAIMED: SignedDuration = SignedDuration::from_secs(90);
const CLAIMED_BY_UPLOAD: SignedDuration = SignedDuration::from_mins(30);

/// On a request that was answered with a stream before: nothing is to be done again, and the stream at this address is the
/// answer.
#[derive(Debug, Clone)]
pub struct Again {
    pub location: String,
}

/// Middleware.
pub async fn idempotent(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    // Tokens are kept nowhere.
    let signs_in = request.uri().path().starts_with("/api/auth/");
    if *request.method() != Method::POST || signs_in || !request.headers().contains_key(KEY) {
        return next.run(request).await;
    }
    once(&state, request, next).await.unwrap_or_else(ApiError::into_response)
}

async fn once(state: &ApiState, request: Request, next: Next) -> ApiResult<Response> {
    let (mut parts, body) = request.into_parts();
    // Whoever is not signed in is refused where it is needed, and has no keys where it is not.
    let Ok(identity) = Identity::from_request_parts(&mut parts, state).await else {
        return Ok(next.run(Request::from_parts(parts, body)).await);
    };
    let key = key(parts.headers.get(KEY))?;
    let kind = text(&parts.headers, &header::CONTENT_TYPE).unwrap_or_default();
    let upload = kind.to_ascii_lowercase().starts_with("multipart/");
    let mut hash = Sha256::new();
    hash.update(parts.uri.to_string());
    let body = if upload {
        // A form is written differently each time, and its file is only known once it has come: `same_file`.
        body
    } else {
        let bytes = json::bytes(body).await?;
        hash.update(b"\n");
        hash.update(&bytes);
        Body::from(bytes)
    };
    let fingerprint = URL_SAFE_NO_PAD.encode(hash.finalize());
    let claimed = Claimed { user: identity.user_id, key: &key, fingerprint: &fingerprint };
    let (keys, now) = (&state.stores.idempotency, state.clock.now());
    let until = now + if upload { CLAIMED_BY_UPLOAD } else { CLAIMED };
    match keys.claim(claimed, now, until).await? {
        Claim::New => {}
        Claim::Done(answer) if is_stream(answer.content_type.as_deref()) => {
            parts.extensions.insert(Again { location: answer.location.unwrap_or_default() });
            let mut response = next.run(Request::from_parts(parts, body)).await;
            response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
            return Ok(response);
        }
        Claim::Done(answer) => {
            let request = Request::from_parts(parts, body);
            return if same_file(state, &answer, request).await? { replay(answer) } else { Err(reused()) };
        }
        Claim::Running => return Err(in_progress()),
        Claim::Other => return Err(reused()),
    }
    let response = next.run(Request::from_parts(parts, body)).await;
    match kept(response).await? {
        (Some(answer), response) => {
            keys.keep(claimed, &answer, state.clock.now() + KEPT).await?;
            Ok(response)
        }
        // What was refused can be asked for again.
        (None, response) => {
            keys.give_back(claimed).await?;
            Ok(response)
        }
    }
}

/// Whether an upload has the file of the one that was answered; whatever is no upload was told apart before.
async fn same_file(state: &ApiState, answer: &KeptAnswer, mut request: Request) -> ApiResult<bool> {
    let Some(uploaded) = &answer.file else { return Ok(true) };
    DefaultBodyLimit::disable().apply(&mut request);
    let mut form = Form::from_request(request, state).await?;
    let sent = form.digest(state.config.max_upload_bytes).await?;
    Ok(sent.as_ref() == Some(uploaded))
}

fn key(header: Option<&HeaderValue>) -> ApiResult<String> {
    let text = header.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let fits = (1..=MAX_KEY_BYTES).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
    if fits {
        return Ok(text.to_owned());
    }
    Err(ApiError::from(Code::IdempotencyKeyInvalid).of_field("Idempotency-Key"))
}

/// The answer as it is kept, when it says that something was done.
async fn kept(response: Response) -> ApiResult<(Option<KeptAnswer>, Response)> {
    let location = text(response.headers(), &header::LOCATION);
    let content_type = text(response.headers(), &header::CONTENT_TYPE);
    let status = response.status();
    if status.is_success() && location.is_some() && is_stream(content_type.as_deref()) {
        let answer = KeptAnswer { status: status.as_u16(), location, content_type, body: String::new(), file: None };
        return Ok((Some(answer), response));
    }
    let json = content_type.as_deref().is_none_or(|kind| kind.starts_with("application/json"));
    if !status.is_success() || !json {
        return Ok((None, response));
    }
    let (parts, body) = response.into_parts();
    let file = parts.extensions.get::<Uploaded>().map(|Uploaded(digest)| digest.clone());
    let bytes = to_bytes(body, MAX_ANSWER_BYTES).await.map_err(ApiError::internal)?;
    let body = String::from_utf8_lossy(&bytes).into_owned();
    let answer = KeptAnswer { status: parts.status.as_u16(), location, content_type, body, file };
    Ok((Some(answer), Response::from_parts(parts, Body::from(bytes))))
}

/// What is sent as it happens is not kept, but its address is.
fn is_stream(content_type: Option<&str>) -> bool {
    content_type.is_some_and(|kind| kind.starts_with("text/event-stream"))
}

fn text(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

fn replay(answer: KeptAnswer) -> ApiResult<Response> {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = StatusCode::from_u16(answer.status).map_err(ApiError::internal)?;
    for (name, value) in [(header::LOCATION, answer.location), (header::CONTENT_TYPE, answer.content_type)] {
        if let Some(value) = value {
            response.headers_mut().insert(name, HeaderValue::from_str(&value).map_err(ApiError::internal)?);
        }
    }
    response.headers_mut().insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

fn in_progress() -> ApiError {
    ApiError { retry_after: Some(1), ..ApiError::from(Code::IdempotencyInProgress) }
}

fn reused() -> ApiError {
    ApiError::from(Code::IdempotencyKeyReused).of_field("Idempotency-Key")
}
