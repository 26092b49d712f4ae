//! Turns at something scarce, which go round by person: who has had least comes next, and of those who has little left.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use collabry_shared::ids::UserId;
use tokio::sync::oneshot;

/// A number of places, and who waits for one. Waiters are the open ingestions, which are few.
#[derive(Debug)]
pub struct Turns {
    places: usize,
    /// Of the places, how many one person may have at once.
    per_person: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    held: Vec<UserId>,
    waiting: Vec<Waiter>,
    /// What each person has had, for as long as anybody is here.
    used: HashMap<UserId, u64>,
    arrivals: u64,
}

#[derive(Debug)]
struct Waiter {
    ask: Ask,
    arrival: u64,
    granted: oneshot::Sender<Turn>,
}

/// What a turn is for.
#[derive(Debug, Clone, Copy)]
pub struct Ask {
    pub person: UserId,
    /// What the turn costs, in whatever is shared.
    pub cost: u64,
    /// What the work still needs after it.
    pub left: u64,
}

/// A place; dropped, it is the next one's.
#[derive(Debug)]
pub struct Turn {
    turns: Arc<Turns>,
    person: UserId,
}

impl Turns {
    pub fn new(places: usize, per_person: usize) -> Arc<Self> {
        Arc::new(Self { places, per_person, state: Mutex::default() })
    }

    /// Waits for a place. Who stops waiting loses nothing but the turn.
    pub async fn next(self: &Arc<Self>, ask: Ask) -> Turn {
        let (granted, turn) = oneshot::channel();
        self.state().enter(ask, granted);
        self.grant();
        match turn.await {
            Ok(turn) => turn,
            // Waiters leave the list with an answer only, so this one has its place.
            Err(_) => Turn { turns: Arc::clone(self), person: ask.person },
        }
    }

    fn grant(self: &Arc<Self>) {
        loop {
            let next = self.state().take_next(self.places, self.per_person);
            let Some(Waiter { ask, granted, .. }) = next else { return };
            // One that stopped waiting gives its place back here.
            drop(granted.send(Turn { turns: Arc::clone(self), person: ask.person }));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn enter(&mut self, ask: Ask, granted: oneshot::Sender<Turn>) {
        // Who comes late has not saved up turns.
        let here = self.held.iter().copied().chain(self.waiting.iter().map(|waiter| waiter.ask.person));
        let least = here.filter_map(|person| self.used.get(&person).copied()).min().unwrap_or_default();
        let used = self.used.entry(ask.person).or_default();
        *used = (*used).max(least);
        self.arrivals += 1;
        self.waiting.push(Waiter { ask, arrival: self.arrivals, granted });
    }

    fn take_next(&mut self, places: usize, per_person: usize) -> Option<Waiter> {
        if self.held.len() >= places {
            return None;
        }
        let may = |person: UserId| self.held.iter().filter(|held| **held == person).count() < per_person;
        let fitting = self.waiting.iter().enumerate().filter(|(_, waiter)| may(waiter.ask.person));
        let (index, _) = fitting
            .min_by_key(|(_, waiter)| (self.used.get(&waiter.ask.person).copied(), waiter.ask.left, waiter.arrival))?;
        let next = self.waiting.swap_remove(index);
        self.held.push(next.ask.person);
        *self.used.entry(next.ask.person).or_default() += next.ask.cost;
        Some(next)
    }

    fn leave(&mut self, person: UserId) {
        if let Some(index) = self.held.iter().position(|held| *held == person) {
            self.held.swap_remove(index);
        }
        if self.held.is_empty() && self.waiting.is_empty() {
            self.used.clear();
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.turns.state().leave(self.person);
        self.turns.grant();
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use futures::poll;

    use super::*;

    fn ask(person: UserId, left: u64) -> Ask {
        Ask { person, cost: 1, left }
    }

    #[tokio::test]
    async fn who_has_had_least_comes_next_and_then_who_has_little_left() {
        let [ada, ben] = [UserId::new(), UserId::new()];
        let turns = Turns::new(1, 1);
        let first = turns.next(ask(ada, 100)).await;
        let [mut more, mut large, mut small] =
            [pin!(turns.next(ask(ada, 99))), pin!(turns.next(ask(ben, 50))), pin!(turns.next(ask(ben, 1)))];
        assert!(poll!(&mut more).is_pending() && poll!(&mut large).is_pending() && poll!(&mut small).is_pending());
        drop(first);
        assert!(poll!(&mut more).is_pending() && poll!(&mut large).is_pending());
        drop(small.await);
        assert!(poll!(&mut large).is_pending(), "Ben has had one more");
        assert!(poll!(&mut more).is_ready());
    }

    #[tokio::test]
    async fn nobody_has_all_places_and_who_gives_up_leaves_theirs() {
        let [ada, ben] = [UserId::new(), UserId::new()];
        let turns = Turns::new(2, 1);
        let first = turns.next(ask(ada, 1)).await;
        {
            let mut second = pin!(turns.next(ask(ada, 1)));
            assert!(poll!(&mut second).is_pending(), "the other place is for others");
            drop(turns.next(ask(ben, 1)).await);
        }
        drop(first);
        let (one, two) = (turns.next(ask(ada, 1)).await, turns.next(ask(ben, 1)).await);
        drop((one, two));
        assert!(turns.state().used.is_empty());
    }
}
