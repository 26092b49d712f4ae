//! One ranking out of two.

use std::collections::HashMap;
use std::hash::Hash;

/// What one search proposes.
#[derive(Debug, Clone)]
pub struct Proposals<T> {
    /// With their scores, best first.
    pub found: Vec<(T, f32)>,
    /// The score at which a proposal is worth no more than what was not proposed.
    pub floor: f32,
    /// The score of a good match, even if nothing here reaches it.
    pub good: f32,
}

impl<T> Proposals<T> {
    pub fn none() -> Self {
        Self { found: Vec::new(), floor: 0.0, good: 0.0 }
    }
}

/// All that was proposed, best first, by the mean of both scores after each search's were scaled so that its floor has 0
/// and its best, or a good match when there is none, has 1 (a convex combination, see Bruch, Gai, Ingber: An Analysis of
/// Fusion Functions for Hybrid Retrieval, 2023). Unlike reciprocal ranks it keeps how far the first is ahead; both were
/// tried with `eval`.
pub fn fuse<T: Copy + Eq + Hash + Ord>(similar: &Proposals<T>, matching: &Proposals<T>) -> Vec<(T, f32)> {
    let mut scores: HashMap<T, f32> = HashMap::new();
    for Proposals { found, floor, good } in [similar, matching] {
        let Some((_, best)) = found.first() else { continue };
        let range = best.max(*good) - floor;
        for (item, score) in found {
            let scaled = if range > 0.0 { (score - floor) / range } else { 1.0 };
            *scores.entry(*item).or_default() += scaled / 2.0;
        }
    }
    let mut fused: Vec<_> = scores.into_iter().collect();
    fused.sort_unstable_by(|(a_item, a), (b_item, b)| b.total_cmp(a).then(a_item.cmp(b_item)));
    fused
}

#[cfg(test)]
mod tests {
    use super::{Proposals, fuse};

    fn ranked(similar: &Proposals<char>, matching: &Proposals<char>) -> Vec<char> {
        fuse(similar, matching).into_iter().map(|(item, _)| item).collect()
    }

    fn proposals(found: &[(char, f32)], floor: f32, good: f32) -> Proposals<char> {
        Proposals { found: found.to_vec(), floor, good }
    }

    #[test]
    fn agreement_wins() {
        let similar = proposals(&[('a', 0.9), ('b', 0.8), ('c', 0.1)], 0.1, 0.0);
        let matching = proposals(&[('b', 12.0), ('d', 3.0)], 0.0, 6.0);
        assert_eq!(ranked(&similar, &matching), ['b', 'a', 'd', 'c']);
    }

    #[test]
    fn the_best_of_bad_matches_is_still_bad() {
        let similar = proposals(&[('a', 0.9), ('b', 0.4), ('c', 0.1)], 0.1, 0.0);
        let matching = proposals(&[('b', 0.5), ('c', 0.4)], 0.0, 8.0);
        assert_eq!(ranked(&similar, &matching), ['a', 'b', 'c']);
    }

    #[test]
    fn one_list_is_enough() {
        let similar = proposals(&[('a', 0.9), ('b', 0.8)], 0.8, 0.0);
        assert_eq!(ranked(&similar, &Proposals::none()), ['a', 'b']);
        let (similar, matching) = (proposals(&[('a', 0.9)], 0.9, 0.0), proposals(&[('b', 2.0)], 0.0, 1.0));
        assert_eq!(ranked(&similar, &matching), ['a', 'b'], "equal scores keep their order");
        assert!(ranked(&Proposals::none(), &Proposals::none()).is_empty());
    }
}
