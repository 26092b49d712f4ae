//! Exports spans to a collector over OTLP; without an endpoint spans have ids but are not exported.

use opentelemetry::trace::{Link, SpanKind, TraceContextExt as _, TraceId, TraceState, TracerProvider as _};
use opentelemetry::{Context, KeyValue};
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SamplingDecision, SamplingResult, SdkTracerProvider, ShouldSample};
use tracing::Subscriber;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::registry::LookupSpan;

use super::TelemetryConfig;
use crate::service::Service;

const TRACES: &str = "v1/traces";

#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct ExportError(String);

/// Sends spans in batches from a separate thread; a collector that is down or slow loses spans and has no other effect.
#[derive(Debug)]
pub struct Exporter {
    provider: SdkTracerProvider,
    sends: bool,
}

impl Exporter {
    pub(super) fn new(config: &TelemetryConfig, service: Option<Service>) -> Result<Self, ExportError> {
        let name = service.map_or_else(|| "collabry".to_owned(), |service| format!("collabry-{}", service.name()));
        let version = KeyValue::new("service.version", env!("CARGO_PKG_VERSION"));
        let resource = Resource::builder().with_service_name(name).with_attribute(version).build();
        let provider = SdkTracerProvider::builder().with_resource(resource);
        let Some(endpoint) = &config.otlp_endpoint else {
            let provider = provider.with_sampler(Sampler::AlwaysOff).build();
            return Ok(Self { provider, sends: false });
        };
        let mut address = endpoint.clone();
        // An http(s) address always has path segments.
        if let Ok(mut segments) = address.path_segments_mut() {
            segments.pop_if_empty().extend(TRACES.split('/'));
        }
        let exporter = SpanExporter::builder().with_http().with_protocol(Protocol::HttpBinary).with_endpoint(address);
        let exporter = exporter.build().map_err(|error| ExportError(error.to_string()))?;
        let by_ratio = Sampler::TraceIdRatioBased(config.trace_sample);
        let provider = match service {
            Some(Service::Engine | Service::Worker) => provider.with_sampler(Sampler::ParentBased(Box::new(by_ratio))),
            Some(Service::Api) | None => provider.with_sampler(Edge(by_ratio)),
        };
        Ok(Self { provider: provider.with_batch_exporter(exporter).build(), sends: true })
    }

    /// The layer that converts `tracing` spans for export.
    pub(super) fn layer<S: Subscriber + for<'a> LookupSpan<'a>>(&self) -> impl tracing_subscriber::Layer<S> + use<S> {
        OpenTelemetryLayer::new(self.provider.tracer("collabry"))
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false)
    }

    /// Sends pending spans. This may block, so it must not run on a thread of the async runtime.
    pub fn flush(&self) {
        if self.sends
            && let Err(error) = self.provider.force_flush()
        {
            tracing::warn!(%error, "spans could not be sent");
        }
    }
}

impl Drop for Exporter {
    fn drop(&mut self) {
        if self.sends
            && let Err(error) = self.provider.shutdown()
        {
            tracing::warn!(%error, "the last spans could not be sent");
        }
    }
}

/// Samples traces at the entry of the process. A client's sampling flag does not count, or clients would decide how much is
/// recorded; within the process a span follows its parent.
#[derive(Debug, Clone)]
struct Edge(Sampler);

impl ShouldSample for Edge {
    fn should_sample(
        &self,
        parent: Option<&Context>,
        trace: TraceId,
        name: &str,
        kind: &SpanKind,
        attributes: &[KeyValue],
        links: &[Link],
    ) -> SamplingResult {
        let around =
            parent.filter(|parent| parent.has_active_span()).map(|parent| parent.span().span_context().clone());
        match around {
            Some(around) if !around.is_remote() => SamplingResult {
                decision: if around.is_sampled() { SamplingDecision::RecordAndSample } else { SamplingDecision::Drop },
                attributes: Vec::new(),
                trace_state: around.trace_state().clone(),
            },
            _ => {
                let result = self.0.should_sample(None, trace, name, kind, attributes, links);
                SamplingResult { trace_state: TraceState::default(), ..result }
            }
        }
    }
}
