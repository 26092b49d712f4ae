//! Fuses two rankings into one.

use std::collections::HashMap;
use std::hash::Hash;

/// The candidates of one search.
#[derive(Debug, Clone)]
pub struct Candidates<T> {
    /// With their scores, best first.
    pub found: Vec<(T, f32)>,
    /// The score at which a candidate is worth no more than what was not found.
    pub floor: f32,
    /// The score of a good match, even if nothing here reaches it.
    pub good: f32,
}

impl<T> Candidates<T> {
    pub fn none() -> Self {
        Self { found: Vec::new(), floor: 0.0, good: 0.0 }
    }
}

/// Returns all candidates, best first, ranked by the mean of both scores. Each search's scores are first scaled so that
/// its floor becomes 0, and its best score (or the score of a good match, if that is higher) becomes 1: a convex combination (Bruch, Gai, Ingber: An
/// Analysis of Fusion Functions for Hybrid Retrieval, 2023). Unlike reciprocal ranks this keeps the lead of the
/// first; both were compared with `eval`.
pub fn fuse<T: Copy + Eq + Hash + Ord>(similar: &Candidates<T>, matching: &Candidates<T>) -> Vec<(T, f32)> {
    let mut scores: HashMap<T, f32> = HashMap::new();
    for Candidates { found, floor, good } in [similar, matching] {
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
    use super::{Candidates, fuse};

    fn ranked(similar: &Candidates<char>, matching: &Candidates<char>) -> Vec<char> {
        fuse(similar, matching).into_iter().map(|(item, _)| item).collect()
    }

    fn candidates(found: &[(char, f32)], floor: f32, good: f32) -> Candidates<char> {
        Candidates { found: found.to_vec(), floor, good }
    }

    #[test]
    fn agreement_wins() {
        let similar = candidates(&[('a', 0.9), ('b', 0.8), ('c', 0.1)], 0.1, 0.0);
        let matching = candidates(&[('b', 12.0), ('d', 3.0)], 0.0, 6.0);
        assert_eq!(ranked(&similar, &matching), ['b', 'a', 'd', 'c']);
    }

    #[test]
    fn the_best_of_bad_matches_is_still_bad() {
        let similar = candidates(&[('a', 0.9), ('b', 0.4), ('c', 0.1)], 0.1, 0.0);
        let matching = candidates(&[('b', 0.5), ('c', 0.4)], 0.0, 8.0);
        assert_eq!(ranked(&similar, &matching), ['a', 'b', 'c']);
    }

    #[test]
    fn one_list_is_enough() {
        let similar = candidates(&[('a', 0.9), ('b', 0.8)], 0.8, 0.0);
        assert_eq!(ranked(&similar, &Candidates::none()), ['a', 'b']);
        let (similar, matching) = (candidates(&[('a', 0.9)], 0.9, 0.0), candidates(&[('b', 2.0)], 0.0, 1.0));
        assert_eq!(ranked(&similar, &matching), ['a', 'b'], "equal scores keep their order");
        assert!(ranked(&Candidates::none(), &Candidates::none()).is_empty());
    }
}
