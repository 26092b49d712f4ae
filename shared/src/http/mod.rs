//! Outgoing HTTP with default limits, and serving of incoming requests.

pub mod serving;

use std::time::Duration;

const CONNECT: Duration = Duration::from_secs(5);

/// A client builder with a connect timeout and our user agent; callers add what their peer needs.
pub fn client() -> reqwest::ClientBuilder {
    reqwest::Client::builder().connect_timeout(CONNECT).user_agent(concat!("collabry/", env!("CARGO_PKG_VERSION")))
}
