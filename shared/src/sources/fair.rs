//! Whose turn it is: places go round by person, and small work first within a person's share.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;

use super::{Format, SegmentId};
use crate::ids::{NotebookId, OwnerId, UserId};

/// Files up to this size have places of their own, so that they never wait for large ones.
pub const SMALL_BYTES: u64 = 512 * 1024;

/// Unfinished versions that one claim considers, those queued first: enough to be fair, few enough to read each time.
pub(super) const LOOKAHEAD: u32 = 5_000;

/// What a version waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Work {
    /// A page on the web, which may let everybody wait.
    Fetch,
    Small,
    Large,
}

impl Work {
    pub const ALL: [Self; 3] = [Self::Fetch, Self::Small, Self::Large];

    pub fn of(format: Format, size: u64) -> Self {
        match format {
            Format::Web => Self::Fetch,
            _ if size <= SMALL_BYTES => Self::Small,
            _ => Self::Large,
        }
    }
}

/// What a worker has a free place for.
#[derive(Debug)]
pub struct ClaimRequest<'a> {
    pub owner: OwnerId,
    pub now: Timestamp,
    pub lease_until: Timestamp,
    /// `None`: whatever comes next.
    pub work: Option<Work>,
    /// People who hold as many places here as one person may.
    pub passed_over: &'a HashSet<UserId>,
    /// When each person had their last turn here; those who have had none come first.
    pub turns: &'a HashMap<UserId, u64>,
}

/// A version whose ingestion has not ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenVersion {
    pub segment: SegmentId,
    pub notebook_id: NotebookId,
    /// Whose work it is: who queued it.
    pub person: UserId,
    pub work: Work,
    pub size: u64,
    pub queued_at: Timestamp,
    /// A worker holds it.
    pub held: bool,
    /// Its worker is gone.
    pub abandoned: bool,
}

impl OpenVersion {
    /// The order among the versions of one person.
    fn own_order(&self) -> impl Ord + use<> {
        (!self.held, !self.abandoned, self.size, self.queued_at, self.segment)
    }
}

/// The versions that `request` may take, first the one whose turn it is: of the person with the fewest in progress, and of
/// those the one whose last turn is longest ago.
pub(super) fn in_turn<'a>(open: &'a [OpenVersion], request: &ClaimRequest<'_>) -> Vec<&'a OpenVersion> {
    let mut held: HashMap<UserId, usize> = HashMap::new();
    for one in open.iter().filter(|one| one.held) {
        *held.entry(one.person).or_default() += 1;
    }
    let fits = |one: &&OpenVersion| {
        !one.held && request.work.is_none_or(|work| work == one.work) && !request.passed_over.contains(&one.person)
    };
    let mut free: Vec<_> = open.iter().filter(fits).collect();
    free.sort_by_cached_key(|one| {
        (held.get(&one.person).copied().unwrap_or_default(), request.turns.get(&one.person).copied(), one.own_order())
    });
    free
}

/// How many versions have their turn before each that waits, if nothing is added.
pub fn ahead(open: &[OpenVersion]) -> HashMap<SegmentId, u32> {
    let mut of_person: HashMap<UserId, Vec<&OpenVersion>> = HashMap::new();
    for one in open {
        of_person.entry(one.person).or_default().push(one);
    }
    let turns = Turns::of(of_person.values().map(Vec::len));
    let mut ahead = HashMap::new();
    for mine in of_person.values_mut() {
        mine.sort_by_cached_key(|one| one.own_order());
        for (before, one) in mine.iter().enumerate().filter(|(_, one)| !one.held) {
            let others = turns.within(before + 1) - mine.len().min(before + 1);
            ahead.insert(one.segment, u32::try_from(before + others).unwrap_or(u32::MAX));
        }
    }
    ahead
}

/// `within[rounds]`: how many turns everybody together has in the first rounds.
struct Turns {
    within: Vec<usize>,
}

impl Turns {
    fn of(counts: impl Iterator<Item = usize>) -> Self {
        let mut ending: Vec<usize> = vec![0];
        let mut people = 0;
        for count in counts {
            people += 1;
            ending.resize(ending.len().max(count + 1), 0);
            ending[count] += 1;
        }
        let mut within = vec![0];
        for (rounds, ended) in ending.iter().enumerate() {
            people -= ended;
            within.push(within[rounds] + people);
        }
        Self { within }
    }

    fn within(&self, rounds: usize) -> usize {
        self.within.get(rounds).or(self.within.last()).copied().unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::SourceId;

    fn version(person: UserId, size: u64, queued_at: i64) -> OpenVersion {
        OpenVersion {
            segment: SegmentId { source_id: SourceId::new(), version: 1 },
            notebook_id: NotebookId::new(),
            person,
            work: Work::of(Format::Text, size),
            size,
            queued_at: Timestamp::from_second(queued_at).unwrap(),
            held: false,
            abandoned: false,
        }
    }

    fn next(
        open: &[OpenVersion],
        work: Option<Work>,
        passed_over: &[UserId],
        turns: &[(UserId, u64)],
    ) -> Option<SegmentId> {
        let (passed_over, turns) = (passed_over.iter().copied().collect(), turns.iter().copied().collect());
        let now = Timestamp::from_second(100).unwrap();
        let request = ClaimRequest {
            owner: OwnerId::new(),
            now,
            lease_until: now,
            work,
            passed_over: &passed_over,
            turns: &turns,
        };
        in_turn(open, &request).first().map(|one| one.segment)
    }

    #[test]
    fn who_has_less_in_progress_comes_first_then_whose_turn_is_longest_ago() {
        let [ada, ben] = [UserId::new(), UserId::new()];
        let mut open = vec![version(ada, 1, 1), version(ada, 1, 2), version(ben, 9, 3)];
        assert_eq!(next(&open, None, &[], &[]), Some(open[0].segment));
        assert_eq!(next(&open, None, &[], &[(ada, 1)]), Some(open[2].segment), "Ben had no turn yet");
        assert_eq!(next(&open, None, &[], &[(ada, 1), (ben, 2)]), Some(open[0].segment));
        assert_eq!(next(&open, None, &[ada, ben], &[]), None);
        open[0].held = true;
        assert_eq!(next(&open, None, &[], &[(ben, 2)]), Some(open[2].segment), "Ada has one in progress");
        assert_eq!(next(&open, None, &[ben], &[]), Some(open[1].segment));
    }

    #[test]
    fn small_work_comes_first_and_each_kind_has_its_places() {
        let ada = UserId::new();
        let open = [version(ada, SMALL_BYTES + 1, 1), version(ada, 7, 2), version(ada, 5, 3)];
        assert_eq!(next(&open, None, &[], &[]), Some(open[2].segment));
        assert_eq!(next(&open, Some(Work::Large), &[], &[]), Some(open[0].segment));
        assert_eq!(next(&open, Some(Work::Fetch), &[], &[]), None);
    }

    #[test]
    fn others_are_ahead_for_as_many_rounds_as_one_waits() {
        let [ada, ben, cem] = [UserId::new(), UserId::new(), UserId::new()];
        let mut open: Vec<_> = (0..12).map(|n| version(ada, 1, n)).collect();
        open.push(version(ben, 1, 50));
        open.push(version(cem, 1, 60));
        open.push(version(cem, 2, 61));
        open[0].held = true;
        let ahead = ahead(&open);
        let of = |index: usize| ahead.get(&open[index].segment).copied();
        assert_eq!(of(0), None, "somebody works on it");
        assert_eq!(of(1), Some(1 + 1 + 2), "one of Ada's own, Ben's, and both of Cem's");
        assert_eq!(of(11), Some(11 + 1 + 2));
        assert_eq!(of(12), Some(2), "Ben's waits for one of Ada's and one of Cem's");
        assert_eq!(of(14), Some(1 + 2 + 1));
    }
}
