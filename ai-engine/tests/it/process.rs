//! The program as its operators see it.

use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_collabry-ai-engine"));
    program.args(arguments).env_clear().env("COLLABRY_THREADS", "many").output().unwrap()
}

#[test]
fn help_says_what_it_needs() {
    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    for told in ["serve", "MONGODB_URI", "REDIS_URL", "COLLABRY_SERVICE_SECRET", "COLLABRY_ENGINE_BIND", "64"] {
        assert!(help.contains(told), "{told} in {help}");
    }
    assert!(!help.contains("extract"), "its own business");
}

#[test]
fn every_problem_of_the_configuration_is_told_at_once() {
    let output = run(&["serve"]);
    assert_eq!(output.status.code(), Some(64));
    let told = String::from_utf8(output.stderr).unwrap();
    for variable in ["COLLABRY_THREADS", "MONGODB_URI", "REDIS_URL", "COLLABRY_SERVICE_SECRET"] {
        assert!(told.contains(&format!("\n  {variable}: ")), "{variable} in {told}");
    }
}
