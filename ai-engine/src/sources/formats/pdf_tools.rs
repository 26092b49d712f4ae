//! Poppler's programs `pdfinfo`, `pdftotext`, `pdfdetach` and `pdfimages`.

use std::io::{BufReader, ErrorKind, Read, Write as _};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{ChildStdout, Command, ExitStatus, Stdio};
use std::thread;

use collabry_shared::sources::FailureCode;
use rustix::process::Signal;

use super::pdf_page::{self, Page};

/// What programs write where nobody gave a title.
const NO_TITLES: &[&str] = &["untitled", "(untitled)", "(anonymous)"];

const MAX_INFO_BYTES: u64 = 256 * 1024;
const MAX_LIST_BYTES: u64 = 8 * 1024 * 1024;
const MAX_STDERR_BYTES: u64 = 64 * 1024;

/// The output of `pdfinfo`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PdfInfo {
    pub title: Option<String>,
    pub pages: u64,
    /// Whether it contains an XFA form.
    pub has_xfa: bool,
    pub has_form: bool,
}

/// The words of all pages.
#[derive(Debug)]
pub struct PdfText {
    pub pages: Vec<Page>,
    /// Whether the file has faults that the program read around.
    pub faulty: bool,
    /// Whether there is text that needs character maps which are not installed (`poppler-data`).
    pub lacks_language: bool,
}

pub fn info(file: &Path) -> Result<PdfInfo, FailureCode> {
    let mut command = Command::new("pdfinfo");
    command.args(["-enc", "UTF-8"]).arg(file);
    let (output, stderr) = run(&mut command, Vec::new(), |stdout| kept(stdout, MAX_INFO_BYTES))?;
    let info = parse_info(&String::from_utf8_lossy(&output));
    let is_locked = info.pages == 0 && stderr.contains("security handler");
    if is_locked { Err(FailureCode::Encrypted) } else { Ok(info) }
}

pub fn text(file: &Path, max_bytes: u64) -> Result<PdfText, FailureCode> {
    text_of(file, Vec::new(), max_bytes)
}

/// Of a file that is nowhere but in memory.
pub fn text_of_bytes(file: Vec<u8>, max_bytes: u64) -> Result<PdfText, FailureCode> {
    text_of(Path::new("-"), file, max_bytes)
}

fn text_of(file: &Path, input: Vec<u8>, max_bytes: u64) -> Result<PdfText, FailureCode> {
    let mut command = Command::new("pdftotext");
    command.args(["-bbox-layout", "-enc", "UTF-8", "-eol", "unix"]).arg(file).arg("-");
    let (pages, stderr) = run(&mut command, input, |stdout| pdf_page::read(BufReader::new(stdout), max_bytes))?;
    Ok(PdfText {
        pages,
        faulty: stderr.contains("Syntax Error"),
        lacks_language: stderr.contains("Missing language pack"),
    })
}

/// The number of attached files, as in a portfolio.
pub fn attachments(file: &Path) -> Result<usize, FailureCode> {
    let mut command = Command::new("pdfdetach");
    command.arg("-list").arg(file);
    let (output, _) = run(&mut command, Vec::new(), |stdout| kept(stdout, MAX_INFO_BYTES))?;
    let output = String::from_utf8_lossy(&output);
    Ok(output.split_whitespace().next().and_then(|count| count.parse().ok()).unwrap_or_default())
}

/// The list of pictures.
pub fn pictures(file: &Path) -> Result<String, FailureCode> {
    let mut command = Command::new("pdfimages");
    command.arg("-list").arg(file);
    let (output, _) = run(&mut command, Vec::new(), |stdout| kept(stdout, MAX_LIST_BYTES))?;
    Ok(String::from_utf8_lossy(&output).into_owned())
}

fn kept(stdout: impl Read, max_bytes: u64) -> Result<Vec<u8>, FailureCode> {
    let mut kept = Vec::new();
    stdout.take(max_bytes + 1).read_to_end(&mut kept).map_err(|_| FailureCode::ExtractCrashed)?;
    if kept.len() as u64 > max_bytes { Err(FailureCode::TooMuchText) } else { Ok(kept) }
}

/// What `read` made of the program's output, and its complaints.
fn run<T>(
    command: &mut Command,
    input: Vec<u8>,
    read: impl FnOnce(ChildStdout) -> Result<T, FailureCode>,
) -> Result<(T, String), FailureCode> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound => FailureCode::PdfToolsMissing,
        _ => FailureCode::ExtractCrashed,
    })?;
    let (Some(mut stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(FailureCode::ExtractCrashed);
    };
    // A program that has read enough leaves the rest, and its exit code tells if that was wrong.
    let feeding = thread::spawn(move || drop(stdin.write_all(&input)));
    let complaints = thread::spawn(move || bounded(stderr, MAX_STDERR_BYTES));
    let output = read(stdout);
    if output.is_err() {
        child.kill().map_err(|_| FailureCode::ExtractCrashed)?;
    }
    let status = child.wait().map_err(|_| FailureCode::ExtractCrashed)?;
    let output = output?;
    feeding.join().map_err(|_| FailureCode::ExtractCrashed)?;
    let stderr = complaints.join().unwrap_or_default();
    if status.success() { Ok((output, stderr)) } else { Err(failure(status, &stderr)) }
}

/// Reads all, keeps some, so that the writer never waits.
fn bounded(mut pipe: impl Read, limit: u64) -> String {
    let mut kept = Vec::new();
    let drained =
        (&mut pipe).take(limit).read_to_end(&mut kept).and_then(|_| std::io::copy(&mut pipe, &mut std::io::sink()));
    match drained {
        Ok(_) => String::from_utf8_lossy(&kept).into_owned(),
        Err(error) => error.to_string(),
    }
}

fn failure(status: ExitStatus, stderr: &str) -> FailureCode {
    match status.signal().and_then(Signal::from_named_raw) {
        Some(Signal::XCPU) => return FailureCode::ExtractTimeout,
        // C++ ends so when `new` fails.
        Some(Signal::ABORT) if stderr.contains("bad_alloc") => return FailureCode::ExtractMemory,
        Some(_) => return FailureCode::ExtractCrashed,
        None => {}
    }
    // Encrypted for certificates, or in a way that the program does not know.
    if stderr.contains("Incorrect password") || stderr.contains("security handler") {
        FailureCode::Encrypted
    } else if stderr.contains("Out of memory") {
        FailureCode::ExtractMemory
    } else {
        FailureCode::Damaged
    }
}

fn parse_info(output: &str) -> PdfInfo {
    let field = |name: &str| {
        output
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))
            .map(str::trim)
            .filter(|text| !text.is_empty())
    };
    PdfInfo {
        title: field("Title").filter(|title| !NO_TITLES.contains(&title.to_lowercase().as_str())).map(str::to_owned),
        pages: field("Pages").and_then(|pages| pages.parse().ok()).unwrap_or_default(),
        has_xfa: field("Form") == Some("XFA"),
        has_form: field("Form").is_some_and(|form| form != "none"),
    }
}

#[cfg(test)]
mod tests {
    use super::{PdfInfo, parse_info};

    #[test]
    fn the_fields_are_read() {
        let info = parse_info("Title:           On rivers: a study\nForm:            XFA\nPages:           12\n");
        assert_eq!(
            info,
            PdfInfo { title: Some("On rivers: a study".to_owned()), pages: 12, has_xfa: true, has_form: true }
        );
        assert_eq!(parse_info("Title:   \n"), PdfInfo::default());
        assert_eq!(parse_info("Title: (anonymous)\n"), PdfInfo::default());
    }
}
