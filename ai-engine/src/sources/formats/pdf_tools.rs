//! Poppler's programs `pdfinfo` and `pdftotext`.

use std::io::{ErrorKind, Read};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;

use collabry_shared::sources::FailureCode;
use rustix::process::Signal;

const MAX_INFO_BYTES: u64 = 256 * 1024;
const MAX_STDERR_BYTES: u64 = 64 * 1024;

/// What `pdfinfo` says.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct PdfInfo {
    pub title: Option<String>,
    pub pages: u64,
}

/// The text of all pages, each ended by a form feed.
#[derive(Debug)]
pub struct PdfText {
    pub text: String,
    /// Whether the file has faults that the program read around.
    pub faulty: bool,
    /// Whether there is text that needs character maps which are not installed (`poppler-data`).
    pub lacks_language: bool,
}

pub fn info(file: &Path) -> Result<PdfInfo, FailureCode> {
    let output = run(Command::new("pdfinfo").args(["-enc", "UTF-8"]).arg(file), MAX_INFO_BYTES)?;
    Ok(parse_info(&String::from_utf8_lossy(&output.stdout)))
}

pub fn text(file: &Path, max_bytes: u64) -> Result<PdfText, FailureCode> {
    let mut command = Command::new("pdftotext");
    command.args(["-enc", "UTF-8", "-eol", "unix"]).arg(file).arg("-");
    let output = run(&mut command, max_bytes)?;
    Ok(PdfText {
        text: String::from_utf8_lossy(&output.stdout).into_owned(),
        faulty: output.stderr.contains("Syntax Error"),
        lacks_language: output.stderr.contains("Missing language pack"),
    })
}

struct Output {
    stdout: Vec<u8>,
    stderr: String,
}

fn run(command: &mut Command, max_bytes: u64) -> Result<Output, FailureCode> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(|error| match error.kind() {
        ErrorKind::NotFound => FailureCode::PdfToolsMissing,
        _ => FailureCode::ExtractCrashed,
    })?;
    let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
        return Err(FailureCode::ExtractCrashed);
    };
    let complaints = thread::spawn(move || bounded(stderr, MAX_STDERR_BYTES));
    let mut kept = Vec::new();
    stdout.take(max_bytes + 1).read_to_end(&mut kept).map_err(|_| FailureCode::ExtractCrashed)?;
    if kept.len() as u64 > max_bytes {
        child.kill().map_err(|_| FailureCode::ExtractCrashed)?;
        child.wait().map_err(|_| FailureCode::ExtractCrashed)?;
        return Err(FailureCode::TooMuchText);
    }
    let status = child.wait().map_err(|_| FailureCode::ExtractCrashed)?;
    let stderr = complaints.join().unwrap_or_default();
    if status.success() { Ok(Output { stdout: kept, stderr }) } else { Err(failure(status, &stderr)) }
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
    if stderr.contains("Incorrect password") {
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
        title: field("Title").map(str::to_owned),
        pages: field("Pages").and_then(|pages| pages.parse().ok()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::{PdfInfo, parse_info};

    #[test]
    fn the_fields_are_read() {
        let info = parse_info("Title:           On rivers: a study\nPages:           12\nEncrypted:       no\n");
        assert_eq!(info, PdfInfo { title: Some("On rivers: a study".to_owned()), pages: 12 });
        assert_eq!(parse_info("Title:   \n"), PdfInfo::default());
    }
}
