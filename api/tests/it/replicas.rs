//! Several replicas over one real Redis: what one of them hears, all tell, once and in order.

use std::sync::atomic::Ordering;

use collabry_shared::realtime::Signal;
use reqwest::Method;
use serde_json::{Value, json};

use crate::generations::provider;
use crate::support::{Cluster, Socket, SseEvent, User, eventually};

/// A cluster of two, Ada on the first and on the second replica, and her conversation.
struct Scene {
    cluster: Cluster,
    ada: String,
    conversation: String,
    notebook: String,
}

impl Scene {
    async fn set() -> Self {
        Self::with(|_| {}).await
    }

    async fn with(change: impl FnOnce(&mut collabry_shared::config::Config)) -> Self {
        let cluster = Cluster::start(2, change).await;
        let ada = cluster.replicas[0].register("ada").await;
        let notebook = ada.notebook("Biology").await;
        let conversation = ada.conversation(&notebook).await;
        let ada = ada.token.clone();
        Self { cluster, ada, conversation, notebook }
    }

    fn ada(&self, replica: usize) -> User<'_> {
        let app = &self.cluster.replicas[replica];
        let text = String::new;
        User { app, id: text(), email: text(), token: self.ada.clone(), refresh_token: text() }
    }

    /// A socket of Ada's in the conversation.
    async fn socket(&self, replica: usize) -> Socket {
        let mut socket = Socket::connect(&self.cluster.replicas[replica], &self.ada).await;
        socket.join(&self.conversation).await;
        socket
    }

    async fn say(&self, replica: usize, count: usize) {
        for n in 0..count {
            self.ada(replica).say(&self.conversation, &format!("{n}"), json!({ "ask": false })).await;
        }
    }
}

fn assert_each_once(events: &[SseEvent]) {
    let ids: Vec<_> = events.iter().map(|event| event.id).collect();
    assert_eq!(ids, (1..=events.len() as u64).collect::<Vec<_>>(), "each once, in order");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_reaches_the_sockets_of_every_replica_once_and_in_order() {
    const EACH: usize = 60;
    let scene = Scene::set().await;
    let (mut here, mut there) = (scene.socket(0).await, scene.socket(1).await);
    let saying = async {
        // Interleaved: every rev is taken by whoever is quicker.
        tokio::join!(scene.say(0, EACH), scene.say(1, EACH), scene.say(0, EACH), scene.say(1, EACH));
    };
    let (on_one, on_other, ()) = tokio::join!(here.hear_revs(4 * EACH), there.hear_revs(4 * EACH), saying);
    let expected: Vec<_> = (1..=4 * EACH as u64).collect();
    assert_eq!(on_one, expected);
    assert_eq!(on_other, expected);
    // Nothing came twice either: the next is the next.
    scene.say(1, 1).await;
    assert_eq!(here.hear_revs(1).await, [4 * EACH as u64 + 1]);
    assert_eq!(there.hear_revs(1).await, [4 * EACH as u64 + 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn while_redis_is_away_messages_are_kept_and_then_nothing_is_missing_and_nothing_comes_twice() {
    let mut scene = Scene::set().await;
    let (mut here, mut there) = (scene.socket(0).await, scene.socket(1).await);
    scene.say(0, 2).await;
    assert_eq!(there.hear_revs(2).await, [1, 2]);

    scene.cluster.redis.pause();
    scene.say(0, 3).await;
    scene.say(1, 3).await;
    // On the replica that took them they are told at once: it waits for nobody.
    assert_eq!(here.hear_revs(5).await, [1, 2, 3, 4, 5]);
    scene.cluster.redis.resume();
    assert_eq!(there.hear_revs(6).await, [3, 4, 5, 6, 7, 8]);
    assert_eq!(here.hear_revs(3).await, [6, 7, 8]);

    scene.cluster.redis.kill();
    scene.say(1, 3).await;
    scene.say(0, 3).await;
    // Empty.
    scene.cluster.redis.start_again();
    assert_eq!(here.hear_revs(6).await, [9, 10, 11, 12, 13, 14]);
    assert_eq!(there.hear_revs(6).await, [9, 10, 11, 12, 13, 14]);

    scene.say(0, 1).await;
    assert_eq!(here.hear_revs(1).await, [15]);
    assert_eq!(there.hear_revs(1).await, [15]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_streams_from_every_replica_through_a_redis_that_comes_back_empty() {
    let mut scene = Scene::with(provider().await).await;
    let mut socket = scene.socket(1).await;
    let model = json!({ "model": "ollama/scripted:tokens=200,between=20" });
    let question = scene.ada(0).say(&scene.conversation, "Count.", model).await;
    let generation = question["generationId"].as_str().unwrap().to_owned();
    let mut early = scene.ada(1).watch(&generation, "").await;
    let mut events = vec![early.next().await.unwrap()];
    while events.len() < 10 {
        events.push(early.next().await.unwrap());
    }
    scene.cluster.redis.kill();
    scene.cluster.redis.start_again();
    events.extend(early.rest().await);
    assert_each_once(&events);
    let text = |events: &[SseEvent]| {
        events.iter().filter_map(|event| event.data["text"].as_str().map(str::to_owned)).collect::<String>()
    };
    assert_eq!(text(&events).split_whitespace().count(), 200);
    assert_eq!(scene.ada(0).events(&generation, "").await, events, "the other replica shows the same");
    // Over the socket, each once as well.
    let mut heard: Vec<Value> = Vec::new();
    while heard.last().is_none_or(|last| last["state"].is_null()) {
        heard.push(socket.hear("generation:").await);
    }
    let ids: Vec<_> = heard.iter().map(|event| event["eventId"].as_u64().unwrap()).collect();
    assert_eq!(ids, (1..=events.len() as u64).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_that_end_while_redis_is_away_are_told_whole_whatever_it_lost() {
    let mut scene = Scene::with(provider().await).await;
    let mut socket = scene.socket(1).await;
    let mut generations = Vec::new();
    for tokens in [40, 60, 80] {
        let model = json!({ "model": format!("ollama/scripted:tokens={tokens},between=20") });
        let question = scene.ada(0).say(&scene.conversation, "Count.", model).await;
        generations.push((question["generationId"].as_str().unwrap().to_owned(), tokens));
    }
    let mut watching = Vec::new();
    for (generation, _) in &generations {
        let mut stream = scene.ada(0).watch(generation, "").await;
        let mut seen = Vec::new();
        while seen.iter().filter(|event: &&SseEvent| event.name == "delta").count() < 3 {
            seen.push(stream.next().await.unwrap());
        }
        watching.push((stream, seen));
    }
    scene.cluster.redis.kill();
    for (generation, _) in &generations {
        let ada = scene.ada(1);
        let state = format!("/api/ai/generations/{generation}");
        eventually("it is over", async || (ada.get(&state).await.ok(200)["state"] == "done").then_some(())).await;
    }
    let text = |events: &[SseEvent]| {
        events.iter().filter_map(|event| event.data["text"].as_str().map(str::to_owned)).collect::<String>()
    };
    // Redis is still away, and stays so: who comes now is told all, and so are those who watched from before.
    for ((generation, tokens), (stream, mut seen)) in generations.iter().zip(watching) {
        let whole = scene.ada(1).events(generation, "").await;
        assert_each_once(&whole);
        assert_eq!(text(&whole).split_whitespace().count(), *tokens);
        let last = seen.last().unwrap().id;
        let rest = scene.ada(1).events(generation, &format!("?after={last}")).await;
        assert_eq!(rest, whole[usize::try_from(last).unwrap()..], "who comes back is told the rest");
        seen.extend(stream.rest().await);
        assert_eq!(seen, whole, "who stayed is told the same");
        let resume = json!({ "generationId": generation, "lastEventId": last });
        let resumed = socket.emit("generation:resume", resume).await;
        let ids = resumed["events"].as_array().unwrap().iter().map(|event| event["eventId"].as_u64().unwrap());
        assert_eq!(ids.collect::<Vec<_>>(), rest.iter().map(|event| event.id).collect::<Vec<_>>());
    }
    scene.cluster.redis.start_again();
    // Over the socket as well, each event once, up to three ends.
    let mut heard: std::collections::HashMap<String, Vec<u64>> = std::collections::HashMap::new();
    let mut ends = 0;
    while ends < generations.len() {
        let event = socket.hear("generation:").await;
        let generation = event["generationId"].as_str().unwrap().to_owned();
        heard.entry(generation).or_default().push(event["eventId"].as_u64().unwrap());
        ends += usize::from(!event["state"].is_null());
    }
    for (generation, _) in &generations {
        let ids = &heard[generation];
        assert_eq!(*ids, (1..=ids.len() as u64).collect::<Vec<_>>());
        assert_eq!(scene.ada(0).events(generation, "").await.len(), ids.len(), "the end has the number it has");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn while_redis_is_away_a_stream_is_held_and_an_answer_can_begin() {
    let mut scene = Scene::with(provider().await).await;
    let model = json!({ "model": "ollama/scripted:tokens=9,after=5,end=hang" });
    let question = scene.ada(0).say(&scene.conversation, "Count.", model).await;
    let generation = question["generationId"].as_str().unwrap().to_owned();
    let mut watch = scene.ada(0).watch(&generation, "").await;
    while watch.next().await.unwrap().name != "delta" {}
    scene.cluster.redis.kill();
    // Whoever comes is not refused, wherever they stand.
    let mut held = Vec::new();
    for after in ["", "?after=1", "?after=2"] {
        held.push(scene.ada(1).watch(&generation, after).await);
    }
    let short = json!({ "model": "ollama/scripted:tokens=7" });
    let asked = scene.ada(1).say(&scene.conversation, "And now?", short).await;
    let answer = eventually("the answer is stored", async || {
        let messages = scene.ada(1).messages(&scene.conversation, "").await;
        messages.into_iter().find(|message| message["replyTo"] == asked["id"])
    });
    assert_eq!(answer.await["status"], "complete", "it was written without Redis");
    scene.cluster.redis.start_again();
    scene.ada(0).post(&format!("/api/ai/generations/{generation}/stop"), json!({})).await.ok(200);
    let whole = scene.ada(0).events(&generation, "").await;
    for (after, stream) in held.into_iter().enumerate() {
        assert_eq!(stream.rest().await, whole[after..]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn news_of_a_beginning_that_come_after_the_end_tell_nothing_again() {
    let scene = Scene::with(provider().await).await;
    let mut sockets = [scene.socket(0).await, scene.socket(1).await];
    let mut answers = Vec::new();
    for text in ["Count.", "Count again."] {
        let model = json!({ "model": "ollama/scripted:tokens=3" });
        let question = scene.ada(0).say(&scene.conversation, text, model).await;
        answers.push(question["generationId"].as_str().unwrap().to_owned());
        for socket in &mut sockets {
            loop {
                let event = socket.hear("generation:").await;
                assert_eq!(event["generationId"], json!(answers.last()), "of this answer and no other");
                if !event["state"].is_null() {
                    break;
                }
            }
        }
        let (generation_id, conversation_id) = (answers[0].parse().unwrap(), scene.conversation.parse().unwrap());
        scene.cluster.fan_out.signal(Signal::GenerationRunning { generation_id, conversation_id }).await;
    }
    // What was told of the late news would come before this.
    scene.say(0, 1).await;
    for socket in &mut sockets {
        loop {
            let event = socket.hear("").await;
            assert!(event["generationId"].is_null(), "told again: {event}");
            if event["message"]["content"] == "0" {
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_whose_beginning_nobody_was_told_of_is_heard_to_its_end() {
    let scene = Scene::with(provider().await).await;
    let mut sockets = [scene.socket(0).await, scene.socket(1).await];
    scene.cluster.signals_lost.store(true, Ordering::Relaxed);
    let model = json!({ "model": "ollama/scripted:tokens=3" });
    let generation = scene.ada(0).say(&scene.conversation, "Count.", model).await["generationId"].clone();
    for socket in &mut sockets {
        let mut next = 1;
        loop {
            let event = socket.hear("generation:").await;
            assert_eq!((&event["generationId"], &event["eventId"]), (&generation, &json!(next)));
            next += 1;
            if !event["state"].is_null() {
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_joins_during_an_answer_hears_the_rest_of_it() {
    let scene = Scene::with(provider().await).await;
    let model = json!({ "model": "ollama/scripted:tokens=100,between=20" });
    let question = scene.ada(0).say(&scene.conversation, "Count.", model).await;
    let generation = question["generationId"].as_str().unwrap();
    let mut watch = scene.ada(0).watch(generation, "").await;
    while watch.next().await.unwrap().name != "delta" {}
    // Nobody on this replica had the conversation open when it began.
    let mut socket = Socket::connect(&scene.cluster.replicas[1], &scene.ada).await;
    let joined = socket.join(&scene.conversation).await;
    let last = joined["generations"][0]["lastEventId"].as_u64().unwrap();
    let first = socket.hear("generation:").await["eventId"].as_u64().unwrap();
    assert_eq!(first, last + 1);
    socket.hear("generation:done").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_engine_says_reaches_the_sockets_of_every_replica() {
    let scene = Scene::set().await;
    let (mut here, mut there) = (scene.socket(0).await, scene.socket(1).await);
    let ada = scene.ada(0);
    let source = ada.upload(&scene.notebook, "Pflanzen.md", b"Leaves are green.").await.ok(201);
    for socket in [&mut here, &mut there] {
        loop {
            let status = socket.hear("source:status").await;
            assert_eq!(status["source"]["id"], source["id"]);
            if status["source"]["latest"]["state"]["step"] == "ready" {
                break;
            }
        }
    }
}

/// The engine, which has no sockets of its own, publishes that the answer was added.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_is_activity_for_members_who_do_not_have_the_conversation_open() {
    let scene = Scene::set().await;
    let bob = scene.cluster.replicas[1].register("bob").await;
    scene.ada(0).invite(&scene.notebook, &bob, "viewer").await;
    let mut outside = Socket::connect(&scene.cluster.replicas[1], &bob.token).await;
    let mut inside = scene.socket(0).await;
    scene.ada(0).say(&scene.conversation, "What is a leaf?", json!({})).await;
    for head in [1, 2] {
        let activity = outside.hear("conversation:activity").await;
        assert_eq!(
            (activity["conversationId"].as_str(), activity["head"].as_u64()),
            (Some(&*scene.conversation), Some(head))
        );
    }
    let heard = inside.hear_revs(2).await;
    assert_eq!(heard, [1, 2], "whoever has it open gets the messages themselves");
}

#[tokio::test(flavor = "multi_thread")]
async fn signals_reach_the_sockets_of_every_replica() {
    let scene = Scene::set().await;
    let ada = scene.ada(0);
    let bob = scene.cluster.replicas[1].register("bob").await;
    let mut socket = Socket::connect(&scene.cluster.replicas[1], &bob.token).await;
    ada.invite(&scene.notebook, &bob, "viewer").await;
    // Now in the notebook's room, on the other replica.
    eventually("he hears of the notebook", async || {
        ada.patch(&format!("/api/notebooks/{}", scene.notebook), json!({ "title": "Botany" })).await.ok(200);
        let heard = tokio::time::timeout(std::time::Duration::from_millis(200), socket.hear("notebook:updated")).await;
        heard.ok()
    })
    .await;
    // Signed out on the first replica, closed on the second.
    scene.cluster.on(0, &bob).post("/api/auth/logout", json!({ "refreshToken": bob.refresh_token })).await;
    socket.closed().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_user_is_there_until_the_last_tab_on_any_replica_closes() {
    let scene = Scene::set().await;
    let bob = scene.cluster.replicas[0].register("bob").await;
    scene.ada(0).invite(&scene.notebook, &bob, "viewer").await;
    let mut ada = Socket::connect(&scene.cluster.replicas[0], &scene.ada).await;
    let here = Socket::connect(&scene.cluster.replicas[0], &bob.token).await;
    let there = Socket::connect(&scene.cluster.replicas[1], &bob.token).await;
    let is_there = |update: &Value| update["userIds"].as_array().unwrap().contains(&json!(bob.id));
    while !is_there(&ada.hear("presence:update").await) {}
    drop(here);
    let present = ada.join(&scene.conversation).await["present"].clone();
    assert!(present.as_array().unwrap().contains(&json!(bob.id)), "another tab is open");
    drop(there);
    while is_there(&ada.hear("presence:update").await) {}
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_who_read_the_same_one_changes_it_whatever_replica_they_ask() {
    let scene = Scene::set().await;
    let path = format!("/api/conversations/{}", scene.conversation);
    for round in 0..20 {
        let tag = scene.ada(0).get(&path).await.header("etag").to_owned();
        let change = async |replica: usize| {
            let user = scene.ada(replica);
            let request = user.request(Method::PATCH, &path).header("if-match", &tag);
            user.app.send(request.json(&json!({ "title": format!("{round} {replica}") }))).await.status.as_u16()
        };
        let (one, other) = tokio::join!(change(0), change(1));
        let mut both = [one, other];
        both.sort_unstable();
        assert_eq!(both, [200, 412], "round {round}");
    }
}
