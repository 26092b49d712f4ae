//! Conversations and their messages.

use serde_json::{Value, json};

use crate::support::{Answer, Socket, TestApp, User, id};

async fn send(user: &User<'_>, conversation: &str, client_id: &str, content: &str) -> Answer {
    let body = json!({ "clientId": client_id, "content": content, "ask": false });
    user.post(&format!("/api/conversations/{conversation}/messages"), body).await
}

fn contents(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|message| message["content"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn null_takes_title_and_model_back() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Physics").await;
    let path = format!("/api/conversations/{}", ada.conversation(&notebook).await);
    let chosen = ada.patch(&path, json!({ "title": "Entropy", "model": "builtin/extractive" })).await.ok(200);
    assert_eq!(chosen["model"], "builtin/extractive");
    let kept = ada.patch(&path, json!({})).await.ok(200);
    assert_eq!((&kept["title"], &kept["model"]), (&chosen["title"], &chosen["model"]));
    let modelless = ada.patch(&path, json!({ "model": null })).await.ok(200);
    assert_eq!((&modelless["title"], &modelless["model"]), (&chosen["title"], &Value::Null));
    assert_eq!(ada.patch(&path, json!({ "title": null })).await.ok(200)["title"], Value::Null);
    assert_eq!(ada.get(&path).await.ok(200)["title"], Value::Null);
    ada.patch(&path, json!({ "model": "" })).await.problem(422, "model_invalid");
}

#[tokio::test]
async fn a_conversation_is_made_and_changed() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Biology").await;
    let path = format!("/api/notebooks/{notebook}/conversations");
    let made = ada.post(&path, json!({ "title": " Leaves ", "model": "ollama/llama3.2:3b" })).await.ok(201);
    insta::assert_json_snapshot!("conversation", made, { ".id" => "[id]", ".notebookId" => "[id]", ".createdBy" => "[id]" });
    let one = format!("/api/conversations/{}", id(&made));
    let changed = ada.patch(&one, json!({ "title": "Roots" })).await.ok(200);
    assert_eq!((&changed["title"], &changed["model"]), (&json!("Roots"), &json!("ollama/llama3.2:3b")));
    assert_eq!(ada.get(&path).await.ok(200)["conversations"], json!([changed]));
    ada.patch(&one, json!({ "title": " " })).await.problem(422, "title_invalid");
    ada.patch(&one, json!({ "model": "llama" })).await.problem(422, "model_invalid");
    ada.post(&path, json!({ "model": "no model" })).await.problem(422, "model_invalid");
    ada.delete(&one).await.ok(204);
    ada.get(&one).await.problem(404, "not_found");
}

#[tokio::test]
async fn sending_again_answers_with_what_was_stored() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.register("ada").await, app.register("bob").await);
    let notebook = ada.notebook("Biology").await;
    ada.invite(&notebook, &bob, "viewer").await;
    let conversation = ada.conversation(&notebook).await;
    let first = send(&ada, &conversation, "one", " Hello \u{0}there ").await.ok(201);
    insta::assert_json_snapshot!("message", first, {
        ".id" => "[id]", ".conversationId" => "[id]", ".author.userId" => "[id]",
    });
    assert_eq!(send(&ada, &conversation, "one", " Hello there").await.ok(200), first);
    send(&ada, &conversation, "one", "Something else").await.problem(409, "client_id_taken");
    send(&bob, &conversation, "one", "Mine").await.problem(409, "client_id_taken");
    let other = ada.conversation(&notebook).await;
    send(&ada, &other, "one", "Elsewhere").await.ok(201);
    assert_eq!(contents(&ada.messages(&conversation, "").await), ["Hello there"]);
    // What it was sent as is known for as long as nobody has changed it.
    let path = format!("/api/conversations/{conversation}/messages/{}", id(&first));
    let edited = ada.patch(&path, json!({ "content": "Hello here" })).await.ok(200);
    assert_eq!(send(&ada, &conversation, "one", "Hello there").await.ok(200), edited);
}

#[tokio::test]
async fn a_question_that_is_sent_twice_is_answered_once() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let conversation = ada.conversation(&ada.notebook("Biology").await).await;
    let body = json!({ "clientId": "q", "content": "Why are leaves green?" });
    let path = format!("/api/conversations/{conversation}/messages");
    let (one, other) = tokio::join!(ada.post(&path, body.clone()), ada.post(&path, body.clone()));
    assert_eq!(one.json(), other.json());
    assert_eq!(one.status.as_u16() + other.status.as_u16(), 401, "one 201, one 200");
    ada.events(one.json()["generationId"].as_str().unwrap(), "").await;
    ada.post(&path, body).await.ok(200);
    assert_eq!(ada.messages(&conversation, "").await.len(), 2, "a question and an answer");
}

#[tokio::test]
async fn what_is_no_message_is_refused_with_the_reason() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let conversation = ada.conversation(&ada.notebook("Biology").await).await;
    for empty in ["", " \n\t", "\u{0}"] {
        send(&ada, &conversation, "c", empty).await.problem(422, "message_empty");
    }
    // Characters, not bytes.
    send(&ada, &conversation, "most", &"🌱".repeat(16_000)).await.ok(201);
    let problem = send(&ada, &conversation, "c", &"🌱".repeat(16_001)).await.problem(422, "message_too_long");
    assert!(problem["detail"].as_str().unwrap().contains("16000"), "{problem}");
    for client_id in ["", "with space", "ünicode", &"x".repeat(65)] {
        send(&ada, &conversation, client_id, "Hello").await.problem(422, "client_id_invalid");
    }
    let path = format!("/api/conversations/{conversation}/messages");
    ada.post(&path, json!({ "clientId": "c" })).await.problem(422, "validation");
    ada.post(&path, json!({ "clientId": "c", "content": "x", "model": "x" })).await.problem(422, "model_invalid");
    ada.post(&path, json!({ "clientId": "c", "content": "x", "sourceIds": ["x"] })).await.problem(422, "validation");
    assert_eq!(ada.messages(&conversation, "").await.len(), 1);
}

#[tokio::test]
async fn a_message_of_a_megabyte_is_refused_in_words_each_time() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let conversation = ada.conversation(&ada.notebook("Biology").await).await;
    let content = "x".repeat(1024 * 1024);
    for _ in 0..20 {
        let problem = send(&ada, &conversation, "c", &content).await.problem(413, "payload_too_large");
        assert!(problem["detail"].as_str().unwrap().contains("source"), "says what to do: {problem}");
    }
}

#[tokio::test]
async fn only_the_author_edits_and_editors_may_delete() {
    let app = TestApp::start().await;
    let (ada, bob, eve) = (app.register("ada").await, app.register("bob").await, app.register("eve").await);
    let notebook = ada.notebook("Biology").await;
    ada.invite(&notebook, &bob, "viewer").await;
    ada.invite(&notebook, &eve, "editor").await;
    let conversation = ada.conversation(&notebook).await;
    let message = send(&bob, &conversation, "b", "Helo").await.ok(201);
    let path = format!("/api/conversations/{conversation}/messages/{}", id(&message));
    for other in [&ada, &eve] {
        other.patch(&path, json!({ "content": "Changed" })).await.problem(403, "message_not_yours");
    }
    let edited = bob.patch(&path, json!({ "content": "Hello" })).await.ok(200);
    assert_eq!((&edited["content"], &edited["position"], &edited["rev"]), (&json!("Hello"), &json!(1), &json!(2)));
    assert_ne!(edited["editedAt"], Value::Null);
    bob.patch(&path, json!({ "content": " " })).await.problem(422, "message_empty");
    let tombstone = eve.delete(&path).await.ok(200);
    assert_eq!((&tombstone["content"], &tombstone["rev"]), (&json!(""), &json!(3)));
    assert_ne!(tombstone["deletedAt"], Value::Null);
    bob.delete(&path).await.problem(404, "not_found");
    bob.patch(&path, json!({ "content": "Back" })).await.problem(404, "not_found");
    let hers = id(&send(&ada, &conversation, "a", "Mine").await.ok(201));
    let path = format!("/api/conversations/{conversation}/messages/{hers}");
    bob.delete(&path).await.problem(403, "message_not_yours");
    // An answer is nobody's to edit.
    let (_, answer) = ada.ask(&conversation, "Why?", json!({})).await;
    let path = format!("/api/conversations/{conversation}/messages/{}", id(&answer));
    ada.patch(&path, json!({ "content": "I say so" })).await.problem(403, "message_not_yours");
    eve.delete(&path).await.ok(200);
}

#[tokio::test]
async fn history_comes_in_pages_from_the_newest() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let conversation = ada.conversation(&ada.notebook("Biology").await).await;
    for number in 1..=7 {
        send(&ada, &conversation, &number.to_string(), &number.to_string()).await.ok(201);
    }
    let path = format!("/api/conversations/{conversation}/messages");
    let (mut seen, mut query) = (Vec::new(), "?limit=3".to_owned());
    loop {
        let page = ada.get(&format!("{path}{query}")).await.ok(200);
        let texts: Vec<String> =
            contents(page["messages"].as_array().unwrap()).iter().map(ToString::to_string).collect();
        seen.splice(0..0, texts);
        let Some(before) = page["nextBefore"].as_u64() else { break };
        query = format!("?limit=3&before={before}");
    }
    assert_eq!(seen, ["1", "2", "3", "4", "5", "6", "7"]);
    assert_eq!(ada.messages(&conversation, "?limit=200").await.len(), 7);
    assert!(ada.messages(&conversation, "?before=0").await.is_empty());
    ada.get(&format!("{path}?before=x")).await.problem(422, "validation");
    ada.get(&format!("{path}?limit=-1")).await.problem(422, "validation");
}

#[tokio::test]
async fn a_client_catches_up_from_the_rev_it_has() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let conversation = ada.conversation(&ada.notebook("Biology").await).await;
    let mut ids = Vec::new();
    for number in 1..=4 {
        ids.push(id(&send(&ada, &conversation, &number.to_string(), &number.to_string()).await.ok(201)));
    }
    let path = format!("/api/conversations/{conversation}/messages");
    ada.patch(&format!("{path}/{}", ids[0]), json!({ "content": "edited" })).await.ok(200);
    ada.delete(&format!("{path}/{}", ids[1])).await.ok(200);
    let missed = ada.get(&format!("{path}?sinceRev=3")).await.ok(200);
    assert_eq!(contents(missed["messages"].as_array().unwrap()), ["4", "edited", ""]);
    assert_eq!((&missed["complete"], &missed["nextBefore"]), (&json!(true), &Value::Null));
    let revs: Vec<_> = missed["messages"].as_array().unwrap().iter().map(|message| message["rev"].as_u64()).collect();
    assert_eq!(revs, [Some(4), Some(5), Some(6)]);
    let part = ada.get(&format!("{path}?sinceRev=3&limit=2")).await.ok(200);
    assert_eq!((part["messages"].as_array().unwrap().len(), &part["complete"]), (2, &json!(false)));
    assert_eq!(ada.get(&format!("{path}?sinceRev=6")).await.ok(200)["messages"], json!([]));
    assert_eq!(ada.get(&format!("{path}?sinceRev=9007199254740991")).await.ok(200)["messages"], json!([]));
    assert_eq!(ada.get(&format!("/api/conversations/{conversation}")).await.ok(200)["head"], 6);
}

#[tokio::test]
async fn the_first_question_gives_the_title() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let conversation = ada.conversation(&ada.notebook("Biology").await).await;
    let path = format!("/api/conversations/{conversation}");
    send(&ada, &conversation, "aside", "Hello everyone").await.ok(201);
    assert_eq!(ada.get(&path).await.ok(200)["title"], Value::Null, "no question");
    let long = "How do plants move water from their roots to the leaves at the very top of the crown?";
    ada.say(&conversation, &format!("# {long}\nAnd why?"), json!({})).await;
    assert_eq!(ada.get(&path).await.ok(200)["title"], "How do plants move water from their roots to the leaves at…");
    ada.say(&conversation, "And when?", json!({})).await;
    assert_eq!(ada.get(&path).await.ok(200)["title"], "How do plants move water from their roots to the leaves at…");
}

#[tokio::test]
async fn the_client_ids_of_answers_are_not_for_people() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let conversation = ada.conversation(&ada.notebook("Biology").await).await;
    let (question, answer) = ada.ask(&conversation, "Why?", json!({})).await;
    let own = format!("generation:{}", question["generationId"].as_str().unwrap());
    assert_eq!(answer["clientId"], own, "what nobody may send");
    let mut socket = Socket::connect(&app, &ada.token).await;
    for reserved in [own, "generation:".to_owned(), "Generation:x".to_owned(), format!("answer:{}", id(&answer))] {
        send(&ada, &conversation, &reserved, "Mine").await.problem(422, "client_id_invalid");
        let message = json!({ "conversationId": conversation, "clientId": reserved, "content": "Mine", "ask": false });
        let refused = socket.call("message:send", message).await;
        assert_eq!(refused["error"]["code"], "client_id_invalid", "{refused}");
    }
    send(&ada, &conversation, "my-generation:1", "Mine").await.ok(201);
}
