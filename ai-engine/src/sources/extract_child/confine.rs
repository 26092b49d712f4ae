//! Walls that the child builds around itself before it opens the file. The programs that it starts are behind them too:
//! neither can be taken down again.

mod files;
mod syscalls;

use std::io;

pub use self::files::landlock_is_there;
use super::ExtractArgs;

/// From here on this process can read its input and the system's programs and libraries, and nothing else: no other file,
/// no network, no other process. A kernel without Landlock leaves the files to the system-call filter, which cannot tell
/// one from another.
pub fn confine(args: &ExtractArgs) -> io::Result<()> {
    files::confine(&args.file, &args.programs).map_err(io::Error::other)?;
    syscalls::confine().map_err(io::Error::other)
}
