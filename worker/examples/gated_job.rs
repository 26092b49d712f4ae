//! A worker with one job that waits before its effect until a file appears, for tests that pause its process.
//!
//! `gated_job FOLDER LEASE_MS`: FOLDER holds the store and the files for communication. The job creates `entered-PID`
//! before its effect, waits for `go-PID`, appends a line to `effects` as its effect, and creates `left-PID` when it ends.

#![expect(clippy::unwrap_used, reason = "a program of tests fails by panicking")]

use std::fs::{self, File};
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use collabry_shared::clock::SystemClock;
use collabry_shared::jobs::{JobSpec, Missed};
use collabry_shared::stores;
use collabry_shared::{lifecycle, telemetry};
use collabry_worker::Worker;
use collabry_worker::jobs::{Job, JobHandler, LeasedRun};
use jiff::SignedDuration;

struct Gated {
    folder: PathBuf,
}

impl Gated {
    fn file(&self, what: &str) -> PathBuf {
        self.folder.join(format!("{what}-{}", std::process::id()))
    }
}

/// Creates a file when the job ends, however it does.
struct Left(PathBuf);

impl Drop for Left {
    fn drop(&mut self) {
        File::create(&self.0).unwrap();
    }
}

#[async_trait]
impl JobHandler for Gated {
    async fn run(&self, run: &LeasedRun) -> anyhow::Result<()> {
        let _left = Left(self.file("left"));
        File::create(self.file("entered"))?;
        while !self.file("go").exists() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        run.check_lease().await?;
        let mut effects = fs::OpenOptions::new().append(true).create(true).open(self.folder.join("effects"))?;
        effects.write_all(format!("{} {}\n", run.slot(), std::process::id()).as_bytes())?;
        Ok(())
    }
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().unwrap());
    let lease = SignedDuration::from_millis(arguments.next().unwrap().parse().unwrap());
    let config = collabry_shared::config::Config::from_lookup(|_| None).unwrap();
    let _exporter = telemetry::init(&config.telemetry, None).unwrap();
    let clock = Arc::new(SystemClock);
    let stores = stores::open_embedded(&folder, clock.clone()).await.unwrap();
    let spec = JobSpec { name: "gated".parse().unwrap(), schedule: None, missed: Missed::Skip, lease };
    let worker = Worker::with_jobs(vec![Job::new(spec, Gated { folder })], stores, clock, Duration::ZERO);
    worker.run(lifecycle::shutdown_on_signal().unwrap()).await.unwrap();
}
