//! Runs the extraction child and interprets how it exited.

use std::io;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

use collabry_shared::config::ExtractionConfig;
use collabry_shared::sources::{FailureCode, Format};
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::document::Document;
use super::extract_child::{Answer, max_answer_bytes};

/// Enough of the child's standard error to diagnose it.
const MAX_STDERR_BYTES: u64 = 8 * 1024;

/// Starts extraction children.
#[derive(Debug, Clone)]
pub struct Extractor {
    program: PathBuf,
    config: ExtractionConfig,
}

impl Extractor {
    /// Runs this program itself with the subcommand `extract`. The link stays valid when a newer version replaces the
    /// file on disk while this process runs.
    pub fn this_program(config: ExtractionConfig) -> Self {
        Self::new(PathBuf::from("/proc/self/exe"), config)
    }

    /// Runs `program`, which must run [`extract_child::main`](super::extract_child::main) as `extract`.
    pub fn new(program: PathBuf, config: ExtractionConfig) -> Self {
        Self { program, config }
    }

    /// Reads `file` in a child whose working folder is `folder`. Dropping the future kills the child.
    pub async fn extract(&self, format: Format, file: &Path, folder: &Path) -> Result<Document, FailureCode> {
        let mut child = self.start(format, file, folder).map_err(|error| {
            tracing::error!(%error, "extraction child could not be started");
            FailureCode::ExtractCrashed
        })?;
        let group = Group::of(&child);
        let exited = timeout(self.config.timeout, self.read_output(&mut child)).await;
        drop(group);
        match exited {
            Ok(Ok(exit)) => self.interpret_exit(exit).await,
            Ok(Err(error)) => {
                tracing::error!(%error, "extraction child output could not be read");
                Err(FailureCode::ExtractCrashed)
            }
            Err(_) => Err(FailureCode::ExtractTimeout),
        }
    }

    fn start(&self, format: Format, file: &Path, folder: &Path) -> io::Result<Child> {
        let config = &self.config;
        Command::new(&self.program)
            .args(["extract", "--format", format.as_str(), "--file"])
            .arg(file)
            .args(["--programs", &config.path])
            .args(["--max-pages", &config.max_pages.to_string()])
            .args(["--max-text-bytes", &config.max_text_bytes.to_string()])
            .args(["--memory-bytes", &config.memory_bytes.to_string()])
            .args(["--cpu-seconds", &config.timeout.as_secs().max(1).to_string()])
            .env_clear()
            .env("PATH", &config.path)
            .env("LC_ALL", "C.UTF-8")
            // Otherwise the numeric libraries of this program would reserve memory for many threads at its start.
            .env("OPENBLAS_NUM_THREADS", "1")
            .env("OMP_NUM_THREADS", "1")
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
    }

    async fn read_output(&self, child: &mut Child) -> io::Result<Exit> {
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(io::Error::other("the child has no pipes"));
        };
        // Stays open until the child has exited: if it is closed, the child takes this process for dead.
        let stdin = child.stdin.take();
        let limit = max_answer_bytes(self.max_text_bytes()) as u64;
        let (stdout, stderr) = tokio::try_join!(bounded(stdout, limit), bounded(stderr, MAX_STDERR_BYTES))?;
        let status = child.wait().await?;
        drop(stdin);
        Ok(Exit { status, stdout, stderr: String::from_utf8_lossy(&stderr).into_owned() })
    }

    async fn interpret_exit(&self, exit: Exit) -> Result<Document, FailureCode> {
        if !exit.status.success() {
            let code = exit.failure();
            tracing::warn!(status = %exit.status, stderr = exit.stderr, code = code.code(), "extraction child failed");
            return Err(code);
        }
        let max_text_bytes = self.max_text_bytes();
        // The JSON may have tens of megabytes, too much to parse on a thread of the async runtime.
        let parsed = tokio::task::spawn_blocking(move || serde_json::from_slice(&exit.stdout)).await;
        match parsed {
            Ok(Ok(Answer::Document(document))) if document.text.len() <= max_text_bytes && document.is_valid() => {
                Ok(document)
            }
            Ok(Ok(Answer::Error(code))) => Err(code),
            _ => {
                tracing::error!("extraction child sent an invalid answer");
                Err(FailureCode::ExtractCrashed)
            }
        }
    }

    fn max_text_bytes(&self) -> usize {
        usize::try_from(self.config.max_text_bytes).unwrap_or(usize::MAX)
    }
}

/// Reads up to `limit` bytes and discards the rest, so that the writer does not block forever.
async fn bounded(mut pipe: impl AsyncRead + Unpin, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    (&mut pipe).take(limit).read_to_end(&mut bytes).await?;
    tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await?;
    Ok(bytes)
}

struct Exit {
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: String,
}

impl Exit {
    fn failure(&self) -> FailureCode {
        let signal = self.status.signal().and_then(Signal::from_named_raw);
        match signal {
            Some(Signal::XCPU) => FailureCode::ExtractTimeout,
            // This process kills only after the timeout, so it was the kernel, which ran out of memory.
            Some(Signal::KILL) => FailureCode::ExtractMemory,
            // Rust prints this when an allocation fails.
            Some(Signal::ABORT) if self.stderr.contains("memory allocation of") => FailureCode::ExtractMemory,
            _ => FailureCode::ExtractCrashed,
        }
    }
}

/// The process group of the child, which is killed when this is dropped.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.0
            && let Err(error) = kill_process_group(leader, Signal::KILL)
            && error != rustix::io::Errno::SRCH
        {
            tracing::error!(%error, "extraction child could not be killed");
        }
    }
}
