//! Runs the extraction child and makes sense of how it ended.

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

/// Enough of the child's complaints to see what ailed it.
const MAX_STDERR_BYTES: u64 = 8 * 1024;

/// Starts extraction children.
#[derive(Debug, Clone)]
pub struct Extractor {
    program: PathBuf,
    config: ExtractionConfig,
}

impl Extractor {
    /// Children are this program with the subcommand `extract`. The link stays valid when the file on disk is replaced
    /// by a newer version while this process runs.
    pub fn this_program(config: ExtractionConfig) -> Self {
        Self::new(PathBuf::from("/proc/self/exe"), config)
    }

    /// Children are `program`, which must run [`extract_child::main`](super::extract_child::main) as `extract`.
    pub fn new(program: PathBuf, config: ExtractionConfig) -> Self {
        Self { program, config }
    }

    /// Reads `file`, in a child whose working folder is `folder`. Dropping the future ends the child.
    pub async fn extract(&self, format: Format, file: &Path, folder: &Path) -> Result<Document, FailureCode> {
        let mut child = self.start(format, file, folder).map_err(|error| {
            tracing::error!(%error, "the extraction child cannot be started");
            FailureCode::ExtractCrashed
        })?;
        let group = Group::of(&child);
        let ended = timeout(self.config.timeout, self.listen(&mut child)).await;
        drop(group);
        match ended {
            Ok(Ok(ended)) => self.judge(ended).await,
            Ok(Err(error)) => {
                tracing::error!(%error, "the extraction child cannot be listened to");
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
            // The numeric libraries of this program reserve memory per thread as soon as it starts.
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

    async fn listen(&self, child: &mut Child) -> io::Result<Ended> {
        let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) else {
            return Err(io::Error::other("the child has no pipes"));
        };
        // Kept open until the child has ended: its end would tell the child that this process is gone.
        let stdin = child.stdin.take();
        let limit = max_answer_bytes(self.max_text_bytes()) as u64;
        let (stdout, stderr) = tokio::try_join!(bounded(stdout, limit), bounded(stderr, MAX_STDERR_BYTES))?;
        let status = child.wait().await?;
        drop(stdin);
        Ok(Ended { status, stdout, stderr: String::from_utf8_lossy(&stderr).into_owned() })
    }

    async fn judge(&self, ended: Ended) -> Result<Document, FailureCode> {
        if !ended.status.success() {
            let code = ended.failure();
            tracing::warn!(status = %ended.status, stderr = ended.stderr, code = code.code(), "an extraction child failed");
            return Err(code);
        }
        let max_text_bytes = self.max_text_bytes();
        // Tens of megabytes of JSON: not on a thread that serves others.
        let parsed = tokio::task::spawn_blocking(move || serde_json::from_slice(&ended.stdout)).await;
        match parsed {
            Ok(Ok(Answer::Document(document))) if document.text.len() <= max_text_bytes && document.is_sound() => {
                Ok(document)
            }
            Ok(Ok(Answer::Error(code))) => Err(code),
            _ => {
                tracing::error!("the extraction child's answer makes no sense");
                Err(FailureCode::ExtractCrashed)
            }
        }
    }

    fn max_text_bytes(&self) -> usize {
        usize::try_from(self.config.max_text_bytes).unwrap_or(usize::MAX)
    }
}

/// Reads up to `limit` bytes, then lets the rest pass unread, so that the writer does not wait forever.
async fn bounded(mut pipe: impl AsyncRead + Unpin, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    (&mut pipe).take(limit).read_to_end(&mut bytes).await?;
    tokio::io::copy(&mut pipe, &mut tokio::io::sink()).await?;
    Ok(bytes)
}

struct Ended {
    status: ExitStatus,
    stdout: Vec<u8>,
    stderr: String,
}

impl Ended {
    fn failure(&self) -> FailureCode {
        let signal = self.status.signal().and_then(Signal::from_named_raw);
        match signal {
            Some(Signal::XCPU) => FailureCode::ExtractTimeout,
            // Not from here: this side kills only after the timeout. So it was the kernel, short of memory.
            Some(Signal::KILL) => FailureCode::ExtractMemory,
            // What Rust says when an allocation is refused.
            Some(Signal::ABORT) if self.stderr.contains("memory allocation of") => FailureCode::ExtractMemory,
            _ => FailureCode::ExtractCrashed,
        }
    }
}

/// The child and whatever it started; they end when this is dropped.
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
            tracing::error!(%error, "an extraction child cannot be ended");
        }
    }
}
