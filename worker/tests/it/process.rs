//! The program as its operators meet it.

use std::process::{Command, Output};

fn run(arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_collabry-worker"));
    program.args(arguments).env_clear().env("COLLABRY_JOB_SCHEDULES", "purge-deleted=daily").output().unwrap()
}

#[test]
fn help_says_what_it_needs() {
    let help = String::from_utf8(run(&["--help"]).stdout).unwrap();
    for told in ["serve", "MONGODB_URI", "REDIS_URL", "COLLABRY_RETENTION_DAYS", "/api/admin/jobs", "64"] {
        assert!(help.contains(told), "{told} in {help}");
    }
}

#[test]
fn every_problem_of_the_configuration_is_told_at_once() {
    let output = run(&["serve"]);
    assert_eq!(output.status.code(), Some(64));
    let told = String::from_utf8(output.stderr).unwrap();
    for variable in ["COLLABRY_JOB_SCHEDULES", "MONGODB_URI", "REDIS_URL"] {
        assert!(told.contains(&format!("\n  {variable}: ")), "{variable} in {told}");
    }
}
