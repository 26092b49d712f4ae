//! What `check` finds before anything is started: every problem at once, each with its fix.

use std::collections::BTreeSet;
use std::process::ExitCode;

use secrecy::{ExposeSecret as _, SecretString};

use crate::clock::{Clock as _, SystemClock};
use crate::config::{BlobConfig, Config};
use crate::redis;
use crate::storage::{self, BlobError, Blobs, Look};

/// A secret with fewer different characters was typed, not drawn.
const VARIETY: usize = 10;

/// What was looked at, and what is wrong with it.
#[derive(Debug)]
pub struct Finding {
    pub subject: String,
    pub problem: Option<String>,
}

impl Finding {
    pub fn new<T>(subject: impl Into<String>, result: Result<T, String>) -> Self {
        Self { subject: subject.into(), problem: result.err() }
    }
}

/// Prints what was found, and says by its exit code whether all is well.
#[expect(clippy::print_stdout, reason = "what the user asked for")]
pub fn report(findings: &[Finding]) -> ExitCode {
    for Finding { subject, problem } in findings {
        match problem {
            None => println!("ok       {subject}"),
            Some(problem) => println!("PROBLEM  {subject}\n         {problem}"),
        }
    }
    match findings.iter().filter(|finding| finding.problem.is_some()).count() {
        0 => ExitCode::SUCCESS,
        count => {
            println!("\n{count} problem(s).");
            ExitCode::FAILURE
        }
    }
}

/// What every role depends on: strong secrets, the database, the files, and Redis when there is one.
pub async fn dependencies(config: &Config) -> Vec<Finding> {
    let mut findings = vec![Finding::new("configuration", Ok::<_, String>(())), secrets(config)];
    findings.extend(storage(config).await);
    if let Some(redis) = &config.redis {
        findings.push(Finding::new("Redis", redis::check::check(redis).await));
    }
    findings
}

fn secrets(config: &Config) -> Finding {
    let (jwt, service) = (config.api.jwt_secret.as_ref(), config.services.secret.as_ref());
    let weak = |secret: &SecretString| secret.expose_secret().bytes().collect::<BTreeSet<_>>().len() < VARIETY;
    let mut problems = Vec::new();
    for (name, secret) in [("COLLABRY_JWT_SECRET", jwt), ("COLLABRY_SERVICE_SECRET", service)] {
        if secret.is_some_and(weak) {
            problems.push(format!("{name} can be guessed: draw one with openssl rand -base64 48."));
        }
    }
    if let (Some(jwt), Some(service)) = (jwt, service)
        && jwt.expose_secret() == service.expose_secret()
    {
        problems.push("COLLABRY_JWT_SECRET and COLLABRY_SERVICE_SECRET are the same: draw one for each.".to_owned());
    }
    let result = if problems.is_empty() { Ok(()) } else { Err(problems.join(" ")) };
    Finding::new("secrets", result)
}

/// Changes nothing: what is there may belong to another version that runs.
async fn storage(config: &Config) -> Vec<Finding> {
    let database = if config.storage.mongodb.is_some() { "database (MONGODB_URI)" } else { "database" };
    let database = match storage::look(config).await {
        Ok(found) => Finding::new(format!("{database}: {}{}", found.version, pending(&found)), Ok::<_, String>(())),
        Err(error) => Finding::new(database, Err::<(), _>(error.to_string())),
    };
    let place = match &config.storage.blobs {
        BlobConfig::DataDir => "files in the data folder".to_owned(),
        BlobConfig::Folder(folder) => format!("files in {}", folder.display()),
        BlobConfig::S3(s3) => format!("files in the bucket {}", s3.bucket),
    };
    let blobs = async { Blobs::open(&config.storage.blobs, &config.storage.data_dir, SystemClock.now())?.ping().await };
    let fix = |error: BlobError| format!("{error}. See COLLABRY_BLOBS_URL and the COLLABRY_S3_ settings.");
    vec![database, Finding::new(place, blobs.await.map_err(fix))]
}

fn pending(found: &Look) -> String {
    if found.pending.is_empty() {
        return String::new();
    }
    format!("; the next start makes: {}", found.pending.join(", "))
}

#[cfg(test)]
mod tests {
    use super::secrets;
    use crate::config::Config;

    fn problem(jwt: &str, service: &str) -> Option<String> {
        let config = Config::from_lookup(|name| match name {
            "COLLABRY_JWT_SECRET" => Some(jwt.to_owned()),
            "COLLABRY_SERVICE_SECRET" => Some(service.to_owned()),
            _ => None,
        });
        secrets(&config.unwrap()).problem
    }

    const GOOD: &str = "Yk3v8Qm2pL0sXw7zRb5nTc1dFg6hJj4a";

    #[test]
    fn secrets_are_drawn_and_differ() {
        assert_eq!(problem(GOOD, "aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV"), None);
        assert!(problem(GOOD, GOOD).unwrap().contains("the same"));
        let weak = problem("changemechangemechangemechangeme", GOOD).unwrap();
        assert!(weak.contains("COLLABRY_JWT_SECRET can be guessed"), "{weak}");
        assert!(!weak.contains("changeme"), "a secret is never printed");
    }
}
