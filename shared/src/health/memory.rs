//! The memory limit of this process: the smallest limit of its control groups, or the machine's memory.

use std::fs;
use std::path::{Path, PathBuf};

use procfs::process::Process;
use procfs::{Current as _, Meminfo};

/// Where control groups are mounted.
const GROUPS: &str = "/sys/fs/cgroup";

/// In bytes; `None` where there is no `/proc`.
pub(super) fn limit() -> Option<u64> {
    let machine = Meminfo::current().ok()?.mem_total;
    let groups = Process::myself().and_then(|process| process.cgroups());
    let limits = groups.into_iter().flatten().flat_map(|group| match group.controllers.as_slice() {
        [] => limits(Path::new(GROUPS), &group.pathname, "memory.max"),
        // Version 1 has a tree per controller.
        kinds if kinds.iter().any(|kind| kind == "memory") => {
            limits(&Path::new(GROUPS).join("memory"), &group.pathname, "memory.limit_in_bytes")
        }
        _ => Vec::new(),
    });
    // "No limit" is `max`, or a number larger than any machine's memory.
    limits.min().map_or(Some(machine), |limit| Some(limit.min(machine)))
}

/// The limits of a group and its ancestors. In a container with its own namespace, `/` is the container's group.
fn limits(tree: &Path, group: &str, file: &str) -> Vec<u64> {
    let group = PathBuf::from(group.trim_start_matches('/'));
    let read = |group: &Path| fs::read_to_string(tree.join(group).join(file)).ok()?.trim().parse().ok();
    group.ancestors().filter_map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_limit_on_the_way_up_counts() {
        let tree = std::env::temp_dir().join(format!("collabry-groups-{}", std::process::id()));
        fs::create_dir_all(tree.join("a/b/c")).unwrap();
        fs::write(tree.join("memory.max"), "max\n").unwrap();
        fs::write(tree.join("a/memory.max"), "2000\n").unwrap();
        fs::write(tree.join("a/b/memory.max"), "1000\n").unwrap();
        fs::write(tree.join("a/b/c/memory.max"), "max\n").unwrap();
        assert_eq!(limits(&tree, "/a/b/c", "memory.max"), [1000, 2000]);
        assert_eq!(limits(&tree, "/", "memory.max"), [0; 0]);
        fs::remove_dir_all(tree).unwrap();
    }

    #[test]
    fn it_is_never_more_than_the_machine_has() {
        let limit = limit().unwrap();
        assert!(limit > 0 && limit <= Meminfo::current().unwrap().mem_total, "{limit}");
    }
}
