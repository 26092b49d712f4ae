//! Access tokens, right and wrong.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::SignedDuration;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::Method;
use reqwest::header::AUTHORIZATION;
use serde_json::{Value, json};

use crate::support::{Answer, SECRET, TestApp, User};

async fn me(app: &TestApp, authorization: &str) -> Answer {
    app.send(app.request(Method::GET, "/api/auth/me").header(AUTHORIZATION, authorization)).await
}

/// The claims of a token as the server made them.
fn claims(user: &User<'_>) -> Value {
    let payload = user.token.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).unwrap()).unwrap()
}

fn signed(claims: &Value, algorithm: Algorithm, secret: &str) -> String {
    jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(secret.as_bytes())).unwrap()
}

#[tokio::test]
async fn a_token_is_good_for_15_minutes() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    app.clock.advance(SignedDuration::from_secs(15 * 60 - 1));
    ada.get("/api/auth/me").await.ok(200);
    app.clock.advance(SignedDuration::from_secs(1));
    ada.get("/api/auth/me").await.problem(401, "token_expired");
}

#[tokio::test]
async fn what_is_not_our_token_is_refused() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let claims = claims(&ada);
    // The way in which the bad ones are made is right.
    me(&app, &format!("Bearer {}", signed(&claims, Algorithm::HS256, SECRET))).await.ok(200);

    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"JWT"}"#);
    let payload = ada.token.split('.').nth(1).unwrap();
    let mut other_issuer = claims.clone();
    other_issuer["iss"] = json!("somebody");
    let mut no_expiry = claims.clone();
    no_expiry.as_object_mut().unwrap().remove("exp");
    let mut no_session = claims.clone();
    no_session.as_object_mut().unwrap().remove("sid");
    let mut forged = claims.clone();
    forged["sub"] = json!("01890000-0000-7000-8000-000000000000");
    let forged = URL_SAFE_NO_PAD.encode(forged.to_string());
    let (head, signature) = (ada.token.split('.').next().unwrap(), ada.token.split('.').nth(2).unwrap());
    for token in [
        format!("{none}.{payload}."),
        format!("{none}.{payload}"),
        format!("{none}.{payload}.{signature}"),
        format!("{head}.{forged}.{signature}"),
        signed(&claims, Algorithm::HS256, "another secret of the same length.."),
        signed(&claims, Algorithm::HS384, SECRET),
        signed(&other_issuer, Algorithm::HS256, SECRET),
        signed(&no_expiry, Algorithm::HS256, SECRET),
        signed(&no_session, Algorithm::HS256, SECRET),
        "garbage".to_owned(),
        "ä".repeat(10),
        "x".repeat(6_000),
        String::new(),
    ] {
        me(&app, &format!("Bearer {token}")).await.problem(401, "token_invalid");
    }
    me(&app, &format!("Basic {}", ada.token)).await.problem(401, "token_invalid");
    me(&app, &ada.token).await.problem(401, "token_invalid");
}

#[tokio::test]
async fn a_token_of_somebody_who_is_not_there_is_refused() {
    let app = TestApp::start().await;
    let mut claims = claims(&app.register("ada").await);
    claims["sub"] = json!("01890000-0000-7000-8000-000000000000");
    let token = signed(&claims, Algorithm::HS256, SECRET);
    me(&app, &format!("Bearer {token}")).await.problem(401, "token_invalid");
}

#[tokio::test]
async fn every_route_but_those_to_sign_in_needs_a_token() {
    let app = TestApp::start().await;
    let open = ["login", "logout", "refreshCookie", "refreshSession", "register"];
    let mut found: Vec<_> = app.operations.iter().filter(|one| !one.secured).map(|one| one.id.clone()).collect();
    found.sort();
    assert_eq!(found, open);
    for operation in app.operations.iter().filter(|operation| operation.secured) {
        let path = operation.filled(|_| "01890000-0000-7000-8000-000000000000".to_owned());
        let method = operation.method.to_uppercase().parse().unwrap();
        let answer = app.send(app.request(method, &path).json(&json!({}))).await;
        assert_eq!(answer.json()["code"], "token_missing", "{}", operation.id);
        answer.problem(401, "token_missing");
    }
}
