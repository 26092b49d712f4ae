//! Confines the child before it opens the file, together with the programs that it starts. Neither can be undone.

mod files;
mod syscalls;

use std::io;

pub use self::files::has_landlock;
use super::ExtractArgs;

/// From now on this process can read its input and the system's programs and libraries, and nothing else: no other
/// file, no network, no other process. On a kernel without Landlock only the system-call filter applies, which cannot
/// tell one file from another.
pub fn confine(args: &ExtractArgs) -> io::Result<()> {
    files::confine(&args.file, &args.programs).map_err(io::Error::other)?;
    syscalls::confine().map_err(io::Error::other)
}
