//! The one blocking reader of a process: it follows every log that is read here.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use redis::RedisResult;
use redis::aio::ConnectionManager;
use redis::streams::{StreamKey, StreamReadReply};

use super::entries;
use super::tail::{Tail, Tails};
use crate::generations::EventId;
use crate::redis::Redis;

/// How long one read blocks; a connection that died without a word is noticed after it.
pub const BLOCK: Duration = Duration::from_secs(5);
/// After a read that failed.
pub const PAUSE: Duration = Duration::from_millis(250);
/// After a read that brought events: what many answers say within this time comes with one read, which costs as much as
/// there are answers. Writers say nothing more often either.
const GATHER: Duration = Duration::from_millis(20);
/// Events of one log in one read.
const COUNT: usize = 512;

/// What is read: each log by its key, and how far it is known.
type Followed = HashMap<String, (Arc<Tail>, EventId)>;

/// Runs until it is dropped.
pub async fn run(tails: Arc<Tails>, redis: Redis, mut connection: ConnectionManager) {
    let mut woken = "0-0".to_owned();
    loop {
        let followed = tails.followed();
        if followed.is_empty() {
            tails.begun.notified().await;
            continue;
        }
        match read(&mut connection, &tails.wake_key, &woken, &followed).await {
            Ok(None) => {}
            Ok(Some(reply)) => {
                if hand_on(reply, &tails.wake_key, &mut woken, &followed) {
                    tokio::time::sleep(GATHER).await;
                }
            }
            Err(error) => {
                tracing::debug!(%error, logs = followed.len(), "generation logs are read once Redis is back");
                redis.suspect();
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn read(
    connection: &mut ConnectionManager,
    wake_key: &str,
    woken: &str,
    followed: &Followed,
) -> RedisResult<Option<StreamReadReply>> {
    let mut command = redis::cmd("XREAD");
    command.arg("COUNT").arg(COUNT).arg("BLOCK").arg(u64::try_from(BLOCK.as_millis()).unwrap_or(u64::MAX));
    command.arg("STREAMS").arg(wake_key);
    command.arg(followed.keys().collect::<Vec<_>>());
    command.arg(woken);
    for (_, last) in followed.values() {
        command.arg(format!("0-{last}"));
    }
    command.query_async(connection).await
}

/// `true`: there were events.
fn hand_on(reply: StreamReadReply, wake_key: &str, woken: &mut String, followed: &Followed) -> bool {
    let mut events = false;
    for StreamKey { key, ids } in reply.keys {
        if key == wake_key {
            if let Some(last) = ids.last() {
                woken.clone_from(&last.id);
            }
            continue;
        }
        let Some((tail, _)) = followed.get(&key) else { continue };
        events = true;
        match ids.iter().map(entries::logged).collect::<RedisResult<Vec<_>>>() {
            Ok(events) => tail.extend(events),
            Err(error) => tracing::error!(key, %error, "a generation log is damaged"),
        }
    }
    events
}
