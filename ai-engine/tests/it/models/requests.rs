//! Requests to servers that support less than others.

use collabry_ai_engine::models::{AnswerError, AnswerRequest, Coverage};
use collabry_shared::config::ProvidersConfig;
use collabry_shared::models::ModelId;
use scripted_provider::{Provider as Scripted, Reply};
use serde_json::{Value, json};

use super::{KEY, World, collect, config, models_of, refuses, says};

/// A world with settings of its own.
async fn with(change: impl FnOnce(&mut ProvidersConfig)) -> World {
    let scripted = Scripted::default();
    let mut config = config(scripted.start().await.unwrap());
    change(&mut config);
    World { scripted, models: models_of(&config) }
}

fn bodies(world: &World) -> Vec<Value> {
    world.scripted.asked().into_iter().map(|asked| asked.body).collect()
}

#[tokio::test]
async fn a_refused_part_is_left_out_and_the_server_remembered() {
    for refusal in [
        refuses(
            422,
            r#"{"detail":[{"type":"extra_forbidden","loc":["body","stream_options"],"msg":"Extra inputs are not permitted"}]}"#,
        ),
        refuses(
            400,
            r#"{"error":{"message":"Unrecognized request argument supplied: stream_options","type":"invalid_request_error"}}"#,
        ),
        refuses(
            400,
            r#"{"object":"error","message":"[{'type': 'extra_forbidden', 'loc': ('body', 'stream_options', 'include_usage')}]","code":400}"#,
        ),
    ] {
        let world = World::new().await;
        world.scripted.script([refusal, says("Yes."), says("Again.")]);
        assert_eq!(world.ask("openai/m").await, ("Yes.".to_owned(), None));
        assert_eq!(world.ask("openai/other").await, ("Again.".to_owned(), None));
        let sent: Vec<_> = bodies(&world).iter().map(|body| body.get("stream_options").is_some()).collect();
        assert_eq!(sent, [true, false, false]);
    }
}

#[tokio::test]
async fn the_limit_of_an_answer_has_the_name_that_a_server_knows() {
    let world = with(|config| config.max_tokens = Some(900)).await;
    let unsupported = r#"{"error":{"message":"Unsupported parameter: 'max_tokens' is not supported with this model. Use 'max_completion_tokens' instead.","type":"invalid_request_error","param":"max_tokens","code":"unsupported_parameter"}}"#;
    world.scripted.script([refuses(400, unsupported), says("Yes."), says("Yes."), says("Yes.")]);
    for model in ["openai/m", "anthropic/m", "ollama/m"] {
        assert_eq!(world.ask(model).await, ("Yes.".to_owned(), None));
    }
    let limit = |body: &Value| {
        [&body["max_tokens"], &body["max_completion_tokens"], &body["options"]["num_predict"]].map(Value::as_u64)
    };
    let limits: Vec<_> = bodies(&world).iter().map(limit).collect();
    let limit = Some(900);
    assert_eq!(limits, [[limit, None, None], [None, limit, None], [limit, None, None], [None, None, limit]]);
}

#[tokio::test]
async fn an_instruction_goes_with_the_question_where_there_is_no_role_for_it() {
    let world = World::new().await;
    let refusal = refuses(400, r#"{"error":{"message":"System role not supported","type":"BadRequestError"}}"#);
    world.scripted.script([refusal, says("Yes."), says("Yes.")]);
    assert_eq!(world.ask("openai/gemma").await.0, "Yes.");
    assert_eq!(world.ask("openai/other").await.0, "Yes.");
    let roles: Vec<_> = bodies(&world).iter().map(|body| body["messages"][0]["role"].clone()).collect();
    assert_eq!(roles, ["system", "user", "system"], "it is the model that differs");
}

#[tokio::test]
async fn a_model_that_may_not_stream_is_asked_for_the_whole() {
    let world = World::new().await;
    let refusal = refuses(
        400,
        r#"{"error":{"message":"Your organization must be verified to stream this model.","param":"stream","code":"unsupported_value"}}"#,
    );
    let whole = json!({ "object": "chat.completion", "choices": [{ "message": { "content": "Yes." }, "finish_reason": "stop" }] });
    let whole =
        Reply { raw: Some(whole.to_string()), content_type: Some("application/json".to_owned()), ..Reply::default() };
    world.scripted.script([refusal, whole]);
    assert_eq!(world.ask("openai/m").await, ("Yes.".to_owned(), None));
    assert_eq!(bodies(&world)[1].get("stream"), None);
}

#[tokio::test]
async fn a_refusal_about_something_else_is_final() {
    let world = World::new().await;
    world.scripted.script(vec![refuses(400, r#"{"error":{"message":"temperature is out of range"}}"#); 4]);
    let (_, error) = world.ask("openai/m").await;
    assert_eq!(error, Some(AnswerError::Reported { detail: "temperature is out of range".to_owned() }));
    assert_eq!(world.scripted.asked().len(), 1);
}

#[tokio::test]
async fn what_will_not_pass_is_asked_once_and_says_what_to_do() {
    for (reply, code, words) in [
        (
            refuses(429, r#"{"error":{"code":"insufficient_quota","message":"You exceeded your current quota"}}"#),
            "provider_no_credit",
            "out of credit",
        ),
        (refuses(402, r#"{"error":{"message":"Insufficient Balance"}}"#), "provider_no_credit", "out of credit"),
        (refuses(400, r#"{"error":"\"m\" does not support chat"}"#), "model_cannot_chat", "Choose another"),
        (
            refuses(
                400,
                r#"{"object":"error","message":"This model's maximum context length is 4096 tokens.","code":400}"#,
            ),
            "prompt_too_long",
            "too long",
        ),
    ] {
        let world = World::new().await;
        for (said, error) in world.ask_all(&[reply.clone(), says("never")]).await {
            let failure = error.unwrap().failure("It");
            assert_eq!((said.as_str(), failure.code.as_str(), failure.retryable), ("", code, false), "{reply:?}");
            assert!(failure.message.contains(words), "{}", failure.message);
        }
        assert_eq!(world.scripted.asked().len(), 3, "{reply:?}");
    }
}

#[tokio::test]
async fn an_address_with_a_version_of_the_api_wants_its_key_in_a_header_of_its_own() {
    let asked = async |header: Option<&str>, query: Option<&str>| {
        let world = with(|config| {
            config.openai_url.as_mut().unwrap().set_query(query);
            config.openai_key_header = header.map(|name| name.parse().unwrap());
        })
        .await;
        world.scripted.script([says("Yes.")]);
        assert_eq!(world.ask("openai/m").await.0, "Yes.");
        world.scripted.asked()[0].authorization.clone().unwrap()
    };
    let version = Some("api-version=2024-06-01");
    assert_eq!(asked(None, None).await, format!("Bearer {KEY}"));
    assert_eq!(asked(None, version).await, format!("api-key {KEY}"));
    assert_eq!(asked(Some("Authorization"), version).await, format!("Bearer {KEY}"));
    assert_eq!(asked(Some("api-key"), None).await, format!("api-key {KEY}"));
}

#[tokio::test]
async fn the_window_asked_for_holds_a_question_in_any_script() {
    let world = World::new().await;
    world.scripted.script(vec![says("Yes."); 2]);
    for question in ["word ".repeat(3_000), "汉".repeat(15_000)] {
        let request =
            AnswerRequest { question, history: Vec::new(), passages: Vec::new(), coverage: Coverage::Searched };
        let (_, _, error) = collect(world.models.answer(&ModelId::parse("ollama/m").unwrap(), &request)).await;
        assert_eq!(error, None);
    }
    let windows: Vec<_> = bodies(&world).iter().map(|body| body["options"]["num_ctx"].as_u64()).collect();
    assert_eq!(windows, [Some(8_192), Some(32_768)]);
}
