//! The child process that reads one file. A hostile file that takes over its reader finds itself here: under limits of
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
pub(crate) use self::confine::has_landlock;
use super::document::Document;
use super::formats;

/// The warning where only seccomp confines the reader.
pub(crate) const NO_LANDLOCK: &str = "This kernel has no Landlock (Linux 5.13, lsm=landlock), so a hostile file that takes over its \
    reader can read every file that the server can. Everything else stays blocked.";

/// The arguments of the child.
#[derive(Debug, clap::Args)]
pub struct ExtractArgs {
    /// The format of the file, as detected from its content.
    #[arg(long, value_parser = parse_format)]
    pub format: Format,
    /// The file.
    #[arg(long)]
    pub file: PathBuf,
    /// Folders with programs that may be started.
    #[arg(long, default_value = "/usr/local/bin:/usr/bin:/bin")]
    pub programs: String,
    /// The most pages, slides or sheets of a document.
    #[arg(long)]
    pub max_pages: u32,
    /// The most text of a document, in bytes.
    #[arg(long)]
    pub max_text_bytes: usize,
    /// The most memory that reading may take.
    #[arg(long)]
    pub memory_bytes: u64,
    /// The most processor time that reading may take.
    #[arg(long)]
    pub cpu_seconds: u64,
}

/// Reads the file and writes one JSON `Answer` to standard output.
pub fn main(args: &ExtractArgs) -> ExitCode {
    // Before the first thread starts: Landlock confines the calling thread and those that it starts later.
    let confined = limits::set(args).and_then(|()| confine::confine(args)).and_then(|()| parent::exit_with_parent());
    let answer = match confined {
        Ok(()) => Answer::from(read(args)),
        Err(error) => return report(&format!("limits could not be set: {error}")),
    };
    match answer.to_json(args.max_text_bytes).and_then(|json| std::io::stdout().lock().write_all(&json)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => report(&format!("answer could not be written: {error}")),
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

fn report(problem: &str) -> ExitCode {
    // If standard error is closed too, there is nobody left to report to.
    let _ = writeln!(std::io::stderr(), "{problem}");
    ExitCode::FAILURE
}

fn parse_format(text: &str) -> Result<Format, String> {
    serde_json::from_value(text.into()).map_err(|error| error.to_string())
}
