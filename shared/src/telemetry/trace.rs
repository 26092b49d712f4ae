//! Carries traces from process to process.
//! Source: <https://www.w3.org/TR/trace-context/>

use std::fmt;
use std::str::FromStr;

use opentelemetry::Context;
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState};
use tracing::Span;
use tracing_opentelemetry::OpenTelemetrySpanExt as _;

/// The header that carries a [`TraceParent`].
pub const TRACEPARENT: &str = "traceparent";

/// A span in another process that caused the work here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TraceParent {
    trace: TraceId,
    span: SpanId,
    sampled: bool,
}

#[derive(Debug, thiserror::Error)]
#[error("a trace context is 00-trace-span-flags in lower-case hexadecimal digits")]
pub struct InvalidTraceParent;

impl FromStr for TraceParent {
    type Err = InvalidTraceParent;

    /// Later versions may append fields.
    fn from_str(text: &str) -> Result<Self, InvalidTraceParent> {
        let mut parts = text.trim().split('-');
        let mut hex = |digits: usize| {
            let part = parts.next().filter(|part| part.len() == digits);
            part.filter(|part| part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')))
        };
        let (version, trace, span, flags) = (hex(2), hex(32), hex(16), hex(2));
        let (Some(version), Some(trace), Some(span), Some(flags)) = (version, trace, span, flags) else {
            return Err(InvalidTraceParent);
        };
        if version == "ff" || (version == "00" && parts.next().is_some()) {
            return Err(InvalidTraceParent);
        }
        let (trace, span) = (TraceId::from_hex(trace), SpanId::from_hex(span));
        let flags = u8::from_str_radix(flags, 16).map_err(|_| InvalidTraceParent)?;
        match (trace, span) {
            (Ok(trace), Ok(span)) if trace != TraceId::INVALID && span != SpanId::INVALID => {
                Ok(Self { trace, span, sampled: TraceFlags::new(flags).is_sampled() })
            }
            _ => Err(InvalidTraceParent),
        }
    }
}

impl fmt::Display for TraceParent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{}-{}-{:02x}", self.trace, self.span, u8::from(self.sampled))
    }
}

/// Adds a new span to the trace of `parent`, or to a new trace, and sets its field `trace_id`. Must be the first thing done
/// with the span.
pub fn adopt(span: &Span, parent: Option<TraceParent>) {
    if let Some(TraceParent { trace, span: cause, sampled }) = parent {
        let flags = if sampled { TraceFlags::SAMPLED } else { TraceFlags::default() };
        let parent = SpanContext::new(trace, cause, flags, true, TraceState::default());
        if let Err(error) = span.set_parent(Context::new().with_remote_span_context(parent)) {
            tracing::debug!(%error, "a span without its trace");
        }
    }
    if let Some(trace) = of(span) {
        span.record("trace_id", tracing::field::display(trace.trace));
    }
}

/// The current span, for another process that continues the work; `None` outside any span.
pub fn current() -> Option<TraceParent> {
    of(&Span::current())
}

/// The id of the current trace: 32 hexadecimal digits.
pub fn current_id() -> Option<String> {
    current().map(|parent| parent.trace.to_string())
}

fn of(span: &Span) -> Option<TraceParent> {
    let context = span.context();
    let context = context.span().span_context().clone();
    context.is_valid().then(|| TraceParent {
        trace: context.trace_id(),
        span: context.span_id(),
        sampled: context.is_sampled(),
    })
}

#[cfg(test)]
mod tests {
    use super::TraceParent;

    #[test]
    fn what_is_read_is_written_again() {
        for text in [
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00",
        ] {
            assert_eq!(text.parse::<TraceParent>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn later_versions_are_read_as_far_as_they_go_and_nonsense_is_not() {
        assert!("cc-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more".parse::<TraceParent>().is_ok());
        for wrong in [
            "",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
            "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-more",
            "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            "00-00000000000000000000000000000000-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
            "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
            "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
        ] {
            assert!(wrong.parse::<TraceParent>().is_err(), "{wrong}");
        }
    }
}
