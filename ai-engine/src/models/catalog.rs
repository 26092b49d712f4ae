//! The configured providers and the models that they offer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use collabry_shared::clock::Clock;
use collabry_shared::config::ProvidersConfig;
use collabry_shared::models::{ModelId, ModelPattern, ProviderStatus};
use futures::{StreamExt, future, stream};
use reqwest::header::{AUTHORIZATION, HeaderName};
use tokio::sync::{Mutex, watch};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::anthropic::Anthropic;
use super::http::{Auth, Endpoint};
use super::ollama::Ollama;
use super::openai::OpenAi;
use super::retry::{self, Limits, RetryPolicy};
use super::{Answer, AnswerError, AnswerRequest, Provider};

/// How long a provider may take to list its models.
const LIST_TIMEOUT: Duration = Duration::from_secs(3);

/// How long a list is cached: many people open the page that shows it at once.
const LIST_TTL: Duration = Duration::from_secs(5);

/// How often the lists are refreshed in the background, for [`Models::snapshots`].
const REFRESH_EVERY: Duration = Duration::from_secs(15);

const AZURE_KEY: HeaderName = HeaderName::from_static("api-key");

/// The label in errors that do not come from a provider.
const NO_PROVIDER: &str = "The server";

/// The last answer of a provider to a request for its models, and how long it took.
#[derive(Debug, Clone)]
pub struct ProviderSnapshot {
    pub status: ProviderStatus,
    pub elapsed: Duration,
}

/// Whether a model can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Availability {
    /// Its provider lists it, or the configuration allows it.
    Allowed,
    /// Its provider lists other models only.
    NotListed,
    /// Its provider does not list its models.
    Unknown,
}

/// All models that can be asked.
pub struct Models {
    /// Models that may be asked although no provider lists them.
    allowed: Vec<ModelPattern>,
    providers: Vec<Arc<dyn Provider>>,
    limits: Limits,
    /// Locked while providers are asked, so that concurrent callers share one round.
    listed: Mutex<Option<Instant>>,
    snapshots: watch::Sender<Vec<ProviderSnapshot>>,
}

impl fmt::Debug for Models {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.providers.iter().map(|provider| provider.id())).finish()
    }
}

impl Models {
    /// `builtin` and the configured providers.
    pub fn new(
        config: &ProvidersConfig,
        builtin: Arc<dyn Provider>,
        clock: &Arc<dyn Clock>,
        retry: RetryPolicy,
    ) -> reqwest::Result<Self> {
        let mut models = Self::external(config, clock, retry)?;
        models.providers.insert(0, builtin);
        Ok(models)
    }

    /// Only the configured providers, without `builtin`.
    pub fn external(config: &ProvidersConfig, clock: &Arc<dyn Clock>, retry: RetryPolicy) -> reqwest::Result<Self> {
        let mut providers: Vec<Arc<dyn Provider>> = Vec::new();
        if let Some(url) = &config.ollama_url {
            let endpoint = Endpoint::new(url.clone(), Auth::None, clock.clone())?;
            providers.push(Arc::new(Ollama::new(endpoint, config.max_tokens)));
        }
        if let Some(url) = &config.openai_url {
            let endpoint = Endpoint::new(url.clone(), openai_auth(config, url), clock.clone())?;
            providers.push(Arc::new(OpenAi::new(endpoint, config.max_tokens)));
        }
        if let (Some(url), Some(key)) = (&config.anthropic_url, &config.anthropic_api_key) {
            let endpoint = Endpoint::new(url.clone(), Auth::Anthropic(key.clone()), clock.clone())?;
            providers.push(Arc::new(Anthropic::new(endpoint, config.max_tokens)));
        }
        let limits = Limits { first_token: config.first_token, between_tokens: config.between_tokens, retry };
        let allowed = config.allowed.clone();
        Ok(Self { allowed, providers, limits, listed: Mutex::default(), snapshots: watch::Sender::default() })
    }

    /// Asks a model. If its provider fails before there is text, the retry policy decides whether it is asked again.
    pub fn answer(&self, model: &ModelId, request: &AnswerRequest) -> Answer {
        match self.provider(model) {
            Some(provider) => retry::answer(provider.clone(), model.name(), request, self.limits),
            None => stream::iter([Err(AnswerError::UnknownModel(model.clone()))]).boxed(),
        }
    }

    /// Whether a model may be asked: users can name any model, and whoever runs the server pays for it. An unknown name
    /// is looked up in a list that is at most a few seconds old.
    pub async fn availability(&self, model: &ModelId) -> Result<Availability, AnswerError> {
        self.provider(model).ok_or_else(|| AnswerError::UnknownModel(model.clone()))?;
        let of_provider = |status: &ProviderStatus| status.provider == model.provider();
        let lists = |status: &ProviderStatus| status.models.iter().any(|listed| is_same_model(&listed.id, model));
        if self.allowed.iter().any(|allowed| allowed.matches(model))
            || self.snapshots().iter().any(|snapshot| of_provider(&snapshot.status) && lists(&snapshot.status))
        {
            return Ok(Availability::Allowed);
        }
        Ok(match self.statuses().await.iter().find(|status| of_provider(status)) {
            Some(status) if lists(status) => Availability::Allowed,
            Some(status) if status.healthy => Availability::NotListed,
            _ => Availability::Unknown,
        })
    }

    /// The label of a model's provider, for [`AnswerError::failure`].
    pub fn label(&self, model: &ModelId) -> &'static str {
        self.provider(model).map_or(NO_PROVIDER, |provider| provider.label())
    }

    /// Every provider with its models and health, at most a few seconds old.
    pub async fn statuses(&self) -> Vec<ProviderStatus> {
        let mut listed = self.listed.lock().await;
        if listed.is_none_or(|at| at.elapsed() >= LIST_TTL) {
            let snapshots = future::join_all(self.providers.iter().map(|provider| list(provider.as_ref()))).await;
            self.snapshots.send_replace(snapshots);
            *listed = Some(Instant::now());
        }
        self.snapshots().into_iter().map(|snapshot| snapshot.status).collect()
    }

    /// The last snapshot of each provider, without asking again; empty before the first round.
    pub fn snapshots(&self) -> Vec<ProviderSnapshot> {
        self.snapshots.borrow().clone()
    }

    /// Refreshes the snapshots regularly until `shutdown`.
    pub async fn keep_refreshing(&self, shutdown: CancellationToken) {
        let refreshing = async {
            loop {
                self.statuses().await;
                sleep(REFRESH_EVERY).await;
            }
        };
        shutdown.run_until_cancelled(refreshing).await;
    }

    fn provider(&self, model: &ModelId) -> Option<&Arc<dyn Provider>> {
        self.providers.iter().find(|provider| provider.id() == model.provider())
    }
}

/// Azure deployments expect the key in a header of their own. Their addresses tell which ones they are.
fn openai_auth(config: &ProvidersConfig, url: &Url) -> Auth {
    let Some(key) = config.openai_api_key.clone() else {
        return Auth::None;
    };
    let azure = url.query_pairs().any(|(name, _)| name == "api-version");
    match &config.openai_key_header {
        Some(name) if *name == AUTHORIZATION => Auth::Bearer(key),
        Some(name) => Auth::Header(name.clone(), key),
        None if azure => Auth::Header(AZURE_KEY, key),
        None => Auth::Bearer(key),
    }
}

/// Ollama reads a name without a tag as `:latest`.
fn is_same_model(listed: &ModelId, named: &ModelId) -> bool {
    let tagged = listed.provider() == "ollama" && listed.name().strip_suffix(":latest") == Some(named.name());
    listed == named || tagged
}

async fn list(provider: &dyn Provider) -> ProviderSnapshot {
    let started = Instant::now();
    let result = timeout(LIST_TIMEOUT, provider.models())
        .await
        .unwrap_or_else(|_| Err(AnswerError::Unreachable { detail: "no list in time".to_owned() }));
    let (models, problem) = match result {
        Ok(models) => (models, None),
        Err(error) => {
            tracing::warn!(provider = provider.id(), %error, "model provider does not list its models");
            (Vec::new(), Some(error.failure(provider.label()).message))
        }
    };
    let status = ProviderStatus { provider: provider.id().to_owned(), healthy: problem.is_none(), problem, models };
    ProviderSnapshot { status, elapsed: started.elapsed() }
}
