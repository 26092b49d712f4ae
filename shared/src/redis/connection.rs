//! The shared connection, whose commands are timed.

use redis::aio::{ConnectionLike, ConnectionManager};
use redis::{Cmd, Pipeline, RedisFuture, Value};

use super::metrics::{self, Metrics};

/// Sends commands over the connection of this process. Cheap to clone.
#[derive(Clone)]
pub struct Connection {
    manager: ConnectionManager,
    metrics: Metrics,
}

impl Connection {
    pub(super) fn new(manager: ConnectionManager, metrics: Metrics) -> Self {
        Self { manager, metrics }
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        let Self { manager, metrics } = self;
        Box::pin(metrics.measure(metrics::name(cmd), manager.req_packed_command(cmd)))
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        let Self { manager, metrics } = self;
        Box::pin(metrics.measure(metrics::PIPELINE, manager.req_packed_commands(pipeline, offset, count)))
    }

    fn get_db(&self) -> i64 {
        self.manager.get_db()
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}
