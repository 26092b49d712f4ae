//! The `check` command: finds every problem before anything is started, each with its fix.

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
use crate::config::{Config, Warning};
use crate::storage::{self, BlobConfig, BlobError, Blobs, SchemaStatus, StoreError};
use crate::stores;
use crate::{health, http, redis};

/// With fewer, a server in use runs out of files.
const FEW_FILES: u64 = 1024;

/// How long an ai-engine may take to answer; a running one answers at once.
const ENGINE_ANSWERS: Duration = Duration::from_secs(3);

/// The file that is written briefly to where files and backups are stored.
const PROBE: &str = "collabry-check";

/// What was checked, and what is wrong with it.
#[derive(Debug)]
pub struct Finding {
    pub subject: String,
    pub verdict: Verdict,
}

#[derive(Debug, PartialEq, Eq)]
pub enum Verdict {
    Fine,
    /// It works but is probably not what was intended.
    Note(String),
    /// It does not work; the text says what to do.
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

/// Prints the findings; the exit code says whether there is a problem.
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

/// Checks what every role depends on: settings, database, files, and Redis when it is configured.
pub async fn dependencies(config: &Config) -> Vec<Finding> {
    let mut findings = vec![Finding::new("configuration", Ok::<_, String>(()))];
    findings.extend(config.warnings().into_iter().map(|Warning { setting, message }| Finding::note(setting, message)));
    findings.extend(getrlimit(Resource::Nofile).current.and_then(open_files));
    findings.extend(storage(config).await);
    if let Some(redis) = &config.redis {
        findings.push(Finding::new("Redis", redis::check::check(redis).await));
    }
    findings.extend(clocks::findings(config).await);
    findings
}

/// A note when this process may open so few files that a few hundred connections use them up.
fn open_files(limit: u64) -> Option<Finding> {
    let note =
        format!("at most {limit}, and each connection is one. Raise it: ulimit -n 65536, or LimitNOFILE= of systemd");
    (limit < FEW_FILES).then(|| Finding::note("open files", note))
}

/// Checks that a server can listen there; `setting` is the setting of the address.
pub async fn address(bind: SocketAddr, setting: &str) -> Finding {
    let subject = format!("address {bind} ({setting})");
    let Err(error) = TcpListener::bind(bind) else {
        return Finding::new(subject, Ok(()));
    };
    if error.kind() == ErrorKind::AddrInUse && health::answers(bind).await {
        return Finding::note(
            subject,
            "is taken by a Collabry that runs; a second one cannot start at the same address",
        );
    }
    Finding::new(subject, Err::<(), _>(format!("{error}. {}", address_fix(error.kind(), setting))))
}

/// The notes of a server that runs there; empty when none runs.
pub async fn server_notes(bind: SocketAddr) -> Vec<Finding> {
    let notes = health::notes(bind).await;
    notes
        .into_iter()
        .map(|note| Finding::note(note.setting, format!("the server that runs: {}", note.message)))
        .collect()
}

fn address_fix(problem: ErrorKind, setting: &str) -> String {
    match problem {
        ErrorKind::AddrInUse => format!("End what listens there, or set {setting} to another address or port."),
        ErrorKind::PermissionDenied => {
            format!("Ports below 1024 need root or CAP_NET_BIND_SERVICE; or set {setting} to a higher one.")
        }
        ErrorKind::AddrNotAvailable => format!("This machine does not have that address; set {setting} to one it has."),
        _ => format!("Set {setting} to another address or port."),
    }
}

/// Checks the ai-engines of an api. One that does not answer is only noted: apis and engines start in any order.
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

/// Checks the backup store by writing a file there and deleting it. `None`: no backups are made.
pub async fn backups(config: &Config) -> Option<Finding> {
    let place = config.worker.backups.location.as_ref()?;
    let result = writable(place, Path::new(".")).await;
    let fix =
        |error| format!("{error}. No backup can be made there: make it writable, or correct COLLABRY_BACKUP_URL.");
    Some(Finding::new("place of backups (COLLABRY_BACKUP_URL)", result.map_err(fix)))
}

/// Writes a file to a store and deletes it, because a folder that can be listed may still not be writable.
async fn writable(place: &BlobConfig, data_dir: &Path) -> Result<(), BlobError> {
    let blobs = Blobs::open(place, data_dir, SystemClock.now())?;
    blobs.ping().await?;
    blobs.put(PROBE, Bytes::from_static(b"collabry check")).await?;
    blobs.delete(PROBE).await
}

/// Checks the database and the files. Changes nothing in the database: another version may be running on it.
async fn storage(config: &Config) -> Vec<Finding> {
    let database = if config.storage.mongodb.is_some() { "database (MONGODB_URI)" } else { "database" };
    let looked = match &config.storage.mongodb {
        Some(mongodb) => storage::check_reachable(mongodb).await,
        None => Ok(()),
    };
    let looked = match looked {
        Ok(()) => stores::schema_status(config).await.map_err(database_fix),
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
    let blobs = writable(&config.storage.blobs, &config.storage.data_dir);
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

fn pending(found: &SchemaStatus) -> String {
    if found.pending.is_empty() {
        return String::new();
    }
    format!("; the next start makes: {}", found.pending.join(", "))
}

#[cfg(test)]
mod tests {
    use std::io::ErrorKind;

    use super::{FEW_FILES, Finding, Verdict, address_fix, backups, open_files, storage};
    use crate::config::Config;

    #[test]
    fn few_open_files_are_noted_with_how_to_raise_the_limit() {
        assert!(open_files(FEW_FILES).is_none());
        let Some(Finding { verdict: Verdict::Note(note), .. }) = open_files(256) else { panic!("no note") };
        assert!(note.starts_with("at most 256, ") && note.contains("LimitNOFILE"), "{note}");
    }

    #[test]
    fn each_reason_why_nothing_listens_has_its_own_fix() {
        let fix = |problem| address_fix(problem, "COLLABRY_BIND");
        assert!(fix(ErrorKind::PermissionDenied).contains("below 1024 need root or CAP_NET_BIND_SERVICE"));
        assert!(fix(ErrorKind::AddrInUse).starts_with("End what listens there"));
        assert!(fix(ErrorKind::AddrNotAvailable).contains("does not have that address"));
        assert!(fix(ErrorKind::Other).contains("COLLABRY_BIND"));
    }

    /// What lies where the probe of a check would be written: as good as a folder that takes no files, also for root.
    fn takes_no_files() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join(super::PROBE).join("x")).unwrap();
        folder
    }

    #[tokio::test]
    async fn a_folder_that_can_be_listed_and_not_written_is_a_problem() {
        let (data, good, bad) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), takes_no_files());
        let config = |variable: &'static str, folder: &std::path::Path| {
            let url = format!("file://{}", folder.display());
            let mut config = Config::from_lookup(|name| (name == variable).then(|| url.clone())).unwrap();
            data.path().clone_into(&mut config.storage.data_dir);
            config
        };
        let files = async |folder| storage(&config("COLLABRY_BLOBS_URL", folder)).await.pop().unwrap().verdict;
        assert_eq!(files(good.path()).await, Verdict::Fine);
        assert_eq!(std::fs::read_dir(good.path()).unwrap().count(), 0, "nothing is left of the look");
        let Verdict::Problem(problem) = files(bad.path()).await else { panic!("no problem") };
        assert!(problem.ends_with("Make it writable, or correct COLLABRY_BLOBS_URL."), "{problem}");

        let copies = async |folder| backups(&config("COLLABRY_BACKUP_URL", folder)).await.unwrap().verdict;
        assert_eq!(copies(good.path()).await, Verdict::Fine);
        let Verdict::Problem(problem) = copies(bad.path()).await else { panic!("no problem") };
        assert!(problem.contains("make it writable, or correct COLLABRY_BACKUP_URL"), "{problem}");
    }
}
