//! The ingestions that this process is working on. Each kind of work has a limit of its own, and so has each person.

use std::collections::{HashMap, HashSet};

use collabry_shared::ids::UserId;
use collabry_shared::sources::Work;
use tokio::task::Id;

/// Pages being fetched; they cost nothing but the wait.
const MAX_FETCH: usize = 8;
const MAX_SMALL: usize = 8;
/// Each of them may hold the text of a whole document in memory.
const MAX_LARGE: usize = 4;

/// Bounds the memory for the order in which people were served.
const MAX_PEOPLE: usize = 10_000;

#[derive(Debug)]
pub(super) struct InProgress {
    concurrency: usize,
    tasks: HashMap<Id, (Work, UserId)>,
    last_served: HashMap<UserId, u64>,
    served: u64,
}

impl InProgress {
    pub fn new(concurrency: usize) -> Self {
        Self { concurrency, tasks: HashMap::new(), last_served: HashMap::new(), served: 0 }
    }

    pub fn has_room_for(&self, work: Work) -> bool {
        let limit = match work {
            Work::Fetch => MAX_FETCH,
            Work::Small => MAX_SMALL,
            Work::Large => MAX_LARGE,
        };
        self.tasks.values().filter(|(its, _)| *its == work).count() < limit.max(self.concurrency)
    }

    /// The people who have as much of `work` in progress as one person may.
    pub fn people_at_limit(&self, work: Work) -> HashSet<UserId> {
        let mut counts: HashMap<UserId, usize> = HashMap::new();
        for (_, person) in self.tasks.values().filter(|(its, _)| *its == work) {
            *counts.entry(*person).or_default() += 1;
        }
        let limit = match work {
            Work::Fetch => self.concurrency.max(2),
            Work::Small | Work::Large => self.concurrency,
        };
        counts.into_iter().filter(|(_, count)| *count >= limit).map(|(person, _)| person).collect()
    }

    /// When each person was last served: the higher the number, the later.
    pub fn last_served(&self) -> &HashMap<UserId, u64> {
        &self.last_served
    }

    pub fn insert(&mut self, task: Id, work: Work, person: UserId) {
        self.tasks.insert(task, (work, person));
        if self.last_served.len() >= MAX_PEOPLE {
            self.last_served.clear();
        }
        self.served += 1;
        self.last_served.insert(person, self.served);
    }

    pub fn remove(&mut self, task: Id) {
        self.tasks.remove(&task);
    }
}
