//! One socket, and one person with many, beside everybody else.

use serde_json::{Value, json};

use crate::support::{Polling, Scrape, Socket, TestApp, User};

/// Four bytes each.
const LONG: usize = 16_000;

async fn filled(user: &User<'_>, messages: usize) -> String {
    let conversation = user.conversation(&user.notebook("Biology").await).await;
    for n in 0..messages {
        let said = json!({ "clientId": format!("{n}"), "content": "🌿".repeat(LONG), "ask": false });
        user.post(&format!("/api/conversations/{conversation}/messages"), said).await.ok(201);
    }
    conversation
}

fn revs(page: &Value) -> Vec<u64> {
    page["messages"].as_array().unwrap().iter().map(|message| message["rev"].as_u64().unwrap()).collect()
}

#[tokio::test]
async fn a_page_of_long_messages_ends_by_bytes_and_the_rest_follows() {
    const MESSAGES: u64 = 40;
    let app = TestApp::start_with(|config| config.api.limits.messages = None).await;
    let ada = app.register("ada").await;
    let conversation = filled(&ada, MESSAGES.try_into().unwrap()).await;
    let mut socket = Socket::connect(&app, &ada.token).await;
    let most = 1024 * 1024 + 64 * 1024;

    let (mut seen, mut pages) = (Vec::new(), 0);
    loop {
        let since = seen.last().copied().unwrap_or(0);
        let page = socket.emit("conversation:join", json!({ "conversationId": conversation, "sinceRev": since })).await;
        assert!(page.to_string().len() < most, "{} bytes", page.to_string().len());
        seen.extend(revs(&page));
        pages += 1;
        if page["complete"] == true {
            break;
        }
    }
    assert_eq!(seen, (1..=MESSAGES).collect::<Vec<_>>());
    assert!(pages > 2, "{pages}");

    let (mut seen, mut before) = (Vec::new(), String::new());
    loop {
        let page = ada.get(&format!("/api/conversations/{conversation}/messages?limit=200{before}")).await.ok(200);
        assert!(page.to_string().len() < most, "{} bytes", page.to_string().len());
        seen.splice(..0, revs(&page));
        match page["nextBefore"].as_u64() {
            Some(position) => before = format!("&before={position}"),
            None => break,
        }
    }
    assert_eq!(seen, (1..=MESSAGES).collect::<Vec<_>>());

    // Who opens it sees the newest, and finds the older ones by asking.
    let opened = socket.join(&conversation).await;
    assert_eq!((&opened["complete"], revs(&opened).last()), (&json!(true), Some(&MESSAGES)));
    assert!(opened.to_string().len() < most);
}

#[tokio::test]
async fn a_socket_that_says_far_too_much_is_closed() {
    let app = TestApp::start_with(|config| config.api.limits.socket_events = 5).await;
    let (ada, ben) = (app.register("ada").await, app.register("ben").await);
    let conversation = filled(&ada, 1).await;
    let flood = Socket::connect(&app, &ada.token).await;
    let mut other = Socket::connect(&app, &ada.token).await;
    for _ in 0..2000 {
        flood.say("typing:stop", &json!({ "conversationId": conversation }));
    }
    flood.closed().await;
    other.join(&conversation).await;
    ben.get("/api/notebooks").await.ok(200);
    let counted = Scrape::of(&app).await;
    assert_eq!(counted.value("collabry_socket_packets_refused_total{reason=\"closed\"}"), 1);
    // It may come back.
    Socket::connect(&app, &ada.token).await.join(&conversation).await;
}

#[tokio::test]
async fn a_packet_that_is_too_large_is_refused_and_its_socket_goes_on() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let conversation = filled(&ada, 1).await;
    let mut socket = Socket::connect(&app, &ada.token).await;
    let send = json!({ "conversationId": conversation, "clientId": "large", "content": "x".repeat(270_000) });
    let refused = socket.call("message:send", send).await;
    assert_eq!((&refused["error"]["code"], &refused["error"]["status"]), (&json!("payload_too_large"), &json!(413)));
    assert_eq!(refused["error"]["message"], "The event is larger than 256 KiB. Add long text as a source instead.");
    let wrong = socket.call("conversation:join", json!({})).await;
    let said = json!([{ "field": "conversationId", "message": "`conversationId` is missing." }]);
    assert_eq!((&wrong["error"]["code"], &wrong["error"]["errors"]), (&json!("validation"), &said));
    socket.join(&conversation).await;
}

#[tokio::test]
async fn a_handshake_that_is_refused_has_the_number_of_the_protocol() {
    let app = TestApp::start().await;
    for (query, code) in [("EIO=3&transport=polling", 5), ("EIO=4&transport=polling&sid=AAAAAAAAAAAAAAAA", 1)] {
        let refused = app.get(&format!("/socket.io/?{query}")).await;
        assert_eq!((refused.status.as_u16(), &refused.json()["code"]), (400, &json!(code)), "{query}");
    }
}

#[tokio::test]
async fn a_person_has_so_many_sockets_and_another_one_theirs() {
    let app = TestApp::start_with(|config| config.api.limits.sockets = 2).await;
    let (ada, ben) = (app.register("ada").await, app.register("ben").await);
    let held = [Socket::connect(&app, &ada.token).await, Socket::connect(&app, &ada.token).await];
    let (_, refused) = Polling::connect(&app, &ada.token).await;
    assert_eq!(refused, r#"44{"message":"rate_limited"}"#);
    Socket::connect(&app, &ben.token).await;
    drop(held);
    crate::support::eventually("there is room again", async || {
        let (_, answer) = Polling::connect(&app, &ada.token).await;
        answer.starts_with("40").then_some(())
    })
    .await;
}

/// Nothing comes after the last message, and after the end of an answer, by which its client could see the gap.
#[tokio::test]
async fn who_hung_while_the_last_events_came_is_told_that_there_is_more() {
    const MESSAGES: usize = 400;
    let app = TestApp::start_with(|config| config.api.limits.messages = None).await;
    let ada = app.register("ada").await;
    let conversation = ada.conversation(&ada.notebook("Biology").await).await;
    let messages = format!("/api/conversations/{conversation}/messages");
    let (mut socket, mut beside) = (Socket::connect(&app, &ada.token).await, Socket::connect(&app, &ada.token).await);
    socket.join(&conversation).await;
    beside.join(&conversation).await;

    socket.hang(true);
    for n in 0..MESSAGES {
        let said = json!({ "clientId": format!("{n}"), "content": "🌿".repeat(LONG), "ask": false });
        ada.post(&messages, said).await.ok(201);
        beside.hear_revs(1).await;
    }
    let question = ada.post(&messages, json!({ "clientId": "question", "content": "Why?" })).await.ok(201);
    let done = beside.hear("generation:done").await;
    let head = ada.get(&format!("/api/conversations/{conversation}")).await.ok(200)["head"].clone();
    socket.hang(false);

    let (mut told, mut ended) = (0, 0);
    while Some(told) != head.as_u64() || Some(ended) != done["eventId"].as_u64() {
        let due = socket.hear("conversation:check").await;
        assert_eq!(due["conversationId"], conversation);
        told = told.max(due["rev"].as_u64().unwrap());
        let mut answers = due["generations"].as_array().unwrap().iter();
        let answer = answers.find(|one| one["generationId"] == question["generationId"]);
        ended = ended.max(answer.map_or(0, |one| one["lastEventId"].as_u64().unwrap()));
    }
}

/// Over long polling, where there is an answer that can say so.
#[tokio::test]
async fn a_body_that_is_too_large_is_refused_with_a_reason() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let (polling, _) = Polling::connect(&app, &ada.token).await;
    let event = format!("42{}", json!(["typing:start", "x".repeat(1024 * 1024)]));
    let problem = polling.refused(event).await.problem(413, "payload_too_large");
    assert!(problem["detail"].as_str().unwrap().contains("larger"), "{problem}");
}
