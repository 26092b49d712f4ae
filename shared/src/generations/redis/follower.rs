//! The one blocking reader of a process: it follows every log that is read here.

use std::sync::Arc;
use std::time::Duration;

use redis::RedisResult;
use redis::aio::ConnectionManager;

use super::entries::{self, Entry};
use super::tail::{Tail, Tails};
use crate::generations::EventId;
use crate::redis::Redis;

/// How long one read blocks; a connection that died without a word is noticed after it.
pub const BLOCK: Duration = Duration::from_secs(5);
/// After a read that failed.
pub const PAUSE: Duration = Duration::from_millis(250);
/// After a read that brought events: what many answers say within this time comes with one read. It costs as much as there
/// are logs, so the pause grows with them: a single answer hardly waits, and reading for many takes the same share of time.
const GATHER_FOR_EACH: Duration = Duration::from_micros(800);
const GATHER_AT_LEAST: Duration = Duration::from_millis(5);
/// Longer would be seen.
const GATHER_AT_MOST: Duration = Duration::from_millis(40);
/// Events of one log in one read.
const COUNT: usize = 512;

/// What one read brought: the streams that have something new, by their keys, in the order that they were asked for.
type Reply = Vec<(String, Vec<Entry>)>;

/// Runs until it is dropped.
pub async fn run(tails: Arc<Tails>, redis: Redis) {
    let mut connection = None;
    let mut recoveries = redis.recoveries();
    let mut woken = "0-0".to_owned();
    loop {
        let followed = tails.followed();
        if followed.is_empty() {
            tails.begun.notified().await;
            continue;
        }
        match read(&redis, &mut connection, &tails.wake_key, &woken, &followed).await {
            Ok(None) => {}
            Ok(Some(reply)) => {
                if hand_on(reply, &tails.wake_key, &mut woken, &followed) {
                    tokio::time::sleep(gather(followed.len())).await;
                }
            }
            Err(error) => {
                tracing::debug!(%error, logs = followed.len(), "generation logs are read once Redis is back");
                redis.suspect();
                // Whatever it was that failed: a connection that was refused once stays refused.
                connection = None;
                if redis.is_up() {
                    tokio::time::sleep(PAUSE).await;
                } else {
                    // Looks again also when nobody says that it is back.
                    let _ = tokio::time::timeout(BLOCK, recoveries.changed()).await;
                }
            }
        }
    }
}

fn gather(logs: usize) -> Duration {
    let pause = GATHER_FOR_EACH.saturating_mul(u32::try_from(logs).unwrap_or(u32::MAX));
    pause.clamp(GATHER_AT_LEAST, GATHER_AT_MOST)
}

async fn read(
    redis: &Redis,
    connection: &mut Option<ConnectionManager>,
    wake_key: &str,
    woken: &str,
    followed: &[(Arc<Tail>, EventId)],
) -> RedisResult<Option<Reply>> {
    let mut command = redis::cmd("XREAD");
    command.arg("COUNT").arg(COUNT).arg("BLOCK").arg(u64::try_from(BLOCK.as_millis()).unwrap_or(u64::MAX));
    command.arg("STREAMS").arg(wake_key);
    for (tail, _) in followed {
        command.arg(&tail.key);
    }
    command.arg(woken);
    for (_, last) in followed {
        command.arg(format!("0-{last}"));
    }
    let connection = match connection {
        Some(connection) => connection,
        None => connection.insert(redis.blocking(BLOCK)?),
    };
    command.query_async(connection).await
}

/// `true`: there were events.
fn hand_on(reply: Reply, wake_key: &str, woken: &mut String, followed: &[(Arc<Tail>, EventId)]) -> bool {
    let mut events = false;
    // One pass over both. Should a reply be in another order, what is passed over comes with the next read.
    let mut asked = followed.iter();
    for (key, entries) in reply {
        if key == wake_key {
            if let Some((last, _)) = entries.into_iter().next_back() {
                *woken = last;
            }
            continue;
        }
        let Some((tail, _)) = asked.find(|(tail, _)| tail.key == key) else { continue };
        events = true;
        match entries.iter().map(entries::logged).collect::<RedisResult<Vec<_>>>() {
            Ok(events) => tail.extend(events),
            Err(error) => tracing::error!(key, %error, "a generation log is damaged"),
        }
    }
    events
}
