//! The findings of `check` about what an ai-engine needs besides its stores.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use collabry_shared::check::Finding;
use collabry_shared::clock::{Clock, SystemClock};
use collabry_shared::config::EngineConfig;
use collabry_shared::models::ProviderStatus;

use crate::embeddings::LocalEmbedder;
use crate::models::{Models, RetryPolicy};
use crate::sources::extract_child::{NO_LANDLOCK, has_landlock};

/// The embedding model, the programs that read PDFs, and the model providers.
pub async fn findings(config: &EngineConfig) -> Vec<Finding> {
    let mut findings = vec![
        Finding::new(format!("embedding model {}", config.model_dir.display()), embedding_model(config)),
        Finding::new("pdftotext", pdf_tools("pdftotext")),
        Finding::new("pdfinfo", pdf_tools("pdfinfo")),
        Finding::new("character maps for PDFs (poppler-data)", character_maps(CHARACTER_MAPS)),
        confinement(),
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
        Err(error) => Err(format!("{error}. It is needed to read PDFs: install poppler-utils.")),
    }
}

/// Where distributions install `poppler-data`.
const CHARACTER_MAPS: &[&str] = &["/usr/share/poppler/cMap", "/usr/local/share/poppler/cMap"];

fn character_maps(folders: &[&str]) -> Result<(), String> {
    if folders.iter().any(|folder| Path::new(folder).is_dir()) {
        return Ok(());
    }
    Err("not installed. They are needed to read Chinese, Japanese and Korean text in many PDFs: install \
         poppler-data."
        .to_owned())
}

const READER: &str = "confinement of the file reader";

fn confinement() -> Finding {
    if has_landlock() { Finding::new(READER, Ok::<_, String>(())) } else { Finding::note(READER, NO_LANDLOCK) }
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

#[cfg(test)]
mod tests {
    use super::{character_maps, pdf_tools};

    #[test]
    fn missing_pdf_tools_are_named_with_their_package() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().to_str().unwrap();
        assert_eq!(character_maps(&["/nowhere/cMap", there]), Ok(()));
        for missing in [&["/nowhere/cMap"][..], &[]] {
            assert!(character_maps(missing).unwrap_err().ends_with("install poppler-data."));
        }
        assert!(pdf_tools("no-such-program").unwrap_err().ends_with("install poppler-utils."));
    }
}
