//! `collabry check`: every problem at once, each with its fix.

use std::net::TcpListener;
use std::path::Path;
use std::process::ExitCode;

use collabry_shared::check::{self, Finding};
use collabry_shared::config::Config;

#[tokio::main]
pub async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let data_dir = &config.storage.data_dir;
    let mut findings = check::dependencies(config).await;
    findings.extend([
        Finding::new(format!("data folder {}", data_dir.display()), writable(data_dir)),
        Finding::new(format!("address {}", config.api.bind), free(config)),
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
        std::fs::create_dir_all(data_dir)?;
        std::fs::write(&probe, b"")?;
        std::fs::remove_file(&probe)
    };
    write().map_err(|error: std::io::Error| {
        format!("{error}. Make it writable, or set COLLABRY_DATA_DIR to another folder.")
    })
}

fn free(config: &Config) -> Result<(), String> {
    TcpListener::bind(config.api.bind).map(drop).map_err(|error| {
        format!("{error}. End what listens there, or set COLLABRY_BIND (Collabry itself may be running).")
    })
}

fn web_client(dir: &Path) -> Result<(), String> {
    let index = dir.join("index.html");
    if index.is_file() {
        return Ok(());
    }
    Err("not built. Run `make web`, or set COLLABRY_WEB_DIR; the API works without it.".to_owned())
}
