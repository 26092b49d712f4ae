//! What belongs to others is not there. The table is the OpenAPI document: a new route is tested without being told.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Operation, TestApp, User, id};

/// Ada's, one of each thing that a path can name.
struct Things {
    notebook: String,
    source: String,
    job: String,
    conversation: String,
    message: String,
    generation: String,
    member: String,
    invitation: String,
    session: String,
}

impl Things {
    async fn of(ada: &User<'_>) -> Self {
        let notebook = ada.notebook("Ada's").await;
        let source = ada.ready_source(&notebook, "plants.txt", "Leaves are green because of chlorophyll.").await;
        let conversation = ada.conversation(&notebook).await;
        let (question, _) = ada.ask(&conversation, "Why are leaves green?", json!({})).await;
        ada.invitation(&notebook, "new@example.org", "viewer").await;
        let members = ada.get(&format!("/api/notebooks/{notebook}/members")).await.ok(200);
        Self {
            notebook,
            source: id(&source),
            job: "purge-deleted".to_owned(),
            conversation,
            message: id(&question),
            generation: question["generationId"].as_str().unwrap().to_owned(),
            member: ada.id.clone(),
            invitation: id(&members["invitations"][0]),
            session: ada.refresh_token.split('.').next().unwrap().to_owned(),
        }
    }

    fn value(&self, parameter: &str) -> String {
        match parameter {
            "notebookId" => self.notebook.clone(),
            "sourceId" => self.source.clone(),
            "name" => self.job.clone(),
            "conversationId" => self.conversation.clone(),
            "messageId" => self.message.clone(),
            "generationId" => self.generation.clone(),
            "userId" => self.member.clone(),
            "invitationId" => self.invitation.clone(),
            "sessionId" => self.session.clone(),
            "version" | "page" => "1".to_owned(),
            other => panic!("teach this test what {{{other}}} is"),
        }
    }
}

fn method(operation: &Operation) -> Method {
    operation.method.to_uppercase().parse().unwrap()
}

fn with_parameters(app: &TestApp) -> Vec<Operation> {
    app.operations.iter().filter(|operation| !operation.parameters().is_empty()).cloned().collect()
}

#[tokio::test]
async fn nobody_reaches_the_things_of_another_tenant() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.register_admin("ada").await, app.register("bob").await);
    app.jobs(&ada).await;
    let things = Things::of(&ada).await;
    // Bob owns a notebook too: a check of the role alone would let him in.
    let bobs = Things::of(&bob).await;
    let operations = with_parameters(&app);
    assert!(operations.len() > 25, "the table is not empty: {}", operations.len());
    for operation in &operations {
        let path = operation.filled(|name| things.value(name));
        let answer = bob.send(method(operation), &path, &json!({})).await;
        assert_eq!(answer.status, 404, "{} lets a stranger in: {}", operation.id, answer.text());
        answer.problem(404, "not_found");
    }
    // Nor through what is his own: each other id below his own first one.
    for operation in operations.iter().filter(|operation| operation.parameters().len() > 1) {
        let first = operation.parameters()[0].clone();
        let path = operation.filled(|name| if name == first { bobs.value(name) } else { things.value(name) });
        if path.contains("/versions/") {
            continue; // Its second parameter is no id: it names something of Bob's.
        }
        let answer = match operation.id.as_str() {
            "setMemberRole" => bob.patch(&path, json!({ "role": "viewer" })).await,
            "editMessage" => bob.patch(&path, json!({ "content": "Mine now" })).await,
            _ => bob.send(method(operation), &path, &json!({})).await,
        };
        assert_eq!(answer.status, 404, "{} mixes tenants: {}", operation.id, answer.text());
    }
    // The ids were right: for Ada nothing of it is 404, but for what brings back what she has not deleted.
    let there = |operation: &&Operation| operation.method != "delete" && !operation.id.starts_with("restore");
    for operation in operations.iter().filter(there) {
        let path = operation.filled(|name| things.value(name));
        let answer = ada.send(method(operation), &path, &json!({})).await;
        assert_ne!(answer.status, 404, "{}: {}", operation.id, answer.text());
    }
}

#[tokio::test]
async fn what_is_no_id_names_nothing() {
    let app = TestApp::start().await;
    let ada = app.register_admin("ada").await;
    app.jobs(&ada).await;
    let things = Things::of(&ada).await;
    for operation in with_parameters(&app) {
        for broken in operation.parameters() {
            for nonsense in ["1", "not-an-id", "%00", "%F0%28", "..%2F..%2Fetc", "01890000-0000-7000-8000-00000000000g"]
            {
                if nonsense == "1" && ["version", "page"].contains(&broken.as_str()) {
                    continue;
                }
                let value = |name: &str| if name == broken { nonsense.to_owned() } else { things.value(name) };
                let path = operation.filled(value);
                let body = match operation.id.as_str() {
                    "setMemberRole" => json!({ "role": "viewer" }),
                    "editMessage" => json!({ "content": "x" }),
                    _ => json!({}),
                };
                let answer = ada.send(method(&operation), &path, &body).await;
                assert_eq!(answer.status, 404, "{} {path}: {}", operation.id, answer.text());
                answer.problem(404, "not_found");
            }
        }
    }
}

#[tokio::test]
async fn sources_of_others_cannot_be_smuggled_into_a_question_or_a_search() {
    let app = TestApp::start().await;
    let (ada, bob) = (app.register("ada").await, app.register("bob").await);
    let hers = ada.notebook("Ada's").await;
    let secret = ada.ready_source(&hers, "secret.txt", "The vault code is 4711 and the door is blue.").await;
    let his = bob.notebook("Bob's").await;
    let conversation = bob.conversation(&his).await;
    let chosen = json!({ "sourceIds": [id(&secret)] });
    let (_, answer) = bob.ask(&conversation, "What is the vault code?", chosen).await;
    assert!(!answer.to_string().contains("4711"), "{answer}");
    let body = json!({ "query": "vault code", "sourceIds": [id(&secret)] });
    let found = bob.post(&format!("/api/notebooks/{his}/search"), body.clone()).await.ok(200);
    assert_eq!(found["hits"], json!([]));
    let found = ada.post(&format!("/api/notebooks/{hers}/search"), body).await.ok(200);
    assert!(found.to_string().contains("4711"), "the question was right: {found}");
    let listed: Vec<Value> =
        serde_json::from_value(bob.get("/api/notebooks").await.ok(200)["notebooks"].clone()).unwrap();
    assert_eq!(listed.len(), 1);
}
