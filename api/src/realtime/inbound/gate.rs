//! Admits a socket's packets to the work that they ask for. It looks at each packet before anything is parsed, counted
//! elsewhere or spawned, so that one socket costs everybody else next to nothing.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter};
use serde::Serialize;
use socketioxide::extract::{AckSender, State};
use socketioxide::handler::{FromMessageParts as _, MessageHandler, Value};
use socketioxide::socket::Socket;
use tokio::sync::Semaphore;
use tokio::time::sleep;
use utoipa::ToSchema;

use super::dispatch;
use crate::http::{ApiError, Code};
use crate::realtime::adapter::{Adapter, SocketRef};
use crate::realtime::context::Realtime;
use crate::realtime::metrics::Rejection;
use crate::realtime::socket::disconnect;

pub(in crate::realtime) const CLOSING: &str = "server:closing";
/// A message of 16,000 code points with room for its escapes.
const MAX_EVENT: usize = 256 * 1024;
/// Events of one socket that are worked on at a time.
const AT_WORK: usize = 4;
/// Events of one socket that wait for one of these places.
const WAITING: usize = 512;
/// What they weigh together.
const WAITING_BYTES: usize = 1024 * 1024;
/// A page that opens, or a client that comes back, sends much at once: as much as it may send in so many seconds.
const BURST_SECONDS: u32 = 5;
/// A socket that sends so many times more than it may is closed.
const FAR: u32 = 10;
/// How long it is still read, and its packets ignored: a connection that is closed while its client sends loses the reason.
const LAST_WORD: Duration = Duration::from_millis(500);

/// Handles the events of a socket. What a handler returns is acknowledged as `{ ok: true, … }`.
pub(in crate::realtime) fn register(socket: &SocketRef, per_second: u32) {
    socket.on_fallback(Gate::new(per_second));
}

/// Receives everything that a socket sends.
pub(in crate::realtime) struct Gate(Arc<Inside>);

struct Inside {
    /// `None`: there is no limit.
    pace: Option<Pace>,
    at_work: Semaphore,
    waiting: AtomicUsize,
    waiting_bytes: AtomicUsize,
    shut: AtomicBool,
}

struct Pace {
    allowed: DefaultDirectRateLimiter,
    /// What is beyond it is no mistake.
    borne: DefaultDirectRateLimiter,
}

impl Pace {
    fn new(per_second: NonZeroU32) -> Self {
        let quota = |rate: NonZeroU32| {
            let burst = rate.saturating_mul(NonZeroU32::MIN.saturating_add(BURST_SECONDS - 1));
            RateLimiter::direct(Quota::per_second(rate).allow_burst(burst))
        };
        let far = per_second.saturating_mul(NonZeroU32::MIN.saturating_add(FAR - 1));
        Self { allowed: quota(per_second), borne: quota(far) }
    }
}

/// An event's place among those that wait; it is free again when this is dropped.
struct Waits {
    inside: Arc<Inside>,
    bytes: usize,
}

enum Verdict {
    Admitted(Waits),
    Rejected(Rejection),
    Closed,
    /// After the end.
    Ignored,
}

impl Gate {
    /// Lets through so many packets in a second, and some more at once; 0: all.
    pub fn new(per_second: u32) -> Self {
        Self(Arc::new(Inside {
            pace: NonZeroU32::new(per_second).map(Pace::new),
            at_work: Semaphore::new(AT_WORK),
            waiting: AtomicUsize::new(0),
            waiting_bytes: AtomicUsize::new(0),
            shut: AtomicBool::new(false),
        }))
    }

    fn judge(&self, bytes: usize) -> Verdict {
        let inside = &self.0;
        if inside.shut.load(Ordering::Relaxed) {
            return Verdict::Ignored;
        }
        if let Some(pace) = &inside.pace {
            if pace.borne.check().is_err() {
                inside.shut.store(true, Ordering::Relaxed);
                return Verdict::Closed;
            }
            if pace.allowed.check().is_err() {
                return Verdict::Rejected(Rejection::Pace);
            }
        }
        if bytes > MAX_EVENT {
            return Verdict::Rejected(Rejection::Large);
        }
        // Counted first: whoever does not fit counts itself away again.
        let waits = Waits::new(inside, bytes);
        let full = inside.waiting.load(Ordering::Relaxed) > WAITING
            || inside.waiting_bytes.load(Ordering::Relaxed) > WAITING_BYTES;
        if full { Verdict::Rejected(Rejection::Full) } else { Verdict::Admitted(waits) }
    }
}

impl Waits {
    fn new(inside: &Arc<Inside>, bytes: usize) -> Self {
        inside.waiting.fetch_add(1, Ordering::Relaxed);
        inside.waiting_bytes.fetch_add(bytes, Ordering::Relaxed);
        Self { inside: Arc::clone(inside), bytes }
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        self.inside.waiting.fetch_sub(1, Ordering::Relaxed);
        self.inside.waiting_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

/// Why this socket is closed next.
#[derive(Debug, Serialize, ToSchema)]
pub(in crate::realtime) struct Closing<'a> {
    /// Stable, for machines.
    code: &'a str,
    /// A sentence for people.
    message: &'a str,
}

impl MessageHandler<Adapter, Gate> for Gate {
    fn call(&self, socket: Arc<Socket<Adapter>>, mut packet: Value, ack_id: Option<i64>) {
        let Ok(State(realtime)) = State::<Realtime>::from_message_parts(&socket, &mut packet, &ack_id) else { return };
        let verdict = self.judge(weight(&packet));
        let metrics = &realtime.api.metrics.realtime;
        match verdict {
            Verdict::Admitted(waits) => {
                tokio::spawn(async move {
                    let inside = Arc::clone(&waits.inside);
                    let Ok(_at_work) = inside.at_work.acquire().await else { return };
                    drop(waits);
                    // A client that has gone receives no answer; it can send the event again.
                    if socket.connected() {
                        dispatch::received(socket, realtime, packet, ack_id).await;
                    }
                });
            }
            Verdict::Rejected(why) => {
                metrics.rejected(why);
                let Ok(ack) = AckSender::from_message_parts(&socket, &mut packet, &ack_id);
                dispatch::refuse(ack, &if why == Rejection::Large { too_large() } else { too_fast() });
            }
            Verdict::Closed => {
                metrics.rejected(Rejection::Far);
                tracing::info!("a socket sent far more than it may, and is closed");
                let error = too_fast();
                let reason = Closing { code: error.code.name(), message: &error.detail };
                if let Err(error) = socket.emit(CLOSING, &reason) {
                    tracing::debug!(%error, "sending the reason for closing a socket failed");
                }
                tokio::spawn(async move {
                    sleep(LAST_WORD).await;
                    disconnect(&SocketRef::from(socket));
                });
            }
            Verdict::Ignored => {}
        }
    }
}

fn too_fast() -> ApiError {
    ApiError::rate_limited("This connection says more at once than the server hears. Slow down.", 1)
}

fn too_large() -> ApiError {
    let sentence = format!("The event is larger than {} KiB. Add long text as a source instead.", MAX_EVENT / 1024);
    ApiError::new(Code::PayloadTooLarge, sentence)
}

fn weight(packet: &Value) -> usize {
    match packet {
        Value::Str(text, attached) => text.len() + attached.iter().flatten().map(bytes::Bytes::len).sum::<usize>(),
        Value::Bytes(bytes) => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::{AT_WORK, Gate, MAX_EVENT, Verdict, WAITING, WAITING_BYTES};

    fn verdicts(gate: &Gate, count: usize, bytes: usize) -> (Vec<super::Waits>, usize, usize) {
        let (mut heard, mut refused, mut closed) = (Vec::new(), 0, 0);
        for _ in 0..count {
            match gate.judge(bytes) {
                Verdict::Admitted(waits) => heard.push(waits),
                Verdict::Rejected(_) => refused += 1,
                Verdict::Closed | Verdict::Ignored => closed += 1,
            }
        }
        (heard, refused, closed)
    }

    #[test]
    fn what_waits_is_bounded_in_number_and_in_bytes() {
        let gate = Gate::new(0);
        let (heard, refused, closed) = verdicts(&gate, WAITING + 10, 1);
        assert_eq!((heard.len(), refused, closed), (WAITING, 10, 0));
        drop(heard);
        let most = WAITING_BYTES / MAX_EVENT;
        let (heard, refused, _) = verdicts(&gate, most + AT_WORK, MAX_EVENT);
        assert_eq!((heard.len(), refused), (most, AT_WORK));
        drop(heard);
        assert_eq!(verdicts(&gate, 1, 1).0.len(), 1, "there is room again");
    }

    #[test]
    fn who_says_too_much_is_refused_and_who_says_far_too_much_is_closed() {
        let gate = Gate::new(1);
        let (mut heard, mut refused, mut closed) = (0, 0, 0);
        // Whatever time this takes, it is not a second for each.
        for _ in 0..1000 {
            let (some, more, rest) = verdicts(&gate, 1, 1);
            (heard, refused, closed) = (heard + some.len(), refused + more, closed + rest);
        }
        assert!((5..100).contains(&heard), "{heard}");
        assert!((20..500).contains(&refused), "{refused}");
        assert!(closed > 400, "{closed}");
        assert!(matches!(gate.judge(1), Verdict::Ignored), "and stays so");
    }
}
