//! The ai-engine's command line.

use std::process::ExitCode;

use clap::Parser;
use collabry_ai_engine::sources::extract_child;

#[derive(Parser)]
#[command(name = "collabry-ai-engine", version, about = "Ingestion, retrieval and generation")]
enum Command {
    /// Reads one file under tight limits; started by the engine itself.
    #[command(hide = true)]
    Extract(extract_child::ExtractArgs),
}

fn main() -> ExitCode {
    match Command::parse() {
        Command::Extract(args) => extract_child::main(&args),
    }
}
