//! What `check` says of what an ai-engine needs besides its stores.

use std::process::{Command, Stdio};
use std::sync::Arc;

use collabry_shared::check::Finding;
use collabry_shared::clock::{Clock, SystemClock};
use collabry_shared::config::EngineConfig;
use collabry_shared::engine::ProviderStatus;

use crate::embeddings::LocalEmbedder;
use crate::models::{Models, RetryPolicy};

/// The embedding model, the programs that read PDFs, and the model providers.
pub async fn findings(config: &EngineConfig) -> Vec<Finding> {
    let mut findings = vec![
        Finding::new(format!("embedding model {}", config.model_dir.display()), embedding_model(config)),
        Finding::new("pdftotext", pdf_tools("pdftotext")),
        Finding::new("pdfinfo", pdf_tools("pdfinfo")),
    ];
    findings.extend(providers(config).await);
    findings
}

fn embedding_model(config: &EngineConfig) -> Result<(), String> {
    let loaded = LocalEmbedder::start(&config.model_dir, config.threads);
    loaded.map(drop).map_err(|error| format!("{error}. Run `make model`, or set COLLABRY_MODEL_DIR."))
}

fn pdf_tools(program: &str) -> Result<(), String> {
    let run = Command::new(program).arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status();
    match run {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{error}. PDFs cannot be read without it: install poppler-utils.")),
    }
}

async fn providers(config: &EngineConfig) -> Vec<Finding> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let statuses = match Models::external(&config.providers, &clock, RetryPolicy::default()) {
        Ok(models) => models.statuses().await,
        Err(error) => return vec![Finding::new("model providers", Err::<(), _>(error.to_string()))],
    };
    let describe = |status: ProviderStatus| {
        let subject = format!("models of {} ({})", status.provider, status.models.len());
        Finding::new(subject, status.problem.map_or(Ok(()), Err))
    };
    statuses.into_iter().map(describe).collect()
}
