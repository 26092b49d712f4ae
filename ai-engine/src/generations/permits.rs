//! Permits to write an answer, shared fairly by person: the person with the fewest answers in progress comes first,
//! then the one who was served the longest ago. So one person's many questions delay another's by at most one answer
//! for each permit.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use collabry_shared::ids::UserId;
use tokio::sync::oneshot;

/// Clones share the same permits.
#[derive(Debug, Clone)]
pub(super) struct WriterPermits(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    free: usize,
    people: HashMap<UserId, Person>,
    /// In order of arrival. The callers bound its length.
    waiting: VecDeque<Waiting>,
    served: u64,
}

/// A person who holds permits or waits for one.
#[derive(Debug, Default)]
struct Person {
    writing: usize,
    waiting: usize,
    /// When they were last served; 0: not yet.
    last_served: u64,
}

#[derive(Debug)]
struct Waiting {
    person: UserId,
    permit: oneshot::Sender<WriterPermit>,
}

/// A permit, released when dropped.
#[derive(Debug)]
pub(super) struct WriterPermit {
    permits: WriterPermits,
    person: UserId,
}

impl WriterPermits {
    pub fn new(count: usize) -> Self {
        Self(Arc::new(Mutex::new(State { free: count, people: HashMap::new(), waiting: VecDeque::new(), served: 0 })))
    }

    pub fn free(&self) -> usize {
        self.state().free
    }

    /// The number of requests that wait for a permit.
    pub fn waiting(&self) -> usize {
        self.state().waiting.iter().filter(|waiting| !waiting.permit.is_closed()).count()
    }

    /// Waits for a permit. Dropping the future withdraws the request.
    pub async fn acquire(&self, person: UserId) -> WriterPermit {
        loop {
            let receiver = {
                let mut state = self.state();
                let (permit, receiver) = oneshot::channel();
                state.people.entry(person).or_default().waiting += 1;
                state.waiting.push_back(Waiting { person, permit });
                receiver
            };
            self.grant();
            // A sender is dropped only after it has sent a permit.
            if let Ok(permit) = receiver.await {
                return permit;
            }
        }
    }

    fn grant(&self) {
        loop {
            let returned = {
                let mut state = self.state();
                let Some(Waiting { person, permit }) = state.next() else { return };
                permit.send(WriterPermit { permits: self.clone(), person })
            };
            // If the waiter has gone, this drop releases the permit; it must happen outside the lock.
            drop(returned);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes a free permit for the request that comes next.
    fn next(&mut self) -> Option<Waiting> {
        let people = &mut self.people;
        self.waiting.retain(|waiting| {
            let gone = waiting.permit.is_closed();
            if gone && let Some(person) = people.get_mut(&waiting.person) {
                person.waiting -= 1;
            }
            !gone
        });
        self.people.retain(|_, person| person.writing + person.waiting > 0);
        if self.free == 0 {
            return None;
        }
        let rank =
            |waiting: &Waiting| self.people.get(&waiting.person).map(|person| (person.writing, person.last_served));
        let (index, _) = self.waiting.iter().enumerate().min_by_key(|(index, waiting)| (rank(waiting), *index))?;
        let next = self.waiting.remove(index)?;
        self.free -= 1;
        self.served += 1;
        let person = self.people.entry(next.person).or_default();
        (person.waiting, person.writing, person.last_served) = (person.waiting - 1, person.writing + 1, self.served);
        Some(next)
    }
}

impl Drop for WriterPermit {
    fn drop(&mut self) {
        {
            let mut state = self.permits.state();
            state.free += 1;
            if let Some(person) = state.people.get_mut(&self.person) {
                person.writing -= 1;
            }
        }
        self.permits.grant();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    /// Requests with the names of those who made them.
    type Waiters = Vec<(&'static str, std::pin::Pin<Box<dyn Future<Output = WriterPermit> + Send>>)>;

    fn wait(permits: &WriterPermits, person: UserId) -> std::pin::Pin<Box<dyn Future<Output = WriterPermit> + Send>> {
        let permits = permits.clone();
        let mut waiting: std::pin::Pin<Box<dyn Future<Output = WriterPermit> + Send>> =
            Box::pin(async move { permits.acquire(person).await });
        assert!(waiting.as_mut().now_or_never().is_none(), "there is no permit yet");
        waiting
    }

    fn got(waiters: &mut Waiters) -> Option<(&'static str, WriterPermit)> {
        for index in 0..waiters.len() {
            if let Some(permit) = waiters[index].1.as_mut().now_or_never() {
                let (name, done) = waiters.remove(index);
                drop(done);
                return Some((name, permit));
            }
        }
        None
    }

    #[tokio::test]
    async fn people_take_turns() {
        let (ada, bob, eve) = (UserId::new(), UserId::new(), UserId::new());
        let permits = WriterPermits::new(1);
        let mut permit = Some(permits.acquire(eve).await);
        let mut waiters: Waiters = vec![
            ("eve 1", wait(&permits, eve)),
            ("eve 2", wait(&permits, eve)),
            ("eve 3", wait(&permits, eve)),
            ("ada", wait(&permits, ada)),
            ("bob 1", wait(&permits, bob)),
            ("bob 2", wait(&permits, bob)),
        ];
        let mut order = Vec::new();
        while !waiters.is_empty() {
            drop(permit.take());
            let (name, next) = got(&mut waiters).expect("a permit was released");
            assert!(got(&mut waiters).is_none(), "there is one permit");
            order.push(name);
            permit = Some(next);
        }
        assert_eq!(order, ["ada", "bob 1", "eve 1", "bob 2", "eve 2", "eve 3"]);
        drop(permit);
        assert_eq!(permits.free(), 1);
        assert!(permits.state().waiting.is_empty());
    }

    #[tokio::test]
    async fn the_person_with_least_in_progress_comes_first_and_a_withdrawn_request_gets_nothing() {
        let (ada, eve) = (UserId::new(), UserId::new());
        let permits = WriterPermits::new(2);
        let (one, _two) = (permits.acquire(eve).await, permits.acquire(eve).await);
        drop(wait(&permits, ada));
        let mut waiters: Waiters = vec![("eve", wait(&permits, eve)), ("ada", wait(&permits, ada))];
        drop(one);
        let (name, _place) = got(&mut waiters).unwrap();
        assert_eq!(name, "ada");
        assert!(got(&mut waiters).is_none());
    }
}
