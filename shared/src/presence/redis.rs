//! Presence over all replicas: Redis holds a mark for each socket, which expires unless its replica renews it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use redis::Script;
use tokio::sync::{Mutex, mpsc};
use tokio::time::MissedTickBehavior;
use tokio_util::task::AbortOnDropHandle;

use super::{LocalPresence, Presence};
use crate::ids::{OwnerId, UserId};
use crate::redis::Redis;
use crate::redis::keys::{self, ONLINE_TTL, PRESENCE_TTL};
use crate::storage::StoreResult;

/// A heartbeat may fail once before its sockets expire.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(5);
const EXPIRY_INTERVAL: Duration = Duration::from_secs(2);
/// Users in one call of Redis.
const CHUNK: usize = 200;
/// How many batches of missed changes may wait to be announced; further ones are dropped.
const MAX_PENDING_BATCHES: usize = 64;

/// Marks sockets, and returns the users who were not connected before. `ARGV`: lifetimes of a mark, a user's key and the
/// index, in milliseconds; then for each key a user, the number of their sockets, and these.
const MARK: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local until_, new, at = now + tonumber(ARGV[1]), {}, 3
for i = 2, #KEYS do
  local user, sockets = ARGV[at], tonumber(ARGV[at + 1])
  redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', now)
  if redis.call('ZCARD', KEYS[i]) == 0 then new[#new + 1] = user end
  for s = 1, sockets do redis.call('ZADD', KEYS[i], until_, ARGV[at + 1 + s]) end
  redis.call('PEXPIRE', KEYS[i], ARGV[1])
  redis.call('ZADD', KEYS[1], until_, user)
  at = at + 2 + sockets
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return new
";

/// Takes a socket's mark away; 1 when no other is left.
const UNMARK: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local removed = redis.call('ZREM', KEYS[2], ARGV[2])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
if redis.call('ZCARD', KEYS[2]) > 0 then return 0 end
redis.call('ZREM', KEYS[1], ARGV[1])
return removed
";

/// For each key, whether a mark has not expired.
const ONLINE: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local there = {}
for i = 1, #KEYS do there[i] = redis.call('ZCOUNT', KEYS[i], '(' .. now, '+inf') > 0 and 1 or 0 end
return there
";

/// Takes those out of the index whose last mark has expired, and returns them to one caller only.
const EXPIRED: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
for _, user in ipairs(gone) do redis.call('ZREM', KEYS[1], user) end
return gone
";

/// Also tracks the sockets of this replica, which count while Redis is unavailable.
#[derive(Debug)]
pub struct RedisPresence {
    marks: Arc<Marks>,
    missed: Mutex<mpsc::Receiver<Vec<UserId>>>,
    _tasks: [AbortOnDropHandle<()>; 2],
}

#[derive(Debug)]
struct Marks {
    redis: Redis,
    /// Part of a mark's name, because socket ids are unique only within a process.
    process: OwnerId,
    local: LocalPresence,
    changes: mpsc::Sender<Vec<UserId>>,
}

impl RedisPresence {
    /// Starts the heartbeats and the expiry check, which end with this handle.
    pub fn new(redis: Redis, process: OwnerId) -> Self {
        let (changes, receiver) = mpsc::channel(MAX_PENDING_BATCHES);
        let marks = Arc::new(Marks { redis, process, local: LocalPresence::default(), changes });
        let tasks = [tokio::spawn(send_heartbeats(Arc::clone(&marks))), tokio::spawn(find_expired(Arc::clone(&marks)))];
        Self { marks, missed: Mutex::new(receiver), _tasks: tasks.map(AbortOnDropHandle::new) }
    }
}

#[async_trait]
impl Presence for RedisPresence {
    async fn enter(&self, user: UserId, socket: &str) -> bool {
        // Marked before the heartbeat knows the socket: otherwise the heartbeat could be the one to learn that it is the first.
        let marked = self.marks.mark(&[(user, vec![socket.to_owned()])]).await;
        let first_here = self.marks.local.enter(user, socket).await;
        match marked {
            Ok(new) => !new.is_empty(),
            Err(error) => {
                tracing::debug!(%error, "cannot mark a socket; the next heartbeat does");
                first_here
            }
        }
    }

    async fn leave(&self, user: UserId, socket: &str) -> bool {
        let last_here = self.marks.local.leave(user, socket).await;
        match self.marks.unmark(user, socket).await {
            Ok(last) => last,
            Err(error) => {
                tracing::debug!(%error, "cannot remove the mark of a socket; it expires by itself");
                last_here
            }
        }
    }

    async fn online(&self, users: &[UserId]) -> Vec<UserId> {
        match self.marks.online(users).await {
            Ok(online) => online,
            Err(error) => {
                tracing::debug!(%error, "Redis is unavailable: presence is local to this replica");
                self.marks.local.online(users).await
            }
        }
    }

    async fn missed_changes(&self) -> Vec<UserId> {
        match self.missed.lock().await.recv().await {
            Some(users) => users,
            None => std::future::pending().await,
        }
    }
}

impl Marks {
    async fn mark(&self, sockets: &[(UserId, Vec<String>)]) -> StoreResult<Vec<UserId>> {
        let script = Script::new(MARK);
        let mut call = script.key(keys::online());
        call.arg(millis(PRESENCE_TTL)).arg(millis(ONLINE_TTL));
        for (user, sockets) in sockets {
            call.key(keys::presence(*user)).arg(user.to_string()).arg(sockets.len());
            for socket in sockets {
                call.arg(self.mark_name(socket));
            }
        }
        parsed(self.redis_up()?.track_errors(call.invoke_async(&mut self.redis.connection()).await)?)
    }

    async fn unmark(&self, user: UserId, socket: &str) -> StoreResult<bool> {
        let script = Script::new(UNMARK);
        let mut call = script.key(keys::online());
        call.key(keys::presence(user)).arg(user.to_string()).arg(self.mark_name(socket));
        self.redis_up()?.track_errors(call.invoke_async(&mut self.redis.connection()).await)
    }

    async fn online(&self, users: &[UserId]) -> StoreResult<Vec<UserId>> {
        let mut online = Vec::new();
        for users in users.chunks(CHUNK) {
            let script = Script::new(ONLINE);
            let mut call = script.prepare_invoke();
            for user in users {
                call.key(keys::presence(*user));
            }
            let there: Vec<bool> =
                self.redis_up()?.track_errors(call.invoke_async(&mut self.redis.connection()).await)?;
            online.extend(users.iter().zip(there).filter_map(|(user, there)| there.then_some(*user)));
        }
        Ok(online)
    }

    async fn expired(&self) -> StoreResult<Vec<UserId>> {
        let script = Script::new(EXPIRED);
        let mut call = script.key(keys::online());
        call.arg(CHUNK);
        parsed(self.redis_up()?.track_errors(call.invoke_async(&mut self.redis.connection()).await)?)
    }

    fn mark_name(&self, socket: &str) -> String {
        format!("{}/{socket}", self.process)
    }

    /// Fails at once while Redis is known to be unavailable.
    fn redis_up(&self) -> StoreResult<&Redis> {
        self.redis.require_up()?;
        Ok(&self.redis)
    }

    fn report(&self, users: Vec<UserId>) {
        if !users.is_empty() && self.changes.try_send(users).is_err() {
            tracing::warn!("presence changes dropped: too many users came and went at once");
        }
    }
}

/// Renews the marks of this replica's sockets, and does so at once when Redis recovers. Runs until it is dropped.
async fn send_heartbeats(marks: Arc<Marks>) {
    let mut recoveries = marks.redis.recoveries();
    let mut ticks = tokio::time::interval(HEARTBEAT_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = recoveries.changed() => {}
        }
        for sockets in marks.local.all().chunks(CHUNK) {
            match marks.mark(sockets).await {
                Ok(new) => marks.report(new),
                Err(error) => tracing::debug!(%error, "presence heartbeat failed"),
            }
        }
    }
}

/// Finds users whose replica died. Runs until it is dropped.
async fn find_expired(marks: Arc<Marks>) {
    let mut ticks = tokio::time::interval(EXPIRY_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match marks.expired().await {
            Ok(gone) => marks.report(gone),
            Err(error) => tracing::debug!(%error, "cannot search for users whose replica died"),
        }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

fn parsed(users: Vec<String>) -> StoreResult<Vec<UserId>> {
    let parse = |user: String| user.parse().map_err(|_| crate::storage::StoreError::Damaged(user));
    users.into_iter().map(parse).collect()
}
