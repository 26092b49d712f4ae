//! What a request leaves behind: its lines, its trace, and how both are found by an error.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use collabry_shared::config::Config;
use collabry_shared::service::Service;
use collabry_shared::telemetry::{self, Exporter};
use collabry_shared::telemetry::{LogFormat, TelemetryConfig};
use opentelemetry_proto::tonic::trace::v1::Span;
use reqwest::Method;
use scripted_provider::Provider;
use serde_json::{Value, json};
use tokio::sync::{Mutex, MutexGuard};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::writer::BoxMakeWriter;

use crate::apart::start_apart;
use crate::collector::{Collector, hex};
use crate::support::{Socket, TestApp, eventually};

const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00";

#[derive(Clone, Default)]
struct Log(Arc<std::sync::Mutex<Vec<u8>>>);

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Log {
    /// The lines of a trace.
    fn trace(&self, id: &str) -> Vec<Value> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        lines.filter(|line| line["spans"][0]["trace_id"] == id).collect()
    }
}

/// One test after the other listens.
static ONE: Mutex<()> = Mutex::const_new(());

struct Listening {
    _guard: DefaultGuard,
    _one: MutexGuard<'static, ()>,
}

/// For everything on this thread, where a test's runtime has all its tasks.
async fn listen(collector: Option<&Collector>) -> (Log, Exporter, Listening) {
    let one = ONE.lock().await;
    let log = Log::default();
    let writer = log.clone();
    let config = TelemetryConfig {
        format: LogFormat::Json,
        otlp_endpoint: collector.map(|collector| collector.url.parse().unwrap()),
        trace_sample: 1.0,
        ..Config::from_lookup(|_| None).unwrap().telemetry
    };
    let writer = BoxMakeWriter::new(move || writer.clone());
    let (subscriber, _, exporter) = telemetry::subscriber(&config, Some(Service::Api), writer).unwrap();
    (log, exporter, Listening { _guard: tracing::subscriber::set_default(subscriber), _one: one })
}

#[tokio::test]
async fn an_error_names_the_trace_that_its_lines_have() {
    let (log, _exporter, _guard) = listen(None).await;
    let app = TestApp::start_with(|config| config.api.slow_request = Duration::from_hours(1)).await;
    let refused = app.request(Method::GET, "/api/notebooks").header("traceparent", PARENT);
    assert_eq!(app.send(refused).await.problem(401, "token_missing")["traceId"], TRACE);
    let lines = log.trace(TRACE);
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(
        (&lines[0]["message"], &lines[0]["path"], &lines[0]["status"]),
        (&json!("request"), &json!("/api/notebooks"), &json!(401))
    );
    assert!(lines[0]["slow"].is_null() && lines[0]["level"] == "INFO", "{lines:?}");

    let own = app.get("/api/notebooks").await.problem(401, "token_missing")["traceId"].as_str().unwrap().to_owned();
    assert!(own.len() == 32 && own != TRACE, "one without a trace gets one: {own}");
    assert_eq!(log.trace(&own).len(), 1);
}

#[tokio::test]
async fn slow_requests_are_marked() {
    let (log, _exporter, _guard) = listen(None).await;
    let app = TestApp::start_with(|config| config.api.slow_request = Duration::ZERO).await;
    app.send(app.request(Method::GET, "/api/notebooks").header("traceparent", PARENT)).await;
    let lines = log.trace(TRACE);
    assert_eq!((&lines[0]["slow"], &lines[0]["level"]), (&json!(true), &json!("WARN")), "{lines:?}");
}

/// The spans of the trace once there is one of that name.
async fn spans(collector: &Collector, exporter: Exporter, name: &str) -> Vec<Span> {
    let exporter = Arc::new(exporter);
    eventually(name, async || {
        let exporter = Arc::clone(&exporter);
        tokio::task::spawn_blocking(move || exporter.flush()).await.unwrap();
        let spans = collector.trace(TRACE);
        spans.iter().any(|span| span.name == name).then_some(spans)
    })
    .await
}

/// The name of the span that caused the one named so.
fn cause<'a>(spans: &'a [Span], name: &str) -> &'a str {
    let span = spans.iter().find(|span| span.name == name).unwrap_or_else(|| panic!("no {name}: {spans:#?}"));
    let cause = spans.iter().find(|other| other.span_id == span.parent_span_id);
    cause.map_or("outside", |cause| cause.name.as_str())
}

#[tokio::test]
async fn a_question_is_one_trace_from_the_request_to_the_model() {
    let collector = Collector::start().await;
    let (log, exporter, _guard) = listen(Some(&collector)).await;
    let address = Provider::default().start().await.unwrap();
    let ollama = format!("http://{address}").parse().unwrap();
    let app = start_apart(move |config| config.engine.providers.ollama_url = Some(ollama)).await;
    let ada = app.register("ada").await;
    let conversation = ada.conversation(&ada.notebook("Biology").await).await;
    let path = format!("/api/conversations/{conversation}/messages");
    let body = json!({ "clientId": "1", "content": "Count.", "model": "ollama/scripted:tokens=3" });
    let asking = ada.request(Method::POST, &path).header("traceparent", PARENT).json(&body);
    let question = app.send(asking).await.ok(201);
    ada.events(question["generationId"].as_str().unwrap(), "").await;

    let spans = spans(&collector, exporter, "generation").await;
    let request = "POST /api/conversations/{conversationId}/messages";
    assert_eq!(cause(&spans, request), "outside");
    assert_eq!(hex(&spans.iter().find(|span| span.name == request).unwrap().parent_span_id), "b7ad6b7169203331");
    assert_eq!(cause(&spans, "ask ai-engine"), request);
    assert_eq!(cause(&spans, "POST /v1/generations"), "ask ai-engine");
    assert_eq!(cause(&spans, "generation"), request);
    assert_eq!(cause(&spans, "ask model"), "generation");
    let messages: Vec<_> = log.trace(TRACE).iter().map(|line| line["message"].clone()).collect();
    assert!(messages.contains(&json!("a generation ended")), "{messages:?}");
}

#[tokio::test]
async fn so_is_one_that_comes_over_a_socket() {
    let collector = Collector::start().await;
    let (_log, exporter, _guard) = listen(Some(&collector)).await;
    let app = start_apart(|_| {}).await;
    let ada = app.register("ada").await;
    let conversation = ada.conversation(&ada.notebook("Biology").await).await;
    let mut socket = Socket::connect(&app, &ada.token).await;
    socket.join(&conversation).await;
    let message = json!({ "conversationId": conversation, "clientId": "1", "content": "Why?", "traceparent": PARENT });
    socket.emit("message:send", message).await;
    socket.hear("generation:done").await;
    let spans = spans(&collector, exporter, "generation").await;
    assert_eq!(cause(&spans, "message:send"), "outside");
    assert_eq!(cause(&spans, "generation"), "message:send");
}
