//! Fan-out within one process: a bounded queue to the one api in it.

use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::mpsc;

use super::{Event, FanOut, Published, Room, Signal};
use crate::conversations::Message;

/// Enough for a burst; beyond it publishers wait, so memory stays bounded.
const QUEUE: usize = 1024;

#[derive(Debug, Clone)]
pub struct LocalFanOut(mpsc::Sender<Published>);

impl LocalFanOut {
    /// The publishing end, and the end that the api reads.
    pub fn new() -> (Self, mpsc::Receiver<Published>) {
        let (sender, receiver) = mpsc::channel(QUEUE);
        (Self(sender), receiver)
    }

    pub(super) async fn send(&self, published: Published) {
        if self.0.send(published).await.is_err() {
            // The api is gone: the process is ending and clients will catch up from the logs.
            tracing::debug!("event dropped: the api has ended");
        }
    }
}

#[async_trait]
impl FanOut for LocalFanOut {
    async fn changed(&self, message: Arc<Message>) {
        self.send(Published::Changed(message)).await;
    }

    async fn emit(&self, room: Room, event: Event) {
        self.send(Published::Event(room, event)).await;
    }

    async fn signal(&self, signal: Signal) {
        self.send(Published::Signal(signal)).await;
    }
}
