//! The ingestions that are open here: each kind of work has its places, and nobody has all of them.

use std::collections::{HashMap, HashSet};

use collabry_shared::ids::UserId;
use collabry_shared::sources::Work;
use tokio::task::Id;

/// Pages that are waited for; they cost nothing but the wait.
const FETCH: usize = 8;
const SMALL: usize = 8;
/// Each of them may hold a whole document's text.
const LARGE: usize = 4;

/// People whose last turn is remembered.
const MAX_TURNS: usize = 10_000;

#[derive(Debug)]
pub(super) struct Places {
    concurrency: usize,
    open: HashMap<Id, (Work, UserId)>,
    turns: HashMap<UserId, u64>,
    turn: u64,
}

impl Places {
    pub fn new(concurrency: usize) -> Self {
        Self { concurrency, open: HashMap::new(), turns: HashMap::new(), turn: 0 }
    }

    pub fn is_free(&self, work: Work) -> bool {
        let places = match work {
            Work::Fetch => FETCH,
            Work::Small => SMALL,
            Work::Large => LARGE,
        };
        self.open.values().filter(|(its, _)| *its == work).count() < places.max(self.concurrency)
    }

    /// Who has as much of `work` in progress as one person may.
    pub fn full(&self, work: Work) -> HashSet<UserId> {
        let mut counts: HashMap<UserId, usize> = HashMap::new();
        for (_, person) in self.open.values().filter(|(its, _)| *its == work) {
            *counts.entry(*person).or_default() += 1;
        }
        let most = match work {
            Work::Fetch => self.concurrency.max(2),
            Work::Small | Work::Large => self.concurrency,
        };
        counts.into_iter().filter(|(_, count)| *count >= most).map(|(person, _)| person).collect()
    }

    /// When each person had their last turn.
    pub fn turns(&self) -> &HashMap<UserId, u64> {
        &self.turns
    }

    pub fn take(&mut self, task: Id, work: Work, person: UserId) {
        self.open.insert(task, (work, person));
        if self.turns.len() >= MAX_TURNS {
            self.turns.clear();
        }
        self.turn += 1;
        self.turns.insert(person, self.turn);
    }

    pub fn leave(&mut self, task: Id) {
        self.open.remove(&task);
    }
}
