//! What one person may have of the answers, while another goes on.

use collabry_shared::config::Config;
use collabry_shared::generations::Allowance;
use scripted_provider::Provider;
use serde_json::{Value, json};

use crate::support::{Socket, TestApp, User, id};

const HANGS: &str = "ollama/scripted:tokens=9,after=3,end=hang";

async fn app(allowance: Allowance, change: impl FnOnce(&mut Config)) -> (TestApp, Provider) {
    let provider = Provider::default();
    let address = provider.start().await.unwrap();
    let app = TestApp::start_with(|config| {
        config.engine.providers.ollama_url = Some(format!("http://{address}").parse().unwrap());
        config.api.limits.answers = allowance;
        change(config);
    });
    (app.await, provider)
}

fn question(client_id: &str, model: &str) -> Value {
    json!({ "clientId": client_id, "content": "Count.", "model": model })
}

/// Her question to the built-in answerer gets its answer.
async fn is_answered(ada: &User<'_>, conversation: &str) {
    let (_, answer) = ada.ask(conversation, "Why?", json!({})).await;
    assert_eq!(answer["status"], "complete", "{answer}");
}

#[tokio::test]
async fn one_persons_burst_is_refused_and_a_question_of_somebody_else_is_answered() {
    let allowance = Allowance { unfinished: 3, ..Allowance::default() };
    let (app, _provider) = app(allowance, |config| config.engine.concurrent_generations = 1).await;
    let (eve, ada) = (app.register("eve").await, app.register("ada").await);
    let conversation = eve.conversation(&eve.notebook("Noise").await).await;
    let path = format!("/api/conversations/{conversation}/messages");
    let (earlier, _) = eve.ask(&conversation, "Why?", json!({})).await;
    let sends = (0..10).map(|number| eve.post(&path, question(&number.to_string(), HANGS)));
    let answers = futures::future::join_all(sends).await;
    let (taken, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 201);
    assert_eq!(taken.len(), 3);
    for answer in &refused {
        answer.problem(429, "answers_unfinished");
        assert!(answer.header("retry-after").parse::<u32>().unwrap() > 0);
    }
    let taken: Vec<Value> = taken.iter().map(|answer| answer.ok(201)).collect();
    assert_eq!(eve.messages(&conversation, "").await.len(), 5, "a refused question is not stored");

    // The other ways to ask.
    let again = format!("{path}/{}/regenerate", id(&earlier));
    eve.post(&again, json!({})).await.problem(429, "answers_unfinished");
    let mut socket = Socket::connect(&app, &eve.token).await;
    let refused =
        socket.call("message:send", json!({ "conversationId": conversation, "clientId": "s", "content": "?" })).await;
    assert_eq!(refused["error"]["code"], "answers_unfinished", "{refused}");
    assert!(refused["error"]["retryAfter"].as_u64().unwrap() > 0);
    // To say something, and to ask what became of what was sent, stays possible.
    eve.say(&conversation, "Hello", json!({ "ask": false })).await;
    let client_id = taken[0]["clientId"].as_str().unwrap();
    assert_eq!(id(&eve.post(&path, question(client_id, HANGS)).await.ok(200)), id(&taken[0]));

    is_answered(&ada, &ada.conversation(&ada.notebook("Biology").await).await).await;
    let stop = format!("/api/ai/generations/{}/stop", taken[0]["generationId"].as_str().unwrap());
    eve.post(&stop, json!({})).await.ok(200);
    eve.events(taken[0]["generationId"].as_str().unwrap(), "").await;
    eve.say(&conversation, "Again", json!({ "model": HANGS })).await;
}

#[tokio::test]
async fn a_day_has_so_many_answers_for_one_and_for_all() {
    let allowance = Allowance { unfinished: 0, daily: 3, daily_of_all: 4 };
    let (app, _provider) = app(allowance, |_| {}).await;
    let (eve, ada) = (app.register("eve").await, app.register("ada").await);
    let conversation = eve.conversation(&eve.notebook("Noise").await).await;
    let path = format!("/api/conversations/{conversation}/messages");
    // What no model did anything for does not count.
    for number in 0..5 {
        let (_, answer) = eve.ask(&conversation, &number.to_string(), json!({ "model": "nobody/gpt-9" })).await;
        assert_eq!(answer["failure"]["code"], "model_not_found");
    }
    for _ in 0..3 {
        is_answered(&eve, &conversation).await;
    }
    let refused = eve.post(&path, question("4", "builtin/extractive")).await;
    refused.problem(429, "answers_spent");
    // It is noon.
    assert_eq!(refused.header("retry-after"), (12 * 60 * 60).to_string());
    // A repetition is no new question.
    let first = eve.messages(&conversation, "").await.swap_remove(0);
    let repeated = json!({ "clientId": first["clientId"], "content": first["content"] });
    assert_eq!(id(&eve.post(&path, repeated).await.ok(200)), id(&first));

    let hers = ada.conversation(&ada.notebook("Biology").await).await;
    is_answered(&ada, &hers).await;
    let path = format!("/api/conversations/{hers}/messages");
    ada.post(&path, question("2", "builtin/extractive")).await.problem(429, "answers_spent_by_all");
    ada.say(&hers, "Hello", json!({ "ask": false })).await;
}
