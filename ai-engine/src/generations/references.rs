//! Which passages a text refers to.

use std::collections::BTreeSet;

use collabry_shared::conversations::Citation;

/// A range like `[1-3]` longer than this is no reference.
const MAX_RANGE: u32 = 50;

/// The citations that `text` refers to as `[1]`, `[1, 3]` or `[1-3]`, with their numbers.
pub(super) fn referred(text: &str, citations: &[Citation]) -> Vec<Citation> {
    let numbers = numbers(text);
    citations.iter().filter(|citation| numbers.contains(&citation.number)).cloned().collect()
}

fn numbers(text: &str) -> BTreeSet<u32> {
    let mut found = BTreeSet::new();
    let mut rest = text;
    while let Some(open) = rest.find('[') {
        // `\[` is a bracket of the text itself.
        let escaped = rest[..open].ends_with('\\');
        rest = &rest[open + 1..];
        if let Some(inner) = rest.find([']', '[']).filter(|end| rest[*end..].starts_with(']')).map(|end| &rest[..end])
            && !escaped
            && let Some(group) = group(inner)
        {
            found.extend(group);
        }
    }
    found
}

/// `1`, `1, 3` or `1-3`.
fn group(inner: &str) -> Option<Vec<u32>> {
    let mut numbers = Vec::new();
    for part in inner.split([',', ';']) {
        match part.split_once(['-', '–']) {
            None => numbers.push(part.trim().parse().ok()?),
            Some((from, to)) => {
                let (from, to): (u32, u32) = (from.trim().parse().ok()?, to.trim().parse().ok()?);
                let length = to.checked_sub(from)?;
                (length < MAX_RANGE).then_some(())?;
                numbers.extend(from..=to);
            }
        }
    }
    Some(numbers)
}

#[cfg(test)]
mod tests {
    use super::{numbers, referred};
    use crate::generations::testing::passage;

    #[test]
    fn references_are_found_in_their_usual_forms() {
        for (text, expected) in [
            ("It is so [1].", vec![1]),
            ("Both [1][3], or [2, 4]; see [6-8].", vec![1, 2, 3, 4, 6, 7, 8]),
            ("Nothing: [], [a], [1a], [link](x), 1]", vec![]),
            (r"The source itself says \[5\].", vec![]),
            ("An open one [ and [2]", vec![2]),
            ("[1-4000000000] [3-1]", vec![]),
        ] {
            assert_eq!(numbers(text).into_iter().collect::<Vec<_>>(), expected, "{text}");
        }
    }

    #[test]
    fn kept_citations_keep_their_numbers() {
        let passages = [passage(1, "a"), passage(2, "b"), passage(3, "c")];
        let kept: Vec<_> = referred("See [3] and [9].", &passages).iter().map(|citation| citation.number).collect();
        assert_eq!(kept, [3]);
    }
}
