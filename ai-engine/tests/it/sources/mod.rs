//! From files and addresses to searchable chunks, with real child processes throughout.

mod confinement;
mod documents;
mod extraction;
mod fairness;
mod fetching;
mod ingestion;
mod layouts;
mod limits;
mod pdfs;
mod rig;
mod samples;
mod slides;
mod takeover;
mod web;
mod word;
mod word_changes;
mod word_margins;
mod workbooks;

use std::path::Path;
use std::time::Duration;

use collabry_ai_engine::sources::{Document, Extractor};
use collabry_shared::config::{Config, ExtractionConfig};
use collabry_shared::sources::{FailureCode, Format};

/// The defaults, without this machine's own settings.
fn config() -> ExtractionConfig {
    let mut config = Config::from_lookup(|_| None).unwrap().engine.extraction;
    config.timeout = Duration::from_mins(1);
    config
}

fn extractor(config: ExtractionConfig) -> Extractor {
    Extractor::new(env!("CARGO_BIN_EXE_collabry-ai-engine").into(), config)
}

async fn extract_with(extractor: &Extractor, format: Format, bytes: &[u8]) -> Result<Document, FailureCode> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("input");
    std::fs::write(&file, bytes).unwrap();
    extractor.extract(format, &file, folder.path()).await
}

async fn extract(format: Format, bytes: &[u8]) -> Result<Document, FailureCode> {
    extract_with(&extractor(config()), format, bytes).await
}

/// Whether a process has exited, or is a zombie.
fn is_dead(pid: &str) -> bool {
    let stat = std::fs::read_to_string(Path::new("/proc").join(pid).join("stat"));
    stat.map_or(true, |stat| stat.rsplit(") ").next().is_some_and(|rest| rest.starts_with('Z')))
}
