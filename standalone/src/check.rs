//! `collabry check`: every problem at once, each with its fix.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;

use collabry_ai_engine::embeddings::LocalEmbedder;
use collabry_ai_engine::models::{Models, RetryPolicy};
use collabry_shared::clock::{Clock, SystemClock};
use collabry_shared::config::{BlobConfig, Config};
use collabry_shared::coordination::{self, Sockets};
use collabry_shared::engine::ProviderStatus;
use collabry_shared::{redis, storage};

/// What was looked at, and what is wrong with it.
struct Finding {
    subject: String,
    problem: Option<String>,
}

impl Finding {
    fn new<T>(subject: impl Into<String>, result: Result<T, String>) -> Self {
        Self { subject: subject.into(), problem: result.err() }
    }
}

#[tokio::main]
pub async fn run(config: &Config) -> anyhow::Result<ExitCode> {
    let data_dir = &config.storage.data_dir;
    let mut findings = vec![
        Finding::new("configuration", Ok::<_, String>(())),
        Finding::new(format!("data folder {}", data_dir.display()), writable(data_dir)),
        Finding::new(format!("address {}", config.api.bind), free(config)),
        Finding::new(format!("web client {}", config.api.web_dir.display()), web_client(&config.api.web_dir)),
        Finding::new(format!("embedding model {}", config.engine.model_dir.display()), embedding_model(config)),
        Finding::new("pdftotext", pdf_tools("pdftotext")),
        Finding::new("pdfinfo", pdf_tools("pdfinfo")),
    ];
    findings.extend(storage(config).await);
    if let Some(redis) = &config.redis {
        findings.push(Finding::new("Redis", redis::check::check(redis).await));
    }
    findings.extend(providers(config).await);
    Ok(report(&findings))
}

#[expect(clippy::print_stdout, reason = "what the user asked for")]
fn report(findings: &[Finding]) -> ExitCode {
    for Finding { subject, problem } in findings {
        match problem {
            None => println!("ok       {subject}"),
            Some(problem) => println!("PROBLEM  {subject}\n         {problem}"),
        }
    }
    match findings.iter().filter(|finding| finding.problem.is_some()).count() {
        0 => {
            println!("\nEverything is in place. Start with: collabry serve");
            ExitCode::SUCCESS
        }
        count => {
            println!("\n{count} problem(s).");
            ExitCode::FAILURE
        }
    }
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

async fn storage(config: &Config) -> Vec<Finding> {
    // Redis is looked at by itself.
    let without_redis = Config { redis: None, ..config.clone() };
    let opened = async {
        let coordination = coordination::open(&without_redis, Arc::new(SystemClock), Sockets::Here).await?;
        storage::open(config, coordination.generation_log, SystemClock.now()).await
    };
    let stores = match opened.await {
        Ok(stores) => stores,
        Err(error) => return vec![Finding::new("storage", Err::<(), _>(error.to_string()))],
    };
    let database = if config.storage.mongodb.is_some() { "database (MONGODB_URI)" } else { "database" };
    let answers = async {
        stores.probe.ping().await?;
        stores.probe.version().await
    };
    let database = match answers.await {
        Ok(version) => Finding::new(format!("{database}: {version}"), Ok::<_, String>(())),
        Err(error) => Finding::new(database, Err::<(), _>(error.to_string())),
    };
    let place = match &config.storage.blobs {
        BlobConfig::DataDir => "files in the data folder".to_owned(),
        BlobConfig::Folder(folder) => format!("files in {}", folder.display()),
        BlobConfig::S3(s3) => format!("files in the bucket {}", s3.bucket),
    };
    let fix = |error| format!("{error}. See COLLABRY_BLOBS_URL and the COLLABRY_S3_ settings.");
    vec![database, Finding::new(place, stores.blobs.ping().await.map_err(fix))]
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

fn embedding_model(config: &Config) -> Result<(), String> {
    let loaded = LocalEmbedder::start(&config.engine.model_dir, config.engine.threads);
    loaded.map(drop).map_err(|error| format!("{error}. Run `make model`, or set COLLABRY_MODEL_DIR."))
}

fn pdf_tools(program: &str) -> Result<(), String> {
    let run = Command::new(program).arg("-v").stdout(Stdio::null()).stderr(Stdio::null()).status();
    match run {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{error}. PDFs cannot be read without it: install poppler-utils.")),
    }
}

async fn providers(config: &Config) -> Vec<Finding> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let statuses = match Models::external(&config.engine.providers, &clock, RetryPolicy::default()) {
        Ok(models) => models.statuses().await,
        Err(error) => return vec![Finding::new("model providers", Err::<(), _>(error.to_string()))],
    };
    let describe = |status: ProviderStatus| {
        let subject = format!("models of {} ({})", status.provider, status.models.len());
        Finding { subject, problem: status.problem }
    };
    statuses.into_iter().map(describe).collect()
}
