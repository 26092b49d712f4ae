//! The bounded queue of texts to embed.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::EmbedError;

/// The most texts in the queue before the next call is rejected. A call is never rejected for its own size.
const MAX_QUEUED: usize = 512;

/// The most text in a batch, in bytes: enough rows for the matrix products to run at full speed. A small call gets
/// smaller batches, so that its texts are spread over all threads.
const BATCH_BYTES: usize = 1_536;

type Answer = Result<Vec<Vec<f32>>, EmbedError>;

/// A text in the queue, and the call that its vector belongs to.
pub struct Item {
    pub text: String,
    index: usize,
    call: Arc<Call>,
}

/// One call of [`embed`](super::Embedder::embed).
struct Call {
    state: Mutex<CallState>,
    /// The bytes of its texts for each thread.
    share: usize,
}

struct CallState {
    vectors: Vec<Vec<f32>>,
    missing: usize,
    /// `None` once the call is answered.
    reply: Option<oneshot::Sender<Answer>>,
}

impl Item {
    /// Adds the vector to its call; the last one answers the call.
    pub fn finish(self, vector: Vec<f32>) {
        let mut state = lock(&self.call.state);
        state.vectors[self.index] = vector;
        state.missing -= 1;
        if state.missing == 0 {
            let vectors = std::mem::take(&mut state.vectors);
            state.reply(Ok(vectors));
        }
    }

    /// Fails the whole call.
    pub fn fail(self, error: EmbedError) {
        lock(&self.call.state).reply(Err(error));
    }

    fn is_abandoned(&self) -> bool {
        lock(&self.call.state).reply.as_ref().is_none_or(oneshot::Sender::is_closed)
    }
}

impl CallState {
    fn reply(&mut self, answer: Answer) {
        if let Some(reply) = self.reply.take() {
            // An error means that the caller has gone.
            drop(reply.send(answer));
        }
    }
}

pub struct Queue {
    state: Mutex<QueueState>,
    arrived: Condvar,
    threads: usize,
}

#[derive(Default)]
struct QueueState {
    items: VecDeque<Item>,
    closed: bool,
}

impl Queue {
    /// A queue for `threads` threads.
    pub fn new(threads: usize) -> Self {
        Self { state: Mutex::default(), arrived: Condvar::new(), threads: threads.max(1) }
    }

    /// Enqueues a call; its answer arrives through the receiver.
    pub fn push(&self, texts: Vec<String>) -> Result<oneshot::Receiver<Answer>, EmbedError> {
        let (reply, answer) = oneshot::channel();
        let count = texts.len();
        let state = CallState { vectors: vec![Vec::new(); count], missing: count, reply: Some(reply) };
        let share = texts.iter().map(String::len).sum::<usize>().div_ceil(self.threads);
        let call = Arc::new(Call { state: Mutex::new(state), share });
        let items = texts.into_iter().enumerate().map(|(index, text)| Item { text, index, call: Arc::clone(&call) });
        let mut state = lock(&self.state);
        let queued = &mut state.items;
        if queued.len() >= MAX_QUEUED {
            queued.retain(|item| !item.is_abandoned());
        }
        if queued.len() >= MAX_QUEUED {
            return Err(EmbedError::Busy);
        }
        queued.extend(items);
        drop(state);
        self.arrived.notify_all();
        Ok(answer)
    }

    /// Waits for the next texts to compute together, at least one. `None`: the queue is closed.
    pub fn next_batch(&self) -> Option<Vec<Item>> {
        let mut state = lock(&self.state);
        loop {
            if state.closed {
                return None;
            }
            let batch = state.take_batch();
            if !batch.is_empty() {
                return Some(batch);
            }
            state = self.arrived.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Wakes all threads that wait for work, and drops the rest of the queue.
    pub fn close(&self) {
        let mut state = lock(&self.state);
        *state = QueueState { closed: true, ..QueueState::default() };
        drop(state);
        self.arrived.notify_all();
    }
}

impl QueueState {
    fn take_batch(&mut self) -> Vec<Item> {
        let mut batch = Vec::new();
        let mut bytes = 0;
        while let Some(item) = self.items.front() {
            if item.is_abandoned() {
                self.items.pop_front();
                continue;
            }
            let full = bytes >= item.call.share || bytes + item.text.len() > BATCH_BYTES;
            if !batch.is_empty() && full {
                break;
            }
            bytes += item.text.len();
            batch.extend(self.items.pop_front());
        }
        batch
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::{BATCH_BYTES, MAX_QUEUED, Queue};
    use crate::embeddings::EmbedError;

    fn texts(count: usize, text: &str) -> Vec<String> {
        vec![text.to_owned(); count]
    }

    #[test]
    fn a_batch_is_bounded_but_never_empty() {
        let queue = Queue::new(1);
        let long = "x".repeat(BATCH_BYTES * 2);
        let _answer = queue.push(vec![long, "a".to_owned()]).unwrap();
        assert_eq!(queue.next_batch().unwrap().len(), 1);
        assert_eq!(queue.next_batch().unwrap().len(), 1);
    }

    #[test]
    fn a_small_call_is_shared_by_the_threads() {
        let queue = Queue::new(2);
        let _answer = queue.push(texts(8, "a sentence")).unwrap();
        assert_eq!(queue.next_batch().unwrap().len(), 4);
        assert_eq!(queue.next_batch().unwrap().len(), 4);
    }

    #[test]
    fn calls_whose_caller_has_gone_are_skipped() {
        let queue = Queue::new(1);
        drop(queue.push(texts(2, "gone")).unwrap());
        let _answer = queue.push(texts(1, "here")).unwrap();
        let batch = queue.next_batch().unwrap();
        assert_eq!(batch.len(), 1);
        assert_eq!(batch[0].text, "here");
    }

    #[test]
    fn a_full_queue_rejects_calls_but_does_not_count_abandoned_ones() {
        let queue = Queue::new(1);
        let waiting = queue.push(texts(MAX_QUEUED + 5, "a")).unwrap();
        assert!(matches!(queue.push(texts(1, "b")), Err(EmbedError::Busy)));
        drop(waiting);
        assert!(queue.push(texts(1, "b")).is_ok());
    }

    #[test]
    fn a_call_is_answered_once_in_order() {
        let queue = Queue::new(1);
        let mut answer = queue.push(vec!["a".to_owned(), "b".to_owned()]).unwrap();
        let mut batch = queue.next_batch().unwrap();
        batch.pop().unwrap().finish(vec![2.0]);
        assert!(answer.try_recv().is_err(), "one is missing");
        batch.pop().unwrap().finish(vec![1.0]);
        assert_eq!(answer.try_recv().unwrap().unwrap(), [[1.0], [2.0]]);
    }
}
