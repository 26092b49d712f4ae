//! The refresh token as a cookie.

use std::time::Duration;

use axum_extra::extract::CookieJar;
use axum_extra::extract::cookie::{Cookie, SameSite};
use collabry_shared::auth::Session;
use jiff::Timestamp;

use super::refresh::RefreshToken;

/// Browsers keep a cookie of this name only from https, and with `Secure`: no page in the clear can plant one.
const SECURE: &str = "__Secure-collabry_refresh";
/// Without https; and beside the other one for replicas of the version before, which know no other name.
const PLAIN: &str = "collabry_refresh";
/// Only the routes that need it get to see it.
const PATH: &str = "/api/auth";

/// What the client sent: in the body when it is no browser, or else in its cookies.
pub fn presented(jar: &CookieJar, body: Option<String>) -> Vec<RefreshToken> {
    match body {
        Some(token) => vec![RefreshToken::from_text(token)],
        None => in_jar(jar).collect(),
    }
}

/// Whether the browser keeps what it was given.
pub fn kept(jar: &CookieJar) -> bool {
    in_jar(jar).next().is_some()
}

fn in_jar(jar: &CookieJar) -> impl Iterator<Item = RefreshToken> {
    let cookies = [SECURE, PLAIN].into_iter().filter_map(|name| jar.get(name));
    cookies.map(|cookie| RefreshToken::from_text(cookie.value().to_owned()))
}

/// Kept for as long as the session may be used.
pub fn keep(jar: CookieJar, token: &RefreshToken, session: &Session, now: Timestamp, secure: bool) -> CookieJar {
    let left = Duration::try_from(session.expires_at.duration_since(now)).unwrap_or_default();
    let whole_seconds = Duration::from_secs(left.as_secs());
    let cookie = |name: &'static str| {
        Cookie::build((name, token.as_str().to_owned()))
            .path(PATH)
            .http_only(true)
            .same_site(SameSite::Strict)
            .secure(secure)
            .max_age(whole_seconds.try_into().unwrap_or_default())
            .build()
    };
    let jar = jar.add(cookie(PLAIN));
    if secure { jar.add(cookie(SECURE)) } else { jar }
}

pub fn remove(jar: CookieJar, secure: bool) -> CookieJar {
    let removal = |name: &'static str| Cookie::build(name).path(PATH).secure(secure).build();
    let jar = jar.remove(removal(PLAIN));
    if secure { jar.remove(removal(SECURE)) } else { jar }
}
