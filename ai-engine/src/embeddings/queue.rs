//! What waits to be embedded: a bounded line.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

use super::EmbedError;

/// Texts that may wait before the next call is refused. A call is never refused for its own size.
const MAX_WAITING: usize = 512;

/// Bytes of text that are computed as one: enough rows for the matrix products to run at full speed. Of a small call less,
/// so that its texts are spread over all threads.
const BATCH_BYTES: usize = 1_536;

type Answer = Result<Vec<Vec<f32>>, EmbedError>;

/// A text on its way, and where its vector goes.
pub struct Item {
    pub text: String,
    index: usize,
    call: Arc<Call>,
}

/// One call of [`embed`](super::Embedder::embed).
struct Call {
    state: Mutex<CallState>,
    /// Bytes of its texts for each thread.
    share: usize,
}

struct CallState {
    vectors: Vec<Vec<f32>>,
    missing: usize,
    /// Gone when the call is answered.
    reply: Option<oneshot::Sender<Answer>>,
}

impl Item {
    /// Gives the call its vector; the last one answers it.
    pub fn finish(self, vector: Vec<f32>) {
        let mut state = lock(&self.call.state);
        state.vectors[self.index] = vector;
        state.missing -= 1;
        if state.missing == 0 {
            let vectors = std::mem::take(&mut state.vectors);
            state.reply(Ok(vectors));
        }
    }

    /// Ends the whole call.
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
            // An error here means that the caller went away.
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
    line: VecDeque<Item>,
    closed: bool,
}

impl Queue {
    /// A queue that `threads` threads work off.
    pub fn new(threads: usize) -> Self {
        Self { state: Mutex::default(), arrived: Condvar::new(), threads: threads.max(1) }
    }

    /// Takes a call in; its answer arrives through the receiver.
    pub fn push(&self, texts: Vec<String>) -> Result<oneshot::Receiver<Answer>, EmbedError> {
        let (reply, answer) = oneshot::channel();
        let count = texts.len();
        let state = CallState { vectors: vec![Vec::new(); count], missing: count, reply: Some(reply) };
        let share = texts.iter().map(String::len).sum::<usize>().div_ceil(self.threads);
        let call = Arc::new(Call { state: Mutex::new(state), share });
        let items = texts.into_iter().enumerate().map(|(index, text)| Item { text, index, call: Arc::clone(&call) });
        let mut state = lock(&self.state);
        let line = &mut state.line;
        if line.len() >= MAX_WAITING {
            line.retain(|item| !item.is_abandoned());
        }
        if line.len() >= MAX_WAITING {
            return Err(EmbedError::Busy);
        }
        line.extend(items);
        drop(state);
        self.arrived.notify_all();
        Ok(answer)
    }

    /// The next texts to compute together, at least one; waits for them. `None` when the queue is closed.
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

    /// Wakes all that wait for work, and drops what is left.
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
        while let Some(item) = self.line.front() {
            if item.is_abandoned() {
                self.line.pop_front();
                continue;
            }
            let full = bytes >= item.call.share || bytes + item.text.len() > BATCH_BYTES;
            if !batch.is_empty() && full {
                break;
            }
            bytes += item.text.len();
            batch.extend(self.line.pop_front());
        }
        batch
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::{BATCH_BYTES, MAX_WAITING, Queue};
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
    fn who_went_away_is_skipped() {
        let queue = Queue::new(1);
        drop(queue.push(texts(2, "gone")).unwrap());
        let _answer = queue.push(texts(1, "here")).unwrap();
        let batch = queue.next_batch().unwrap();
        assert_eq!(batch.len(), 1);
        assert_eq!(batch[0].text, "here");
    }

    #[test]
    fn refuses_when_full_but_not_for_those_who_left() {
        let queue = Queue::new(1);
        let waiting = queue.push(texts(MAX_WAITING + 5, "a")).unwrap();
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
