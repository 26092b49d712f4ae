//! A person with an account, and what they do.

use collabry_shared::auth::Name;
use reqwest::Method;
use reqwest::header::CONTENT_TYPE;
use serde_json::{Value, json};
use tokio::time::timeout;

use super::sse::SseReader;
use super::{Answer, PATIENCE, SseEvent, TestApp, contract, eventually, multipart};

pub const PASSWORD: &str = "correct horse battery";

pub struct User<'a> {
    pub app: &'a TestApp,
    pub id: String,
    pub email: String,
    pub token: String,
    pub refresh_token: String,
}

impl<'a> User<'a> {
    pub async fn register(app: &'a TestApp, name: &str) -> Self {
        let email = format!("{name}@example.org");
        let body = json!({ "email": email, "name": name, "password": PASSWORD, "returnRefreshToken": true });
        let signed_in = app.post("/api/auth/register", &body).await.ok(201);
        Self::signed_in(app, email, &signed_in)
    }

    /// An account that is there already, signed in, however one registers now.
    pub async fn of_before(app: &'a TestApp, name: &str) -> Self {
        let email = format!("{name}@example.org");
        let new = collabry_api::NewAccount {
            email: email.clone().try_into().unwrap(),
            name: Name::parse(name).unwrap(),
            password: PASSWORD.into(),
        };
        let passwords = collabry_api::Passwords::default();
        collabry_api::accounts::create(app.stores.users.as_ref(), &passwords, &app.clock, new).await.unwrap();
        let body = json!({ "email": email, "password": PASSWORD, "returnRefreshToken": true });
        let signed_in = app.post("/api/auth/login", &body).await.ok(200);
        Self::signed_in(app, email, &signed_in)
    }

    fn signed_in(app: &'a TestApp, email: String, signed_in: &Value) -> Self {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        Self {
            app,
            id: text(&signed_in["user"]["id"]),
            email,
            token: text(&signed_in["accessToken"]),
            refresh_token: text(&signed_in["refreshToken"]),
        }
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.app.request(method, path).bearer_auth(&self.token)
    }

    pub async fn send(&self, method: Method, path: &str, body: &Value) -> Answer {
        self.app.send(self.request(method, path).json(body)).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.app.send(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.app.send(self.request(Method::DELETE, path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, &body).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, &body).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, &body).await
    }

    /// Id of a new notebook.
    pub async fn notebook(&self, title: &str) -> String {
        id(&self.post("/api/notebooks", json!({ "title": title })).await.ok(201))
    }

    /// Makes someone a member: invited by a link, which they open.
    pub async fn invite(&self, notebook: &str, other: &User<'_>, role: &str) {
        let offered = if role == "owner" { "editor" } else { role };
        let code = self.invitation(notebook, &other.email, offered).await;
        other.join(&code).await.ok(200);
        if role == "owner" {
            let member = format!("/api/notebooks/{notebook}/members/{}", other.id);
            self.patch(&member, json!({ "role": role })).await.ok(204);
        }
    }

    /// The code of a new invitation.
    pub async fn invitation(&self, notebook: &str, email: &str, role: &str) -> String {
        let body = json!({ "email": email, "role": role });
        let invited = self.post(&format!("/api/notebooks/{notebook}/members"), body).await.ok(202);
        invited["code"].as_str().unwrap().to_owned()
    }

    /// Joins a notebook by a code.
    pub async fn join(&self, code: &str) -> Answer {
        self.post("/api/notebooks/join", json!({ "code": code })).await
    }

    /// Id of a new conversation.
    pub async fn conversation(&self, notebook: &str) -> String {
        id(&self.post(&format!("/api/notebooks/{notebook}/conversations"), json!({})).await.ok(201))
    }

    pub async fn upload_form(&self, path: &str, form: Vec<u8>) -> Answer {
        self.app.send(self.request(Method::POST, path).header(CONTENT_TYPE, multipart::TYPE).body(form)).await
    }

    pub async fn upload(&self, notebook: &str, name: &str, bytes: &[u8]) -> Answer {
        let form = multipart::form("file", name, bytes);
        self.upload_form(&format!("/api/notebooks/{notebook}/sources"), form).await
    }

    /// A source that can be searched.
    pub async fn ready_source(&self, notebook: &str, name: &str, text: &str) -> Value {
        let source = id(&self.upload(notebook, name, text.as_bytes()).await.ok(201));
        let source = self.settled(&source).await;
        assert_eq!(source["latest"]["state"]["step"], "ready", "{source}");
        source
    }

    /// Runs a job as the admin that this user is, and returns the run once it ended.
    pub async fn run_job(&self, job: &str) -> Value {
        let run = self.post(&format!("/api/admin/jobs/{job}/runs"), json!({})).await.ok(202);
        eventually("the run ends", async || {
            let jobs = self.get("/api/admin/jobs").await.ok(200)["jobs"].as_array().unwrap().clone();
            let runs = jobs.into_iter().find(|one| one["name"] == job).unwrap()["runs"].as_array().unwrap().clone();
            let ended = runs.into_iter().find(|one| one["slot"] == run["slot"]).unwrap();
            (ended["finishedAt"] != Value::Null).then_some(ended)
        })
        .await
    }

    /// The source once it is ready or failed.
    pub async fn settled(&self, source: &str) -> Value {
        eventually("the source is ready or failed", async || {
            let source = self.get(&format!("/api/sources/{source}")).await.ok(200);
            ["ready", "failed"].contains(&source["latest"]["state"]["step"].as_str().unwrap()).then_some(source)
        })
        .await
    }

    /// Sends a message and returns it as stored; `more` is merged into the request.
    pub async fn say(&self, conversation: &str, content: &str, more: Value) -> Value {
        let client_id = format!("test-{}", rand::random::<u64>());
        let mut body = json!({ "clientId": client_id, "content": content });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.post(&format!("/api/conversations/{conversation}/messages"), body).await.ok(201)
    }

    /// Asks, waits for the end of the answer, and returns question and answer as stored.
    pub async fn ask(&self, conversation: &str, content: &str, more: Value) -> (Value, Value) {
        let question = self.say(conversation, content, more).await;
        self.events(question["generationId"].as_str().unwrap(), "").await;
        let answer = self.answer_to(conversation, &question).await;
        (question, answer)
    }

    /// The newest answer to a question.
    pub async fn answer_to(&self, conversation: &str, question: &Value) -> Value {
        let messages = self.messages(conversation, "").await;
        let mut answers = messages.into_iter().filter(|message| message["replyTo"] == question["id"]);
        answers.next_back().expect("there is an answer")
    }

    pub async fn messages(&self, conversation: &str, query: &str) -> Vec<Value> {
        let page = self.get(&format!("/api/conversations/{conversation}/messages{query}")).await.ok(200);
        page["messages"].as_array().unwrap().clone()
    }

    /// Opens the event stream of a generation.
    pub async fn watch(&self, generation: &str, query: &str) -> SseReader {
        let path = format!("/api/ai/generations/{generation}/events{query}");
        let response = self.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        SseReader::new(response)
    }

    /// All events of a generation, to the end of the stream.
    pub async fn events(&self, generation: &str, query: &str) -> Vec<SseEvent> {
        let reader = self.watch(generation, query).await;
        let events = timeout(PATIENCE, reader.rest()).await.expect("the stream ends");
        let schema = json!({ "$ref": "#/components/schemas/LoggedEvent" });
        for event in &events {
            contract::validate(&self.app.document, &event.name, &schema, &event.data);
        }
        events
    }
}

pub fn id(thing: &Value) -> String {
    thing["id"].as_str().unwrap_or_else(|| panic!("no id: {thing}")).to_owned()
}
