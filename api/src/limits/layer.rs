//! The limits of HTTP requests.

use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{FromRequestParts, MatchedPath, Request, State};
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use collabry_shared::auth::Email;
use collabry_shared::limits::{Decision, Rule, Standing};

use super::{Client, account, check, headers, refusal, routes};
use crate::auth::Identity;
use crate::http::{ApiError, ApiResult};
use crate::state::ApiState;

/// A request on its way through the limits, and how those that it counted against stand.
#[derive(Debug, Clone)]
pub struct Attempt {
    client: Client,
    standings: Arc<Mutex<Vec<Standing>>>,
}

impl Attempt {
    /// Counts an attempt to sign in, whatever becomes of it.
    pub async fn sign_in(&self, state: &ApiState, email: Option<&Email>) -> ApiResult<()> {
        let mut rules = vec![(Rule::Anonymous, self.client.to_string())];
        rules.extend(email.map(|email| (Rule::SignIn, account(self.client, email))));
        self.count(state, &rules).await
    }

    async fn count(&self, state: &ApiState, rules: &[(Rule, String)]) -> ApiResult<()> {
        let (standings, counted) = match check(state, rules).await? {
            Decision::Allowed(standings) => (standings, Ok(())),
            Decision::Refused(standing) => (vec![standing], Err(refusal(&standing))),
        };
        *self.standings.lock().unwrap_or_else(PoisonError::into_inner) = standings;
        counted
    }
}

impl FromRequestParts<ApiState> for Attempt {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &ApiState) -> Result<Self, ApiError> {
        let attempt = parts.extensions.get::<Self>().cloned();
        attempt.ok_or_else(|| ApiError::internal("a route outside of the limits"))
    }
}

/// Middleware: counts the request against all its limits at once, and tells how they stand.
pub async fn apply(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let Some(client) = parts.extensions.get::<Client>().copied() else {
        return ApiError::internal("a request without a client").into_response();
    };
    let attempt = Attempt { client, standings: Arc::default() };
    let counted = match rules(&state, &mut parts, client).await {
        Some(rules) => attempt.count(&state, &rules).await,
        None => Ok(()),
    };
    let mut response = match counted {
        Ok(()) => {
            parts.extensions.insert(attempt.clone());
            next.run(Request::from_parts(parts, body)).await
        }
        Err(error) => error.into_response(),
    };
    let standings = attempt.standings.lock().unwrap_or_else(PoisonError::into_inner);
    headers::write(response.headers_mut(), &standings);
    drop(standings);
    response
}

/// What a request counts against; `None`: its handler counts.
async fn rules(state: &ApiState, parts: &mut Parts, client: Client) -> Option<Vec<(Rule, String)>> {
    let path = parts.extensions.get::<MatchedPath>().cloned();
    let path = path.as_ref().map(MatchedPath::as_str).unwrap_or_default();
    if (&parts.method, path) == routes::SIGN_IN {
        return None;
    }
    let Ok(Identity { user_id, .. }) = Identity::from_request_parts(parts, state).await else {
        return Some(vec![(Rule::Anonymous, client.to_string())]);
    };
    let also = routes::rule(&parts.method, path);
    Some([Some(Rule::Api), also].into_iter().flatten().map(|rule| (rule, user_id.to_string())).collect())
}
