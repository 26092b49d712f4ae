//! Jobs and the ledger of their runs.

use collabry_shared::ids::{OwnerId, UserId};
use collabry_shared::jobs::{
    ClaimedRun, DeclaredJob, JobName, JobSpec, MAX_RUN_ATTEMPTS, Missed, Run, RunLease, RunState,
};
use collabry_shared::storage::StoreError;
use collabry_shared::stores::Stores;
use jiff::SignedDuration;

use crate::backend::{Backend, contract};
use crate::fixtures::at;

contract!(
    a_job_keeps_when_it_was_declared_first,
    a_slot_is_claimed_once,
    only_who_claimed_it_renews_and_finishes,
    a_run_whose_lease_ran_out_is_taken_over_with_a_new_token,
    an_abandoned_run_is_taken_over_once,
    a_lease_that_ran_out_unnoticed_can_be_renewed,
    a_run_that_kills_its_workers_fails,
    a_released_run_is_open_again_uncounted,
    a_requested_run_waits_for_a_worker,
    a_requested_run_finds_an_instant_of_its_own,
    forgotten_slots_stay_taken,
    the_ledger_survives_a_restart,
);

fn job() -> JobName {
    "polish-silver".parse().unwrap()
}

async fn declared(stores: &Stores) -> JobName {
    let spec = JobSpec {
        name: job(),
        schedule: Some("0 5 * * * *".parse().unwrap()),
        missed: Missed::CatchUp,
        lease: SignedDuration::from_secs(60),
    };
    stores.jobs.declare(&spec, at(0)).await.unwrap().spec.name
}

/// A lease of a minute for a worker of its own.
fn lease(now: i64) -> RunLease {
    RunLease { owner: OwnerId::new(), now: at(now), until: at(now + 60) }
}

async fn claimed(stores: &Stores, slot: i64) -> ClaimedRun {
    let job = declared(stores).await;
    stores.jobs.claim_slot(&job, at(slot), lease(slot)).await.unwrap().unwrap()
}

async fn newest(stores: &Stores) -> Run {
    stores.jobs.runs(&job(), 1).await.unwrap().remove(0)
}

async fn a_job_keeps_when_it_was_declared_first(Backend { stores, .. }: Backend) {
    assert_eq!(stores.jobs.get(&job()).await.unwrap(), None);
    let first = JobSpec {
        name: job(),
        schedule: Some("*/5 * * * * *".parse().unwrap()),
        missed: Missed::Skip,
        lease: SignedDuration::from_millis(1500),
    };
    let stored = stores.jobs.declare(&first, at(1)).await.unwrap();
    assert_eq!(stored, DeclaredJob { spec: first.clone(), declared_at: at(1) });
    let next =
        JobSpec { schedule: None, missed: Missed::CatchUp, lease: SignedDuration::from_secs(9), ..first.clone() };
    let stored = stores.jobs.declare(&next, at(2)).await.unwrap();
    assert_eq!(stored, DeclaredJob { spec: next, declared_at: at(1) });
    let other = JobSpec { name: "a".parse().unwrap(), ..first };
    let other = stores.jobs.declare(&other, at(3)).await.unwrap();
    assert_eq!(stores.jobs.list().await.unwrap(), [other, stored.clone()]);
    assert_eq!(stores.jobs.get(&job()).await.unwrap(), Some(stored));
}

async fn a_slot_is_claimed_once(Backend { stores, .. }: Backend) {
    let job = declared(&stores).await;
    for slot in [10, 20] {
        let claimers = (0..16).map(|_| {
            let (jobs, job) = (stores.jobs.clone(), job.clone());
            tokio::spawn(async move { jobs.claim_slot(&job, at(slot), lease(slot)).await.unwrap() })
        });
        let claimed = futures::future::try_join_all(claimers).await.unwrap();
        let won: Vec<_> = claimed.into_iter().flatten().collect();
        assert_eq!(won.len(), 1, "{won:?}");
        assert_eq!((&won[0].job, won[0].slot, won[0].attempt), (&job, at(slot), 1));
        assert!(stores.jobs.finish(&won[0], None, at(slot + 1)).await.unwrap());
        let again = stores.jobs.claim_slot(&job, at(slot), lease(slot + 2)).await.unwrap();
        assert_eq!(again, None, "a finished slot is not run again");
    }
    assert_eq!(stores.jobs.claim_slot(&"other".parse().unwrap(), at(10), lease(10)).await.unwrap(), None);
}

async fn only_who_claimed_it_renews_and_finishes(Backend { stores, .. }: Backend) {
    let run = claimed(&stores, 10).await;
    let (other_owner, other_token) =
        (ClaimedRun { owner: OwnerId::new(), ..run.clone() }, ClaimedRun { token: run.token + 1, ..run.clone() });
    for stranger in [other_owner, other_token] {
        assert!(!stores.jobs.renew(&stranger, at(200)).await.unwrap());
        assert!(!stores.jobs.finish(&stranger, None, at(11)).await.unwrap());
        assert!(!stores.jobs.release(&stranger).await.unwrap());
    }
    let running = newest(&stores).await;
    let expected = Run {
        job: run.job.clone(),
        slot: at(10),
        state: RunState::Running,
        requested_by: None,
        attempts: 1,
        started_at: Some(at(10)),
        finished_at: None,
        error: None,
    };
    assert_eq!(running, expected);
    assert!(stores.jobs.renew(&run, at(100)).await.unwrap());
    assert!(stores.jobs.open_jobs(at(99)).await.unwrap().is_empty());
    assert!(stores.jobs.finish(&run, Some("no silver"), at(12)).await.unwrap());
    let failed =
        Run { state: RunState::Failed, finished_at: Some(at(12)), error: Some("no silver".to_owned()), ..running };
    assert_eq!(newest(&stores).await, failed);
    assert!(!stores.jobs.renew(&run, at(200)).await.unwrap());
    assert!(!stores.jobs.finish(&run, None, at(13)).await.unwrap());
    assert!(!stores.jobs.release(&run).await.unwrap());
    assert_eq!(newest(&stores).await, failed);
}

async fn a_run_whose_lease_ran_out_is_taken_over_with_a_new_token(Backend { stores, .. }: Backend) {
    let paused = claimed(&stores, 10).await;
    assert!(stores.jobs.open_jobs(at(69)).await.unwrap().is_empty());
    assert_eq!(stores.jobs.claim_open(&paused.job, lease(69)).await.unwrap(), None);
    assert_eq!(stores.jobs.open_jobs(at(70)).await.unwrap(), [job()]);
    let taken = stores.jobs.claim_open(&paused.job, lease(70)).await.unwrap().unwrap();
    assert_eq!((taken.slot, taken.attempt), (at(10), 2));
    assert!(taken.token > paused.token);
    assert!(!stores.jobs.renew(&paused, at(500)).await.unwrap());
    assert!(!stores.jobs.finish(&paused, None, at(71)).await.unwrap());
    assert!(stores.jobs.finish(&taken, None, at(72)).await.unwrap());
    assert_eq!(newest(&stores).await.attempts, 2);
    // Tokens grow over the slots of a job too.
    assert!(claimed(&stores, 100).await.token > taken.token);
}

async fn an_abandoned_run_is_taken_over_once(Backend { stores, .. }: Backend) {
    let lost = claimed(&stores, 10).await;
    let claimers = (0..16).map(|_| {
        let (jobs, job) = (stores.jobs.clone(), lost.job.clone());
        tokio::spawn(async move { jobs.claim_open(&job, lease(70)).await.unwrap() })
    });
    let taken = futures::future::try_join_all(claimers).await.unwrap();
    assert_eq!(taken.into_iter().flatten().count(), 1);
}

async fn a_lease_that_ran_out_unnoticed_can_be_renewed(Backend { stores, .. }: Backend) {
    let run = claimed(&stores, 10).await;
    assert!(stores.jobs.renew(&run, at(300)).await.unwrap(), "nobody took it meanwhile");
    assert_eq!(stores.jobs.claim_open(&run.job, lease(299)).await.unwrap(), None);
    assert!(stores.jobs.finish(&run, None, at(299)).await.unwrap());
}

async fn a_run_that_kills_its_workers_fails(Backend { stores, .. }: Backend) {
    let run = claimed(&stores, 0).await;
    for attempt in 2..=MAX_RUN_ATTEMPTS {
        let taken = stores.jobs.claim_open(&run.job, lease(i64::from(attempt) * 100)).await.unwrap().unwrap();
        assert_eq!(taken.attempt, attempt);
    }
    let last = i64::from(MAX_RUN_ATTEMPTS) * 100 + 60;
    assert_eq!(stores.jobs.open_jobs(at(last)).await.unwrap(), [job()]);
    assert_eq!(stores.jobs.claim_open(&run.job, lease(last)).await.unwrap(), None);
    let failed = newest(&stores).await;
    assert_eq!((failed.state, failed.finished_at), (RunState::Failed, Some(at(last))));
    assert!(failed.error.is_some());
    assert!(stores.jobs.open_jobs(at(10_000)).await.unwrap().is_empty());
}

async fn a_released_run_is_open_again_uncounted(Backend { stores, .. }: Backend) {
    let mut run = claimed(&stores, 10).await;
    for now in 11..20 {
        assert!(stores.jobs.release(&run).await.unwrap());
        assert!(!stores.jobs.finish(&run, None, at(now)).await.unwrap());
        assert_eq!(newest(&stores).await.state, RunState::Requested);
        assert_eq!(stores.jobs.open_jobs(at(now)).await.unwrap(), [job()]);
        run = stores.jobs.claim_open(&run.job, lease(now)).await.unwrap().unwrap();
        assert_eq!((run.slot, run.attempt), (at(10), 1));
    }
}

async fn a_requested_run_waits_for_a_worker(Backend { stores, .. }: Backend) {
    let admin = UserId::new();
    assert!(matches!(stores.jobs.request(&job(), Some(admin), at(5)).await, Err(StoreError::Missing(_))));
    let job = declared(&stores).await;
    let run = stores.jobs.request(&job, Some(admin), at(5)).await.unwrap();
    assert_eq!((run.slot, run.state, run.requested_by), (at(5), RunState::Requested, Some(admin)));
    let again = stores.jobs.request(&job, None, at(6)).await.unwrap();
    assert_eq!(again, run, "one that waits is enough");
    assert_eq!(stores.jobs.open_jobs(at(6)).await.unwrap(), std::slice::from_ref(&job));
    let claimed = stores.jobs.claim_open(&job, lease(7)).await.unwrap().unwrap();
    assert_eq!((claimed.slot, claimed.attempt), (at(5), 1));
    assert!(stores.jobs.finish(&claimed, None, at(9)).await.unwrap());
    let done = Run { state: RunState::Done, attempts: 1, started_at: Some(at(7)), finished_at: Some(at(9)), ..run };
    assert_eq!(newest(&stores).await, done);
}

async fn a_requested_run_finds_an_instant_of_its_own(Backend { stores, .. }: Backend) {
    let scheduled = claimed(&stores, 10).await;
    let run = stores.jobs.request(&scheduled.job, None, at(10)).await.unwrap();
    assert_eq!(run.slot, at(10) + SignedDuration::from_millis(1));
    assert_eq!(stores.jobs.runs(&scheduled.job, 10).await.unwrap().len(), 2);
}

async fn forgotten_slots_stay_taken(Backend { stores, .. }: Backend) {
    let job = declared(&stores).await;
    for slot in 1..=5 {
        let run = claimed(&stores, slot * 10).await;
        if slot != 2 {
            assert!(stores.jobs.finish(&run, None, at(slot * 10 + 1)).await.unwrap());
        }
    }
    assert_eq!(stores.jobs.prune_runs(&job, 10).await.unwrap(), 0);
    assert_eq!(stores.jobs.prune_runs(&job, 2).await.unwrap(), 2);
    let slots: Vec<_> = stores.jobs.runs(&job, 10).await.unwrap().iter().map(|run| run.slot).collect();
    assert_eq!(slots, [at(50), at(40), at(20)], "what is open stays");
    for slot in [10, 15, 30] {
        assert_eq!(stores.jobs.claim_slot(&job, at(slot), lease(100)).await.unwrap(), None, "{slot}");
    }
    assert_eq!(stores.jobs.claim_open(&job, lease(100)).await.unwrap().unwrap().slot, at(20));
    assert!(stores.jobs.claim_slot(&job, at(60), lease(100)).await.unwrap().is_some());
}

async fn the_ledger_survives_a_restart(backend: Backend) {
    let run = claimed(&backend.stores, 10).await;
    let backend = backend.reopen().await;
    let jobs = &backend.stores.jobs;
    assert_eq!(jobs.claim_slot(&run.job, at(10), lease(11)).await.unwrap(), None);
    assert!(jobs.renew(&run, at(80)).await.unwrap());
    assert!(jobs.finish(&run, None, at(12)).await.unwrap());
}
