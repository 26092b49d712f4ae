//! Answers: streamed, cited, resumed, stopped, asked again.

use std::time::Duration;

use collabry_shared::config::Config;
use collabry_shared::generations::{Generation, GenerationState};
use collabry_shared::ids::{GenerationId, MessageId};
use reqwest::Method;
use scripted_provider::Provider;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::timeout;

use crate::support::{PATIENCE, Socket, SseEvent, TestApp, User, eventually, id};

const TEXT: &str = "# Pflanzen 🌱\n\n\
    Blätter – the leaves – are green because chlorophyll absorbs red and blue light and reflects green light. 🍃\n\n\
    ## Wurzeln\n\nRoots draw water from the soil by osmosis.\n";

/// An api with a scripted model server beside it.
async fn with_provider() -> TestApp {
    TestApp::start_with(provider().await).await
}

/// Makes a scripted model server the provider.
pub async fn provider() -> impl FnOnce(&mut Config) {
    let address = Provider::default().start().await.unwrap();
    move |config| config.engine.providers.ollama_url = Some(format!("http://{address}").parse().unwrap())
}

fn texts(events: &[SseEvent]) -> String {
    events.iter().filter(|event| event.name == "delta").map(|event| event.data["text"].as_str().unwrap()).collect()
}

fn generation(question: &Value) -> String {
    question["generationId"].as_str().unwrap().to_owned()
}

/// `text[start..end]` in code points.
fn slice(text: &str, start: u64, end: u64) -> String {
    text.chars().skip(usize::try_from(start).unwrap()).take(usize::try_from(end - start).unwrap()).collect()
}

/// The document's text as its pages tell it.
async fn document(user: &User<'_>, source: &str) -> String {
    let mut text = String::new();
    for number in 1.. {
        let page = user.get(&format!("/api/sources/{source}/versions/1/pages/{number}")).await.ok(200);
        assert_eq!(page["start"], text.chars().count(), "pages join without gaps");
        text.push_str(page["text"].as_str().unwrap());
        if page["hasNext"] == false {
            break;
        }
    }
    text
}

#[tokio::test]
async fn a_question_gets_a_streamed_answer_whose_citations_resolve() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Biology").await;
    let source = id(&ada.ready_source(&notebook, "Pflanzen.md", TEXT).await);
    let conversation = ada.conversation(&notebook).await;
    let question = ada.say(&conversation, "Why are leaves green?", json!({})).await;
    let events = ada.events(&generation(&question), "").await;
    let mut names: Vec<_> = events.iter().map(|event| event.name.as_str()).collect();
    names.dedup();
    assert_eq!(names, ["started", "citations", "delta", "done"]);
    let ids: Vec<_> = events.iter().map(|event| event.id).collect();
    assert_eq!(ids, (1..=events.len() as u64).collect::<Vec<_>>(), "no gaps");
    assert!(events.iter().all(|event| event.data["eventId"] == event.id && event.data["type"] == event.name.as_str()));

    let answer = ada.answer_to(&conversation, &question).await;
    assert_eq!(answer["content"], texts(&events));
    assert!(texts(&events).contains("chlorophyll"), "{answer}");
    assert_eq!((&answer["status"], &answer["generationId"]), (&json!("complete"), &question["generationId"]));
    assert_eq!(events.last().unwrap().data["answerId"], answer["id"]);
    let text = document(&ada, &source).await;
    let citations = answer["citations"].as_array().unwrap();
    assert!(!citations.is_empty());
    for citation in citations {
        assert!(answer["content"].as_str().unwrap().contains(&format!("[{}]", citation["number"])));
        assert_eq!((&citation["sourceId"], &citation["version"]), (&json!(source), &json!(1)));
        let (start, end) = (citation["start"].as_u64().unwrap(), citation["end"].as_u64().unwrap());
        assert_eq!(citation["text"], slice(&text, start, end), "by code points");
        let page = ada.get(&format!("/api/sources/{source}/versions/1/pages/{}", citation["page"])).await.ok(200);
        let begin = page["start"].as_u64().unwrap();
        let length = page["text"].as_str().unwrap().chars().count() as u64;
        assert!((begin..begin + length).contains(&start), "begins on its page: {citation}");
    }
    let stored = ada.get(&format!("/api/ai/generations/{}", generation(&question))).await.ok(200);
    assert_eq!((&stored["state"], &stored["answerId"]), (&json!("done"), &answer["id"]));
}

#[tokio::test]
async fn a_stream_goes_on_after_any_event() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Biology").await;
    ada.ready_source(&notebook, "Pflanzen.md", TEXT).await;
    let conversation = ada.conversation(&notebook).await;
    let question = ada.say(&conversation, "Why are leaves green?", json!({})).await;
    let generation = generation(&question);
    let all = ada.events(&generation, "").await;
    let path = format!("/api/ai/generations/{generation}/events");
    for seen in 0..all.len() {
        let rest = ada.events(&generation, &format!("?after={seen}")).await;
        assert_eq!(rest, all[seen..]);
        // What a browser sends when it comes back goes before the address it first asked.
        let back = ada.request(Method::GET, &format!("{path}?after=0")).header("last-event-id", seen);
        let rest = crate::support::SseReader::new(back.send().await.unwrap()).rest();
        assert_eq!(timeout(PATIENCE, rest).await.unwrap(), all[seen..]);
    }
    // Nothing will follow: a standard EventSource stops asking at that.
    let told = ada.request(Method::GET, &path).header("last-event-id", all.len()).send().await.unwrap();
    assert_eq!(told.status(), 204);
    for nonsense in ["x", "-1", "1.5", "", "99999999999999999999"] {
        let request = ada.request(Method::GET, &path).header("last-event-id", nonsense);
        app.send(request).await.problem(422, "event_id_invalid");
    }
    ada.get(&format!("{path}?after={}", all.len() + 1)).await.problem(422, "event_id_invalid");
    ada.get(&format!("{path}?after=9007199254740991")).await.problem(422, "event_id_invalid");
    ada.get(&format!("{path}?after=18446744073709551615")).await.problem(422, "validation");
    ada.get(&format!("{path}?after=x")).await.problem(422, "validation");
}

#[tokio::test]
async fn everyone_who_watches_sees_the_same() {
    let app = with_provider().await;
    let (ada, bob) = (app.register("ada").await, app.register("bob").await);
    let notebook = ada.notebook("Biology").await;
    ada.invite(&notebook, &bob, "viewer").await;
    let conversation = ada.conversation(&notebook).await;
    let model = json!({ "model": "ollama/scripted:tokens=40,between=5" });
    let question = ada.say(&conversation, "Count.", model).await;
    let generation = generation(&question);
    let (hers, his) = tokio::join!(ada.events(&generation, ""), bob.events(&generation, ""));
    assert_eq!(hers, his);
    assert_eq!(texts(&hers).split_whitespace().count(), 40);
    assert_eq!(ada.events(&generation, "").await, hers, "also afterwards");
}

#[tokio::test]
async fn a_stream_ends_for_whom_it_is_no_longer() {
    let app = with_provider().await;
    let (ada, bob) = (app.register("ada").await, app.register("bob").await);
    let notebook = ada.notebook("Biology").await;
    ada.invite(&notebook, &bob, "viewer").await;
    let conversation = ada.conversation(&notebook).await;
    let model = json!({ "model": "ollama/scripted:tokens=9,after=3,end=hang" });
    let generation = generation(&ada.say(&conversation, "Count.", model).await);
    let (hers, his) = (ada.watch(&generation, "").await, bob.watch(&generation, "").await);
    ada.delete(&format!("/api/notebooks/{notebook}/members/{}", bob.id)).await.ok(204);
    let events = timeout(PATIENCE, his.rest()).await.expect("who was removed hears no more");
    assert!(events.iter().all(|event| event.name != "done"), "the answer goes on: {events:?}");
    app.post("/api/auth/logout", &json!({ "refreshToken": ada.refresh_token })).await.ok(204);
    timeout(PATIENCE, hers.rest()).await.expect("who signed out hears no more");
}

#[tokio::test]
async fn events_come_as_they_happen_and_uncompressed() {
    let app = with_provider().await;
    let ada = app.register("ada").await;
    let conversation = ada.conversation(&ada.notebook("Biology").await).await;
    let model = json!({ "model": "ollama/scripted:tokens=9,after=3,end=hang" });
    let question = ada.say(&conversation, "Count.", model).await;
    let path = format!("/api/ai/generations/{}/events", generation(&question));
    let request = ada.request(Method::GET, &path).header("accept-encoding", "gzip");
    let response = request.send().await.unwrap();
    for (name, value) in [
        ("content-type", "text/event-stream"),
        ("cache-control", "no-store, no-transform"),
        ("x-accel-buffering", "no"),
    ] {
        assert_eq!(response.headers()[name], value);
    }
    assert!(!response.headers().contains_key("content-encoding"));
    // The model hangs, and yet its first words arrive.
    let mut reader = crate::support::SseReader::new(response);
    let text = async {
        let mut text = String::new();
        while text != "w1 w2 w3 " {
            let event = reader.next().await.unwrap();
            text.push_str(event.data["text"].as_str().unwrap_or_default());
        }
    };
    timeout(PATIENCE, text).await.unwrap();
    let stop = format!("/api/ai/generations/{}/stop", generation(&question));
    assert_eq!(ada.post(&stop, json!({})).await.ok(200)["stopped"], true);
    let last = timeout(PATIENCE, reader.rest()).await.unwrap().pop().unwrap();
    assert_eq!((last.name.as_str(), &last.data["state"]), ("done", &json!("stopped")));
    assert_eq!(ada.post(&stop, json!({})).await.ok(200)["stopped"], false, "over already");
    let answer = ada.answer_to(&conversation, &question).await;
    assert_eq!((&answer["content"], &answer["status"]), (&json!("w1 w2 w3 "), &json!("stopped")));
}

#[tokio::test]
async fn closing_the_stream_stops_nothing() {
    let app = with_provider().await;
    let ada = app.register("ada").await;
    let conversation = ada.conversation(&ada.notebook("Biology").await).await;
    let model = json!({ "model": "ollama/scripted:tokens=40,between=5" });
    let question = ada.say(&conversation, "Count.", model).await;
    let mut reader = ada.watch(&generation(&question), "").await;
    timeout(PATIENCE, reader.next()).await.unwrap().unwrap();
    drop(reader);
    let state = format!("/api/ai/generations/{}", generation(&question));
    eventually("it is done", async || (ada.get(&state).await.ok(200)["state"] == "done").then_some(())).await;
}

#[tokio::test]
async fn a_model_that_is_not_there_fails_in_words() {
    let app = with_provider().await;
    let ada = app.register("ada").await;
    let conversation = ada.conversation(&ada.notebook("Biology").await).await;
    for model in ["nobody/gpt-9", "builtin/oracle", "ollama/absent:what"] {
        let (question, answer) = ada.ask(&conversation, "Why?", json!({ "model": model })).await;
        assert_eq!((&answer["status"], &answer["content"]), (&json!("failed"), &json!("")));
        assert_eq!(answer["failure"]["code"], "model_not_found", "{answer}");
        assert!(answer["failure"]["message"].as_str().unwrap().ends_with('.'));
        let last = ada.events(&generation(&question), "").await.pop().unwrap();
        assert_eq!((last.name.as_str(), &last.data["failure"]), ("failed", &answer["failure"]));
    }
}

#[tokio::test]
async fn a_question_goes_to_its_model_then_the_conversations_then_the_default() {
    let app = with_provider().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Biology").await;
    let body = json!({ "model": "ollama/scripted" });
    let conversation = id(&ada.post(&format!("/api/notebooks/{notebook}/conversations"), body).await.ok(201));
    let (_, answer) = ada.ask(&conversation, "Why?", json!({})).await;
    assert_eq!(answer["author"], json!({ "kind": "assistant", "model": "ollama/scripted" }));
    let (_, answer) = ada.ask(&conversation, "Why?", json!({ "model": "builtin/extractive" })).await;
    assert_eq!(answer["author"]["model"], "builtin/extractive");
    let plain = ada.conversation(&notebook).await;
    let (_, answer) = ada.ask(&plain, "Why?", json!({})).await;
    assert_eq!(answer["author"]["model"], "builtin/extractive");
    let models = ada.get("/api/models").await.ok(200);
    insta::assert_json_snapshot!("models", models);
}

#[tokio::test]
async fn a_new_answer_replaces_the_old_one_when_it_is_complete() {
    let app = with_provider().await;
    let ada = app.register("ada").await;
    let conversation = ada.conversation(&ada.notebook("Biology").await).await;
    let (question, first) = ada.ask(&conversation, "Why?", json!({ "model": "ollama/scripted:tokens=2" })).await;
    let again = |message: String, body: Value| {
        let path = format!("/api/conversations/{conversation}/messages/{message}/regenerate");
        let ada = &ada;
        async move {
            let generation = ada.post(&path, body).await.ok(202);
            ada.events(&id(&generation), "").await;
            generation
        }
    };
    let answers = async || {
        let messages = ada.messages(&conversation, "").await;
        let answers = messages.into_iter().filter(|one| one["replyTo"] == question["id"]);
        let text = |one: Value| (one["content"].as_str().unwrap().to_owned(), !one["supersededBy"].is_null());
        answers
            .map(text)
            .map(|(text, superseded)| format!("{text}{}", if superseded { "old" } else { "" }))
            .collect::<Vec<_>>()
    };
    let generation = again(id(&first), json!({ "model": "ollama/scripted:tokens=3" })).await;
    assert_eq!(generation["supersedes"], first["id"]);
    assert_eq!(answers().await, ["w1 w2 old", "w1 w2 w3 "]);
    // By the question, which means its newest answer.
    let generation = again(id(&question), json!({ "model": "ollama/scripted:tokens=4" })).await;
    assert_ne!(generation["supersedes"], Value::Null);
    assert_eq!(answers().await, ["w1 w2 old", "w1 w2 w3 old", "w1 w2 w3 w4 "]);
    // One that fails replaces nothing.
    again(id(&question), json!({ "model": "nobody/gpt-9" })).await;
    assert_eq!(answers().await, ["w1 w2 old", "w1 w2 w3 old", "w1 w2 w3 w4 ", ""]);
    // An answer that gave way stands for the newest; one that was deleted is gone.
    let generation = again(id(&first), json!({ "model": "ollama/scripted:tokens=1" })).await;
    assert_ne!(generation["supersedes"], first["id"]);
    let first = format!("/api/conversations/{conversation}/messages/{}", id(&first));
    assert_eq!(ada.delete(&first).await.ok(200)["content"], "");
    ada.post(&format!("{first}/regenerate"), json!({})).await.problem(404, "not_found");
    let path = format!("/api/conversations/{conversation}/messages/{}/regenerate", id(&question));
    ada.post(&path, json!({ "model": "x" })).await.problem(422, "model_invalid");
}

#[tokio::test]
async fn ids_that_were_never_given_out_are_refused_over_a_socket_as_well() {
    let app = with_provider().await;
    let ada = app.register("ada").await;
    let conversation = ada.conversation(&ada.notebook("Biology").await).await;
    let (question, _) = ada.ask(&conversation, "Count.", json!({ "model": "ollama/scripted:tokens=3" })).await;
    let ended = generation(&question);
    let last = ada.events(&ended, "").await.len() as u64;
    let model = json!({ "model": "ollama/scripted:tokens=9,after=3,end=hang" });
    let running = generation(&ada.say(&conversation, "Count.", model).await);
    let mut reader = ada.watch(&running, "").await;
    while timeout(PATIENCE, reader.next()).await.unwrap().unwrap().name != "delta" {}
    let mut socket = Socket::connect(&app, &ada.token).await;
    // More is no number of JavaScript.
    let most = (1 << 53) - 1;
    let resume = |generation: &str, after: u64| json!({ "generationId": generation, "lastEventId": after });
    let told = socket.emit("generation:resume", resume(&ended, last)).await;
    assert_eq!(told["events"], json!([]), "nothing follows the last one");
    for (generation, after) in [(&ended, last + 1), (&ended, most), (&running, 500), (&running, most)] {
        let refused = socket.call("generation:resume", resume(generation, after)).await;
        assert_eq!((&refused["ok"], &refused["error"]["code"]), (&json!(false), &json!("event_id_invalid")));
        let path = format!("/api/ai/generations/{generation}/events?after={after}");
        ada.get(&path).await.problem(422, "event_id_invalid");
    }
    ada.post(&format!("/api/ai/generations/{running}/stop"), json!({})).await.ok(200);
}

#[tokio::test]
async fn a_log_that_is_forgotten_is_told_from_the_stored_answer() {
    let app = with_provider().await;
    let ada = app.register("ada").await;
    let conversation = ada.conversation(&ada.notebook("Biology").await).await;
    let model = json!({ "model": "ollama/scripted:tokens=12,between=30" });
    let (question, answer) = ada.ask(&conversation, "Count.", model).await;
    let all = ada.events(&generation(&question), "").await;
    assert!(all.len() > 5, "in several pieces");
    assert_eq!(all.last().unwrap().data["textLength"], texts(&all).chars().count());
    let stored = ada.get(&format!("/api/ai/generations/{}", generation(&question))).await.ok(200);
    assert_eq!(stored["lastEventId"], all.len());
    assert_eq!(stored["textLength"], answer["content"].as_str().unwrap().chars().count());
    app.clock.advance(jiff::SignedDuration::from_hours(1));
    let later = collabry_shared::clock::Clock::now(&app.clock);
    assert_eq!(app.stores.generation_log.forget(later).await.unwrap(), 1);
    let login = json!({ "email": ada.email, "password": crate::support::PASSWORD });
    let token = app.post("/api/auth/login", &login).await.ok(200)["accessToken"].as_str().unwrap().to_owned();
    for after in 0..all.len() {
        let path = format!("/api/ai/generations/{}/events?after={after}", generation(&question));
        let response = app.request(Method::GET, &path).bearer_auth(&token).send().await.unwrap();
        let events = timeout(PATIENCE, crate::support::SseReader::new(response).rest()).await.unwrap();
        assert_eq!(events, all[after..], "the same events under the same ids");
    }
}

#[tokio::test]
async fn a_request_whose_question_is_not_stored_is_no_answer_to_wait_for() {
    let app = with_provider().await;
    let ada = app.register("ada").await;
    let conversation = ada.conversation(&ada.notebook("Biology").await).await;
    let model = json!({ "model": "ollama/scripted:tokens=9,after=3,end=hang" });
    let running = generation(&ada.say(&conversation, "Count.", model).await);
    let request = app.stores.generations.get(running.parse().unwrap()).await.unwrap().unwrap();
    // As a question that is sent once more leaves it for an instant.
    let withdrawn = Generation { id: GenerationId::new(), question_id: MessageId::new(), ..request };
    let withdrawn = Generation { state: GenerationState::Queued, answer_id: MessageId::new(), ..withdrawn };
    app.stores.generations.create(&withdrawn).await.unwrap();
    let mut socket = Socket::connect(&app, &ada.token).await;
    let joined = socket.join(&conversation).await;
    let told: Vec<_> = joined["generations"].as_array().unwrap().iter().map(|one| &one["generationId"]).collect();
    assert_eq!(told, [&json!(running)]);
}

#[tokio::test]
async fn who_may_not_delete_an_answer_does_not_replace_it_either() {
    let app = with_provider().await;
    let (ada, bob) = (app.register("ada").await, app.register("bob").await);
    let notebook = ada.notebook("Biology").await;
    ada.invite(&notebook, &bob, "viewer").await;
    let conversation = ada.conversation(&notebook).await;
    let (question, first) = ada.ask(&conversation, "Why?", json!({ "model": "ollama/scripted:tokens=2" })).await;
    let again = async |user: &User<'_>, message: &Value| {
        let path = format!("/api/conversations/{conversation}/messages/{}/regenerate", id(message));
        let generation = user.post(&path, json!({ "sourceIds": [] })).await.ok(202);
        user.events(&id(&generation), "").await;
        generation
    };
    let alive = async || {
        let messages = ada.messages(&conversation, "").await;
        let stands = |one: &&Value| one["deletedAt"].is_null() && one["supersededBy"].is_null();
        messages.iter().filter(stands).map(id).collect::<Vec<_>>()
    };
    // His own stands beside hers, by the answer; that one he may replace.
    let his = again(&bob, &first).await;
    assert_eq!(his["supersedes"], Value::Null);
    assert_eq!(alive().await, [id(&question), id(&first), his["answerId"].as_str().unwrap().to_owned()]);
    let newer = again(&bob, &question).await;
    assert_eq!(newer["supersedes"], his["answerId"]);
    let newer = newer["answerId"].as_str().unwrap().to_owned();
    assert_eq!(alive().await, [id(&question), id(&first), newer.clone()]);
    // By the question, of which hers is the newest now.
    let messages = format!("/api/conversations/{conversation}/messages");
    for gone in [&newer, his["answerId"].as_str().unwrap()] {
        ada.delete(&format!("{messages}/{gone}")).await.ok(200);
    }
    assert_eq!(again(&bob, &question).await["supersedes"], Value::Null);
    assert_eq!(alive().await.len(), 3);
    bob.delete(&format!("{messages}/{}", id(&first))).await.problem(403, "message_not_yours");
    let (own, answer) = bob.ask(&conversation, "And mine?", json!({})).await;
    assert_eq!(again(&bob, &own).await["supersedes"], answer["id"], "to his own question");
    assert_eq!(again(&ada, &first).await["supersedes"], first["id"], "an editor");
    assert_eq!(alive().await.iter().filter(|one| **one == id(&first)).count(), 0);
}

#[tokio::test]
async fn a_deleted_answer_is_not_told_from_its_events_either() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let conversation = ada.conversation(&ada.notebook("Biology").await).await;
    let (question, answer) = ada.ask(&conversation, "Why are leaves green?", json!({})).await;
    let events = format!("/api/ai/generations/{}/events", generation(&question));
    assert!(ada.get(&events).await.ok_text().contains("event: done"));
    let path = format!("/api/conversations/{conversation}/messages/{}", id(&answer));
    ada.send(Method::DELETE, &path, &Value::Null).await.ok(200);
    ada.get(&events).await.problem(404, "not_found");
    let mut socket = Socket::connect(&app, &ada.token).await;
    let resume = json!({ "generationId": generation(&question), "lastEventId": 0 });
    assert_eq!(socket.call("generation:resume", resume).await["error"]["code"], "not_found");
}

#[tokio::test]
async fn deleting_stops_the_model_and_stores_nothing() {
    let scripted = Provider::default();
    let address = scripted.start().await.unwrap();
    let url = format!("http://{address}").parse().unwrap();
    let app = TestApp::start_with(move |config| config.engine.providers.ollama_url = Some(url)).await;
    let (ada, bob) = (app.register("ada").await, app.register("bob").await);
    for what in ["question", "conversation", "notebook", "member"] {
        let notebook = ada.notebook("Biology").await;
        ada.invite(&notebook, &bob, "editor").await;
        let conversation = ada.conversation(&notebook).await;
        let model = json!({ "model": "ollama/scripted:tokens=9,after=3,end=hang" });
        let question = bob.say(&conversation, "Count.", model).await;
        let mut reader = bob.watch(&generation(&question), "").await;
        while timeout(PATIENCE, reader.next()).await.unwrap().unwrap().name != "delta" {}
        let messages = format!("/api/conversations/{conversation}/messages");
        match what {
            "question" => ada.delete(&format!("{messages}/{}", id(&question))).await.ok(200),
            "conversation" => ada.delete(&format!("/api/conversations/{conversation}")).await.ok(204),
            "notebook" => ada.delete(&format!("/api/notebooks/{notebook}")).await.ok(204),
            _ => ada.delete(&format!("/api/notebooks/{notebook}/members/{}", bob.id)).await.ok(204),
        };
        timeout(PATIENCE, scripted.until_idle()).await.expect("the model is let go");
        if ["question", "member"].contains(&what) {
            let path = format!("/api/ai/generations/{}", generation(&question));
            let ended = eventually("it has ended", async || {
                let found = ada.get(&path).await.ok(200);
                (found["state"] == "failed").then_some(found)
            });
            let code = if what == "member" { "asker_left" } else { "question_deleted" };
            assert_eq!(ended.await["failure"]["code"], code);
            assert_eq!(ada.get(&messages).await.ok(200)["messages"].as_array().unwrap().len(), 1, "{what}");
        }
    }
}

#[tokio::test]
async fn a_question_is_taken_whatever_model_and_sources_it_names() {
    let app = with_provider().await;
    let (ada, bob) = (app.register("ada").await, app.register("bob").await);
    let (notebook, other) = (ada.notebook("Biology").await, ada.notebook("Vault").await);
    let own = id(&ada.ready_source(&notebook, "Leaves.txt", "Leaves are green because of chlorophyll.").await);
    let elsewhere = id(&ada.ready_source(&other, "Vault.txt", "Leaves are green in the vault, too.").await);
    let theirs = bob.notebook("Bob's").await;
    let theirs = id(&bob.ready_source(&theirs, "Bob.txt", "Leaves are green, says Bob.").await);
    let unknown = MessageId::new().to_string();
    let conversation = ada.conversation(&notebook).await;
    let question = "Why are leaves green?";
    // What is not in the notebook is passed over.
    let named = json!({ "sourceIds": [unknown, elsewhere, theirs, own] });
    let (_, answer) = ada.ask(&conversation, question, named).await;
    let cited: Vec<_> = answer["citations"].as_array().unwrap().iter().map(|one| one["sourceId"].clone()).collect();
    assert_eq!(cited, [json!(own)], "{answer}");
    let (_, answer) = ada.ask(&conversation, question, json!({ "sourceIds": [unknown, elsewhere, theirs] })).await;
    assert_eq!(answer["citations"], json!([]), "{answer}");
    assert!(answer["content"].as_str().unwrap().contains("no sources to answer from"), "{answer}");
    // And the answer of a model that may not be asked fails.
    for model in ["ollama/not-allowed", "nobody/knows-it"] {
        let (question, answer) = ada.ask(&conversation, question, json!({ "model": model })).await;
        assert_eq!((&answer["status"], &answer["failure"]["code"]), (&json!("failed"), &json!("model_not_found")));
        let ended = ada.get(&format!("/api/ai/generations/{}", generation(&question))).await.ok(200);
        assert_eq!(ended["state"], "failed", "{model}");
    }
    let path = format!("/api/notebooks/{notebook}/ask");
    let asked = ada.post(&path, json!({ "question": question, "sourceIds": [unknown, own] })).await.ok(200);
    assert_eq!(asked["answer"]["citations"][0]["sourceId"], json!(own));
}

/// Composed as keyboards write it, or decomposed as some systems store it.
#[tokio::test]
async fn citations_stand_where_they_say_however_letters_are_composed() {
    let composed =
        "# Café\n\nThe café in Zürich serves crème brûlée on Sundays.\n\n# Musée\n\nThe musée opens at eight.\n";
    let decompose = |text: &str| {
        let pairs = [("é", "e\u{301}"), ("ü", "u\u{308}"), ("è", "e\u{300}"), ("û", "u\u{302}")];
        pairs.iter().fold(text.to_owned(), |text, (one, two)| text.replace(one, two))
    };
    let question = "When does the café in Zürich serve crème brûlée?";
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    for (text, question) in [(composed.to_owned(), decompose(question)), (decompose(composed), question.to_owned())] {
        let notebook = ada.notebook("Zürich").await;
        let source = id(&ada.ready_source(&notebook, "Café.md", &text).await);
        let whole = document(&ada, &source).await;
        assert_eq!(whole, text, "as it was uploaded");
        let (_, answer) = ada.ask(&ada.conversation(&notebook).await, &question, json!({})).await;
        let citations = answer["citations"].as_array().unwrap();
        assert!(citations[0]["text"].as_str().unwrap().contains("on Sundays"), "{answer}");
        let search = format!("/api/notebooks/{notebook}/search");
        let hits = ada.post(&search, json!({ "query": question })).await.ok(200)["hits"].clone();
        assert!(hits[0]["text"].as_str().unwrap().contains("on Sundays"), "{hits}");
        for place in citations.iter().chain(hits.as_array().unwrap()) {
            let [start, end] = ["start", "end"].map(|field| place[field].as_u64().unwrap());
            assert_eq!(slice(&whole, start, end), place["text"].as_str().unwrap());
        }
    }
}

/// An engine that takes calls and does not answer them, for as long as the test runs.
#[tokio::test]
async fn a_message_is_acknowledged_before_an_engine_answers() {
    let silent = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", silent.local_addr().unwrap());
    let app = TestApp::start_with(|config| config.services.engines = vec![url.parse().unwrap()]).await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Biology").await;
    let conversation = ada.conversation(&notebook).await;
    // An api that waited would give up on the engine after 5 s, and acknowledge then.
    let within = Duration::from_secs(4);
    let question = timeout(within, ada.say(&conversation, "Why?", json!({}))).await.expect("it does not wait");
    assert!(question["generationId"].is_string());
    silent.accept().await.expect("the engine is asked all the same");
}
