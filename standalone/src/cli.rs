//! The command line.

use clap::{Args, Parser, Subcommand};
use collabry_ai_engine::sources::extract_child::ExtractArgs;
use collabry_api::{AccountCommand, AdminCommand};
use collabry_worker::backups::BackupCommand;

const ENVIRONMENT: &str = "\
Settings are environment variables. These come first (all of them: .env.example):
  COLLABRY_BIND         address and port             [default: 127.0.0.1:5000]
  COLLABRY_DATA_DIR     all stored data              [default: data]
  COLLABRY_MODEL_DIR    the embedding model          [default: models/all-MiniLM-L6-v2]
  COLLABRY_OLLAMA_URL   answers by Ollama            [for example http://localhost:11434]
  COLLABRY_OPENAI_URL   answers by an OpenAI-compatible API, with its /v1
  COLLABRY_OPENAI_API_KEY
  COLLABRY_ANTHROPIC_API_KEY                         answers by Anthropic
  COLLABRY_DEFAULT_MODEL                             [default: builtin/extractive]

Examples:
  collabry check                        report what is missing, and how to fix it
  collabry demo && collabry serve       start with a notebook to ask about
  collabry admin add ada@example.org    make an account with admin rights
  collabry backup monday.tar.gz         copy everything, while the server runs
  COLLABRY_BIND=0.0.0.0:8080 collabry serve";

/// Chat with your own material: notebooks of sources, and streamed answers that cite them.
#[derive(Debug, Parser)]
#[command(name = "collabry", version, after_help = ENVIRONMENT)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run the server: api, ai-engine and worker in this process
    Serve,
    /// Check configuration and dependencies, and print every problem with its fix
    Check,
    /// Ask the server that runs with these settings whether it is ready; exits with 0 or 1
    Health,
    /// Load a small notebook with sources, so that the first question has an answer
    Demo(DemoOptions),
    /// Manage accounts; works while the server runs
    #[command(subcommand)]
    Account(AccountCommand),
    /// Manage admins; works while the server runs
    #[command(subcommand)]
    Admin(AdminCommand),
    #[command(flatten)]
    Backups(BackupCommand),
    /// Read one file under tight limits; started by the server itself
    #[command(hide = true)]
    Extract(ExtractArgs),
}

#[derive(Debug, Args)]
pub struct DemoOptions {
    /// The account that gets the notebook; created when it does not exist
    #[arg(long, default_value = "demo@collabry.local")]
    pub email: String,
    /// Its password; default: a random one, printed once
    #[arg(long, env = "COLLABRY_DEMO_PASSWORD", hide_env_values = true)]
    pub password: Option<String>,
}
