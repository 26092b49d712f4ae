//! Redis: one multiplexed connection for each process, which comes back by itself.

pub mod keys;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, ErrorKind, IntoConnectionInfo as _, ProtocolVersion, RedisError, RedisResult};
use secrecy::ExposeSecret as _;

use crate::config::RedisConfig;
use crate::storage::{StoreError, StoreResult};

/// A client with RESP3, which pub/sub on a shared connection needs. Does not connect.
pub fn client(config: &RedisConfig) -> RedisResult<Client> {
    let info = config.url.expose_secret().into_connection_info()?;
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Client::open(info.set_redis_settings(settings))
}

/// The connection that everything in this process shares. Fails when Redis is not there at the start; later it reconnects
/// by itself, and commands fail meanwhile.
pub async fn connect(client: &Client, config: &RedisConfig) -> RedisResult<ConnectionManager> {
    let settings = ConnectionManagerConfig::new()
        .set_response_timeout(Some(config.timeout))
        .set_connection_timeout(Some(config.timeout));
    ConnectionManager::new_with_config(client.clone(), settings).await
}

/// Asks Redis for a sign of life, for `/ready`.
pub async fn ping(connection: &ConnectionManager) -> StoreResult<()> {
    let () = redis::cmd("PING").query_async(&mut connection.clone()).await?;
    Ok(())
}

impl From<RedisError> for StoreError {
    fn from(error: RedisError) -> Self {
        match error.kind() {
            ErrorKind::Parse | ErrorKind::UnexpectedReturnType => Self::Damaged(error.to_string()),
            _ => Self::Unavailable(error.to_string()),
        }
    }
}
