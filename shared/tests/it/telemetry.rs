//! Lines as they are written, and the level of every process.

use std::sync::Arc;

use collabry_shared::clock::ManualClock;
use collabry_shared::config::Config;
use collabry_shared::coordination::{Change, LogLevel};
use collabry_shared::service::Service;
use collabry_shared::telemetry::{self, trace};
use collabry_shared::telemetry::{LogFormat, TelemetryConfig};
use jiff::SignedDuration;
use redis_server::RedisServer;
use serde_json::Value;
use tracing::field::Empty;
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

use crate::fixtures::at;
use crate::redis::{eventually, open};
use crate::storage::Log;

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";

fn config(format: LogFormat) -> TelemetryConfig {
    TelemetryConfig { format, ..Config::from_lookup(|_| None).unwrap().telemetry }
}

/// A subscriber for this thread, and what it writes.
fn logging(format: LogFormat) -> (Log, telemetry::Filter, (DefaultGuard, telemetry::Exporter)) {
    let log = Log::default();
    let writer = log.clone();
    let writer = BoxMakeWriter::new(move || writer.clone());
    let (subscriber, filter, exporter) = telemetry::subscriber(&config(format), Some(Service::Api), writer).unwrap();
    let guard = tracing::subscriber::set_default(subscriber);
    (log, filter, (guard, exporter))
}

fn lines(log: &Log) -> Vec<String> {
    String::from_utf8(log.0.lock().unwrap().clone()).unwrap().lines().map(str::to_owned).collect()
}

#[test]
fn every_line_of_a_piece_of_work_names_its_trace() {
    for format in [LogFormat::Json, LogFormat::Text] {
        let (log, filter, _held) = logging(format);
        // However little is logged, work has its span.
        filter.set(Some("warn")).unwrap();
        let span = tracing::error_span!(target: "collabry", "request", otel.kind = "server", trace_id = Empty);
        trace::adopt(&span, Some(PARENT.parse().unwrap()));
        span.in_scope(|| tracing::error_span!("step").in_scope(|| tracing::warn!(count = 3, "it went wrong")));
        let lines = lines(&log);
        assert_eq!(lines.len(), 1, "{lines:?}");
        if format == LogFormat::Text {
            let line = &lines[0];
            assert!(line.contains(&format!("trace_id={TRACE}")) && line.contains("it went wrong count=3"), "{line}");
            assert!(!line.contains("otel"), "{line}");
            continue;
        }
        let line: Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!((&line["message"], &line["count"]), (&"it went wrong".into(), &3.into()), "{line}");
        assert_eq!(line["spans"][0]["trace_id"], TRACE, "{line}");
    }
}

#[test]
fn work_without_a_cause_has_a_trace_of_its_own_and_passes_it_on() {
    let (_log, _, _held) = logging(LogFormat::Json);
    let [one, other] = [0, 1].map(|_| {
        let span = tracing::error_span!(target: "collabry", "job", trace_id = Empty);
        trace::adopt(&span, None);
        span.in_scope(|| {
            let inside = tracing::error_span!(target: "collabry", "call").in_scope(trace::current).unwrap().to_string();
            let id = trace::current_id().unwrap();
            assert_eq!(inside[3..35], id, "calls belong to it");
            assert_ne!(inside, trace::current().unwrap().to_string(), "as spans of their own");
            id
        })
    });
    assert_ne!(one, other);
    assert!(trace::current().is_none());
}

#[test]
fn the_level_changes_while_the_process_runs() {
    let (log, filter, _held) = logging(LogFormat::Text);
    tracing::debug!(target: "collabry_api", "first");
    filter.set(Some("info,collabry_api=debug")).unwrap();
    tracing::debug!(target: "collabry_api", "second");
    assert!(filter.set(Some("info,=nonsense=")).is_err());
    tracing::debug!(target: "collabry_api", "third");
    filter.set(None).unwrap();
    tracing::debug!(target: "collabry_api", "fourth");
    let lines = lines(&log);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("second") && lines[1].contains("third"), "{lines:?}");
}

#[test]
fn libraries_that_tell_of_themselves_are_quiet_unless_they_are_asked() {
    let (log, filter, _held) = logging(LogFormat::Text);
    tracing::info!(target: "tokio_cron_scheduler::job_scheduler", "first");
    tracing::warn!(target: "tokio_cron_scheduler::job_scheduler", "second");
    filter.set(Some("info,tokio_cron_scheduler=info")).unwrap();
    tracing::info!(target: "tokio_cron_scheduler::job_scheduler", "third");
    let lines = lines(&log);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("second") && lines[1].contains("third"), "{lines:?}");
}

#[tokio::test]
async fn every_process_follows_the_level_and_goes_back_by_itself() {
    let server = RedisServer::start();
    let clock = ManualClock::at(at(0));
    let process = async || LogLevel::new(Some(open(&server.url()).await), Arc::new(clock.clone()), None);
    let (one, other) = (process().await, process().await);
    let change = Change::parse("debug", at(600)).unwrap();
    one.set(Some(change.clone())).await.unwrap();
    assert_eq!(one.change(), Some(change.clone()), "at once here");
    eventually("the other follows", async || other.change().filter(|heard| *heard == change)).await;
    let later = process().await;
    eventually("so does one that starts later", async || later.change().filter(|heard| *heard == change)).await;

    clock.advance(SignedDuration::from_secs(600));
    for level in [&one, &other, &later] {
        eventually("it is over", async || level.change().is_none().then_some(())).await;
    }
    other.set(Some(Change::parse("warn", at(900)).unwrap())).await.unwrap();
    eventually("again", async || one.change()).await;
    one.set(None).await.unwrap();
    eventually("taken back", async || other.change().is_none().then_some(())).await;
}
