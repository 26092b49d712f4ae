//! The shared connection, which times its commands.

use std::sync::Arc;

use redis::aio::ConnectionLike;
use redis::{Cmd, Pipeline, RedisFuture, Value};

use super::link::Link;
use super::metrics::{self, Metrics};

/// Sends commands over the connection of this process. Cheap to clone.
#[derive(Clone)]
pub struct Connection {
    link: Arc<Link>,
    metrics: Metrics,
}

impl Connection {
    pub(super) fn new(link: Arc<Link>, metrics: Metrics) -> Self {
        Self { link, metrics }
    }
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, cmd: &'a Cmd) -> RedisFuture<'a, Value> {
        let Self { link, metrics } = self;
        let run = async { link.manager().req_packed_command(cmd).await };
        Box::pin(metrics.measure(metrics::name(cmd), run))
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        let Self { link, metrics } = self;
        let run = async move { link.manager().req_packed_commands(pipeline, offset, count).await };
        Box::pin(metrics.measure(metrics::PIPELINE, run))
    }

    fn get_db(&self) -> i64 {
        self.link.database()
    }
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection").finish_non_exhaustive()
    }
}
