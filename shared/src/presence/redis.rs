//! Presence over all replicas: each socket is a mark in Redis that expires unless its replica renews it.

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
const BEAT_EVERY: Duration = Duration::from_secs(5);
const LOOK_EVERY: Duration = Duration::from_secs(2);
/// Users in one call of Redis.
const CHUNK: usize = 200;
/// Batches of noticed users that may wait to be announced; beyond it the next look finds nobody to tell.
const NOTICES: usize = 64;

/// Marks sockets, and returns the users who were not there before. `ARGV`: lifetimes of a mark, a user's key and the
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

/// Takes those out of the index whose last mark has expired, and returns them: to one caller only.
const EXPIRED: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local gone = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, ARGV[1])
for _, user in ipairs(gone) do redis.call('ZREM', KEYS[1], user) end
return gone
";

/// Also knows what it knew by itself, which is what counts while Redis is away.
#[derive(Debug)]
pub struct RedisPresence {
    marks: Arc<Marks>,
    noticed: Mutex<mpsc::Receiver<Vec<UserId>>>,
    _tasks: [AbortOnDropHandle<()>; 2],
}

#[derive(Debug)]
struct Marks {
    redis: Redis,
    /// Socket ids are unique within a process only.
    process: OwnerId,
    here: LocalPresence,
    notices: mpsc::Sender<Vec<UserId>>,
}

impl RedisPresence {
    /// Starts renewing and looking, which end with this handle.
    pub fn new(redis: Redis, process: OwnerId) -> Self {
        let (notices, receiver) = mpsc::channel(NOTICES);
        let marks = Arc::new(Marks { redis, process, here: LocalPresence::default(), notices });
        let tasks = [tokio::spawn(beat(Arc::clone(&marks))), tokio::spawn(look(Arc::clone(&marks)))];
        Self { marks, noticed: Mutex::new(receiver), _tasks: tasks.map(AbortOnDropHandle::new) }
    }
}

#[async_trait]
impl Presence for RedisPresence {
    async fn enter(&self, user: UserId, socket: &str) -> bool {
        // Marked before the heartbeat can know of it, which would otherwise be the one to learn that it is the first.
        let marked = self.marks.mark(&[(user, vec![socket.to_owned()])]).await;
        let first_here = self.marks.here.enter(user, socket).await;
        match marked {
            Ok(new) => !new.is_empty(),
            Err(error) => {
                tracing::debug!(%error, "a socket is marked once Redis is back");
                first_here
            }
        }
    }

    async fn leave(&self, user: UserId, socket: &str) -> bool {
        let last_here = self.marks.here.leave(user, socket).await;
        match self.marks.unmark(user, socket).await {
            Ok(last) => last,
            Err(error) => {
                tracing::debug!(%error, "the mark of a socket expires by itself");
                last_here
            }
        }
    }

    async fn online(&self, users: &[UserId]) -> Vec<UserId> {
        match self.marks.online(users).await {
            Ok(online) => online,
            Err(error) => {
                tracing::debug!(%error, "Redis is unavailable: presence is local to this replica");
                self.marks.here.online(users).await
            }
        }
    }

    async fn noticed(&self) -> Vec<UserId> {
        match self.noticed.lock().await.recv().await {
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
                call.arg(self.named(socket));
            }
        }
        parsed(self.up()?.noting(call.invoke_async(&mut self.redis.connection()).await)?)
    }

    async fn unmark(&self, user: UserId, socket: &str) -> StoreResult<bool> {
        let script = Script::new(UNMARK);
        let mut call = script.key(keys::online());
        call.key(keys::presence(user)).arg(user.to_string()).arg(self.named(socket));
        self.up()?.noting(call.invoke_async(&mut self.redis.connection()).await)
    }

    async fn online(&self, users: &[UserId]) -> StoreResult<Vec<UserId>> {
        let mut online = Vec::new();
        for users in users.chunks(CHUNK) {
            let script = Script::new(ONLINE);
            let mut call = script.prepare_invoke();
            for user in users {
                call.key(keys::presence(*user));
            }
            let there: Vec<bool> = self.up()?.noting(call.invoke_async(&mut self.redis.connection()).await)?;
            online.extend(users.iter().zip(there).filter_map(|(user, there)| there.then_some(*user)));
        }
        Ok(online)
    }

    async fn expired(&self) -> StoreResult<Vec<UserId>> {
        let script = Script::new(EXPIRED);
        let mut call = script.key(keys::online());
        call.arg(CHUNK);
        parsed(self.up()?.noting(call.invoke_async(&mut self.redis.connection()).await)?)
    }

    fn named(&self, socket: &str) -> String {
        format!("{}/{socket}", self.process)
    }

    /// Nobody waits for a Redis that is known to be away.
    fn up(&self) -> StoreResult<&Redis> {
        self.redis.require()?;
        Ok(&self.redis)
    }

    fn notice(&self, users: Vec<UserId>) {
        if !users.is_empty() && self.notices.try_send(users).is_err() {
            tracing::warn!("presence is not announced: too many came and went at once");
        }
    }
}

/// Renews the marks of this replica's sockets, at once when Redis is back. Runs until it is dropped.
async fn beat(marks: Arc<Marks>) {
    let mut returns = marks.redis.returns();
    let mut ticks = tokio::time::interval(BEAT_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            _ = ticks.tick() => {}
            _ = returns.changed() => {}
        }
        for sockets in marks.here.all().chunks(CHUNK) {
            match marks.mark(sockets).await {
                Ok(new) => marks.notice(new),
                Err(error) => tracing::debug!(%error, "no heartbeat"),
            }
        }
    }
}

/// Looks for users whose replica died. Runs until it is dropped.
async fn look(marks: Arc<Marks>) {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        match marks.expired().await {
            Ok(gone) => marks.notice(gone),
            Err(error) => tracing::debug!(%error, "nobody looks for users who are gone"),
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
