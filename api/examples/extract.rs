//! The program that reads files for the tests: a test's own binary cannot start itself as one.

use std::process::ExitCode;

use clap::Parser;
use collabry_ai_engine::sources::extract_child::{self, ExtractArgs};

#[derive(Parser)]
enum Command {
    Extract(ExtractArgs),
}

fn main() -> ExitCode {
    let Command::Extract(args) = Command::parse();
    extract_child::main(&args)
}
