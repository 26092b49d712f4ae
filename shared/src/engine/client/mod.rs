//! Engines in other processes. Each notebook has an engine that serves it best, because it has its segments in memory;
//! when that one is away or full, the next one does.

mod breaker;
mod metrics;
mod peer;
mod rendezvous;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures::StreamExt as _;
use futures::future::join_all;
use futures::stream::FuturesUnordered;
use reqwest::Method;
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use self::breaker::Breaker;
use self::peer::{Call, CallError, Peer};
use super::{AiEngine, DependencyStatus, EngineError, ProviderStatus, SearchHit, SearchRequest, wire};
use crate::clock::Clock;
use crate::ids::{GenerationId, NotebookId};

const CONNECT: Duration = Duration::from_secs(1);
const START: Duration = Duration::from_secs(5);
const STOP: Duration = Duration::from_secs(5);
/// Loading a large notebook takes its time.
const SEARCH: Duration = Duration::from_secs(30);
/// An engine gives its providers three seconds to list what they have.
const MODELS: Duration = Duration::from_secs(5);
/// Whoever asks us has little patience, too.
const READY: Duration = Duration::from_millis(800);
/// Only a hint: engines look by themselves as well.
const CHANGED: Duration = Duration::from_secs(1);

/// The engines of `COLLABRY_ENGINE_URLS`.
///
/// A call goes to one engine after another until one does it. That is right for all that are made so: `start` claims,
/// so that a second one finds nothing to do, and the others only read.
pub struct EngineClient {
    peers: Vec<Peer>,
}

impl EngineClient {
    /// Fails when no HTTP client can be made.
    pub fn new(urls: &[Url], secret: &SecretString, clock: &Arc<dyn Clock>) -> reqwest::Result<Self> {
        // These addresses are inside: neither a proxy nor a redirect has a say.
        let http = crate::http::client().connect_timeout(CONNECT).no_proxy();
        let http = http.redirect(reqwest::redirect::Policy::none()).build()?;
        let peer = |url: &Url| Peer {
            url: url.clone(),
            breaker: Breaker::new(Arc::clone(clock)),
            http: http.clone(),
            secret: secret.clone(),
        };
        Ok(Self { peers: urls.iter().map(peer).collect() })
    }

    /// Each engine, and whether it is left alone because it kept failing.
    pub fn breakers(&self) -> impl Iterator<Item = (&str, bool)> {
        self.peers.iter().map(|peer| (peer.name(), peer.breaker.is_open()))
    }

    fn best_for(&self, notebook: NotebookId) -> Vec<usize> {
        rendezvous::order(self.peers.iter().map(|peer| peer.url.as_str()), notebook)
    }

    async fn first<T: DeserializeOwned>(&self, order: Vec<usize>, call: &Call) -> Result<T, EngineError> {
        let mut error = EngineError::Unreachable;
        for peer in order.into_iter().map(|at| &self.peers[at]) {
            let Some(permit) = peer.breaker.enter() else { continue };
            match peer.call(permit, call).await {
                Ok(answer) => return Ok(answer),
                Err(CallError::Last(error)) => return Err(error),
                // Full or without its database says more than away.
                Err(CallError::Next(EngineError::Unreachable)) => {}
                Err(CallError::Next(next)) => error = next,
            }
        }
        Err(error)
    }
}

fn post(path: impl Into<String>, body: Option<&impl Serialize>, deadline: Duration) -> Result<Call, EngineError> {
    let body = body.map(serde_json::to_vec).transpose().map_err(|error| EngineError::Internal(error.to_string()))?;
    Ok(Call { method: Method::POST, path: path.into(), body: body.map(Bytes::from), deadline })
}

fn post_nothing(path: impl Into<String>, deadline: Duration) -> Call {
    Call { method: Method::POST, path: path.into(), body: None, deadline }
}

#[async_trait]
impl AiEngine for EngineClient {
    async fn start_generation(&self, notebook: NotebookId, id: GenerationId) -> Result<(), EngineError> {
        let call = post(wire::GENERATIONS, Some(&wire::Start { id }), START)?;
        self.first(self.best_for(notebook), &call).await
    }

    /// Asks all engines at once, those that kept failing too: any of them may run it.
    async fn stop_generation(&self, id: GenerationId) -> Result<bool, EngineError> {
        let call = post_nothing(wire::stop(id), STOP);
        let asked = self.peers.iter().map(|peer| peer.call::<wire::StopResponse>(peer.breaker.enter_anyway(), &call));
        let mut asked: FuturesUnordered<_> = asked.collect();
        let mut result = Err(EngineError::Unreachable);
        while let Some(answer) = asked.next().await {
            match answer {
                Ok(wire::StopResponse { stopped: true }) => return Ok(true),
                Ok(wire::StopResponse { stopped: false }) => result = Ok(false),
                Err(CallError::Next(EngineError::Unreachable)) => {}
                Err(CallError::Next(error) | CallError::Last(error)) if result.is_err() => result = Err(error),
                Err(_) => {}
            }
        }
        result
    }

    async fn search(&self, request: &SearchRequest) -> Result<Vec<SearchHit>, EngineError> {
        let call = post(wire::SEARCH, Some(request), SEARCH)?;
        let wire::Hits { hits } = self.first(self.best_for(request.notebook_id), &call).await?;
        Ok(hits)
    }

    async fn models(&self) -> Result<Vec<ProviderStatus>, EngineError> {
        let call = Call { method: Method::GET, path: wire::MODELS.to_owned(), body: None, deadline: MODELS };
        let wire::Providers { providers } = self.first((0..self.peers.len()).collect(), &call).await?;
        Ok(providers)
    }

    async fn sources_changed(&self) {
        let call = post_nothing(wire::SOURCES_CHANGED, CHANGED);
        let told = self.peers.iter().filter_map(|peer| Some(peer.call::<()>(peer.breaker.enter()?, &call)));
        // Who does not hear it looks by itself before long.
        drop(join_all(told).await);
    }

    async fn ready(&self) -> Vec<DependencyStatus> {
        join_all(self.peers.iter().map(|peer| peer.ready(READY))).await.into_iter().flatten().collect()
    }
}

impl fmt::Debug for EngineClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.breakers()).finish()
    }
}
