//! The limits of the extraction child.

use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use collabry_ai_engine::sources::Extractor;
use collabry_shared::config::ExtractionConfig;
use collabry_shared::sources::{FailureCode, Format};
use tempfile::TempDir;

use super::{config, extract_with, extractor, is_dead};

/// A child that misbehaves.
fn scripted(folder: &TempDir, script: &str, config: ExtractionConfig) -> Extractor {
    let program = folder.path().join("child.sh");
    std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    Extractor::new(program, config)
}

async fn run(script: &str) -> Result<String, FailureCode> {
    let folder = tempfile::tempdir().unwrap();
    let extractor = scripted(&folder, script, ExtractionConfig { max_text_bytes: 10, ..config() });
    extract_with(&extractor, Format::Text, b"x").await.map(|document| document.text)
}

#[tokio::test]
async fn memory_is_limited() {
    let extractor = extractor(ExtractionConfig { memory_bytes: 16 << 20, ..config() });
    let large = vec![b'x'; 64 << 20];
    assert_eq!(extract_with(&extractor, Format::Text, &large).await, Err(FailureCode::ExtractMemory));
    // Here the allocation that fails is inside a library, and ends the process.
    let tags = "<p>x".repeat(200_000);
    assert_eq!(extract_with(&extractor, Format::Html, tags.as_bytes()).await, Err(FailureCode::ExtractMemory));
}

#[tokio::test]
async fn time_is_limited() {
    let extractor = extractor(ExtractionConfig { timeout: Duration::from_millis(10), ..config() });
    let large = "a,b,c\n".repeat(5_000_000);
    assert_eq!(extract_with(&extractor, Format::Csv, large.as_bytes()).await, Err(FailureCode::ExtractTimeout));
}

#[tokio::test]
async fn the_ways_in_which_a_child_can_end_are_told_apart() {
    assert_eq!(
        run(r#"echo '{"document":{"title":null,"text":"hi","pages":[],"headings":[]}}'"#).await.as_deref(),
        Ok("hi")
    );
    assert_eq!(run(r#"echo '{"error":"encrypted"}'"#).await, Err(FailureCode::Encrypted));
    assert_eq!(run("kill -SEGV $$").await, Err(FailureCode::ExtractCrashed));
    assert_eq!(run("kill -KILL $$").await, Err(FailureCode::ExtractMemory));
    assert_eq!(run("kill -XCPU $$").await, Err(FailureCode::ExtractTimeout));
    assert_eq!(
        run("echo 'memory allocation of 9 bytes failed' >&2; kill -ABRT $$").await,
        Err(FailureCode::ExtractMemory)
    );
    assert_eq!(run("exit 1").await, Err(FailureCode::ExtractCrashed));
}

#[tokio::test]
async fn what_a_child_says_is_not_believed_blindly() {
    assert_eq!(run("echo nonsense").await, Err(FailureCode::ExtractCrashed));
    let beyond = r#"{"document":{"title":null,"text":"hi","pages":[{"number":1,"start":7}],"headings":[]}}"#;
    assert_eq!(run(&format!("echo '{beyond}'")).await, Err(FailureCode::ExtractCrashed));
    assert_eq!(run("head -c 50000000 /dev/zero").await, Err(FailureCode::ExtractCrashed));
    assert_eq!(run("head -c 50000000 /dev/zero >&2; exit 1").await, Err(FailureCode::ExtractCrashed));
}

#[tokio::test]
async fn the_child_has_neither_the_servers_environment_nor_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let seen = folder.path().join("seen");
    let script = format!("(pwd; env) > {}; exit 1", seen.display());
    let result = extract_with(&scripted(&folder, &script, config()), Format::Text, b"x").await;
    assert_eq!(result, Err(FailureCode::ExtractCrashed));
    let seen = std::fs::read_to_string(seen).unwrap();
    assert!(!seen.starts_with(std::env::current_dir().unwrap().to_str().unwrap()));
    assert!(seen.contains("PATH=") && !seen.contains("HOME=") && !seen.contains("CARGO"), "{seen}");
}

#[tokio::test]
async fn what_the_child_started_ends_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let started = folder.path().join("started");
    let script = format!("sleep 1000 & echo $! > {0}.new; mv {0}.new {0}; wait", started.display());
    let config = ExtractionConfig { timeout: Duration::from_mins(10), ..config() };
    let extractor = scripted(&folder, &script, config);
    let work = extract_with(&extractor, Format::Text, b"x");
    tokio::select! {
        _ = work => panic!("the child does not end by itself"),
        () = until(|| started.exists()) => {}
    }
    let pid = std::fs::read_to_string(started).unwrap();
    until(|| is_dead(pid.trim())).await;
}

#[test]
fn the_child_ends_with_its_parent() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("input");
    std::fs::write(&file, "a,b,c\n".repeat(5_000_000)).unwrap();
    // A child whose parent has exited sees the end of its standard input.
    let status = real_child(&file).stdin(Stdio::null()).process_group(0).status().unwrap();
    assert_eq!(status.signal(), Some(9));
}

fn real_child(file: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_collabry-ai-engine"));
    command.args(["extract", "--format", "csv", "--file"]).arg(file);
    command.args(["--max-pages", "10", "--max-text-bytes", "1000000000"]);
    command.args(["--memory-bytes", "4000000000", "--cpu-seconds", "600"]).stdout(Stdio::null());
    command
}

/// Returns when `done`; the only limit is that of the test run.
async fn until(done: impl Fn() -> bool) {
    while !done() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
