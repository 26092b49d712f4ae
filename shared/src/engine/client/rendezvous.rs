//! Which engine serves which notebook: rendezvous hashing, so that an engine that comes or goes moves only its own.

use sha2::{Digest as _, Sha256};

use crate::ids::NotebookId;

/// The places of `engines`, the best one for the notebook first.
pub fn order<'a>(engines: impl Iterator<Item = &'a str>, notebook: NotebookId) -> Vec<usize> {
    let mut weighed: Vec<_> = engines.enumerate().map(|(at, engine)| (weight(engine, notebook), at)).collect();
    weighed.sort_unstable_by(|a, b| b.cmp(a));
    weighed.into_iter().map(|(_, at)| at).collect()
}

/// The same in every process and every version, so that all of them agree.
fn weight(engine: &str, notebook: NotebookId) -> [u8; 8] {
    let hash = Sha256::new().chain_update(engine).chain_update([0]).chain_update(notebook.to_string()).finalize();
    let mut weight = [0; 8];
    weight.copy_from_slice(&hash[..8]);
    weight
}

#[cfg(test)]
mod tests {
    use super::order;
    use crate::ids::NotebookId;

    const ENGINES: [&str; 4] = ["http://a/", "http://b/", "http://c/", "http://d/"];

    #[test]
    fn notebooks_spread_over_all_engines() {
        let mut served = [0; 4];
        for _ in 0..4000 {
            served[order(ENGINES.into_iter(), NotebookId::new())[0]] += 1;
        }
        assert!(served.iter().all(|served| (800..1200).contains(served)), "{served:?}");
    }

    #[test]
    fn an_engine_that_goes_moves_only_its_own_and_the_order_given_does_not_matter() {
        for _ in 0..1000 {
            let notebook = NotebookId::new();
            let before: Vec<_> = order(ENGINES.into_iter(), notebook).into_iter().map(|at| ENGINES[at]).collect();
            let fewer = ["http://d/", "http://b/", "http://a/"];
            let after: Vec<_> = order(fewer.into_iter(), notebook).into_iter().map(|at| fewer[at]).collect();
            let expected: Vec<_> = before.into_iter().filter(|engine| *engine != "http://c/").collect();
            assert_eq!(after, expected);
        }
    }
}
