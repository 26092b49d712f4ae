//! The ai-engine's command line.

mod serve;

use std::process::ExitCode;

use clap::Parser;
use collabry_ai_engine::embeddings::choose_blas_kernels;
use collabry_ai_engine::sources::extract_child;
use collabry_shared::service::Service;
use collabry_shared::{command_line, lifecycle};

const ENVIRONMENT: &str = "\
Settings are environment variables (all of them: .env.example). An ai-engine needs
  MONGODB_URI                where the documents are   [for example mongodb://localhost/collabry]
  REDIS_URL                  where replicas coordinate [for example redis://localhost]
  COLLABRY_SERVICE_SECRET    what every api must bring; at least 32 characters
and often
  COLLABRY_ENGINE_BIND       where the apis reach it   [default: 127.0.0.1:5100]
  COLLABRY_INTERNAL_BIND     /health, /ready, /metrics [default: 127.0.0.1:5101]
  COLLABRY_MODEL_DIR         the embedding model       [default: models/all-MiniLM-L6-v2]
  COLLABRY_OLLAMA_URL, COLLABRY_OPENAI_URL, COLLABRY_OPENAI_API_KEY, COLLABRY_ANTHROPIC_API_KEY
  COLLABRY_CONCURRENT_GENERATIONS, COLLABRY_CONCURRENT_INGESTIONS, COLLABRY_VECTOR_MEMORY_MB

Any number of them may run. The first SIGTERM drains, a second one ends at once. Exit code 64: the
configuration is wrong, and every problem with it is listed.";

/// Reads sources, searches them, and writes answers, for any number of apis
#[derive(Debug, Parser)]
#[command(name = "collabry-ai-engine", version, after_help = ENVIRONMENT)]
enum Command {
    /// Run an ai-engine
    Serve,
    /// Check settings and dependencies, and print every problem with its fix
    Check,
    /// Ask the ai-engine that runs with these settings whether it is ready: exit code 0 or 1
    Health,
    /// Reads one file under tight limits; started by the engine itself
    #[command(hide = true)]
    Extract(extract_child::ExtractArgs),
}

fn main() -> ExitCode {
    match command_line::parse::<Command>() {
        Command::Serve => {
            if let Err(slow) = choose_blas_kernels() {
                eprintln!("warning: {slow}");
            }
            lifecycle::run(Service::Engine, serve::serve)
        }
        Command::Check => {
            lifecycle::check(Service::Engine, async |config| collabry_ai_engine::check::findings(&config.engine).await)
        }
        Command::Health => lifecycle::health(Service::Engine),
        Command::Extract(args) => extract_child::main(&args),
    }
}
