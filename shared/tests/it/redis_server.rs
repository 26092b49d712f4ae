//! A real Redis for the tests: the one at `REDIS_URL`, or one started here on a free port.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use collabry_shared::config::RedisConfig;
use collabry_shared::redis::{client, connect, ping};
use redis::aio::ConnectionManager;
use tempfile::TempDir;

/// Long enough for any machine; nothing waits for it to pass.
const PATIENCE: Duration = Duration::from_secs(60);

/// Ends with the test that started it.
pub struct RedisServer {
    config: RedisConfig,
    port: u16,
    folder: TempDir,
    child: Option<Child>,
}

impl RedisServer {
    /// Whichever there is: tests use keys of their own.
    pub async fn any() -> Self {
        match std::env::var_os("REDIS_URL") {
            Some(url) => {
                let config = config(url.into_string().unwrap());
                Self { config, port: 0, folder: tempfile::tempdir().unwrap(), child: None }
            }
            None => Self::own().await,
        }
    }

    /// One that the test may stop.
    pub async fn own() -> Self {
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let config = config(format!("redis://127.0.0.1:{port}/2"));
        let mut server = Self { config, port, folder: tempfile::tempdir().unwrap(), child: None };
        server.start().await;
        server
    }

    /// Starts it, empty, and waits until it answers.
    pub async fn start(&mut self) {
        let port = self.port.to_string();
        let child = Command::new("redis-server")
            .args(["--port", &port, "--bind", "127.0.0.1", "--save", "", "--maxmemory-policy", "noeviction"])
            .current_dir(self.folder.path())
            .stdout(Stdio::null())
            .spawn();
        self.child = Some(child.expect("redis-server is missing: scripts/install-deps.sh test"));
        let answers = async {
            loop {
                if let Ok(connection) = connect(&client(&self.config).unwrap(), &self.config).await
                    && ping(&connection).await.is_ok()
                {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, answers).await.expect("redis-server answers");
    }

    /// Ends it, and all that it held.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }

    /// A connection of its own, as another process has one.
    pub async fn connection(&self) -> ConnectionManager {
        connect(&client(&self.config).unwrap(), &self.config).await.unwrap()
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn config(url: String) -> RedisConfig {
    RedisConfig { url: url.into(), timeout: Duration::from_secs(10) }
}
