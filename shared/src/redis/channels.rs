//! Pub/sub on the shared connection: each channel's messages go to its subscriber through a bounded queue.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use redis::aio::ConnectionManager;
use redis::{PushInfo, PushKind, RedisResult, Value};
use tokio::sync::{Notify, mpsc};

/// What a subscriber receives.
#[derive(Debug, PartialEq, Eq)]
pub enum ChannelEvent {
    Message(Vec<u8>),
    /// Messages may be missing before the next one: the connection was down, or the subscriber was too slow. The subscriber
    /// must read the state again from where it is stored.
    Gap,
}

/// The receiving end of a channel.
#[derive(Debug)]
pub struct Subscription {
    channel: String,
    messages: mpsc::Receiver<Vec<u8>>,
    listener: Arc<Listener>,
    channels: Arc<Subscribers>,
}

impl Subscription {
    /// Returns the next message or gap; `None` once another subscriber has replaced this one.
    pub async fn next(&mut self) -> Option<ChannelEvent> {
        loop {
            if self.listener.gap.swap(false, Ordering::AcqRel) {
                return Some(ChannelEvent::Gap);
            }
            tokio::select! {
                biased;
                () = self.listener.gap_marked.notified() => {}
                message = self.messages.recv() => return message.map(ChannelEvent::Message),
            }
        }
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        let mut listeners = self.channels.lock();
        if listeners.get(&self.channel).is_some_and(|listener| Arc::ptr_eq(listener, &self.listener)) {
            listeners.remove(&self.channel);
        }
    }
}

#[derive(Debug)]
struct Listener {
    queue: mpsc::Sender<Vec<u8>>,
    gap: AtomicBool,
    gap_marked: Notify,
}

impl Listener {
    fn mark_gap(&self) {
        self.gap.store(true, Ordering::Release);
        self.gap_marked.notify_one();
    }
}

/// The subscribed channels of a process, each with one subscriber.
#[derive(Debug, Default)]
pub(super) struct Subscribers(Mutex<HashMap<String, Arc<Listener>>>);

impl Subscribers {
    /// Adds a subscriber before Redis is asked to subscribe, so that no message in between is lost.
    pub fn add(self: &Arc<Self>, channel: String, queue: usize) -> Subscription {
        let (sender, messages) = mpsc::channel(queue);
        let listener = Arc::new(Listener { queue: sender, gap: AtomicBool::new(false), gap_marked: Notify::new() });
        self.lock().insert(channel.clone(), Arc::clone(&listener));
        Subscription { channel, messages, listener, channels: Arc::clone(self) }
    }

    /// Queues a pushed message for its subscriber. Never waits: a full queue becomes a gap.
    pub fn dispatch(&self, push: PushInfo) {
        if push.kind != PushKind::Message {
            return;
        }
        let mut parts = push.data.into_iter();
        let (Some(Value::BulkString(channel)), Some(Value::BulkString(message))) = (parts.next(), parts.next()) else {
            return tracing::warn!("cannot read a message from Redis");
        };
        let listener = self.lock().get(String::from_utf8_lossy(&channel).as_ref()).cloned();
        if let Some(listener) = listener
            && listener.queue.try_send(message).is_err()
        {
            listener.mark_gap();
        }
    }

    /// Subscribes to every channel again; for one that is still subscribed this changes nothing.
    pub async fn resubscribe(&self, connection: &ConnectionManager) -> RedisResult<()> {
        let channels: Vec<String> = self.lock().keys().cloned().collect();
        if channels.is_empty() {
            return Ok(());
        }
        connection.clone().subscribe(channels).await
    }

    /// Marks a gap for every subscriber.
    pub fn mark_all_gaps(&self) {
        for listener in self.lock().values() {
            listener.mark_gap();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Listener>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(channel: &str, text: &str) -> PushInfo {
        let part = |text: &str| Value::BulkString(text.as_bytes().to_vec());
        PushInfo { kind: PushKind::Message, data: vec![part(channel), part(text)] }
    }

    #[tokio::test]
    async fn a_subscriber_that_lags_learns_that_it_did() {
        let subscribers = Arc::new(Subscribers::default());
        let (mut slow, mut other) = (subscribers.add("slow".to_owned(), 2), subscribers.add("other".to_owned(), 2));
        for text in ["1", "2", "3"] {
            subscribers.dispatch(message("slow", text));
        }
        subscribers.dispatch(message("other", "a"));
        assert_eq!(slow.next().await, Some(ChannelEvent::Gap));
        assert_eq!(slow.next().await, Some(ChannelEvent::Message(b"1".to_vec())));
        assert_eq!(slow.next().await, Some(ChannelEvent::Message(b"2".to_vec())));
        assert_eq!(other.next().await, Some(ChannelEvent::Message(b"a".to_vec())));
        subscribers.dispatch(message("slow", "4"));
        assert_eq!(slow.next().await, Some(ChannelEvent::Message(b"4".to_vec())));
    }
}
