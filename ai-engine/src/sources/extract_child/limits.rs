//! Limits that the child sets on itself before it touches the file. The programs that it starts inherit them.

use std::io;

use rustix::param::page_size;
use rustix::process::{Resource, Rlimit, nice, setrlimit};

use super::ExtractArgs;

const MAX_OPEN_FILES: u64 = 64;

/// So much less often than the server's threads does the child get the processor.
const NICENESS: i32 = 10;

/// Sets the limits. The number of processes is not limited: the kernel counts it per user, the server included.
pub fn set(args: &ExtractArgs) -> io::Result<()> {
    // What the process has mapped already is its program and libraries, not the work on the file.
    limit(Resource::As, mapped_bytes()?.saturating_add(args.memory_bytes))?;
    // The signal at the soft limit tells what happened; at the hard limit comes a plain kill.
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
        .ok_or_else(|| io::Error::other("/proc/self/statm cannot be understood"))?;
    Ok(pages * page_size() as u64)
}
