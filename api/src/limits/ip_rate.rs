//! Limits the requests of each address before anything else is done, within this process and for all routes together.

use std::num::NonZeroU32;
use std::time::Duration;

use axum::Router;
use axum::http::Request;
use axum::response::IntoResponse as _;
use tower_governor::governor::GovernorConfigBuilder;
use tower_governor::key_extractor::KeyExtractor;
use tower_governor::{GovernorError, GovernorLayer};

use super::Client;
use crate::http::ApiError;
use crate::state::ApiState;

/// A burst may be this many seconds' worth of requests: a page with all its files and streams sends many at once.
const BURST_SECONDS: u32 = 10;
/// How often idle addresses are evicted.
const EVICTION_INTERVAL: Duration = Duration::from_mins(1);

/// Evicts idle addresses from the rate limiter of a router; `None` when there is no limit.
pub struct IpRateLimiter(Option<Box<dyn Fn() + Send + Sync>>);

impl IpRateLimiter {
    /// Limits each client to the configured number of requests per second; 0: no limit.
    pub fn layer(router: Router, state: ApiState) -> (Router, Self) {
        let per_second = state.config.limits.flood;
        let Some(per_second) = NonZeroU32::new(per_second) else { return (router, Self(None)) };
        let config = GovernorConfigBuilder::default()
            .key_extractor(ClientKey)
            .period(Duration::from_secs(1) / per_second.get())
            .burst_size(per_second.get().saturating_mul(BURST_SECONDS))
            .finish();
        let Some(config) = config else { unreachable!("neither period nor burst is zero") };
        let limiter = config.limiter().clone();
        let layer = GovernorLayer::new(config).error_handler(move |error| {
            state.metrics.limits.flooded();
            refusal(&error).into_response()
        });
        (router.layer(layer), Self(Some(Box::new(move || limiter.retain_recent()))))
    }

    /// Evicts idle addresses periodically.
    pub async fn evict_idle(self) {
        let Some(evict) = self.0 else { return };
        let mut ticks = tokio::time::interval(EVICTION_INTERVAL);
        loop {
            ticks.tick().await;
            evict();
        }
    }
}

impl std::fmt::Debug for IpRateLimiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IpRateLimiter").finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy)]
struct ClientKey;

impl KeyExtractor for ClientKey {
    type Key = Client;

    fn extract<T>(&self, request: &Request<T>) -> Result<Client, GovernorError> {
        request.extensions().get().copied().ok_or(GovernorError::UnableToExtractKey)
    }
}

fn refusal(error: &GovernorError) -> ApiError {
    match error {
        GovernorError::TooManyRequests { wait_time, .. } => {
            let seconds = u32::try_from(*wait_time).unwrap_or(u32::MAX).saturating_add(1);
            ApiError::rate_limited("Too many requests from your address. Slow down.", seconds)
        }
        other => ApiError::internal(other),
    }
}
