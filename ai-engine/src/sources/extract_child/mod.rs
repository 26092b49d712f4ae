//! The child process that reads one file. Whatever a hostile file does to its reader, it does it here: under limits of
//! memory and time, in an empty folder, without the server's environment, its files, the network or other processes.

mod answer;
mod confine;
mod limits;
mod parent;

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;

use collabry_shared::sources::{FailureCode, Format};

pub(super) use self::answer::{Answer, max_answer_bytes};
pub(crate) use self::confine::landlock_is_there;
use super::document::Document;
use super::formats;

/// What is said where the reader has seccomp alone.
pub(crate) const NO_LANDLOCK: &str = "This kernel has no Landlock (Linux 5.13, lsm=landlock), so a hostile file that takes the \
    reader over can read what the server can. Everything else is shut.";

/// What the child is told.
#[derive(Debug, clap::Args)]
pub struct ExtractArgs {
    /// The file's format, as sniffed.
    #[arg(long, value_parser = parse_format)]
    pub format: Format,
    /// The file.
    #[arg(long)]
    pub file: PathBuf,
    /// Folders of programs that may be started.
    #[arg(long, default_value = "/usr/local/bin:/usr/bin:/bin")]
    pub programs: String,
    /// Pages, slides or sheets that a document may have.
    #[arg(long)]
    pub max_pages: u32,
    /// Bytes of text that a document may have.
    #[arg(long)]
    pub max_text_bytes: usize,
    /// Memory that reading may take.
    #[arg(long)]
    pub memory_bytes: u64,
    /// Processor time that reading may take.
    #[arg(long)]
    pub cpu_seconds: u64,
}

/// Reads the file and writes one JSON `Answer` to standard output.
pub fn main(args: &ExtractArgs) -> ExitCode {
    // The walls before the first thread: Landlock is around the thread that asks, and those that it starts.
    let walled = limits::set(args).and_then(|()| confine::confine(args)).and_then(|()| parent::die_with_it());
    let answer = match walled {
        Ok(()) => Answer::from(read(args)),
        Err(error) => return complain(&format!("the limits cannot be set: {error}")),
    };
    match answer.to_json(args.max_text_bytes).and_then(|json| std::io::stdout().lock().write_all(&json)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&format!("the answer cannot be written: {error}")),
    }
}

fn read(args: &ExtractArgs) -> Result<Document, FailureCode> {
    let input = formats::Input { path: &args.file, max_pages: args.max_pages, max_text_bytes: args.max_text_bytes };
    let mut first = [0; 1];
    match File::open(&args.file).and_then(|mut file| file.read(&mut first)) {
        Ok(0) => return Err(FailureCode::Empty),
        Ok(_) => {}
        Err(_) => return Err(FailureCode::FileMissing),
    }
    formats::read(args.format, &input)
}

fn complain(problem: &str) -> ExitCode {
    // Nobody is left to tell when standard error is gone too.
    let _ = writeln!(std::io::stderr(), "{problem}");
    ExitCode::FAILURE
}

fn parse_format(text: &str) -> Result<Format, String> {
    serde_json::from_value(text.into()).map_err(|error| error.to_string())
}
