//! `collabry check`: reports every problem at once, each with its fix.

use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::process::ExitCode;

use collabry_shared::check::{self, Finding};
use collabry_shared::config::Config;

use crate::{data_dir as folder, secret};

#[tokio::main]
pub async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let data_dir = &config.storage.data_dir;
    let mut findings = check::dependencies(config).await;
    findings.extend(check::backups(config).await);
    if config.api.jwt_secret.is_none() {
        findings.push(Finding::new("signing secret in the data folder", secret::check(data_dir)));
    }
    findings.push(check::address(config.api.bind, "COLLABRY_BIND").await);
    findings.extend(check::server_notes(config.api.bind).await);
    if let Some(internal) = config.services.internal_bind {
        findings.push(check::address(internal, "COLLABRY_INTERNAL_BIND").await);
    }
    findings.extend([
        Finding::new(format!("data folder {}", data_dir.display()), writable(data_dir)),
        Finding::new(format!("web client {}", config.api.web_dir.display()), web_client(&config.api.web_dir)),
    ]);
    findings.extend(collabry_ai_engine::check::findings(&config.engine).await);
    let code = check::report(&findings);
    if code == ExitCode::SUCCESS {
        eprintln!("\nEverything is in place. Start with: collabry serve");
    }
    Ok(code)
}

fn writable(data_dir: &Path) -> Result<(), String> {
    let probe = data_dir.join(".check");
    let write = || {
        DirBuilder::new().recursive(true).mode(folder::OWNER_ONLY).create(data_dir)?;
        std::fs::write(&probe, b"")?;
        std::fs::remove_file(&probe)
    };
    write().map_err(|error: std::io::Error| {
        format!("{error}. Make it writable, or set COLLABRY_DATA_DIR to another folder.")
    })
}

fn web_client(dir: &Path) -> Result<(), String> {
    let index = dir.join("index.html");
    if index.is_file() {
        return Ok(());
    }
    Err("not built. Run `make web`, or set COLLABRY_WEB_DIR; the API works without it.".to_owned())
}
