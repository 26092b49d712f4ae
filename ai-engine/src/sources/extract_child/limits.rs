//! Limits that the child sets for itself before it opens the file. The programs that it starts inherit them.

use std::io;

use rustix::param::page_size;
use rustix::process::{Resource, Rlimit, nice, setrlimit};

use super::ExtractArgs;

const MAX_OPEN_FILES: u64 = 64;

/// The child gets less processor time than the server's threads.
const NICENESS: i32 = 10;

/// Sets the limits. The number of processes has none: the kernel counts it per user, including the server.
pub fn set(args: &ExtractArgs) -> io::Result<()> {
    // The memory that is mapped already belongs to the program and its libraries, not to the work on the file.
    limit(Resource::As, mapped_bytes()?.saturating_add(args.memory_bytes))?;
    // The soft limit sends a signal that tells the reason; the hard limit just kills.
    let cpu = Rlimit { current: Some(args.cpu_seconds), maximum: Some(args.cpu_seconds.saturating_add(1)) };
    setrlimit(Resource::Cpu, cpu)?;
    limit(Resource::Fsize, 0)?;
    limit(Resource::Core, 0)?;
    limit(Resource::Nofile, MAX_OPEN_FILES)?;
    nice(NICENESS)?;
    Ok(())
}

fn limit(resource: Resource, value: u64) -> io::Result<()> {
    Ok(setrlimit(resource, Rlimit { current: Some(value), maximum: Some(value) })?)
}

fn mapped_bytes() -> io::Result<u64> {
    let statm = std::fs::read_to_string("/proc/self/statm")?;
    let pages: u64 = statm
        .split_whitespace()
        .next()
        .and_then(|pages| pages.parse().ok())
        .ok_or_else(|| io::Error::other("/proc/self/statm is malformed"))?;
    Ok(pages * page_size() as u64)
}
