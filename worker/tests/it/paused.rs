//! Two workers as processes, one of them paused past its lease.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Command};
use std::sync::Arc;

use collabry_shared::clock::{Clock as _, SystemClock};
use collabry_shared::ids::UserId;
use collabry_shared::jobs::{JobName, RunState};
use collabry_shared::stores::{self, Stores};
use rustix::process::{Pid, Signal, kill_process};

use crate::support::eventually;

/// Long beside what lies between a claim and a signal, so that the process is not paused while it holds a lock.
const LEASE_MS: &str = "3000";

/// `examples/gated_job.rs`, which cargo builds beside the tests.
struct Gated<'a> {
    process: Child,
    folder: &'a Path,
}

impl<'a> Gated<'a> {
    fn start(folder: &'a Path) -> Self {
        let tests = std::env::current_exe().unwrap();
        let program = tests.parent().unwrap().parent().unwrap().join("examples/gated_job");
        assert!(program.exists(), "{} is missing: cargo test --release builds it", program.display());
        Self { process: Command::new(program).arg(folder).arg(LEASE_MS).spawn().unwrap(), folder }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }

    fn go(&self) {
        File::create(self.folder.join(format!("go-{}", self.process.id()))).unwrap();
    }

    async fn says(&self, what: &str) {
        let file = self.folder.join(format!("{what}-{}", self.process.id()));
        eventually(what, async || file.exists().then_some(())).await;
    }
}

impl Drop for Gated<'_> {
    fn drop(&mut self) {
        // One that is gone already is as good.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Slot and process of each effect.
fn effects(folder: &Path) -> Vec<String> {
    let lines = std::fs::read_to_string(folder.join("effects")).unwrap_or_default();
    lines.lines().map(str::to_owned).collect()
}

async fn request(stores: &Stores, job: &JobName) -> jiff::Timestamp {
    stores.jobs.request(job, Some(UserId::new()), SystemClock.now()).await.unwrap().slot
}

async fn done(stores: &Stores, job: &JobName) {
    eventually("the run is done", async || {
        let newest = stores.jobs.runs(job, 1).await.unwrap().remove(0);
        (newest.state == RunState::Done).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_paused_past_its_lease_has_no_second_effect() {
    let folder = tempfile::tempdir().unwrap();
    let stores = stores::open_embedded(folder.path(), Arc::new(SystemClock)).await.unwrap();
    let job: JobName = "gated".parse().unwrap();
    let first = Gated::start(folder.path());
    eventually("the job is declared", async || stores.jobs.get(&job).await.unwrap()).await;
    let slot = request(&stores, &job).await;
    first.says("entered").await;
    first.signal(Signal::STOP);
    // It could go on, did it only run.
    first.go();

    let second = Gated::start(folder.path());
    second.go();
    second.says("left").await;
    done(&stores, &job).await;
    let once = [format!("{slot} {}", second.process.id())];
    assert_eq!(effects(folder.path()), once);

    first.signal(Signal::CONT);
    first.says("left").await;
    assert_eq!(effects(folder.path()), once, "the resumed worker had an effect of its own");
    let run = stores.jobs.runs(&job, 1).await.unwrap().remove(0);
    assert_eq!((run.state, run.attempts), (RunState::Done, 2));

    // Both go on as before.
    for slots in 2..5 {
        let slot = request(&stores, &job).await.to_string();
        done(&stores, &job).await;
        let effects = effects(folder.path());
        assert_eq!(effects.len(), slots);
        assert!(effects[slots - 1].starts_with(&slot), "{effects:?}");
    }
}
