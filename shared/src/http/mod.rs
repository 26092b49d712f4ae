//! Outgoing HTTP with limits by default, and how requests that come in are served.

pub mod serving;

use std::time::Duration;

const CONNECT: Duration = Duration::from_secs(5);

/// A client builder with a connect timeout and our name; callers add what their peer needs.
pub fn client() -> reqwest::ClientBuilder {
    reqwest::Client::builder().connect_timeout(CONNECT).user_agent(concat!("collabry/", env!("CARGO_PKG_VERSION")))
}
