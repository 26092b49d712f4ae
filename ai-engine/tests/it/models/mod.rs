//! Providers against a real HTTP server that follows a script.

use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use collabry_ai_engine::models::{
    Answer, AnswerError, AnswerEvent, AnswerRequest, Coverage, Models, Provider, RetryPolicy, Usage,
};
use collabry_shared::clock::{Clock, SystemClock};
use collabry_shared::config::ProvidersConfig;
use collabry_shared::conversations::CutOff;
use collabry_shared::models::{ModelId, ModelInfo};
use futures::StreamExt;
use scripted_provider::{Ending, Provider as Scripted, Reply};
use serde_json::Value;
use url::Url;

mod fixtures;
mod lists;
mod requests;

/// Stands in for the built-in answerer, which has tests of its own.
struct Nothing;

#[async_trait::async_trait]
impl Provider for Nothing {
    fn id(&self) -> &'static str {
        "builtin"
    }

    fn label(&self) -> &'static str {
        "The built-in answerer"
    }

    async fn models(&self) -> Result<Vec<ModelInfo>, AnswerError> {
        Ok(Vec::new())
    }

    async fn answer(&self, _: &str, _: &AnswerRequest) -> Result<Answer, AnswerError> {
        Err(AnswerError::Nothing)
    }
}

/// All protocols of one scripted server.
struct World {
    scripted: Scripted,
    models: Models,
}

const KEY: &str = "sk-very-secret";
const OTHER_KEY: &str = "sk-other-secret";
const ALL: [&str; 3] = ["ollama/scripted", "openai/scripted", "anthropic/scripted"];

impl World {
    async fn new() -> Self {
        let scripted = Scripted::default();
        let address = scripted.start().await.unwrap();
        Self { scripted, models: models(address) }
    }

    async fn ask(&self, model: &str) -> (String, Option<AnswerError>) {
        let (text, _, error) = self.ask_for_events(model).await;
        (text, error)
    }

    /// The text, the other events in order, and the error at the end.
    async fn ask_for_events(&self, model: &str) -> (String, Vec<AnswerEvent>, Option<AnswerError>) {
        collect(self.models.answer(&ModelId::parse(model).unwrap(), &request())).await
    }

    /// Asks in each protocol with the same script, which must suffice for one answer.
    async fn ask_all(&self, script: &[Reply]) -> [(String, Option<AnswerError>); 3] {
        let mut results = Vec::new();
        for model in ALL {
            self.scripted.script(script.to_vec());
            results.push(self.ask(model).await);
        }
        results.try_into().unwrap()
    }
}

fn models(address: SocketAddr) -> Models {
    models_of(&config(address))
}

fn models_of(config: &ProvidersConfig) -> Models {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let retry = RetryPolicy { attempts: 3, first_wait: Duration::from_millis(1), max_wait: Duration::from_secs(2) };
    Models::new(config, Arc::new(Nothing), &clock, retry).unwrap()
}

fn config(address: SocketAddr) -> ProvidersConfig {
    let url = |path: &str| Some(Url::parse(&format!("http://{address}{path}")).unwrap());
    ProvidersConfig {
        ollama_url: url(""),
        openai_url: url("/v1"),
        openai_api_key: Some(KEY.into()),
        openai_key_header: None,
        anthropic_api_key: Some(OTHER_KEY.into()),
        anthropic_url: url("/anthropic/v1"),
        max_tokens: None,
        allowed: Vec::new(),
        first_token: Duration::from_millis(400),
        between_tokens: Duration::from_millis(300),
    }
}

fn request() -> AnswerRequest {
    AnswerRequest {
        question: "Why?".to_owned(),
        history: Vec::new(),
        passages: Vec::new(),
        coverage: Coverage::Searched,
    }
}

async fn collect(mut answer: Answer) -> (String, Vec<AnswerEvent>, Option<AnswerError>) {
    let (mut text, mut others) = (String::new(), Vec::new());
    while let Some(piece) = answer.next().await {
        match piece {
            Ok(AnswerEvent::Text(more)) => text.push_str(&more),
            Ok(AnswerEvent::Retracted) => text.clear(),
            Ok(AnswerEvent::Thinking) if others.last() == Some(&AnswerEvent::Thinking) => {}
            Ok(other) => others.push(other),
            Err(error) => return (text, others, Some(error)),
        }
    }
    (text, others, None)
}

fn says(text: &str) -> Reply {
    Reply { text: text.to_owned(), ..Reply::default() }
}

fn refuses(status: u16, body: &str) -> Reply {
    Reply { status, body: body.to_owned(), ..Reply::default() }
}

#[tokio::test]
async fn text_arrives_whole_however_it_is_cut() {
    let world = World::new().await;
    let text = "Ein Satz über Füße, 日本語 and 🦀 [1].";
    for cut in [1, 2, 3, 7] {
        let reply = Reply { cut: Some(cut), noise: true, ..says(text) };
        for (said, error) in world.ask_all(&[reply]).await {
            assert_eq!((said.as_str(), error), (text, None), "cut into {cut}");
        }
    }
}

#[tokio::test]
async fn a_key_goes_to_its_provider_only() {
    let world = World::new().await;
    world.ask_all(&[says("a")]).await;
    let keys: Vec<_> = world.scripted.asked().into_iter().map(|asked| asked.authorization).collect();
    assert_eq!(keys, [None, Some(format!("Bearer {KEY}")), Some(format!("x-api-key {OTHER_KEY}"))]);
}

#[tokio::test]
async fn passing_trouble_before_the_first_token_is_tried_again() {
    let world = World::new().await;
    let troubles = [
        refuses(500, ""),
        refuses(503, "overloaded"),
        refuses(408, ""),
        Reply { retry_after: Some("0".to_owned()), ..refuses(429, "") },
        Reply { end: Ending::Abort, after: Some(0), ..says("") },
        Reply { end: Ending::Eof, after: Some(0), ..says("") },
        refuses(503, r#"{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}"#),
    ];
    for trouble in troubles {
        for (said, error) in world.ask_all(&[trouble.clone(), says("at last")]).await {
            assert_eq!((said.as_str(), error), ("at last", None), "after {trouble:?}");
        }
    }
}

#[tokio::test]
async fn a_request_that_is_open_is_not_dropped_to_ask_the_same_again() {
    let world = World::new().await;
    let silent = Reply { end: Ending::Hang, after: Some(0), ..says("") };
    for (_, error) in world.ask_all(&[silent, says("never")]).await {
        assert_eq!(error, Some(AnswerError::NoFirstToken));
        assert!(error.unwrap().failure("It").message.contains("COLLABRY_PROVIDER_FIRST_TOKEN_SECS"));
    }
    assert_eq!(world.scripted.asked().len(), ALL.len());
}

#[tokio::test]
async fn a_body_that_ends_well_without_a_reason_is_an_answer_perhaps_not_all_of_it() {
    let world = World::new().await;
    for model in ALL {
        world.scripted.script([Reply { end: Ending::Eof, ..says("It is 42 [1].") }]);
        let (text, others, error) = world.ask_for_events(model).await;
        assert_eq!((text.as_str(), error), ("It is 42 [1].", None), "{model}");
        assert_eq!(others.last(), Some(&AnswerEvent::CutOff(CutOff::Unknown)), "{model}");
    }
}

#[tokio::test]
async fn tries_are_bounded() {
    let world = World::new().await;
    world.scripted.script(vec![refuses(503, ""); 10]);
    let (_, error) = world.ask("openai/scripted").await;
    assert_eq!(error, Some(AnswerError::Unavailable { status: 503, retry_after: None }));
    assert_eq!(world.scripted.asked().len(), 3);
}

#[tokio::test]
async fn a_long_retry_after_ends_at_once() {
    let world = World::new().await;
    world.scripted.script([Reply { retry_after: Some("3600".to_owned()), ..refuses(429, "") }, says("never")]);
    let (_, error) = world.ask("openai/scripted").await;
    let failure = error.unwrap().failure("The model server");
    assert_eq!((failure.code.as_str(), failure.retryable), ("provider_rate_limited", true));
    assert_eq!(world.scripted.asked().len(), 1);
}

#[tokio::test]
async fn trouble_after_the_first_token_is_never_tried_again() {
    let world = World::new().await;
    let broken = |end| Reply { end, after: Some(2), ..says("one two three") };
    for (end, code) in
        [(Ending::Abort, "provider_cut_off"), (Ending::Hang, "provider_timeout"), (Ending::Error, "provider_error")]
    {
        let before = world.scripted.asked().len();
        for (said, error) in world.ask_all(&[broken(end), says("never")]).await {
            assert_eq!(said, "one two ", "{end:?}");
            assert_eq!(error.unwrap().failure("It").code, code, "{end:?}");
        }
        assert_eq!(world.scripted.asked().len(), before + ALL.len(), "{end:?}");
    }
}

#[tokio::test]
async fn what_will_not_pass_ends_with_its_own_code() {
    let world = World::new().await;
    let told = r#"{"error":{"message":"boom sk-very-secret http://10.0.0.7","type":"server_error"}}"#;
    let raw = |text: String| Reply { raw: Some(text), ..Reply::default() };
    for (reply, code) in [
        (refuses(401, ""), "provider_refused"),
        (refuses(403, "no"), "provider_refused"),
        (refuses(404, r#"{"error":"model 'scripted' not found"}"#), "model_not_found"),
        (refuses(404, "<html>"), "provider_error"),
        (refuses(400, told), "provider_error"),
        (refuses(302, ""), "provider_error"),
        (refuses(400, r#"{"error":{"code":"context_length_exceeded"}}"#), "prompt_too_long"),
        (raw("\u{1}garbage\n".to_owned()), "provider_error"),
        (raw("data: {\"choices\": [{]}\n\n".to_owned()), "provider_error"),
        (raw("x".repeat(2_000_000)), "provider_error"),
    ] {
        let before = world.scripted.asked().len();
        for (said, error) in world.ask_all(&[reply.clone(), says("never")]).await {
            let failure = error.unwrap().failure("It");
            assert_eq!((said.as_str(), failure.code.as_str()), ("", code), "{reply:?}");
            assert!(!failure.message.contains("sk-") && !failure.message.contains("http"), "{failure:?}");
        }
        assert_eq!(world.scripted.asked().len(), before + ALL.len(), "{reply:?}");
    }
}

#[tokio::test]
async fn an_answer_without_text_is_a_failure() {
    let world = World::new().await;
    for (_, error) in world.ask_all(&[says("")]).await {
        assert_eq!(error, Some(AnswerError::Empty { thought: false, cut_off: None }));
    }
}

#[tokio::test]
async fn a_provider_that_is_away_is_unreachable() {
    let away = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let models = models(away);
    for model in ALL {
        let (_, _, error) = collect(models.answer(&ModelId::parse(model).unwrap(), &request())).await;
        assert!(matches!(error, Some(AnswerError::Unreachable { .. })), "{error:?}");
    }
    let statuses = models.statuses().await;
    let healthy: Vec<_> = statuses.iter().map(|status| (status.provider.as_str(), status.healthy)).collect();
    assert_eq!(healthy, [("builtin", true), ("ollama", false), ("openai", false), ("anthropic", false)]);
    assert!(statuses[1].problem.as_ref().unwrap().starts_with("Ollama cannot be reached."));
}

#[tokio::test]
async fn what_an_answer_took_is_told_once_at_its_end() {
    let world = World::new().await;
    for model in ALL {
        world.scripted.script([says("one two three")]);
        let answer = world.models.answer(&ModelId::parse(model).unwrap(), &request());
        let events: Vec<_> = answer.map(Result::unwrap).collect().await;
        let used = |event: &&AnswerEvent| matches!(event, AnswerEvent::Usage(_));
        assert_eq!(events.last(), Some(&AnswerEvent::Usage(Usage { prompt: 7, answer: 3 })), "{model}");
        assert_eq!(events.iter().filter(used).count(), 1, "{model}");
    }
}

#[tokio::test]
async fn each_protocol_has_the_instruction_where_it_belongs() {
    let world = World::new().await;
    world.ask_all(&[says("a")]).await;
    let [ollama, openai, anthropic] = <[_; 3]>::try_from(world.scripted.asked()).unwrap().map(|asked| asked.body);
    let roles =
        |body: &Value| body["messages"].as_array().unwrap().iter().map(|m| m["role"].clone()).collect::<Vec<_>>();
    assert_eq!(roles(&ollama), ["system", "user"]);
    assert_eq!(roles(&openai), ["system", "user"]);
    assert_eq!(roles(&anthropic), ["user"]);
    assert_eq!(anthropic["system"], openai["messages"][0]["content"]);
    assert!(anthropic["max_tokens"].as_u64().is_some_and(|tokens| tokens > 0));
}

#[tokio::test]
async fn an_unknown_provider_has_no_models() {
    let world = World::new().await;
    let (_, error) = world.ask("elsewhere/large").await;
    assert_eq!(error.unwrap().failure("It").code, "model_not_found");
}

#[tokio::test]
async fn lists_are_what_the_providers_have_and_are_asked_for_once() {
    let world = World::new().await;
    let (first, second) = tokio::join!(world.models.statuses(), world.models.statuses());
    assert_eq!(first, second);
    let names = |at: usize| first[at].models.iter().map(|model| model.id.to_string()).collect::<Vec<_>>();
    assert_eq!(names(1), ["ollama/scripted", "ollama/scripted:tokens=200,between=20"], "no embedding models");
    assert_eq!(names(2), ["openai/scripted", "openai/scripted:tokens=200,between=20"]);
    assert_eq!(names(3), ["anthropic/scripted", "anthropic/scripted:tokens=200,between=20"]);
    assert_eq!(first[3].models[0].label, "Scripted");
    assert_eq!(world.scripted.asked().len(), ALL.len(), "one request for each provider");
}

#[tokio::test]
async fn a_list_that_is_refused_names_the_problem() {
    let world = World::new().await;
    world.scripted.listing(refuses(401, r#"{"error":{"message":"Incorrect API key: sk-very-secret"}}"#));
    let statuses = world.models.statuses().await;
    let problem = statuses[2].problem.as_ref().unwrap();
    assert!(problem.contains("key") && !problem.contains("sk-"), "{problem}");
}
