//! Errors have one shape, whoever says them.

use reqwest::Method;
use serde_json::json;

use crate::support::{Raw, TestApp};

#[tokio::test]
async fn what_is_not_there_is_a_json_404() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let paths =
        ["/api", "/api/", "/api/nothing", "/api/auth", "/api/auth/login/x", "/api/ai/x", "/api/notebooks/x/y/z/%F0"];
    for path in paths {
        app.get(path).await.problem(404, "not_found");
        ada.post(path, json!({})).await.problem(404, "not_found");
    }
    let problem = app.get("/api/nothing").await.problem(404, "not_found");
    insta::assert_json_snapshot!("problem", problem, { ".requestId" => "[id]" });
}

#[tokio::test]
async fn a_wrong_method_says_which_are_right() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    for (method, path, right) in [
        (Method::GET, "/api/auth/login", "POST,OPTIONS"),
        (Method::PUT, "/api/notebooks", "GET,HEAD,POST,OPTIONS"),
        (Method::PUT, "/api/sources/01890000-0000-7000-8000-000000000000", "GET,HEAD,PATCH,DELETE,OPTIONS"),
    ] {
        let answer = ada.send(method, path, &json!({})).await;
        answer.problem(405, "method_not_allowed");
        assert_eq!(answer.header("allow"), right);
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_says_why() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let post = |body: &'static str, kind: &'static str| {
        let request = ada.request(Method::POST, "/api/notebooks").header("content-type", kind).body(body);
        app.send(request)
    };
    post("{", "application/json").await.problem(400, "json_malformed");
    post("", "application/json").await.problem(400, "json_malformed");
    post("{\"title\": \"\u{fffd}", "application/json; charset=utf-8").await.problem(400, "json_malformed");
    for not_an_object in ["[]", r#"["array body"]"#, "null", "7", r#""title""#] {
        let problem = post(not_an_object, "application/json").await.problem(422, "validation");
        assert_eq!(problem["detail"], "The body is a JSON object with the fields of the operation.");
    }
    post(r#"{"title": 1}"#, "application/json").await.problem(422, "validation");
    post(r#"{"title": "A"}"#, "text/plain").await.problem(415, "json_expected");
    post("title=A", "application/x-www-form-urlencoded").await.problem(415, "json_expected");
    let none = app.request(Method::POST, "/api/notebooks").bearer_auth(&ada.token).body(r#"{"title": "A"}"#);
    app.send(none).await.problem(415, "json_expected");
    post(r#"{"title": "A", "colour": "red"}"#, "application/json").await.ok(201);
    post(r#"{"title": "A"}"#, "application/json; charset=utf-16").await.problem(415, "encoding_unsupported");
    post(r#"{"title": "A"}"#, "application/json; charset=UTF-8").await.ok(201);
    let packed = ada.request(Method::POST, "/api/notebooks").header("content-encoding", "gzip");
    app.send(packed.json(&json!({ "title": "A" }))).await.problem(415, "encoding_unsupported");
    // Nothing at all is an object without fields.
    let nothing = ada.request(Method::POST, "/api/notebooks");
    app.send(nothing).await.problem(422, "validation");
    let notebook = ada.notebook("Biology").await;
    app.send(ada.request(Method::POST, &format!("/api/notebooks/{notebook}/conversations"))).await.ok(201);
}

#[tokio::test]
async fn every_field_that_is_wrong_is_named() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Physics").await;
    let conversation = ada.conversation(&notebook).await;
    let messages = format!("/api/conversations/{conversation}/messages");
    let body = json!({ "content": 5, "sourceIds": ["x"], "ask": "yes" });
    let problem = ada.post(&messages, body).await.problem(422, "validation");
    let sentences = json!([
        { "field": "ask", "message": "`ask` is true or false." },
        { "field": "clientId", "message": "`clientId` is missing." },
        { "field": "content", "message": "`content` is text." },
        { "field": "sourceIds", "message": "`sourceIds` is a list of ids, or null." },
    ]);
    assert_eq!(problem["errors"], sentences);
    let problem = ada.get(&format!("{messages}?limit=x&sinceRev=-1")).await.problem(422, "validation");
    let fields: Vec<_> = problem["errors"].as_array().unwrap().iter().map(|one| &one["field"]).collect();
    assert_eq!(fields, ["sinceRev", "limit"]);
    assert_eq!(problem["errors"][1]["message"], "`limit` is a whole number from 1 to 200.");
    let twice = ada.get(&format!("{messages}?limit=1&limit=2")).await.problem(422, "validation");
    assert_eq!(twice["detail"], "`limit` is there twice.");
    let role = json!({ "email": "ben@example.org", "role": "king" });
    let problem = ada.post(&format!("/api/notebooks/{notebook}/members"), role).await.problem(422, "validation");
    assert_eq!(problem["detail"], "`role` is one of viewer, editor, owner.");
    // Rules with a code of their own name their field as well.
    for (path, body, code, field) in [
        (messages.clone(), json!({ "clientId": "generation:x", "content": "a" }), "client_id_invalid", "clientId"),
        (messages.clone(), json!({ "clientId": "1", "content": " " }), "message_empty", "content"),
        (messages, json!({ "clientId": "1", "content": "a", "model": "" }), "model_invalid", "model"),
        ("/api/notebooks".to_owned(), json!({ "title": "" }), "title_invalid", "title"),
        (format!("/api/notebooks/{notebook}/search"), json!({ "query": "" }), "query_invalid", "query"),
        (format!("/api/notebooks/{notebook}/sources/url"), json!({ "url": "x" }), "url_invalid", "url"),
    ] {
        assert_eq!(ada.post(&path, body).await.problem(422, code)["errors"][0]["field"], field);
    }
}

#[tokio::test]
async fn a_number_outside_of_its_range_is_refused() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Physics").await;
    let conversation = ada.conversation(&notebook).await;
    let search = format!("/api/notebooks/{notebook}/search");
    for limit in [json!(0), json!(101), json!(-1), json!(1.5), json!("7")] {
        ada.post(&search, json!({ "query": "moon", "limit": limit })).await.problem(422, "validation");
    }
    ada.post(&search, json!({ "query": "moon", "limit": 100 })).await.ok(200);
    for query in ["limit=0", "limit=201", "before=2&sinceRev=0", "sinceRev=9223372036854775808"] {
        ada.get(&format!("/api/conversations/{conversation}/messages?{query}")).await.problem(422, "validation");
    }
    ada.get(&format!("/api/conversations/{conversation}/messages?limit=200")).await.ok(200);
    for days in ["0", "367", "x"] {
        ada.get(&format!("/api/usage?days={days}")).await.problem(422, "validation");
    }
}

#[tokio::test]
async fn every_answer_has_a_request_id_of_its_own() {
    let app = TestApp::start().await;
    let (one, other) = (app.get("/health").await, app.get("/api/nothing").await);
    assert!(one.header("x-request-id").len() >= 32);
    assert_ne!(one.header("x-request-id"), other.header("x-request-id"));
    let ask = async |app: &TestApp| {
        let named = app.request(Method::GET, "/api/nothing").header("x-request-id", "not-ours");
        app.send(named).await.problem(404, "not_found")["requestId"].clone()
    };
    assert_ne!(ask(&app).await, "not-ours", "nobody chooses what the log says");
    // A trusted proxy's own is kept, so that its log and ours meet.
    let behind = TestApp::start_with(|config| {
        config.api.limits.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    });
    assert_eq!(ask(&behind.await).await, "not-ours");
}

#[tokio::test]
async fn a_client_that_asks_first_is_refused_before_it_sends() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let headers = [("Content-Type", "application/json"), ("Content-Length", "1000000"), ("Expect", "100-continue")];
    let refused = Raw::begin(&ada, "POST", "/api/nothing", &headers).await.answer().await;
    assert!(refused.starts_with("HTTP/1.1 404"), "{refused}");
}

#[tokio::test]
async fn browsers_keep_and_frame_nothing_of_the_api() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    for answer in [ada.get("/api/auth/me").await, app.get("/api/nothing").await, app.get("/api/openapi.json").await] {
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("content-security-policy"), "default-src 'none'; frame-ancestors 'none'");
    }
    let docs = app.get("/api/docs/").await;
    assert!(docs.ok_text().contains("swagger"));
    let policy = docs.header("content-security-policy");
    assert!(policy.contains("frame-ancestors 'none'") && policy.contains("default-src 'self'"), "{policy}");
}
