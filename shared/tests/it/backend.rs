//! The backends that the contract runs over. A new one is a constructor here and a module in [`contract!`].

use std::sync::Arc;
use std::time::Duration;

use collabry_shared::clock::{Clock as _, ManualClock};
use collabry_shared::config::Config;
use collabry_shared::coordination::{self, Sockets};
use collabry_shared::ids::OwnerId;
use collabry_shared::storage::MongoConfig;
use collabry_shared::storage::StoreError;
use collabry_shared::stores::{self, Stores};
use futures::FutureExt as _;
use futures::future::BoxFuture;
use redis_server::RedisServer;
use tempfile::TempDir;

use crate::fixtures::at;
use crate::redis::redis_log;
use crate::servers;

/// An empty set of stores of its own.
pub struct Backend {
    pub stores: Stores,
    pub clock: ManualClock,
    config: Config,
    /// Where the generation log is, instead of in the folder.
    redis: Option<RedisServer>,
    folder: TempDir,
}

impl Backend {
    pub async fn sqlite() -> Self {
        Self::open(None).await
    }

    /// A database of its own on the shared server.
    pub async fn mongo() -> Self {
        Self::open(Some(new_database())).await
    }

    /// With the generation log in a Redis of its own.
    pub async fn redis() -> Self {
        let mut backend = Self::sqlite().await;
        let server = RedisServer::start();
        backend.stores.generation_log = Arc::new(redis_log(&server.url()).await);
        backend.redis = Some(server);
        backend
    }

    /// The same data in a new process, as far as the stores can tell.
    pub async fn reopen(self) -> Self {
        let Self { stores, clock, config, redis, folder } = self;
        drop(stores);
        let mut stores = open_stores(&config, &clock).await.unwrap();
        if let Some(server) = &redis {
            stores.generation_log = Arc::new(redis_log(&server.url()).await);
        }
        Self { stores, clock, config, redis, folder }
    }

    /// The same data in a process that logs whatever it asks the database.
    pub fn that_logs_every_query(mut self) -> BoxFuture<'static, Self> {
        self.config.storage.slow_query = Duration::ZERO;
        if let Some(mongodb) = &mut self.config.storage.mongodb {
            mongodb.slow_query = Duration::ZERO;
        }
        self.reopen().boxed()
    }

    /// The stores as several processes have them, each with connections of its own.
    pub async fn processes(&self, count: usize) -> Vec<Stores> {
        let mut processes = vec![self.stores.clone()];
        while processes.len() < count {
            processes.push(open_stores(&self.config, &self.clock).await.unwrap());
        }
        processes
    }

    pub async fn open(mongodb: Option<MongoConfig>) -> Self {
        Self::try_open(mongodb).await.unwrap()
    }

    pub async fn try_open(mongodb: Option<MongoConfig>) -> Result<Self, StoreError> {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(at(0));
        let mut config = Config::from_lookup(|_| None).unwrap();
        config.storage.data_dir = folder.path().to_owned();
        config.storage.mongodb = mongodb;
        let stores = open_stores(&config, &clock).await?;
        Ok(Self { stores, clock, config, redis: None, folder })
    }

    /// For after a test that went well: what a failed one stored can be looked at.
    pub fn cleanup(&self) -> impl Future<Output = ()> + use<> {
        let uri = self.config.storage.mongodb.as_ref().map(|mongodb| mongodb.uri.clone());
        async move {
            if let Some(uri) = uri {
                let client = mongodb::Client::with_uri_str(secrecy::ExposeSecret::expose_secret(&uri)).await.unwrap();
                client.default_database().unwrap().drop().await.unwrap();
            }
        }
    }
}

async fn open_stores(config: &Config, clock: &ManualClock) -> Result<Stores, StoreError> {
    let coordination = coordination::open(config, Arc::new(clock.clone()), Sockets::Here).await?;
    stores::open(config, coordination.generation_log, clock.now()).await
}

/// Settings for a database that nobody else uses.
pub fn new_database() -> MongoConfig {
    let name = format!("test-{}", OwnerId::new());
    mongo_config(&servers::with_database(servers::mongo_address(), &name))
}

pub fn mongo_config(uri: &str) -> MongoConfig {
    MongoConfig {
        uri: uri.to_owned().into(),
        pool: 10,
        timeout: Duration::from_secs(30),
        slow_query: Duration::from_secs(10),
    }
}

/// Makes a test of each named function for every backend, or for the embedded one only.
macro_rules! contract {
    (sqlite: $($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $test() {
                super::$test($crate::backend::Backend::sqlite().await).await;
            })+
        }
    };
    ($($test:ident),+ $(,)?) => {
        crate::backend::contract!(sqlite: $($test),+);

        mod mongo {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $test() {
                let backend = $crate::backend::Backend::mongo().await;
                let cleanup = backend.cleanup();
                super::$test(backend).await;
                cleanup.await;
            })+
        }
    };
}
pub(crate) use contract;
