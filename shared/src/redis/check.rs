//! Checks Redis for `collabry check`.

use redis::{InfoDict, RedisResult};

use super::Redis;
use super::RedisConfig;

const OLDEST: u32 = 7;

/// Checks that the configured Redis is available and suitable; otherwise returns what is wrong, for people.
pub async fn check(config: &RedisConfig) -> Result<(), String> {
    let redis = Redis::open(config).await.map_err(|error| fix(&error.to_string()))?;
    let info = info(&redis).await.map_err(|error| error.to_string())?;
    let version: String = info.get("redis_version").unwrap_or_default();
    let major = version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    if major.is_none_or(|major| major < OLDEST) {
        return Err(format!("it is version {version}; {OLDEST} or newer is needed."));
    }
    let policy: String = info.get("maxmemory_policy").unwrap_or_default();
    if policy != "noeviction" {
        let fix = "Set it to noeviction: otherwise running answers, limits and presence may be thrown away.";
        return Err(format!("its maxmemory-policy is {policy}. {fix}"));
    }
    Ok(())
}

/// What to do about a Redis that cannot be opened.
fn fix(problem: &str) -> String {
    let problem = problem.trim_end_matches('.');
    let refused = ["WRONGPASS", "NOAUTH", "NOPERM", "AuthenticationFailed"].iter().any(|code| problem.contains(code));
    if refused {
        return "It refuses the user or the password: correct REDIS_URL.".to_owned();
    }
    if problem.contains("InvalidClientConfig") || problem.contains("No such file") {
        return format!("{problem}. Correct REDIS_URL, or COLLABRY_REDIS_CA.");
    }
    format!("{problem}. Start it, or correct REDIS_URL.")
}

/// `INFO` and not `CONFIG`, which hosted servers refuse.
async fn info(redis: &Redis) -> RedisResult<InfoDict> {
    redis::cmd("INFO").query_async(&mut redis.connection()).await
}
