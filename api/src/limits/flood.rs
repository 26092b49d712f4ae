//! Floods are turned away before anything else is done: in this process, for each address, whatever is asked for.

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

/// A page with all its files and streams asks much at once.
const BURST_SECONDS: u32 = 10;
/// Addresses that have been quiet are forgotten so often.
const FORGET_EVERY: Duration = Duration::from_mins(1);

/// The guard's memory of who asked how much.
pub struct Flood(Option<Box<dyn Fn() + Send + Sync>>);

impl Flood {
    /// As many requests of each client pass in a second as the configuration says; 0: all do.
    pub fn guard(router: Router, state: ApiState) -> (Router, Self) {
        let per_second = state.config.limits.flood;
        let Some(per_second) = NonZeroU32::new(per_second) else { return (router, Self(None)) };
        let config = GovernorConfigBuilder::default()
            .key_extractor(ByClient)
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

    /// Forgets the quiet, again and again.
    pub async fn forget(self) {
        let Some(forget) = self.0 else { return };
        let mut ticks = tokio::time::interval(FORGET_EVERY);
        loop {
            ticks.tick().await;
            forget();
        }
    }
}

impl std::fmt::Debug for Flood {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flood").finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy)]
struct ByClient;

impl KeyExtractor for ByClient {
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
