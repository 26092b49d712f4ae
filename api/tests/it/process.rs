//! The program as its operators meet it.

use std::io::{BufRead as _, BufReader};
use std::net::TcpListener;
use std::os::unix::fs::MetadataExt as _;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Output, Stdio};

fn run(arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_collabry-api"));
    program.args(arguments).env_clear().env("COLLABRY_ENGINE_URLS", "engine:5100").output().unwrap()
}

#[test]
fn help_says_what_it_needs() {
    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    for told in ["serve", "MONGODB_URI", "REDIS_URL", "COLLABRY_ENGINE_URLS", "COLLABRY_JWT_SECRET", "64"] {
        assert!(help.contains(told), "{told} in {help}");
    }
}

#[test]
fn every_problem_of_the_configuration_is_told_at_once() {
    let output = run(&["serve"]);
    assert_eq!(output.status.code(), Some(64));
    let told = String::from_utf8(output.stderr).unwrap();
    for variable in
        ["COLLABRY_ENGINE_URLS", "MONGODB_URI", "REDIS_URL", "COLLABRY_JWT_SECRET", "COLLABRY_SERVICE_SECRET"]
    {
        assert!(told.contains(&format!("\n  {variable}: ")), "{variable} in {told}");
    }
}

/// Settings with which it would work, were there a database at that port.
fn with_settings(arguments: &[&str], mongodb: u16) -> Command {
    let mut program = Command::new(env!("CARGO_BIN_EXE_collabry-api"));
    program.args(arguments).env_clear().current_dir(std::env::temp_dir()).envs([
        ("MONGODB_URI", format!("mongodb://127.0.0.1:{mongodb}/collabry").as_str()),
        ("COLLABRY_MONGODB_TIMEOUT_SECS", "60"),
        ("REDIS_URL", &format!("redis://127.0.0.1:{mongodb}")),
        ("COLLABRY_JWT_SECRET", "Yk3v8Qm2pL0sXw7zRb5nTc1dFg6hJj4a"),
        ("COLLABRY_SERVICE_SECRET", "aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV"),
        ("COLLABRY_ENGINE_URLS", "http://127.0.0.1:1"),
        ("COLLABRY_LOG_FORMAT", "json"),
        ("COLLABRY_BIND", "127.0.0.1:0"),
        ("COLLABRY_INTERNAL_BIND", "127.0.0.1:0"),
    ]);
    program
}

/// A process that waits for servers that never answer. Dropping it ends it.
struct Waiting(Child, TcpListener);

impl Waiting {
    fn start(change: impl FnOnce(&mut Command)) -> Self {
        let silent = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let mut program = with_settings(&["serve"], silent.local_addr().unwrap().port());
        change(&mut program);
        Self(program.stderr(Stdio::piped()).spawn().unwrap(), silent)
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

#[test]
fn what_is_strange_about_its_settings_is_said_at_its_start_and_keeps_it_from_nothing() {
    let guessable = "changemechangemechangemechangeme";
    let mut waiting = Waiting::start(|program| {
        program.env("COLLABRY_JWT_SECRET", guessable).env("COLABRY_BIND", "0.0.0.0:80").env("MONGODB_URL", "x");
    });
    let lines = BufReader::new(waiting.0.stderr.take().unwrap()).lines();
    let mut said = Vec::new();
    for line in lines.map(Result::unwrap) {
        assert!(!line.contains(guessable), "a secret is never printed: {line}");
        let line: serde_json::Value = serde_json::from_str(&line).unwrap();
        if line["level"] == "WARN" {
            said.push((line["setting"].clone(), line["message"].as_str().unwrap().to_owned()));
        }
        if said.len() == 3 {
            break;
        }
    }
    let message = |setting: &str| &said.iter().find(|(one, _)| one == setting).unwrap().1;
    assert!(
        message("COLABRY_BIND").starts_with("a setting is not known")
            && message("COLABRY_BIND").contains("COLLABRY_BIND?")
    );
    assert!(message("MONGODB_URL").contains("did you mean MONGODB_URI?"));
    assert!(message("COLLABRY_JWT_SECRET").starts_with("a setting can be guessed"));
    // It goes on to what it needs.
    waiting.1.accept().unwrap();
}

/// `/proc/PID/environ` and the memory belong to root once a process may not be dumped. What reads a hostile file runs as
/// the same user.
#[test]
fn its_environment_and_memory_are_closed_to_processes_of_the_same_user() {
    const NOBODY: u32 = 65_534;

    let waiting = Waiting::start(|program| {
        if std::fs::metadata("/proc/self").unwrap().uid() == 0 {
            program.uid(NOBODY).gid(NOBODY);
        }
    });
    waiting.1.accept().unwrap();
    let owner = std::fs::metadata(format!("/proc/{}/environ", waiting.0.id())).unwrap().uid();
    assert_eq!(owner, 0, "the process may be dumped");
}

#[test]
fn few_open_files_are_noted_by_check() {
    let program = with_settings(&["check"], 1);
    let mut shell = Command::new("sh");
    shell.args(["-c", "ulimit -n 256; exec \"$0\" check"]).arg(program.get_program()).env_clear();
    shell.envs(program.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let said = String::from_utf8(shell.output().unwrap().stdout).unwrap();
    assert!(said.contains("NOTE     open files\n         at most 256, and each connection is one."), "{said}");
}
