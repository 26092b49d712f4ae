//! Metrics of HTTP requests, by endpoint and status.

use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry;

use super::metrics::quick;
use crate::service::Service;

/// The endpoint of a request that no route matches.
pub const UNMATCHED: &str = "unmatched";

/// The endpoint is a route's template, never a path: `/api/notebooks/{notebookId}`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Labels {
    service: &'static str,
    endpoint: String,
    method: &'static str,
    status_code: u16,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct OfService {
    service: &'static str,
}

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct Requests {
    service: &'static str,
    answered: Family<Labels, Counter>,
    took: Family<Labels, Histogram>,
    running: Family<OfService, Gauge>,
}

impl Requests {
    pub fn new(service: Service) -> Self {
        Self {
            service: service.name(),
            answered: Family::default(),
            took: Family::new_with_constructor(quick),
            running: Family::default(),
        }
    }

    pub fn register(&self, registry: &mut Registry) {
        registry.register("http_requests", "Requests answered", self.answered.clone());
        let help = "Time from a request to the head of its answer";
        registry.register("http_request_duration_seconds", help, self.took.clone());
        let help = "Requests whose answer has not begun";
        registry.register("http_requests_running", help, self.running.clone());
    }

    /// Counts a request as running until the guard is dropped.
    pub fn running(&self) -> Running {
        let running = self.running.get_or_create_owned(&OfService { service: self.service });
        running.inc();
        Running(running)
    }

    /// `endpoint` is a template; see [`UNMATCHED`].
    pub fn answered(&self, endpoint: &str, method: &str, status_code: u16, took: Duration) {
        let (endpoint, method) = (endpoint.to_owned(), bounded(method));
        let labels = Labels { service: self.service, endpoint, method, status_code };
        self.answered.get_or_create(&labels).inc();
        self.took.get_or_create(&labels).observe(took.as_secs_f64());
    }
}

/// See [`Requests::running`].
#[derive(Debug)]
pub struct Running(Gauge);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.dec();
    }
}

/// Maps methods to a bounded set, because clients may send anything.
fn bounded(method: &str) -> &'static str {
    const KNOWN: [&str; 7] = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    KNOWN.into_iter().find(|known| *known == method).unwrap_or("other")
}
