//! One ranking out of two.

use std::collections::HashMap;
use std::hash::Hash;

/// Reciprocal rank fusion (Cormack, Clarke, Büttcher 2009): how much the first ranks stand out.
const RANK_OFFSET: f32 = 60.0;

/// Something that was found, at its rank in each list, from 0.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Fused<T> {
    pub item: T,
    pub score: f32,
}

/// The items of both lists, each best first, by the sum of their reciprocal ranks.
pub fn fuse<T: Copy + Eq + Hash + Ord>(vectors: &[T], text: &[T]) -> Vec<Fused<T>> {
    let mut scores: HashMap<T, f32> = HashMap::new();
    for list in [vectors, text] {
        for (rank, item) in (1_u16..).zip(list) {
            *scores.entry(*item).or_default() += 1.0 / (RANK_OFFSET + f32::from(rank));
        }
    }
    let mut fused: Vec<_> = scores.into_iter().map(|(item, score)| Fused { item, score }).collect();
    fused.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.item.cmp(&b.item)));
    fused
}

#[cfg(test)]
mod tests {
    use super::fuse;

    #[test]
    fn agreement_wins() {
        let ranked: Vec<_> = fuse(&['a', 'b', 'c'], &['b', 'd']).iter().map(|fused| fused.item).collect();
        assert_eq!(ranked, ['b', 'a', 'd', 'c']);
        assert!(fuse::<char>(&[], &[]).is_empty());
    }
}
