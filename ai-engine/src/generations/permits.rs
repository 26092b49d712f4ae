//! Places to write at, shared fairly by person: who writes least comes first, then whose turn was the longest ago. So one
//! person's many questions delay another's by one answer at most for each place.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use collabry_shared::ids::UserId;
use tokio::sync::oneshot;

/// Clones are the same places.
#[derive(Debug, Clone)]
pub(super) struct Places(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    free: usize,
    people: HashMap<UserId, Person>,
    /// First come first; bounded by those who let people in here.
    waiting: VecDeque<Waiting>,
    turn: u64,
}

/// A person who holds places or waits for one.
#[derive(Debug, Default)]
struct Person {
    writing: usize,
    waiting: usize,
    /// When they last got a place; 0: not since they came.
    turn: u64,
}

#[derive(Debug)]
struct Waiting {
    person: UserId,
    place: oneshot::Sender<Place>,
}

/// A place, given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Places,
    person: UserId,
}

impl Places {
    pub fn new(count: usize) -> Self {
        Self(Arc::new(Mutex::new(State { free: count, people: HashMap::new(), waiting: VecDeque::new(), turn: 0 })))
    }

    pub fn free(&self) -> usize {
        self.state().free
    }

    /// How many wait for a place.
    pub fn waiting(&self) -> usize {
        self.state().waiting.iter().filter(|waiting| !waiting.place.is_closed()).count()
    }

    /// Waits for a place; whoever drops this future waits no more.
    pub async fn take(&self, person: UserId) -> Place {
        loop {
            let receiver = {
                let mut state = self.state();
                let (place, receiver) = oneshot::channel();
                state.people.entry(person).or_default().waiting += 1;
                state.waiting.push_back(Waiting { person, place });
                receiver
            };
            self.hand_out();
            // A sender is dropped only with what it sent.
            if let Ok(place) = receiver.await {
                return place;
            }
        }
    }

    fn hand_out(&self) {
        loop {
            let given = {
                let mut state = self.state();
                let Some(Waiting { person, place }) = state.next() else { return };
                place.send(Place { places: self.clone(), person })
            };
            // Who waited has gone: dropped outside of the lock, the place comes back by itself.
            drop(given);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes a free place for whoever is next.
    fn next(&mut self) -> Option<Waiting> {
        let people = &mut self.people;
        self.waiting.retain(|waiting| {
            let gone = waiting.place.is_closed();
            if gone && let Some(person) = people.get_mut(&waiting.person) {
                person.waiting -= 1;
            }
            !gone
        });
        self.people.retain(|_, person| person.writing + person.waiting > 0);
        if self.free == 0 {
            return None;
        }
        let rank = |waiting: &Waiting| self.people.get(&waiting.person).map(|person| (person.writing, person.turn));
        let (index, _) = self.waiting.iter().enumerate().min_by_key(|(index, waiting)| (rank(waiting), *index))?;
        let next = self.waiting.remove(index)?;
        self.free -= 1;
        self.turn += 1;
        let person = self.people.entry(next.person).or_default();
        (person.waiting, person.writing, person.turn) = (person.waiting - 1, person.writing + 1, self.turn);
        Some(next)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        {
            let mut state = self.places.state();
            state.free += 1;
            if let Some(person) = state.people.get_mut(&self.person) {
                person.writing -= 1;
            }
        }
        self.places.hand_out();
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    /// Who of these got their place by now.
    type Waiters = Vec<(&'static str, std::pin::Pin<Box<dyn Future<Output = Place> + Send>>)>;

    fn wait(places: &Places, person: UserId) -> std::pin::Pin<Box<dyn Future<Output = Place> + Send>> {
        let places = places.clone();
        let mut waiting: std::pin::Pin<Box<dyn Future<Output = Place> + Send>> =
            Box::pin(async move { places.take(person).await });
        assert!(waiting.as_mut().now_or_never().is_none(), "there is no place yet");
        waiting
    }

    fn got(waiters: &mut Waiters) -> Option<(&'static str, Place)> {
        for index in 0..waiters.len() {
            if let Some(place) = waiters[index].1.as_mut().now_or_never() {
                let (name, done) = waiters.remove(index);
                drop(done);
                return Some((name, place));
            }
        }
        None
    }

    #[tokio::test]
    async fn people_take_turns() {
        let (ada, bob, eve) = (UserId::new(), UserId::new(), UserId::new());
        let places = Places::new(1);
        let mut place = Some(places.take(eve).await);
        let mut waiters: Waiters = vec![
            ("eve 1", wait(&places, eve)),
            ("eve 2", wait(&places, eve)),
            ("eve 3", wait(&places, eve)),
            ("ada", wait(&places, ada)),
            ("bob 1", wait(&places, bob)),
            ("bob 2", wait(&places, bob)),
        ];
        let mut order = Vec::new();
        while !waiters.is_empty() {
            drop(place.take());
            let (name, next) = got(&mut waiters).expect("a place was given back");
            assert!(got(&mut waiters).is_none(), "there is one place");
            order.push(name);
            place = Some(next);
        }
        assert_eq!(order, ["ada", "bob 1", "eve 1", "bob 2", "eve 2", "eve 3"]);
        drop(place);
        assert_eq!(places.free(), 1);
        assert!(places.state().waiting.is_empty());
    }

    #[tokio::test]
    async fn who_writes_least_comes_first_and_who_has_gone_does_not() {
        let (ada, eve) = (UserId::new(), UserId::new());
        let places = Places::new(2);
        let (one, _two) = (places.take(eve).await, places.take(eve).await);
        drop(wait(&places, ada));
        let mut waiters: Waiters = vec![("eve", wait(&places, eve)), ("ada", wait(&places, ada))];
        drop(one);
        let (name, _place) = got(&mut waiters).unwrap();
        assert_eq!(name, "ada");
        assert!(got(&mut waiters).is_none());
    }
}
