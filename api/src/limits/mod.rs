//! Rate limits: which ones apply to a request or an event, who it counts against, and the error that rejected callers get.

mod client;
mod headers;
mod ip_rate;
mod layer;
pub mod metrics;
pub mod reads;
mod routes;
mod sentences;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use collabry_shared::auth::Email;
use collabry_shared::ids::UserId;
use collabry_shared::limits::{Decision, Limit, LimitStatus, Rule};
use collabry_shared::realtime::ClientEvent;
use sha2::{Digest as _, Sha256};

pub use self::client::{Client, forget_claims, identify, trusted};
pub use self::ip_rate::IpRateLimiter;
pub use self::layer::{Attempt, apply};
pub use self::reads::Reading;
use self::sentences::sentence;
pub use self::sentences::wait;
use crate::http::{ApiError, ApiResult};
use crate::state::ApiState;

/// How many bytes of an account's hash are part of a key, which must not contain an address in clear.
const ACCOUNT_BYTES: usize = 16;

/// Counts against each of `rules` and its subject, or against none when one of them refuses.
async fn check(state: &ApiState, rules: &[(Rule, String)]) -> ApiResult<Decision> {
    let limited = |(rule, subject): &(Rule, String)| {
        let quota = state.config.limits.quota(*rule)?;
        Some(Limit { rule: *rule, subject: subject.clone(), quota })
    };
    let limits: Vec<Limit> = rules.iter().filter_map(limited).collect();
    if limits.is_empty() {
        return Ok(Decision::Allowed(Vec::new()));
    }
    let decision = state.coordination.limiter.check(&limits).await?;
    state.metrics.limits.decided(&decision);
    Ok(decision)
}

/// Counts the connection of a socket.
pub async fn connection(state: &ApiState, client: Client) -> ApiResult<()> {
    allowed(&check(state, &[(Rule::Anonymous, client.to_string())]).await?)
}

/// Counts a password confirmation, so that somebody with a stolen token cannot try passwords.
pub async fn password(state: &ApiState, email: &Email) -> ApiResult<()> {
    allowed(&check(state, &[(Rule::Account, account(email))]).await?)
}

/// Counts an event that a user's socket sent; `None`: one that there is not.
pub async fn event(state: &ApiState, user: UserId, event: Option<ClientEvent>) -> ApiResult<()> {
    let rules = [Some(Rule::Events), event.and_then(ClientEvent::rule)];
    let rules: Vec<_> = rules.into_iter().flatten().map(|rule| (rule, user.to_string())).collect();
    allowed(&check(state, &rules).await?)
}

fn allowed(decision: &Decision) -> ApiResult<()> {
    match decision {
        Decision::Allowed(_) => Ok(()),
        Decision::Refused(standing) => Err(refusal(standing)),
    }
}

fn refusal(standing: &LimitStatus) -> ApiError {
    let seconds = headers::seconds(standing.reset);
    ApiError::rate_limited(sentence(standing.rule, seconds), seconds)
}

fn account(email: &Email) -> String {
    let hash = Sha256::digest(email.as_str());
    URL_SAFE_NO_PAD.encode(&hash[..ACCOUNT_BYTES])
}
