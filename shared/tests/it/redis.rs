//! The connection to Redis, and the generation log while Redis comes and goes.

use std::collections::HashMap;
use std::time::Duration;

use collabry_shared::config::Config;
use collabry_shared::generations::{EventId, GenerationEvent, GenerationLog, GenerationState, LoggedEvent, RedisLog};
use collabry_shared::ids::{GenerationId, MessageId, OwnerId, UserId};
use collabry_shared::presence::{Presence as _, RedisPresence};
use collabry_shared::redis::RedisConfig;
use collabry_shared::redis::{ChannelEvent, Redis, check};
use collabry_shared::storage::StoreError;
use redis_server::RedisServer;

/// Long enough for any machine; nothing waits for it to pass.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// Asks again and again until `look` finds something.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("never: {what}"))
}

fn config(url: &str, ca: Option<&str>) -> RedisConfig {
    let set = |name: &str| match name {
        "REDIS_URL" => Some(url.to_owned()),
        "COLLABRY_REDIS_CA" => ca.map(str::to_owned),
        _ => None,
    };
    Config::from_lookup(set).unwrap().redis.unwrap()
}

pub async fn open(url: &str) -> Redis {
    Redis::open(&config(url, None)).await.unwrap()
}

/// The generation log as a process of its own sees it.
pub async fn redis_log(url: &str) -> RedisLog {
    RedisLog::new(open(url).await, OwnerId::new())
}

fn delta(n: u64) -> GenerationEvent {
    GenerationEvent::delta(format!("{n} "))
}

fn done() -> GenerationEvent {
    GenerationEvent::Done {
        state: GenerationState::Done,
        answer_id: MessageId::new(),
        cut_off: None,
        text_length: None,
    }
}

/// Reads to the end as a client does, event id by event id.
async fn read_to_the_end(log: &RedisLog, id: GenerationId) -> Vec<LoggedEvent> {
    let mut seen: Vec<LoggedEvent> = Vec::new();
    let read = async {
        while !seen.last().is_some_and(|last| last.event.is_final()) {
            let after = seen.last().map_or(0, |last| last.event_id);
            seen.extend(log.read(id, after, Duration::from_secs(1)).await.unwrap());
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("the end comes");
    seen
}

fn ids(events: &[LoggedEvent]) -> Vec<EventId> {
    events.iter().map(|event| event.event_id).collect()
}

#[tokio::test]
async fn it_works_with_a_password_with_tls_and_with_another_database() {
    let (secret, tls, plain) = (RedisServer::with_password("hunter2"), RedisServer::with_tls(), RedisServer::start());
    let ca = tls.ca();
    for config in [config(&secret.url(), None), config(&tls.url(), ca.to_str()), config(&plain.url_of(3), None)] {
        check::check(&config).await.unwrap();
        let redis = Redis::open(&config).await.unwrap();
        let channel = redis.channels().control();
        let mut heard = redis.subscribe(channel.clone(), 8).await;
        redis.publish(&channel, b"hello").await.unwrap();
        assert_eq!(heard.next().await, Some(ChannelEvent::Message(b"hello".to_vec())));
        let log = RedisLog::new(redis, OwnerId::new());
        let id = GenerationId::new();
        log.append(id, &done()).await.unwrap();
        assert_eq!(ids(&read_to_the_end(&log, id).await), [1]);
    }
    // What is in one database is not in another, and what is said there is not heard here.
    let (three, four) = (open(&plain.url_of(3)).await, open(&plain.url_of(4)).await);
    assert_ne!(three.channels().control(), four.channels().control());
    assert!(keys(&three).await.keys().any(|key| key.starts_with("collabry:generation:")));
    assert!(keys(&four).await.is_empty());
}

#[tokio::test]
async fn what_is_wrong_is_said_in_words() {
    let (secret, tls, evicts) =
        (RedisServer::with_password("hunter2"), RedisServer::with_tls(), RedisServer::that_evicts());
    let problem = async |url: &str| check::check(&config(url, None)).await.unwrap_err();
    assert!(problem(&evicts.url()).await.contains("noeviction"));
    // Who starts a Redis that runs, or looks for another address, does not find a wrong password.
    for password in [":hunter3@", ""] {
        let said = problem(&secret.url().replace(":hunter2@", password)).await;
        assert_eq!(said, "It refuses the user or the password: correct REDIS_URL.", "{password}");
    }
    assert!(problem(&tls.url()).await.contains("REDIS_URL"), "nobody vouches for its certificate");
    let nobody = problem("redis://127.0.0.1:1/0").await;
    assert!(nobody.ends_with("Start it, or correct REDIS_URL.") && !nobody.contains("password"), "{nobody}");
}

#[tokio::test]
async fn a_redis_that_is_away_is_called_by_its_name() {
    let mut server = RedisServer::start();
    let redis = open(&server.url()).await;
    server.kill();
    let error = redis::cmd("PING").exec_async(&mut redis.connection()).await.map_err(StoreError::from).unwrap_err();
    away(&redis).await;
    for error in [error, redis.publish("collabry:test", b"x").await.unwrap_err()] {
        assert!(matches!(error, StoreError::Redis(_)), "{error:?}");
        assert!(error.to_string().starts_with("Redis is not available: "), "{error}");
    }
}

#[tokio::test]
async fn a_subscriber_hears_on_after_redis_was_away_and_knows_that_it_was() {
    let mut server = RedisServer::start();
    let redis = open(&server.url()).await;
    let mut heard = redis.subscribe("collabry:test".to_owned(), 8).await;
    let mut recoveries = redis.recoveries();
    redis.publish("collabry:test", b"before").await.unwrap();
    assert_eq!(heard.next().await, Some(ChannelEvent::Message(b"before".to_vec())));
    server.kill();
    eventually("it is noticed", async || (!redis.is_up()).then_some(())).await;
    assert!(redis.publish("collabry:test", b"lost").await.is_err());
    server.start_again();
    tokio::time::timeout(PATIENCE, recoveries.changed()).await.unwrap().unwrap();
    redis.publish("collabry:test", b"after").await.unwrap();
    assert_eq!(heard.next().await, Some(ChannelEvent::Gap));
    assert_eq!(heard.next().await, Some(ChannelEvent::Message(b"after".to_vec())));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_hangs_is_noticed_and_what_was_said_meanwhile_is_a_gap() {
    let server = RedisServer::start();
    let redis = open(&server.url()).await;
    let mut heard = redis.subscribe("collabry:test".to_owned(), 8).await;
    let mut recoveries = redis.recoveries();
    server.pause();
    eventually("it is noticed", async || (!redis.is_up()).then_some(())).await;
    server.resume();
    tokio::time::timeout(PATIENCE, recoveries.changed()).await.unwrap().unwrap();
    assert_eq!(heard.next().await, Some(ChannelEvent::Gap));
}

/// Whoever has not noticed that its lease is lost adds nothing to what the next one has read, stores and ends.
#[tokio::test]
async fn a_log_that_was_taken_over_is_closed_to_who_wrote_it() {
    let server = RedisServer::start();
    let (first, second) = (redis_log(&server.url()).await, redis_log(&server.url()).await);
    let id = GenerationId::new();
    assert_eq!(first.append(id, &delta(1)).await.unwrap(), 1);
    second.take(id).await.unwrap();
    let refused = first.append(id, &delta(2)).await;
    assert!(matches!(refused, Err(StoreError::TakenOver(_))), "{refused:?}");
    assert_eq!(second.append(id, &delta(3)).await.unwrap(), 2);
    let refused = first.append(id, &done()).await;
    assert!(matches!(refused, Err(StoreError::TakenOver(_))), "{refused:?}");
    let events: Vec<_> = second.read(id, 0, Duration::ZERO).await.unwrap().into_iter().map(|at| at.event).collect();
    assert_eq!(events, [delta(1), delta(3)]);
    // It may come back the same way.
    first.take(id).await.unwrap();
    assert_eq!(first.append(id, &done()).await.unwrap(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_goes_on_while_redis_is_away_and_readers_miss_nothing() {
    let mut server = RedisServer::start();
    let (writer, reader) = (redis_log(&server.url()).await, redis_log(&server.url()).await);
    let (mid, late) = (GenerationId::new(), GenerationId::new());
    for n in 1..=10 {
        assert_eq!(writer.append(mid, &delta(n)).await.unwrap(), n);
    }
    let reading = {
        let seen = reader.read(mid, 0, PATIENCE).await.unwrap();
        assert_eq!(seen.len(), 10);
        async { [seen, read_after(&reader, mid, 10, 25).await].concat() }
    };
    let writing = async {
        server.kill();
        for n in 11..=20 {
            assert_eq!(writer.append(mid, &delta(n)).await.unwrap(), n, "it is numbered and kept");
        }
        assert_eq!(writer.append(late, &delta(1)).await.unwrap(), 1, "one may even begin");
        // Empty: also what was written before is written again.
        server.start_again();
        for n in 21..=24 {
            assert_eq!(writer.append(mid, &delta(n)).await.unwrap(), n);
        }
        assert_eq!(writer.append(mid, &done()).await.unwrap(), 25);
        assert_eq!(writer.append(late, &done()).await.unwrap(), 2);
    };
    let (seen, ()) = tokio::join!(reading, writing);
    assert_eq!(ids(&seen), (1..=25).collect::<Vec<_>>(), "each once, in order");
    assert_eq!(read_to_the_end(&reader, mid).await, seen, "also from the beginning");
    assert_eq!(ids(&read_to_the_end(&reader, late).await), [1, 2]);
}

/// The events after `after` up to `to`.
async fn read_after(log: &RedisLog, id: GenerationId, after: EventId, to: EventId) -> Vec<LoggedEvent> {
    let mut seen: Vec<LoggedEvent> = Vec::new();
    let read = async {
        while seen.last().is_none_or(|last| last.event_id < to) {
            let after = seen.last().map_or(after, |last| last.event_id);
            seen.extend(log.read(id, after, Duration::from_secs(1)).await.unwrap());
        }
    };
    tokio::time::timeout(PATIENCE, read).await.expect("the events come");
    seen
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_ended_comes_back_for_those_who_are_in_the_middle_of_it() {
    let mut server = RedisServer::start();
    let (writer, reader) = (redis_log(&server.url()).await, redis_log(&server.url()).await);
    let id = GenerationId::new();
    for n in 1..=9 {
        writer.append(id, &delta(n)).await.unwrap();
    }
    writer.append(id, &done()).await.unwrap();
    server.kill();
    server.start_again();
    assert_eq!(ids(&read_after(&reader, id, 4, 10).await), (5..=10).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_takes_a_log_over_goes_on_behind_what_is_there() {
    let server = RedisServer::start();
    let (first, second) = (redis_log(&server.url()).await, redis_log(&server.url()).await);
    let id = GenerationId::new();
    assert_eq!(first.append(id, &delta(1)).await.unwrap(), 1);
    assert_eq!(second.append(id, &delta(2)).await.unwrap(), 2);
    assert_eq!(second.append(id, &delta(3)).await.unwrap(), 3);
    // It has seen neither: its next does not go where theirs are.
    first.append(id, &delta(4)).await.unwrap();
    assert_eq!(second.append(id, &done()).await.unwrap(), 5);
    let expected: Vec<_> = [delta(1), delta(2), delta(3), delta(4)].into();
    let seen = read_to_the_end(&second, id).await;
    assert_eq!(
        seen.iter().map(|logged| &logged.event).take(4).collect::<Vec<_>>(),
        expected.iter().collect::<Vec<_>>()
    );
    assert_eq!(ids(&seen), [1, 2, 3, 4, 5]);
}

#[tokio::test(flavor = "multi_thread")]
async fn all_readers_of_a_process_block_once() {
    const READERS: usize = 50;
    let server = RedisServer::start();
    let (writer, reader) = (redis_log(&server.url()).await, redis_log(&server.url()).await);
    let watcher = open(&server.url()).await;
    let ids: Vec<_> = (0..20).map(|_| GenerationId::new()).collect();
    let reading = ids.iter().flat_map(|id| [*id; READERS]).map(|id| read_to_the_end(&reader, id));
    let writing = async {
        eventually("it blocks", async || (blocked(&watcher).await == 1).then_some(())).await;
        for n in 1..=20 {
            for id in &ids {
                writer.append(*id, &delta(n)).await.unwrap();
            }
            assert!(blocked(&watcher).await <= 1, "one reader for all");
        }
        for id in &ids {
            writer.append(*id, &done()).await.unwrap();
        }
    };
    let (read, ()) = tokio::join!(futures::future::join_all(reading), writing);
    assert_eq!(read.len(), READERS * ids.len());
    assert!(read.iter().all(|events| events.len() == 21));
    // 1,000 readers of 21 events each: far fewer reads than if each had asked.
    let stats: redis::InfoDict =
        redis::cmd("INFO").arg("commandstats").query_async(&mut watcher.connection()).await.unwrap();
    let calls = |command: &str| -> u64 {
        let stats: String = stats.get(&format!("cmdstat_{command}")).unwrap_or_default();
        let calls = stats.split(',').next().and_then(|calls| calls.strip_prefix("calls="));
        calls.map_or(0, |calls| calls.parse().unwrap())
    };
    assert!(calls("xread") <= 21 * ids.len() as u64 * 2, "{} XREADs", calls("xread"));
    assert!(calls("xread") > 0);
}

async fn blocked(redis: &Redis) -> u64 {
    let info: redis::InfoDict = redis::cmd("INFO").arg("clients").query_async(&mut redis.connection()).await.unwrap();
    info.get("blocked_clients").unwrap()
}

/// Every key, and for how long it still lives in milliseconds.
async fn keys(redis: &Redis) -> HashMap<String, i64> {
    let mut connection = redis.connection();
    let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut connection).await.unwrap();
    let mut lives = HashMap::new();
    for key in keys {
        let life = redis::cmd("PTTL").arg(&key).query_async(&mut connection).await.unwrap();
        lives.insert(key, life);
    }
    lives
}

#[tokio::test(flavor = "multi_thread")]
async fn every_key_is_ours_and_expires() {
    let server = RedisServer::start();
    let redis = open(&server.url()).await;
    let log = RedisLog::new(redis.clone(), OwnerId::new());
    let id = GenerationId::new();
    log.append(id, &delta(1)).await.unwrap();
    let waiting = log.read(id, 1, PATIENCE);
    let appending = async {
        eventually("it is followed", async || (blocked(&redis).await == 1).then_some(())).await;
        log.append(id, &done()).await.unwrap();
    };
    let _ = tokio::join!(waiting, appending);
    let presence = RedisPresence::new(redis.clone(), OwnerId::new());
    presence.enter(UserId::new(), "1").await;
    let keys = keys(&redis).await;
    for kind in ["generation:", "wake:", "presence:", "online"] {
        assert!(keys.keys().any(|key| key.starts_with(&format!("collabry:{kind}"))), "no {kind} in {keys:?}");
    }
    for (key, life) in keys {
        assert!(key.starts_with("collabry:") && life > 0, "{key} lives {life}");
    }
}

/// What is logged on this thread while the guard lives.
#[derive(Clone, Default)]
struct Lines(std::sync::Arc<std::sync::Mutex<Vec<u8>>>);

impl Lines {
    fn record(&self) -> tracing::subscriber::DefaultGuard {
        let writer = self.clone();
        let log = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
        tracing::subscriber::set_default(log)
    }

    fn matching(&self, part: &str) -> Vec<String> {
        let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
        text.lines().filter(|line| line.contains(part)).map(str::to_owned).collect()
    }
}

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

async fn away(redis: &Redis) {
    eventually("it is noticed", async || (!redis.is_up()).then_some(())).await;
}

/// It is used again before it is said: who was subscribed is subscribed again in between.
async fn said(lines: &Lines, part: &str) {
    eventually(part, async || (!lines.matching(part).is_empty()).then_some(())).await;
}

async fn back(redis: &Redis) {
    eventually("it is back", async || redis.accepts_writes().then_some(())).await;
}

#[tokio::test]
async fn a_redis_that_refuses_the_password_for_a_while_is_used_again_and_both_is_said_once() {
    let mut server = RedisServer::with_password("right");
    let lines = Lines::default();
    let _guard = lines.record();
    let redis = open(&server.url()).await;
    let log = RedisLog::new(redis.clone(), OwnerId::new());
    let id = GenerationId::new();
    log.append(id, &delta(1)).await.unwrap();
    let mut heard = redis.subscribe("collabry:test".to_owned(), 8).await;
    server.kill();
    away(&redis).await;
    server.start_again_asking_for("wrong");
    // It answers, and not what we want: long enough for any connection to be made by then.
    let mut other = open(&server.url().replace("right", "wrong")).await.connection();
    eventually("we were refused", async || {
        let info: String = redis::cmd("INFO").arg("errorstats").query_async(&mut other).await.unwrap();
        info.contains("WRONGPASS").then_some(())
    })
    .await;
    log.append(id, &delta(2)).await.unwrap();
    server.kill();
    server.start_again();
    back(&redis).await;
    log.append(id, &done()).await.unwrap();
    assert_eq!(ids(&read_to_the_end(&log, id).await), [1, 2, 3], "what came before and meanwhile is there");
    redis.publish("collabry:test", b"after").await.unwrap();
    assert_eq!(heard.next().await, Some(ChannelEvent::Gap));
    assert_eq!(heard.next().await, Some(ChannelEvent::Message(b"after".to_vec())));
    said(&lines, "Redis is back").await;
    let (lost, found) = (lines.matching("Redis is away"), lines.matching("Redis is back"));
    assert_eq!((lost.len(), found.len()), (1, 1), "{lost:?} {found:?}");
    assert!(lost[0].contains("reason="), "{lost:?}");
}

#[tokio::test]
async fn a_full_redis_is_read_from_and_its_refusal_is_said_and_seen() {
    let server = RedisServer::start();
    let lines = Lines::default();
    let _guard = lines.record();
    let redis = open(&server.url()).await;
    let mut admin = open(&server.url()).await.connection();
    let mut limit = async |bytes: &str| {
        let () = redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(bytes).query_async(&mut admin).await.unwrap();
    };
    let log = RedisLog::new(redis.clone(), OwnerId::new());
    let id = GenerationId::new();
    log.append(id, &delta(1)).await.unwrap();
    assert_eq!((gauge(&redis, "up"), gauge(&redis, "refuses_writes")), (1, 0));
    limit("1").await;
    eventually("it is noticed", async || (!redis.accepts_writes()).then_some(())).await;
    assert!(redis.is_up(), "it can be read from");
    assert_eq!((gauge(&redis, "up"), gauge(&redis, "refuses_writes")), (0, 1));
    assert_eq!(log.append(id, &delta(2)).await.unwrap(), 2, "kept");
    assert_eq!(ids(&log.read(id, 0, Duration::ZERO).await.unwrap()), [1]);
    limit("64mb").await;
    log.append(id, &done()).await.unwrap();
    assert_eq!(ids(&read_to_the_end(&log, id).await), [1, 2, 3]);
    back(&redis).await;
    assert_eq!((gauge(&redis, "up"), gauge(&redis, "refuses_writes")), (1, 0));
    assert!(gauge(&redis, "used_memory_bytes") > 0);
    said(&lines, "Redis is back").await;
    let (lost, found) = (lines.matching("Redis refuses writes"), lines.matching("Redis is back"));
    assert_eq!((lost.len(), found.len()), (1, 1), "{lost:?} {found:?}");
    assert!(lost[0].contains("OOM"), "the reason: {lost:?}");
}

#[tokio::test]
async fn a_finished_log_takes_room_for_minutes_only() {
    let server = RedisServer::start();
    let redis = open(&server.url()).await;
    let log = RedisLog::new(redis.clone(), OwnerId::new());
    let (running, ended) = (GenerationId::new(), GenerationId::new());
    for id in [running, ended] {
        log.append(id, &delta(1)).await.unwrap();
    }
    log.append(ended, &done()).await.unwrap();
    let lives = keys(&redis).await;
    let life = |id: GenerationId| Duration::from_millis(lives[&format!("collabry:generation:{id}")].unsigned_abs());
    assert!(life(ended) <= Duration::from_mins(2), "{:?}", life(ended));
    assert!(life(running) > Duration::from_mins(30), "{:?}", life(running));
}

/// What is scraped of the connection.
fn gauge(redis: &Redis, name: &str) -> u64 {
    let mut registry = prometheus_client::registry::Registry::default();
    redis.register(&mut registry);
    let mut text = String::new();
    prometheus_client::encoding::text::encode(&mut text, &registry).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("redis_{name} ")));
    line.unwrap_or_else(|| panic!("no {name} in {text}")).parse().unwrap()
}
