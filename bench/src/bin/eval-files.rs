//! How well files are read: each one through the product's own child process, beside what must come out of it.
#![expect(clippy::print_stdout, reason = "its output is what it is for")]

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command as Program, ExitCode, Stdio};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use collabry_ai_engine::sources::extract_child;
use collabry_bench::files::{Entry, Score, index, score, share};
use collabry_shared::command_line;
use collabry_shared::config::{Config, ExtractionConfig};
use serde_json::{Value, json};

/// How often the memory of a child is looked at: its own high-water mark, so that only the last moment is missed.
const LOOK: Duration = Duration::from_millis(2);

#[derive(Parser)]
#[command(about = "Measures how well files are read")]
struct Args {
    /// Folder with an `INDEX.tsv`; without it the project's own small set is used.
    #[arg(long, env = "COLLABRY_FILES_DATA")]
    data: Option<PathBuf>,
    /// Only files of this kind: pdf, docx …
    #[arg(long)]
    kind: Option<String>,
    /// Another program that reads them, to compare with: it is given a file and prints its text.
    #[arg(long, value_name = "PROGRAM")]
    with: Option<PathBuf>,
    /// Also says which files fall short.
    #[arg(long)]
    verbose: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Reads one file under tight limits.
    #[command(hide = true)]
    Extract(extract_child::ExtractArgs),
}

fn main() -> ExitCode {
    let args: Args = command_line::parse();
    if let Some(Command::Extract(args)) = args.command {
        return extract_child::main(&args);
    }
    match eval(&args) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("eval-files: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// The figures of one kind.
#[derive(Default)]
struct Figures {
    files: usize,
    read: usize,
    refused: BTreeMap<String, usize>,
    similarities: Vec<f64>,
    held: usize,
    asserted: usize,
    seconds: f64,
    peak_kib: u64,
}

fn eval(args: &Args) -> anyhow::Result<()> {
    let config = Config::from_env()?.engine.extraction;
    let own = Path::new(env!("CARGO_MANIFEST_DIR")).join("eval/files");
    let folder = args.data.as_deref().filter(|folder| folder.join("INDEX.tsv").is_file()).unwrap_or(&own);
    println!("files of {}", folder.display());
    let mut kinds: BTreeMap<String, Figures> = BTreeMap::new();
    for entry in index(folder)? {
        if args.kind.as_ref().is_some_and(|kind| *kind != entry.kind) {
            continue;
        }
        let run = match &args.with {
            Some(program) => read_with(program, &entry)?,
            None => extract(&entry, &config)?,
        };
        let text = run.answer.pointer("/document/text").and_then(Value::as_str);
        let title = run.answer.pointer("/document/title").and_then(Value::as_str).unwrap_or_default();
        let score = score(&entry, title, text)?;
        if args.verbose && (score.similarity.is_some_and(|near| near < 0.95) || score.held < score.asserted) {
            println!("{}: {}", entry.path.display(), said(score));
        }
        let figures = kinds.entry(entry.kind).or_default();
        figures.files += 1;
        figures.read += usize::from(text.is_some());
        if text.is_none() {
            *figures.refused.entry(refusal(&run.answer)).or_default() += 1;
        }
        figures.similarities.extend(score.similarity);
        figures.held += score.held;
        figures.asserted += score.asserted;
        figures.seconds += run.seconds;
        figures.peak_kib = figures.peak_kib.max(run.peak_kib);
    }
    println!("\n| kind | files | read | similarity, median | ≥ .95 | assertions | seconds | peak MB | refused |");
    println!("|---|---|---|---|---|---|---|---|---|");
    for (kind, figures) in &mut kinds {
        println!("{}", row(kind, figures));
    }
    Ok(())
}

fn row(kind: &str, figures: &mut Figures) -> String {
    let refused: Vec<String> = figures.refused.iter().map(|(code, count)| format!("{code} {count}")).collect();
    let near = &mut figures.similarities;
    near.sort_by(f64::total_cmp);
    let (median, good) = match near.get(near.len() / 2) {
        Some(median) => {
            let good = share(near.iter().filter(|near| **near >= 0.95).count(), near.len());
            (format!("{median:.3}"), format!("{:.0} %", good * 100.0))
        }
        None => ("–".to_owned(), "–".to_owned()),
    };
    format!(
        "| {kind} | {} | {} | {median} | {good} | {} of {} | {:.1} | {} | {} |",
        figures.files,
        figures.read,
        figures.held,
        figures.asserted,
        figures.seconds,
        figures.peak_kib / 1024,
        refused.join(", ")
    )
}

fn said(score: Score) -> String {
    match score.similarity {
        Some(near) => format!("similarity {near:.3}"),
        None => format!("{} of {} assertions", score.held, score.asserted),
    }
}

fn refusal(answer: &Value) -> String {
    match answer.get("error") {
        Some(Value::String(code)) => code.clone(),
        Some(code) => code.to_string(),
        None => "extract_crashed".to_owned(),
    }
}

struct Run {
    answer: Value,
    seconds: f64,
    peak_kib: u64,
}

/// Reads the file as the server would, but for the watch on the child's memory.
fn extract(entry: &Entry, config: &ExtractionConfig) -> anyhow::Result<Run> {
    let path = fs::canonicalize(&entry.path).with_context(|| entry.path.display().to_string())?;
    let folder = tempfile::tempdir()?;
    let format = match entry.kind.as_str() {
        "md" => "markdown",
        "txt" => "text",
        kind => kind,
    };
    let mut child = Program::new("/proc/self/exe");
    child
        .args(["extract", "--format", format, "--file"])
        .arg(path)
        .args(["--programs", &config.path])
        .args(["--max-pages", &config.max_pages.to_string()])
        .args(["--max-text-bytes", &config.max_text_bytes.to_string()])
        .args(["--memory-bytes", &config.memory_bytes.to_string()])
        .args(["--cpu-seconds", &config.timeout.as_secs().max(1).to_string()])
        .env("LC_ALL", "C.UTF-8")
        .env("OPENBLAS_NUM_THREADS", "1")
        .env("OMP_NUM_THREADS", "1")
        .current_dir(folder.path());
    let run = run(child)?;
    Ok(Run {
        answer: serde_json::from_slice(&run.bytes).unwrap_or_default(),
        seconds: run.seconds,
        peak_kib: run.peak_kib,
    })
}

/// Reads the file with another program. It refuses by an exit code or an empty output.
fn read_with(program: &Path, entry: &Entry) -> anyhow::Result<Run> {
    let mut child = Program::new(program);
    child.arg(&entry.path);
    let run = run(child)?;
    let text = String::from_utf8_lossy(&run.bytes);
    let answer = match text.trim() {
        "" => json!({ "error": "no_text" }),
        _ if !run.is_well => json!({ "error": "failed" }),
        text => json!({ "document": { "text": text } }),
    };
    Ok(Run { answer, seconds: run.seconds, peak_kib: run.peak_kib })
}

struct Output {
    bytes: Vec<u8>,
    is_well: bool,
    seconds: f64,
    peak_kib: u64,
}

fn run(mut program: Program) -> anyhow::Result<Output> {
    let begun = Instant::now();
    let mut child = program.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn()?;
    // Its end would tell the child that nobody waits.
    let stdin = child.stdin.take();
    let mut stdout = child.stdout.take().context("the child has no output")?;
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        stdout.read_to_end(&mut bytes).map(|_| bytes)
    });
    let peak_kib = watch(&mut child)?;
    drop(stdin);
    let seconds = begun.elapsed().as_secs_f64();
    let bytes = reader.join().map_err(|_| anyhow::anyhow!("the child's output cannot be read"))??;
    Ok(Output { bytes, is_well: child.wait()?.success(), seconds, peak_kib })
}

/// Waits for the child; returns the most memory that it and the programs it started had.
fn watch(child: &mut Child) -> anyhow::Result<u64> {
    let mut peak = 0;
    while child.try_wait()?.is_none() {
        let own = high_water(child.id());
        let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", child.id())).unwrap_or_default();
        let started: u64 = children.split_whitespace().filter_map(|id| id.parse().ok()).map(high_water).sum();
        peak = peak.max(own + started);
        std::thread::sleep(LOOK);
    }
    Ok(peak)
}

/// In KiB; 0 for a process that has ended.
fn high_water(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or_default()
}
