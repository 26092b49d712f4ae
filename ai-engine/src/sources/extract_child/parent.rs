//! Kills the child when its parent exits for any reason.

use std::io::{self, Read as _};
use std::thread;

use rustix::process::{Signal, getpid, kill_process_group};

const STACK_BYTES: usize = 64 * 1024;

/// The parent keeps the child's standard input open and never writes to it, so the end of the input means that the
/// parent has exited. (The kernel's parent-death signal would not do: it follows the thread that started the child.)
pub fn exit_with_parent() -> io::Result<()> {
    thread::Builder::new().name("parent".to_owned()).stack_size(STACK_BYTES).spawn(|| {
        let mut byte = [0; 1];
        while let Ok(1) = io::stdin().read(&mut byte) {}
        // This process leads its group and does not outlive this call, so nobody could use its result.
        let _ = kill_process_group(getpid(), Signal::KILL);
    })?;
    Ok(())
}
