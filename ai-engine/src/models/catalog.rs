//! The configured providers and what they have.

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
use super::{Answer, AnswerError, Provider, Task};

/// How long a provider may take to list its models.
const LIST_TIMEOUT: Duration = Duration::from_secs(3);

/// For how long a list is good: a page that shows it is opened by many people at once.
const LIST_LIFE: Duration = Duration::from_secs(5);

/// How often providers are asked without anyone wanting to know, for [`Models::known`].
const LIST_EVERY: Duration = Duration::from_secs(15);

const AZURE_KEY: HeaderName = HeaderName::from_static("api-key");

/// What an error is told of when it is no provider's.
const NO_PROVIDER: &str = "The server";

/// What a provider said when it was last asked, and how long it took.
#[derive(Debug, Clone)]
pub struct Known {
    pub status: ProviderStatus,
    pub took: Duration,
}

/// What is known of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Its provider lists it, or the configuration allows it.
    Allowed,
    /// Its provider lists others.
    NotListed,
    /// Its provider does not say what it has.
    Unknown,
}

/// All models that can be asked.
pub struct Models {
    /// What may be asked without being listed.
    allowed: Vec<ModelPattern>,
    providers: Vec<Arc<dyn Provider>>,
    limits: Limits,
    /// Held while providers are asked, so that callers at the same time share one round.
    listed: Mutex<Option<Instant>>,
    known: watch::Sender<Vec<Known>>,
}

impl fmt::Debug for Models {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.providers.iter().map(|provider| provider.id())).finish()
    }
}

impl Models {
    /// `builtin` and the providers that the configuration names.
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

    /// Only the providers that the configuration names.
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
        Ok(Self { allowed, providers, limits, listed: Mutex::default(), known: watch::Sender::default() })
    }

    /// Asks a model. A provider that fails before there is text is asked again as the policy says.
    pub fn answer(&self, model: &ModelId, task: &Task) -> Answer {
        match self.provider(model) {
            Some(provider) => retry::answer(provider.clone(), model.name(), task, self.limits),
            None => stream::iter([Err(AnswerError::UnknownModel(model.clone()))]).boxed(),
        }
    }

    /// Whether a model may be asked: users name any, and what they name is paid for. A name that is not known of is looked
    /// for in a list that is at most a few seconds old.
    pub async fn standing(&self, model: &ModelId) -> Result<Standing, AnswerError> {
        self.provider(model).ok_or_else(|| AnswerError::UnknownModel(model.clone()))?;
        let of_provider = |status: &ProviderStatus| status.provider == model.provider();
        let lists = |status: &ProviderStatus| status.models.iter().any(|listed| is_the_same(&listed.id, model));
        if self.allowed.iter().any(|allowed| allowed.matches(model))
            || self.known().iter().any(|known| of_provider(&known.status) && lists(&known.status))
        {
            return Ok(Standing::Allowed);
        }
        Ok(match self.statuses().await.iter().find(|status| of_provider(status)) {
            Some(status) if lists(status) => Standing::Allowed,
            Some(status) if status.healthy => Standing::NotListed,
            _ => Standing::Unknown,
        })
    }

    /// What people call the provider of a model, for [`AnswerError::failure`].
    pub fn label(&self, model: &ModelId) -> &'static str {
        self.provider(model).map_or(NO_PROVIDER, |provider| provider.label())
    }

    /// Every provider with its models and health; at most a few seconds old.
    pub async fn statuses(&self) -> Vec<ProviderStatus> {
        let mut listed = self.listed.lock().await;
        if listed.is_none_or(|at| at.elapsed() >= LIST_LIFE) {
            let known = future::join_all(self.providers.iter().map(|provider| ask(provider.as_ref()))).await;
            self.known.send_replace(known);
            *listed = Some(Instant::now());
        }
        self.known().into_iter().map(|known| known.status).collect()
    }

    /// What the providers said when they were last asked, without asking; nothing before the first time.
    pub fn known(&self) -> Vec<Known> {
        self.known.borrow().clone()
    }

    /// Asks the providers now and then until `shutdown`, so that what is known is never old.
    pub async fn keep_listing(&self, shutdown: CancellationToken) {
        let asking = async {
            loop {
                self.statuses().await;
                sleep(LIST_EVERY).await;
            }
        };
        shutdown.run_until_cancelled(asking).await;
    }

    fn provider(&self, model: &ModelId) -> Option<&Arc<dyn Provider>> {
        self.providers.iter().find(|provider| provider.id() == model.provider())
    }
}

/// Deployments of Azure want the key in a header of its own, and their addresses tell them apart.
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

/// Ollama takes a name without a tag for its latest.
fn is_the_same(listed: &ModelId, named: &ModelId) -> bool {
    let tagged = listed.provider() == "ollama" && listed.name().strip_suffix(":latest") == Some(named.name());
    listed == named || tagged
}

async fn ask(provider: &dyn Provider) -> Known {
    let begun = Instant::now();
    let listed = timeout(LIST_TIMEOUT, provider.models())
        .await
        .unwrap_or_else(|_| Err(AnswerError::Unreachable { detail: "no list in time".to_owned() }));
    let (models, problem) = match listed {
        Ok(models) => (models, None),
        Err(error) => {
            tracing::warn!(provider = provider.id(), %error, "a provider does not list its models");
            (Vec::new(), Some(error.failure(provider.label()).message))
        }
    };
    let status = ProviderStatus { provider: provider.id().to_owned(), healthy: problem.is_none(), problem, models };
    Known { status, took: begun.elapsed() }
}
