//! Processes on machines whose clocks are wrong.

use std::sync::{Arc, Mutex};

use collabry_shared::check::{self, Verdict};
use collabry_shared::clock::{AgreedClock, Clock, SystemClock, TimeServer, ahead_of};
use collabry_shared::config::Config;
use collabry_shared::coordination::{self, Sockets};
use collabry_shared::generations::{Generation, GenerationState, lease};
use collabry_shared::ids::OwnerId;
use collabry_shared::jobs::{JobName, JobSpec, Missed, RunLease};
use collabry_shared::realtime::LocalFanOut;
use collabry_shared::stores::{DatabaseTime, Stores};
use jiff::{SignedDuration, Timestamp};
use redis_server::RedisServer;

use crate::backend::Backend;
use crate::fixtures::{new_generation, owned_conversation, owned_notebook, sent, source};
use crate::redis::open;
use crate::storage::Log;

/// The clock of a machine that is so far ahead.
#[derive(Debug)]
struct Ahead(SignedDuration);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        SystemClock.now() + self.0
    }
}

const WRONG: [SignedDuration; 3] =
    [SignedDuration::from_secs(12), SignedDuration::from_mins(10), SignedDuration::from_mins(-10)];

/// Wide enough for any machine, and far from every wrong clock here.
const NEAR: SignedDuration = SignedDuration::from_secs(5);

async fn agreed(machine: impl Clock + 'static, server: &Arc<dyn TimeServer>) -> Arc<AgreedClock> {
    let clock = AgreedClock::new(Arc::new(machine));
    clock.follow(Arc::clone(server)).await.unwrap();
    Arc::new(clock)
}

async fn wrong_clocks_are_corrected(server: Arc<dyn TimeServer>) {
    for off in WRONG {
        let clock = agreed(Ahead(off), &server).await;
        assert!(clock.now().duration_since(SystemClock.now()).abs() < NEAR, "{off:?}");
        let found = ahead_of(server.as_ref(), &Ahead(off)).await.unwrap();
        assert!((found - off).abs() < NEAR, "{found:?} instead of {off:?}");
    }
}

#[tokio::test]
async fn redis_says_what_time_it_is() {
    let redis = RedisServer::start();
    wrong_clocks_are_corrected(Arc::new(open(&redis.url()).await)).await;
}

#[tokio::test]
async fn mongodb_says_what_time_it_is() {
    let backend = Backend::mongo().await;
    let cleanup = backend.cleanup();
    wrong_clocks_are_corrected(Arc::new(DatabaseTime(Arc::clone(&backend.stores.probe)))).await;
    drop(backend);
    cleanup.await;
}

/// A machine whose clock can be put right.
#[derive(Debug, Default)]
struct Machine(Mutex<SignedDuration>);

impl Clock for Machine {
    fn now(&self) -> Timestamp {
        SystemClock.now() + *self.0.lock().unwrap()
    }
}

#[tokio::test]
async fn a_process_says_at_its_start_that_its_machine_is_wrong_and_once_that_it_is_right_again() {
    let redis = RedisServer::start();
    let with_redis = Config::from_lookup(|name| (name == "REDIS_URL").then(|| redis.url())).unwrap();
    let without = Config::from_lookup(|_| None).unwrap();
    let (sqlite, mongo) = (Backend::sqlite().await, Backend::mongo().await);
    let folder = tempfile::tempdir().unwrap();
    for (mut config, backend, server) in [(with_redis, &sqlite, "Redis"), (without, &mongo, "the database")] {
        folder.path().clone_into(&mut config.storage.data_dir);
        let coordination = coordination::open(&config, Arc::new(SystemClock), Sockets::Here).await.unwrap();
        let machine = Arc::new(Machine(Mutex::new(SignedDuration::from_mins(10))));
        let clock = AgreedClock::new(Arc::clone(&machine) as _);
        let (log, _guard) = Log::begin();
        // Again and again, as it is asked.
        for _ in 0..3 {
            coordination.agree_on(&clock, &backend.stores).await.unwrap();
        }
        let said = |part: &str| log.text().lines().filter(|line| line.contains(part)).map(str::to_owned).collect();
        let wrong: Vec<String> = said("the clock of this machine is ahead");
        assert_eq!(wrong.len(), 1, "{}", log.text());
        assert!(
            wrong[0].contains("WARN") && wrong[0].contains(&format!("that of {server}, which counts")),
            "{wrong:?}"
        );
        let (_, seconds) = wrong[0].rsplit_once("seconds=").unwrap();
        assert!((seconds.trim().parse::<f64>().unwrap() - 600.0).abs() < 5.0, "{seconds}");
        *machine.0.lock().unwrap() = SignedDuration::ZERO;
        for _ in 0..3 {
            coordination.agree_on(&clock, &backend.stores).await.unwrap();
        }
        let right: Vec<String> = said(&format!("the clock of this machine agrees with that of {server} again"));
        assert_eq!(right.len(), 1, "{}", log.text());
    }
    mongo.cleanup().await;
}

#[tokio::test]
async fn check_holds_the_clock_beside_what_is_shared() {
    let redis = RedisServer::start();
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config::from_lookup(|name| (name == "REDIS_URL").then(|| redis.url())).unwrap();
    folder.path().clone_into(&mut config.storage.data_dir);
    let findings = check::dependencies(&config).await;
    let clock = findings.iter().find(|finding| finding.subject == "clock, beside that of Redis").unwrap();
    assert_eq!(clock.verdict, Verdict::Fine);
}

#[tokio::test]
async fn an_embedded_database_has_no_clock_of_its_own() {
    assert_eq!(Backend::sqlite().await.stores.probe.time().await.unwrap(), None);
}

/// A question that a healthy engine answers, by the clock that it has.
async fn answered(stores: &Stores, clock: &dyn Clock) -> (Generation, OwnerId) {
    let talk = owned_conversation(stores).await;
    let question = sent(stores, talk.id, "why").await;
    let generation =
        Generation { question_id: question.id, requested_by: talk.created_by, ..new_generation(&talk, clock.now()) };
    stores.generations.create(&generation).await.unwrap();
    let owner = OwnerId::new();
    stores.generations.claim(generation.id, owner, lease::until(clock.now())).await.unwrap().unwrap();
    (generation, owner)
}

#[tokio::test]
async fn a_process_ahead_of_the_others_ends_nothing_of_theirs() {
    let redis = RedisServer::start();
    let server: Arc<dyn TimeServer> = Arc::new(open(&redis.url()).await);
    for backend in [Backend::sqlite().await, Backend::mongo().await] {
        let cleanup = backend.cleanup();
        let stores = &backend.stores;
        let healthy = agreed(SystemClock, &server).await;
        for off in [SignedDuration::from_secs(12), SignedDuration::from_mins(10)] {
            let ahead = agreed(Ahead(off), &server).await;
            let endings = |clock| stores.endings(Arc::new(LocalFanOut::new().0), clock);
            // An answer.
            let (generation, owner) = answered(stores, healthy.as_ref()).await;
            let right: Arc<dyn Clock> = ahead.clone();
            let ended = endings(Arc::clone(&right)).end_abandoned(OwnerId::new(), right.now()).await.unwrap();
            assert_eq!(ended, 0, "{off:?}");
            assert!(stores.generations.renew(generation.id, owner, lease::until(healthy.now())).await.unwrap());

            // A source that is read.
            let book = owned_notebook(stores).await;
            source(stores, &book, healthy.now()).await;
            let now = healthy.now();
            let until = now + SignedDuration::from_secs(20);
            let claim = stores.ingest_queue.claim(OwnerId::new(), now, until).await.unwrap().unwrap();
            let stolen =
                stores.ingest_queue.claim(OwnerId::new(), ahead.now(), ahead.now() + SignedDuration::from_secs(20));
            assert_eq!(stolen.await.unwrap().map(|claim| claim.source.id), None, "{off:?}");
            assert!(stores.ingest_queue.ready(&claim, Some(1), 0, healthy.now()).await.unwrap());

            // A run of a job, and the next slot.
            let name: JobName = format!("job-{}", OwnerId::new()).parse().unwrap();
            let schedule = Some("0 0 * * * *".parse().unwrap());
            let lease = SignedDuration::from_secs(10);
            let spec = JobSpec { name: name.clone(), schedule, missed: Missed::CatchUp, lease };
            let job = stores.jobs.declare(&spec, healthy.now() - SignedDuration::from_hours(2)).await.unwrap();
            let slot = job.due_slot(healthy.now()).unwrap();
            assert_eq!(job.due_slot(ahead.now() - NEAR), job.due_slot(healthy.now() - NEAR));
            let lease_of =
                |clock: &dyn Clock| RunLease { owner: OwnerId::new(), now: clock.now(), until: clock.now() + lease };
            let run = stores.jobs.claim_slot(&name, slot, lease_of(healthy.as_ref())).await.unwrap().unwrap();
            assert_eq!(stores.jobs.claim_open(&name, lease_of(ahead.as_ref())).await.unwrap(), None, "{off:?}");
            assert!(stores.jobs.renew(&run, healthy.now() + lease).await.unwrap());
            assert!(stores.jobs.finish(&run, None, healthy.now()).await.unwrap());

            // By its machine's clock it would have.
            let wrong: Arc<dyn Clock> = Arc::new(Ahead(off));
            let ended = endings(Arc::clone(&wrong)).end_abandoned(OwnerId::new(), wrong.now()).await.unwrap();
            assert_eq!(ended, 1);
            let state = stores.generations.get(generation.id).await.unwrap().unwrap().state;
            assert_eq!(state, GenerationState::Interrupted);
        }
        drop(backend);
        cleanup.await;
    }
}
