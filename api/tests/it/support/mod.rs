//! What the tests share.

mod answer;
pub mod app;
mod cluster;
pub mod contract;
mod conversations;
mod gate;
mod log;
mod notebooks;
mod polling;
mod raw;
mod schema;
mod scrape;
#[path = "../../../../shared/tests/it/servers.rs"]
#[expect(dead_code, reason = "not every server of those tests is needed here")]
mod servers;
mod socket;
mod sse;
mod user;

use std::time::Duration;

use collabry_shared::ids::OwnerId;
use collabry_shared::storage::MongoConfig;

pub use self::answer::Answer;
pub use self::app::{SECRET, TestApp, multipart};
pub use self::cluster::Cluster;
pub use self::contract::Operation;
pub use self::conversations::Conversations;
pub use self::log::Log;
pub use self::notebooks::Notebooks;
pub use self::polling::Polling;
pub use self::raw::Raw;
pub use self::scrape::Scrape;
pub use self::socket::Socket;
pub use self::sse::{SseEvent, SseReader};
pub use self::user::{PASSWORD, User, id};

/// Settings for a MongoDB database that nobody else uses.
pub fn new_database() -> MongoConfig {
    let name = format!("test-{}", OwnerId::new());
    MongoConfig {
        uri: servers::with_database(servers::mongo_address(), &name).into(),
        pool: 10,
        timeout: Duration::from_secs(30),
        slow_query: Duration::from_secs(10),
    }
}

/// Long enough for any machine; nothing waits for it to pass.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// Asks again and again until `look` finds something.
pub async fn eventually<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let found = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, found).await.unwrap_or_else(|_| panic!("never: {what}"))
}
