//! When jobs run, and what becomes of their runs.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use collabry_shared::clock::{Clock, SystemClock};
use collabry_shared::jobs::{JobSpec, Missed, RunState};
use collabry_worker::Worker;
use collabry_worker::jobs::{Job, JobHandler, LeasedRun};
use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Notify, Semaphore};

use crate::support::{Running, World, eventually};

/// Notes each slot that it runs.
#[derive(Clone, Default)]
struct Noted(Arc<Mutex<Vec<Timestamp>>>);

impl Noted {
    fn slots(&self) -> Vec<Timestamp> {
        self.0.lock().unwrap().clone()
    }
}

#[async_trait]
impl JobHandler for Noted {
    async fn run(&self, run: &LeasedRun) -> anyhow::Result<()> {
        run.check_lease().await?;
        self.0.lock().unwrap().push(run.slot());
        Ok(())
    }
}

/// Ends when it gets a permit.
struct Held {
    entered: Arc<Notify>,
    gate: Arc<Semaphore>,
}

#[async_trait]
impl JobHandler for Held {
    async fn run(&self, _: &LeasedRun) -> anyhow::Result<()> {
        self.entered.notify_one();
        self.gate.acquire().await?.forget();
        Ok(())
    }
}

struct Broken;

#[async_trait]
impl JobHandler for Broken {
    async fn run(&self, _: &LeasedRun) -> anyhow::Result<()> {
        Err(anyhow::anyhow!("no such river").context("measuring"))
    }
}

struct Panicking;

#[async_trait]
impl JobHandler for Panicking {
    async fn run(&self, _: &LeasedRun) -> anyhow::Result<()> {
        panic!("the bank is gone")
    }
}

fn spec(name: &str, schedule: Option<&str>, missed: Missed) -> JobSpec {
    JobSpec {
        name: name.parse().unwrap(),
        schedule: schedule.map(|schedule| schedule.parse().unwrap()),
        missed,
        lease: SignedDuration::from_mins(1),
    }
}

fn worker(world: &World, jobs: Vec<Job>, clock: Arc<dyn Clock>, drain: Duration) -> Running {
    Running::start(Worker::with_jobs(jobs, world.stores.clone(), clock, drain))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_workers_one_runs_each_slot() {
    let world = World::new().await;
    let noted = Noted::default();
    let workers = [(); 2].map(|()| {
        let each_second = spec("noted", Some("* * * * * *"), Missed::CatchUp);
        let jobs = vec![Job::new(each_second, noted.clone())];
        worker(&world, jobs, Arc::new(SystemClock), Duration::from_mins(1))
    });
    eventually("five slots", async || (noted.slots().iter().collect::<HashSet<_>>().len() >= 5).then_some(())).await;
    for worker in workers {
        worker.stop().await;
    }
    let slots = noted.slots();
    assert_eq!(slots.iter().collect::<HashSet<_>>().len(), slots.len(), "each once: {slots:?}");
    let runs = world.stores.jobs.runs(&"noted".parse().unwrap(), 100).await.unwrap();
    assert_eq!(runs.len(), slots.len());
    assert!(runs.iter().all(|run| run.state == RunState::Done && run.attempts == 1), "{runs:?}");
}

#[tokio::test]
async fn the_newest_missed_slot_is_caught_up_or_skipped_as_the_job_says() {
    let world = World::new().await;
    let (late, skipped) = (Noted::default(), Noted::default());
    let start = || {
        let jobs = vec![
            Job::new(spec("late", Some("0 5 * * * *"), Missed::CatchUp), late.clone()),
            Job::new(spec("skipped", Some("0 5 * * * *"), Missed::Skip), skipped.clone()),
        ];
        worker(&world, jobs, Arc::new(world.clock.clone()), Duration::from_mins(1))
    };
    let first = start();
    let asked = world.run("skipped").await.slot;
    world.run("late").await;
    first.stop().await;
    assert_eq!((late.slots().len(), skipped.slots().len()), (1, 1), "nothing was missed before there was a worker");

    world.pass(3 * 60 * 60);
    let second = start();
    let missed: Timestamp = "2026-03-01T14:05:00Z".parse().unwrap();
    eventually("the missed slot is run", async || late.slots().contains(&missed).then_some(())).await;
    let asked_again = world.run("skipped").await.slot;
    second.stop().await;
    assert_eq!(late.slots()[1..], [missed], "those before it are not");
    assert_eq!(skipped.slots(), [asked, asked_again]);
}

#[tokio::test]
async fn a_failure_is_recorded_and_the_job_goes_on() {
    let world = World::new().await;
    let jobs = vec![
        Job::new(spec("broken", None, Missed::Skip), Broken),
        Job::new(spec("panicking", None, Missed::Skip), Panicking),
    ];
    let worker = worker(&world, jobs, Arc::new(world.clock.clone()), Duration::from_mins(1));
    for _ in 0..2 {
        let run = world.run("broken").await;
        assert_eq!((run.state, run.error.as_deref()), (RunState::Failed, Some("measuring: no such river")));
        let run = world.run("panicking").await;
        assert_eq!((run.state, run.error.as_deref()), (RunState::Failed, Some("the job panicked")));
    }
    worker.stop().await;
}

#[tokio::test]
async fn at_shutdown_a_run_finishes_or_is_given_back() {
    let world = World::new().await;
    let (entered, gate) = (Arc::new(Notify::new()), Arc::new(Semaphore::new(0)));
    let start = |drain| {
        let held = Held { entered: Arc::clone(&entered), gate: Arc::clone(&gate) };
        let jobs = vec![Job::new(spec("held", None, Missed::Skip), held)];
        worker(&world, jobs, Arc::new(world.clock.clone()), drain)
    };
    let job = "held".parse().unwrap();
    let newest = async || world.stores.jobs.runs(&job, 1).await.unwrap().remove(0);
    let hasty = start(Duration::ZERO);
    eventually("the job is declared", async || world.stores.jobs.get(&job).await.unwrap()).await;
    world.stores.jobs.request(&job, Some(world.user.id), world.now()).await.unwrap();
    entered.notified().await;
    hasty.stop().await;
    let run = newest().await;
    assert_eq!((run.state, run.attempts), (RunState::Requested, 0), "given back, without waiting for its lease");

    let patient = start(Duration::from_mins(1));
    entered.notified().await;
    patient.shutdown.cancel();
    gate.add_permits(1);
    patient.stop().await;
    let run = newest().await;
    assert_eq!((run.state, run.attempts), (RunState::Done, 1));
}
