//! Time of this process, and the Python peers beside it.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use anyhow::{Context as _, ensure};

/// What a round took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Took {
    pub wall_secs: f64,
    pub cpu_secs: f64,
}

impl Took {
    pub const WORST: Self = Self { wall_secs: f64::INFINITY, cpu_secs: f64::INFINITY };

    /// The smaller of each: what is left when nothing else disturbed the machine.
    #[must_use]
    pub fn best(self, other: Self) -> Self {
        Self { wall_secs: self.wall_secs.min(other.wall_secs), cpu_secs: self.cpu_secs.min(other.cpu_secs) }
    }
}

/// Runs `work` and measures it with all threads that live through it.
pub async fn timed<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<(T, Took)> {
    let (wall, cpu) = (Instant::now(), cpu_secs()?);
    let value = work.await?;
    Ok((value, Took { wall_secs: wall.elapsed().as_secs_f64(), cpu_secs: cpu_secs()? - cpu }))
}

/// Processor time of this process' living threads, as the scheduler counts it.
fn cpu_secs() -> anyhow::Result<f64> {
    let mut nanos = 0.0;
    for task in fs::read_dir("/proc/self/task")? {
        let stat = fs::read_to_string(task?.path().join("schedstat"))?;
        nanos += stat.split_whitespace().next().context("schedstat is empty")?.parse::<f64>()?;
    }
    Ok(nanos / 1e9)
}

/// `bench/peers.py`, waiting for its next round.
#[derive(Debug)]
pub struct Peer {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Peer {
    /// Installs the peers the first time.
    pub fn start(model: &Path, data: &Path, threads: usize) -> anyhow::Result<Self> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
        let python = Command::new(folder.join("peers.sh")).stderr(Stdio::inherit()).output()?;
        ensure!(python.status.success(), "bench/peers.sh failed");
        let mut child = Command::new(String::from_utf8(python.stdout)?.trim())
            .arg(folder.join("peers.py"))
            .args([model, data])
            .arg(threads.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()?;
        let input = child.stdin.take().context("the peer has no input")?;
        let output = BufReader::new(child.stdout.take().context("the peer has no output")?);
        let mut peer = Self { child, input, output };
        ensure!(peer.line()? == "ready", "the peers do not start: run bench/peers.py by hand");
        Ok(peer)
    }

    pub fn round(&mut self, command: &str) -> anyhow::Result<Took> {
        writeln!(self.input, "{command}")?;
        let answer = self.line()?;
        let (wall_secs, cpu_secs) =
            serde_json::from_str(&answer).with_context(|| format!("the peer said {answer:?}"))?;
        Ok(Took { wall_secs, cpu_secs })
    }

    fn line(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        Ok(line.trim_end().to_owned())
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
