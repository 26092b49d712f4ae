//! Limits: one contract over every limiter, and what holds while Redis is away.

use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use collabry_shared::clock::ManualClock;
use collabry_shared::ids::UserId;
use collabry_shared::limits::{
    Decision, FallbackLimiter, Limit, LimitStatus, Limiter, LocalLimiter, Quota, RedisLimiter, Rule,
};
use collabry_shared::redis::Connection;
use jiff::SignedDuration;

use crate::fixtures::at;
use redis_server::RedisServer;

const HOUR: Duration = Duration::from_hours(1);

/// A connection of its own, as another process has one.
async fn connect(server: &RedisServer) -> Connection {
    crate::redis::open(&server.url()).await.connection()
}

/// Limiters that count together, as those of several processes do, and what they need to live.
struct Backend {
    limiters: Vec<Arc<dyn Limiter>>,
    _redis: Option<RedisServer>,
}

impl Backend {
    fn local() -> Self {
        let limiter: Arc<dyn Limiter> = Arc::new(LocalLimiter::new(Arc::new(ManualClock::at(at(0)))));
        Self { limiters: vec![limiter; 5], _redis: None }
    }

    async fn redis() -> Self {
        let redis = RedisServer::start();
        let mut limiters: Vec<Arc<dyn Limiter>> = Vec::new();
        for _ in 0..5 {
            limiters.push(Arc::new(RedisLimiter::new(connect(&redis).await)));
        }
        Self { limiters, _redis: Some(redis) }
    }

    async fn check(&self, limits: &[Limit]) -> Decision {
        self.limiters[0].check(limits).await.unwrap()
    }
}

fn limit(rule: Rule, subject: &str, count: u32, window: Duration) -> Limit {
    Limit { rule, subject: subject.to_owned(), quota: Quota { count: NonZeroU32::new(count).unwrap(), window } }
}

/// Somebody no other test counts.
fn somebody() -> String {
    UserId::new().to_string()
}

#[track_caller]
fn remaining(decision: &Decision) -> Vec<u32> {
    match decision {
        Decision::Allowed(standings) => standings.iter().map(|standing| standing.remaining).collect(),
        Decision::Refused(standing) => panic!("refused: {standing:?}"),
    }
}

#[track_caller]
fn refused(decision: &Decision) -> LimitStatus {
    match decision {
        Decision::Refused(standing) => *standing,
        Decision::Allowed(standings) => panic!("allowed: {standings:?}"),
    }
}

async fn a_whole_quota_may_be_used_at_once(backend: Backend) {
    let limits = [limit(Rule::Uploads, &somebody(), 3, HOUR)];
    for left in [2, 1, 0] {
        assert_eq!(remaining(&backend.check(&limits).await), [left]);
    }
    let standing = refused(&backend.check(&limits).await);
    assert_eq!((standing.rule, standing.quota, standing.remaining), (Rule::Uploads, limits[0].quota, 0));
    assert!(standing.reset <= HOUR / 3 && standing.reset > HOUR / 4, "{:?}", standing.reset);
}

async fn callers_and_rules_are_counted_apart(backend: Backend) {
    let (ada, bob) = (somebody(), somebody());
    let one = |rule, subject: &str| [limit(rule, subject, 1, HOUR)];
    remaining(&backend.check(&one(Rule::Messages, &ada)).await);
    refused(&backend.check(&one(Rule::Messages, &ada)).await);
    remaining(&backend.check(&one(Rule::Messages, &bob)).await);
    remaining(&backend.check(&one(Rule::Uploads, &ada)).await);
}

async fn a_request_counts_against_all_its_limits_or_none(backend: Backend) {
    let ada = somebody();
    let wide = limit(Rule::Api, &ada, 10, HOUR);
    let narrow = limit(Rule::Messages, &ada, 1, HOUR);
    assert_eq!(remaining(&backend.check(&[wide.clone(), narrow.clone()]).await), [9, 0]);
    for _ in 0..20 {
        assert_eq!(refused(&backend.check(&[wide.clone(), narrow.clone()]).await).rule, Rule::Messages);
    }
    assert_eq!(remaining(&backend.check(&[wide]).await), [8], "refusals took nothing");
}

async fn of_several_that_refuse_the_longest_speaks(backend: Backend) {
    let ada = somebody();
    let limits = [limit(Rule::Api, &ada, 1, HOUR), limit(Rule::Uploads, &ada, 1, HOUR * 2)];
    remaining(&backend.check(&limits).await);
    assert_eq!(refused(&backend.check(&limits).await).rule, Rule::Uploads);
}

async fn a_quota_put_down_counts_as_used_up_not_as_a_debt(backend: Backend) {
    let ada = somebody();
    let before = [limit(Rule::Api, &ada, 100, HOUR * 100)];
    for _ in 0..50 {
        backend.check(&before).await;
    }
    let standing = refused(&backend.check(&[limit(Rule::Api, &ada, 10, HOUR)]).await);
    assert!(standing.reset <= HOUR / 10, "{:?}", standing.reset);
}

async fn a_quota_that_does_not_divide_its_window_is_kept(backend: Backend) {
    let limits = [limit(Rule::Api, &somebody(), 7, HOUR)];
    for _ in 0..7 {
        remaining(&backend.check(&limits).await);
    }
    refused(&backend.check(&limits).await);
}

async fn concurrent_attempts_admit_exactly_the_limit(backend: Backend) {
    let limits = Arc::new([limit(Rule::Messages, &somebody(), 60, HOUR), limit(Rule::Api, &somebody(), 2_000, HOUR)]);
    let attempts: Vec<_> = (0..2_000)
        .map(|attempt| {
            let (limiter, limits) = (Arc::clone(&backend.limiters[attempt % 5]), Arc::clone(&limits));
            tokio::spawn(async move { limiter.check(limits.as_slice()).await.unwrap() })
        })
        .collect();
    let mut admitted = BTreeMap::new();
    for attempt in attempts {
        let allowed = matches!(attempt.await.unwrap(), Decision::Allowed(_));
        *admitted.entry(allowed).or_insert(0) += 1;
    }
    assert_eq!(admitted, BTreeMap::from([(true, 60), (false, 1_940)]));
}

/// Makes a test of each named function for every limiter.
macro_rules! contract {
    ($($test:ident),+ $(,)?) => {
        mod in_memory {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $test() {
                super::$test(super::Backend::local()).await;
            })+
        }
        mod over_redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $test() {
                super::$test(super::Backend::redis().await).await;
            })+
        }
    };
}
contract!(
    a_whole_quota_may_be_used_at_once,
    callers_and_rules_are_counted_apart,
    a_request_counts_against_all_its_limits_or_none,
    of_several_that_refuse_the_longest_speaks,
    a_quota_put_down_counts_as_used_up_not_as_a_debt,
    a_quota_that_does_not_divide_its_window_is_kept,
    concurrent_attempts_admit_exactly_the_limit,
);

#[tokio::test]
async fn what_was_used_comes_back_evenly() {
    let clock = ManualClock::at(at(0));
    let limiter = LocalLimiter::new(Arc::new(clock.clone()));
    let limits = [limit(Rule::Messages, "ada", 60, Duration::from_mins(1))];
    for _ in 0..60 {
        remaining(&limiter.check(&limits).await.unwrap());
    }
    assert_eq!(refused(&limiter.check(&limits).await.unwrap()).reset, Duration::from_secs(1));
    clock.advance(SignedDuration::from_millis(2_500));
    assert_eq!(remaining(&limiter.check(&limits).await.unwrap()), [1]);
    assert_eq!(remaining(&limiter.check(&limits).await.unwrap()), [0]);
    assert_eq!(refused(&limiter.check(&limits).await.unwrap()).reset, Duration::from_millis(500));
    clock.advance(SignedDuration::from_hours(1));
    assert_eq!(remaining(&limiter.check(&limits).await.unwrap()), [59]);
}

#[tokio::test]
async fn a_clock_put_back_locks_nobody_out() {
    let clock = ManualClock::at(at(86_400));
    let limiter = LocalLimiter::new(Arc::new(clock.clone()));
    let limits = [limit(Rule::Messages, "ada", 60, Duration::from_mins(1))];
    remaining(&limiter.check(&limits).await.unwrap());
    clock.advance(SignedDuration::from_hours(-24));
    assert_eq!(refused(&limiter.check(&limits).await.unwrap()).reset, Duration::from_secs(1));
}

#[tokio::test]
async fn memory_holds_only_who_has_used_something_lately() {
    let clock = ManualClock::at(at(0));
    let limiter = LocalLimiter::new(Arc::new(clock.clone()));
    for caller in 0..20_000 {
        limiter.check(&[limit(Rule::Api, &format!("{caller}"), 60, Duration::from_mins(1))]).await.unwrap();
        clock.advance(SignedDuration::from_millis(10));
    }
    assert!(limiter.len() <= 2_048, "{} keys, of which 100 matter", limiter.len());
}

#[tokio::test]
async fn memory_is_bounded_and_the_most_used_up_are_remembered() {
    let clock = ManualClock::at(at(0));
    let limiter = LocalLimiter::new(Arc::new(clock.clone()));
    let busy = [limit(Rule::SignIn, "busy", 5, HOUR)];
    for _ in 0..5 {
        remaining(&limiter.check(&busy).await.unwrap());
    }
    for caller in 0..500_000 {
        limiter.check(&[limit(Rule::SignIn, &format!("{caller}"), 5, HOUR)]).await.unwrap();
        clock.advance(SignedDuration::from_micros(10));
    }
    assert!(limiter.len() <= 200_001, "{}", limiter.len());
    refused(&limiter.check(&busy).await.unwrap());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn keys_expire_when_the_quota_is_whole_again() {
    let redis = RedisServer::start();
    let mut connection = connect(&redis).await;
    let ada = somebody();
    let limiter = RedisLimiter::new(connect(&redis).await);
    limiter.check(&[limit(Rule::Uploads, &ada, 20, HOUR), limit(Rule::Api, &ada, 300, HOUR)]).await.unwrap();
    let ttl = async |key: String, connection: &mut Connection| -> i64 {
        redis::cmd("PTTL").arg(key).query_async(connection).await.unwrap()
    };
    let uploads = ttl(format!("collabry:limit:uploads:{ada}"), &mut connection).await;
    assert!((1..=180_000).contains(&uploads), "{uploads}");
    let api = ttl(format!("collabry:limit:api:{ada}"), &mut connection).await;
    assert!((1..=12_000).contains(&api), "{api}");
}

/// Lines that were logged on this thread.
mod logged {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    pub struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Lines {
        pub fn matching(&self, part: &str) -> usize {
            let text = String::from_utf8(self.0.lock().unwrap().clone()).unwrap();
            text.lines().filter(|line| line.contains(part)).count()
        }
    }

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
}

#[tokio::test]
async fn while_redis_is_away_this_process_decides_and_says_so_once() {
    let lines = logged::Lines::default();
    let writer = lines.clone();
    let log = tracing_subscriber::fmt().with_writer(move || writer.clone()).with_ansi(false).finish();
    let _guard = tracing::subscriber::set_default(log);
    let mut redis = RedisServer::start();
    let limiter = FallbackLimiter::new(connect(&redis).await, Arc::new(ManualClock::at(at(0))));
    let limits = [limit(Rule::Messages, &somebody(), 60, HOUR)];
    let admitted = async || {
        let mut admitted = 0;
        for _ in 0..100 {
            admitted += usize::from(matches!(limiter.check(&limits).await.unwrap(), Decision::Allowed(_)));
        }
        admitted
    };
    assert_eq!(admitted().await, 60);
    assert_eq!((lines.matching("limits are local to this process"), lines.matching("limits are shared again")), (0, 0));

    redis.kill();
    assert_eq!(admitted().await, 60, "limited, not open");
    assert_eq!(admitted().await, 0);
    assert_eq!((lines.matching("limits are local to this process"), lines.matching("limits are shared again")), (1, 0));

    redis.start_again();
    let somebody_new = [limit(Rule::Messages, &somebody(), 1, HOUR)];
    let back = async {
        while lines.matching("limits are shared again") == 0 {
            limiter.check(&somebody_new).await.unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_mins(1), back).await.expect("Redis is asked again");
    // Redis came back empty, and counts again: what this process admitted meanwhile is not in it.
    assert_eq!(admitted().await, 60);
    assert_eq!((lines.matching("limits are local to this process"), lines.matching("limits are shared again")), (1, 1));
}

#[tokio::test]
async fn a_redis_that_hangs_counts_as_away() {
    let redis = RedisServer::start();
    let limiter = FallbackLimiter::new(connect(&redis).await, Arc::new(ManualClock::at(at(0))));
    let limits = [limit(Rule::Messages, &somebody(), 10, HOUR)];
    remaining(&limiter.check(&limits).await.unwrap());
    let mut other = connect(&redis).await;
    let () = redis::cmd("CLIENT").arg("PAUSE").arg(30_000).query_async(&mut other).await.unwrap();
    assert_eq!(remaining(&limiter.check(&limits).await.unwrap()), [9], "counted here, from nothing");
}
