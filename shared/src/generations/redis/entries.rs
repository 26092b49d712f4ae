//! A generation's stream in Redis: what its entries hold, and how they are read and written.

use std::time::Duration;

use redis::{ErrorKind, RedisError, RedisResult, Script, pipe};

use crate::generations::{EventId, GenerationEvent, LoggedEvent};
use crate::ids::GenerationId;
use crate::redis::{Connection, keys};

/// Events kept of one log: 20 minutes of an answer without a pause. Of a longer one the first are dropped; the stored
/// answer has it all.
pub const MAX_EVENTS: usize = 50_000;

const EVENT: &str = "e";

/// An entry as it is read: its id, its fields' names and values in turn. The library's own types copy each value, and each
/// delta of each answer comes as one.
pub type Entry = (String, Vec<String>);

/// Writes events from id `ARGV[1]` on, and says which is the last now in the stream. Those that are in it already, from
/// a try whose reply was lost, are passed over. Nothing is written when some before them are missing (the answer is
/// below the first), when another writer was there (-1), or when another one has taken the log (-2).
const APPEND: &str = r"
local first, oldest, writer = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3]
local owner = redis.call('GET', KEYS[2])
if owner and owner ~= writer then return -2 end
local newest = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local last = newest and tonumber(string.match(newest[1], '%-(%d+)$')) or 0
if last >= first then
  local there = redis.call('XRANGE', KEYS[1], '0-' .. ARGV[1], '0-' .. ARGV[1])[1]
  if not there or there[2][4] ~= writer then return -1 end
elseif last < first - 1 and first > oldest then
  return last
end
for i = 6, #ARGV do
  local id = first + i - 6
  if id > last then
    redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[5], '0-' .. string.format('%d', id), 'e', ARGV[i], 'w', writer)
    last = id
  end
end
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return last
";

/// What a stream holds after an event.
#[derive(Debug, Default)]
pub struct Entries {
    pub events: Vec<LoggedEvent>,
    /// Of the whole stream; 0: it is empty.
    pub last: EventId,
    pub ended: bool,
}

/// Events to write, the first of them with the id `first`.
pub struct Batch<'a> {
    pub first: EventId,
    /// The first event that the writer has at all.
    pub oldest: EventId,
    pub writer: &'a str,
    pub events: Vec<&'a str>,
    /// How long the stream lives after them.
    pub ttl: Duration,
}

/// What became of a [`Batch`].
#[derive(Debug, PartialEq, Eq)]
pub enum Written {
    /// Redis has everything up to this event.
    UpTo(EventId),
    /// Another writer's events are where these should go.
    Conflict,
    /// Another writer has taken the log.
    TakenOver,
}

pub async fn append(connection: &mut Connection, id: GenerationId, batch: &Batch<'_>) -> RedisResult<Written> {
    let script = Script::new(APPEND);
    let mut call = script.prepare_invoke();
    call.key(keys::generation(id)).key(keys::generation_writer(id));
    call.arg(batch.first)
        .arg(batch.oldest)
        .arg(batch.writer)
        .arg(u64::try_from(batch.ttl.as_millis()).unwrap_or(u64::MAX))
        .arg(MAX_EVENTS);
    for event in &batch.events {
        call.arg(*event);
    }
    let last: i64 = call.invoke_async(connection).await?;
    Ok(match last {
        -2 => Written::TakenOver,
        last => u64::try_from(last).map_or(Written::Conflict, Written::UpTo),
    })
}

/// From now on only this writer appends.
pub async fn take(connection: &mut Connection, id: GenerationId, writer: &str) -> RedisResult<()> {
    use redis::AsyncCommands as _;

    connection.set_ex(keys::generation_writer(id), writer, keys::GENERATION_TTL.as_secs()).await
}

/// The events after `after`, and where the stream ends. The end is read first: what comes in between is among the events.
/// No transaction, which a Redis whose memory is full refuses also to those who only read.
pub async fn after(connection: &mut Connection, id: GenerationId, after: EventId) -> RedisResult<Entries> {
    let key = keys::generation(id);
    let (newest, range): (Vec<Entry>, Vec<Entry>) = pipe()
        .xrevrange_count(&key, "+", "-", 1)
        .xrange(&key, format!("(0-{after}"), "+")
        .query_async(connection)
        .await?;
    let events = range.iter().map(logged).collect::<RedisResult<Vec<_>>>()?;
    let newest = newest.first().map(logged).transpose()?;
    let (last, ended) =
        events.last().or(newest.as_ref()).map_or((0, false), |newest| (newest.event_id, newest.event.is_final()));
    Ok(Entries { events, last, ended })
}

pub async fn last(connection: &mut Connection, id: GenerationId) -> RedisResult<EventId> {
    use redis::AsyncCommands as _;

    let newest: Vec<Entry> = connection.xrevrange_count(keys::generation(id), "+", "-", 1).await?;
    newest.first().map_or(Ok(0), event_id)
}

/// An entry as the event it holds.
pub fn logged(entry: &Entry) -> RedisResult<LoggedEvent> {
    let fields = entry.1.chunks_exact(2);
    let event = fields.map(|field| (&field[0], &field[1])).find(|(name, _)| *name == EVENT);
    let (_, event) = event.ok_or_else(|| damaged(entry))?;
    let event: GenerationEvent = serde_json::from_str(event).map_err(|_| damaged(entry))?;
    Ok(LoggedEvent { event_id: event_id(entry)?, event })
}

fn event_id(entry: &Entry) -> RedisResult<EventId> {
    entry.0.split_once('-').and_then(|(_, number)| number.parse().ok()).ok_or_else(|| damaged(entry))
}

fn damaged((id, _): &Entry) -> RedisError {
    (ErrorKind::Parse, "a malformed entry in a generation log", id.clone()).into()
}
