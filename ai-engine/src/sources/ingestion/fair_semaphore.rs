//! A semaphore that is fair to each person: the next permit goes to the person who has used the least, and among one
//! person's sources to the one with the least work left.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use collabry_shared::ids::UserId;
use tokio::sync::oneshot;

/// A number of permits and the requests that wait for one. The requests come from the ingestions in progress, which are
/// few.
#[derive(Debug)]
pub struct FairSemaphore {
    permits: usize,
    /// How many of the permits one person may hold at once.
    per_person: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    holders: Vec<UserId>,
    waiting: Vec<Waiter>,
    /// What each person has used since the semaphore was last idle.
    used: HashMap<UserId, u64>,
    arrivals: u64,
}

#[derive(Debug)]
struct Waiter {
    request: Request,
    arrival: u64,
    permit: oneshot::Sender<Permit>,
}

/// What a permit is for.
#[derive(Debug, Clone, Copy)]
pub struct Request {
    pub person: UserId,
    /// What the work under this permit costs, in units of whatever is shared.
    pub cost: u64,
    /// What the person's work still needs after it.
    pub remaining: u64,
}

/// The right to work, which the next request gets when it is dropped.
#[derive(Debug)]
pub struct Permit {
    semaphore: Arc<FairSemaphore>,
    person: UserId,
}

impl FairSemaphore {
    pub fn new(permits: usize, per_person: usize) -> Arc<Self> {
        Arc::new(Self { permits, per_person, state: Mutex::default() })
    }

    /// Waits for a permit. Dropping the future withdraws the request.
    pub async fn acquire(self: &Arc<Self>, request: Request) -> Permit {
        let (permit, granted) = oneshot::channel();
        self.state().enqueue(request, permit);
        self.grant();
        match granted.await {
            Ok(permit) => permit,
            // A waiter leaves the list only with a permit, so this one holds its permit already.
            Err(_) => Permit { semaphore: Arc::clone(self), person: request.person },
        }
    }

    fn grant(self: &Arc<Self>) {
        loop {
            let next = self.state().take_next(self.permits, self.per_person);
            let Some(Waiter { request, permit, .. }) = next else { return };
            // If the waiter has gone, the permit is dropped, and so released, here.
            drop(permit.send(Permit { semaphore: Arc::clone(self), person: request.person }));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn enqueue(&mut self, request: Request, permit: oneshot::Sender<Permit>) {
        // A newcomer has no saved-up permits: they start level with the person who has used the least.
        let present = self.holders.iter().copied().chain(self.waiting.iter().map(|waiter| waiter.request.person));
        let least = present.filter_map(|person| self.used.get(&person).copied()).min().unwrap_or_default();
        let used = self.used.entry(request.person).or_default();
        *used = (*used).max(least);
        self.arrivals += 1;
        self.waiting.push(Waiter { request, arrival: self.arrivals, permit });
    }

    fn take_next(&mut self, permits: usize, per_person: usize) -> Option<Waiter> {
        if self.holders.len() >= permits {
            return None;
        }
        let may = |person: UserId| self.holders.iter().filter(|holder| **holder == person).count() < per_person;
        let fitting = self.waiting.iter().enumerate().filter(|(_, waiter)| may(waiter.request.person));
        let (index, _) = fitting.min_by_key(|(_, waiter)| {
            (self.used.get(&waiter.request.person).copied(), waiter.request.remaining, waiter.arrival)
        })?;
        let next = self.waiting.swap_remove(index);
        self.holders.push(next.request.person);
        *self.used.entry(next.request.person).or_default() += next.request.cost;
        Some(next)
    }

    fn release(&mut self, person: UserId) {
        if let Some(index) = self.holders.iter().position(|holder| *holder == person) {
            self.holders.swap_remove(index);
        }
        if self.holders.is_empty() && self.waiting.is_empty() {
            self.used.clear();
        }
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.semaphore.state().release(self.person);
        self.semaphore.grant();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures::poll;

    use super::*;

    fn request(person: UserId, remaining: u64) -> Request {
        Request { person, cost: 1, remaining }
    }

    #[tokio::test]
    async fn the_person_who_used_least_comes_next_and_then_the_work_with_least_left() {
        let [ada, ben] = [UserId::new(), UserId::new()];
        let semaphore = FairSemaphore::new(1, 1);
        let first = semaphore.acquire(request(ada, 100)).await;
        let [mut more, mut large, mut small] = [
            pin!(semaphore.acquire(request(ada, 99))),
            pin!(semaphore.acquire(request(ben, 50))),
            pin!(semaphore.acquire(request(ben, 1))),
        ];
        assert!(poll!(&mut more).is_pending() && poll!(&mut large).is_pending() && poll!(&mut small).is_pending());
        drop(first);
        assert!(poll!(&mut more).is_pending() && poll!(&mut large).is_pending());
        drop(small.await);
        assert!(poll!(&mut large).is_pending(), "Ben has used one more");
        assert!(poll!(&mut more).is_ready());
    }

    #[tokio::test]
    async fn nobody_holds_all_permits_and_a_request_that_is_dropped_is_withdrawn() {
        let [ada, ben] = [UserId::new(), UserId::new()];
        let semaphore = FairSemaphore::new(2, 1);
        let first = semaphore.acquire(request(ada, 1)).await;
        {
            let mut second = pin!(semaphore.acquire(request(ada, 1)));
            assert!(poll!(&mut second).is_pending(), "the other permit is for others");
            drop(semaphore.acquire(request(ben, 1)).await);
        }
        drop(first);
        let (one, two) = (semaphore.acquire(request(ada, 1)).await, semaphore.acquire(request(ben, 1)).await);
        drop((one, two));
        assert!(semaphore.state().used.is_empty());
    }
}
