//! What `check` finds before anything is started: every problem at once, each with its fix.

mod clocks;

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use futures::future::join_all;
use rustix::process::{Resource, getrlimit};
use url::Url;

use crate::clock::{Clock as _, SystemClock};
use crate::config::{BlobConfig, Config, Warning};
use crate::storage::{self, BlobError, Blobs, Look, StoreError};
use crate::{health, http, redis};

/// With fewer, a server that people use runs out of them.
const FEW_FILES: u64 = 1024;

/// An ai-engine that is there answers at once.
const ENGINE_ANSWERS: Duration = Duration::from_secs(3);

/// What is written where backups go, for a moment.
const PROBE: &str = "collabry-check";

/// What was looked at, and what is wrong with it.
#[derive(Debug)]
pub struct Finding {
    pub subject: String,
    pub verdict: Verdict,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    Fine,
    /// It works, and is probably not what was meant.
    Note(String),
    /// It does not work; with what to do.
    Problem(String),
}

impl Finding {
    pub fn new<T>(subject: impl Into<String>, result: Result<T, String>) -> Self {
        let verdict = result.map_or_else(Verdict::Problem, |_| Verdict::Fine);
        Self { subject: subject.into(), verdict }
    }

    pub fn note(subject: impl Into<String>, note: impl Into<String>) -> Self {
        Self { subject: subject.into(), verdict: Verdict::Note(note.into()) }
    }

    fn is_problem(&self) -> bool {
        matches!(self.verdict, Verdict::Problem(_))
    }
}

/// Prints what was found, and says by its exit code whether all is well.
#[expect(clippy::print_stdout, reason = "what the user asked for")]
pub fn report(findings: &[Finding]) -> ExitCode {
    for Finding { subject, verdict } in findings {
        match verdict {
            Verdict::Fine => println!("ok       {subject}"),
            Verdict::Note(note) => println!("NOTE     {subject}\n         {note}"),
            Verdict::Problem(problem) => println!("PROBLEM  {subject}\n         {problem}"),
        }
    }
    match findings.iter().filter(|finding| finding.is_problem()).count() {
        0 => ExitCode::SUCCESS,
        count => {
            println!("\n{count} problem(s).");
            ExitCode::FAILURE
        }
    }
}

/// What every role depends on: settings, the database, the files, and Redis when there is one.
pub async fn dependencies(config: &Config) -> Vec<Finding> {
    let mut findings = vec![Finding::new("configuration", Ok::<_, String>(()))];
    findings.extend(config.warnings().into_iter().map(|Warning { setting, message }| Finding::note(setting, message)));
    findings.extend(open_files());
    findings.extend(storage(config).await);
    if let Some(redis) = &config.redis {
        findings.push(Finding::new("Redis", redis::check::check(redis).await));
    }
    findings.extend(clocks::findings(config).await);
    findings
}

/// A warning when this process may open so few files that a few hundred connections use them up.
fn open_files() -> Option<Finding> {
    let limit = getrlimit(Resource::Nofile).current?;
    let note =
        format!("at most {limit}, and each connection is one. Raise it: ulimit -n 65536, or LimitNOFILE= of systemd");
    (limit < FEW_FILES).then(|| Finding::note("open files", note))
}

/// Whether a server can listen there; `setting` names where else it could.
pub async fn address(bind: SocketAddr, setting: &str) -> Finding {
    let subject = format!("address {bind} ({setting})");
    let Err(error) = TcpListener::bind(bind) else {
        return Finding::new(subject, Ok(()));
    };
    if error.kind() == ErrorKind::AddrInUse && health::answers(bind).await {
        return Finding::note(subject, "is taken by a Collabry that runs; another one cannot start beside it");
    }
    let fix = match error.kind() {
        ErrorKind::AddrInUse => format!("End what listens there, or set {setting} to another address or port."),
        ErrorKind::PermissionDenied => {
            format!("Ports below 1024 need root or CAP_NET_BIND_SERVICE; or set {setting} to a higher one.")
        }
        ErrorKind::AddrNotAvailable => format!("This machine does not have that address; set {setting} to one it has."),
        _ => format!("Set {setting} to another address or port."),
    };
    Finding::new(subject, Err::<(), _>(format!("{error}. {fix}")))
}

/// The ai-engines of an api. Of one that is away no problem is made: apis and engines start in any order.
pub async fn engines(engines: &[Url]) -> Vec<Finding> {
    let client = match http::client().timeout(ENGINE_ANSWERS).no_proxy().build() {
        Ok(client) => client,
        Err(error) => return vec![Finding::new("ai-engines", Err::<(), _>(error.to_string()))],
    };
    let ask = async |engine: &Url| {
        let subject = format!("ai-engine {engine}");
        match client.get(engine.clone()).send().await {
            Ok(_) => Finding::new(subject, Ok(())),
            Err(_) => Finding::note(subject, "nothing answers there yet. Start it, or correct COLLABRY_ENGINE_URLS."),
        }
    };
    join_all(engines.iter().map(ask)).await
}

/// Where backups go: writes there, and removes what it wrote. `None`: no backups are made.
pub async fn backups(config: &Config) -> Option<Finding> {
    let place = config.worker.backups.place.as_ref()?;
    let write = async {
        let blobs = Blobs::open(place, Path::new("."), SystemClock.now())?;
        blobs.put(PROBE, Bytes::from_static(b"collabry check")).await?;
        blobs.delete(PROBE).await
    };
    let result: Result<(), BlobError> = write.await;
    let fix =
        |error| format!("{error}. No backup can be made there: make it writable, or correct COLLABRY_BACKUP_URL.");
    Some(Finding::new("place of backups (COLLABRY_BACKUP_URL)", result.map_err(fix)))
}

/// Changes nothing: what is there may belong to another version that runs.
async fn storage(config: &Config) -> Vec<Finding> {
    let database = if config.storage.mongodb.is_some() { "database (MONGODB_URI)" } else { "database" };
    let looked = match &config.storage.mongodb {
        Some(mongodb) => storage::reach(mongodb).await,
        None => Ok(()),
    };
    let looked = match looked {
        Ok(()) => storage::look(config).await.map_err(database_fix),
        Err(problem) => Err(problem),
    };
    let database = match looked {
        Ok(found) => Finding::new(format!("{database}: {}{}", found.version, pending(&found)), Ok::<_, String>(())),
        Err(problem) => Finding::new(database, Err::<(), _>(problem)),
    };
    let place = match &config.storage.blobs {
        BlobConfig::DataDir => "files in the data folder".to_owned(),
        BlobConfig::Folder(folder) => format!("files in {}", folder.display()),
        BlobConfig::S3(s3) => format!("files in the bucket {}", s3.bucket),
    };
    let blobs = async { Blobs::open(&config.storage.blobs, &config.storage.data_dir, SystemClock.now())?.ping().await };
    let fix = |error: BlobError| match &config.storage.blobs {
        BlobConfig::DataDir => format!("{error}. Make the folder blobs in it writable, or set COLLABRY_DATA_DIR."),
        BlobConfig::Folder(_) => format!("{error}. Make it writable, or correct COLLABRY_BLOBS_URL."),
        BlobConfig::S3(_) => format!("{error}. See COLLABRY_BLOBS_URL and the COLLABRY_S3_ settings."),
    };
    vec![database, Finding::new(place, blobs.await.map_err(fix))]
}

fn database_fix(error: StoreError) -> String {
    match error {
        StoreError::Unavailable(problem) if problem.to_lowercase().contains("auth") => {
            format!("It refuses the user or the password ({problem}): correct MONGODB_URI.")
        }
        StoreError::Damaged(problem) => {
            format!("stored data is damaged: {problem}. Restore a backup (docs/operations.md, Disaster recovery).")
        }
        other => other.to_string(),
    }
}

fn pending(found: &Look) -> String {
    if found.pending.is_empty() {
        return String::new();
    }
    format!("; the next start makes: {}", found.pending.join(", "))
}
