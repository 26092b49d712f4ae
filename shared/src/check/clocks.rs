//! Compares the clock of this machine with the installation's.

use jiff::SignedDuration;

use super::Finding;
use crate::clock::{self, MAX_OFFSET, SystemClock, TimeServer};
use crate::config::Config;
use crate::redis::Redis;
use crate::stores;

/// Compares this machine's clock with those of the shared servers. Other checks report servers that cannot be reached.
pub async fn findings(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    if let Some(redis) = &config.redis
        && let Ok(redis) = Redis::open(redis).await
    {
        findings.extend(beside(&redis).await);
    }
    if let Ok(Some(database)) = stores::time_server(config).await {
        findings.extend(beside(&database).await);
    }
    findings
}

async fn beside(server: &dyn TimeServer) -> Option<Finding> {
    let ahead = clock::ahead_of(server, &SystemClock).await.ok()?;
    Some(Finding::new(format!("clock, beside that of {}", server.name()), agrees(server.name(), ahead)))
}

fn agrees(server: &str, ahead: SignedDuration) -> Result<(), String> {
    if ahead.abs() <= MAX_OFFSET {
        return Ok(());
    }
    let side = if ahead.is_positive() { "ahead of" } else { "behind" };
    let seconds = ahead.abs().as_secs_f64();
    Err(format!(
        "the clock of this machine is {seconds:.1} s {side} that of {server}. Set both right, with NTP: `timedatectl` says \
         whether it runs."
    ))
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};

    use super::{agrees, beside};
    use crate::check::Verdict;
    use crate::clock::{Clock as _, SystemClock, TimeError, TimeServer};

    /// A server whose clock is behind this machine's.
    struct Behind(SignedDuration);

    #[async_trait::async_trait]
    impl TimeServer for Behind {
        fn name(&self) -> &'static str {
            "Redis"
        }

        async fn time(&self) -> Result<Timestamp, TimeError> {
            Ok(SystemClock.now() - self.0)
        }
    }

    #[tokio::test]
    async fn a_machine_that_is_wrong_is_a_problem_and_one_that_is_right_is_said_to_be() {
        let right = beside(&Behind(SignedDuration::ZERO)).await.unwrap();
        assert_eq!((right.subject.as_str(), right.verdict), ("clock, beside that of Redis", Verdict::Fine));
        for (behind, side) in [(600, "ahead of that of Redis"), (-600, "behind that of Redis")] {
            let wrong = beside(&Behind(SignedDuration::from_secs(behind))).await.unwrap();
            let Verdict::Problem(problem) = wrong.verdict else { panic!("no problem") };
            assert!(problem.contains(side) && problem.contains("timedatectl"), "{problem}");
        }
    }

    #[test]
    fn a_clock_may_differ_by_a_second() {
        assert_eq!(agrees("Redis", SignedDuration::from_millis(-900)), Ok(()));
        assert!(agrees("Redis", SignedDuration::from_secs(12)).unwrap_err().contains("12.0 s ahead of that of Redis"));
        assert!(agrees("the database", SignedDuration::from_secs(-600)).unwrap_err().contains("600.0 s behind that"));
    }
}
