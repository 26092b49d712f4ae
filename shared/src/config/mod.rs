//! Configuration from environment variables, parsed once; all problems are reported at once.

mod accounts;
mod backups;
mod blobs;
mod limits;
mod mongodb;
mod needs;
mod reader;
mod redis;
mod services;
mod sessions;
mod settings;
mod telemetry;
mod unknown;
mod warnings;
mod worker;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use reqwest::header::HeaderName;
use secrecy::SecretString;
use url::Url;

pub use self::accounts::{BoundsConfig, Registration};
pub use self::backups::BackupConfig;
use self::blobs::S3Access;
pub use self::limits::LimitsConfig;
use self::reader::Reader;
pub use self::reader::{ConfigError, ConfigProblem};
pub use self::services::ServicesConfig;
pub use self::settings::Setting;
pub use self::warnings::Warning;
pub use self::worker::WorkerConfig;
use crate::auth::{Email, SessionLifetimes};
use crate::models::{ModelId, ModelPattern};
use crate::redis::RedisConfig;
use crate::service::Service;
use crate::storage::{BlobConfig, MongoConfig};
use crate::telemetry::TelemetryConfig;

/// All settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// `None`: every service in one process, or a command without a service.
    pub service: Option<Service>,
    pub api: ApiConfig,
    pub storage: StorageConfig,
    /// Redis for coordination; `None`: processes do not share anything.
    pub redis: Option<RedisConfig>,
    pub services: ServicesConfig,
    pub engine: EngineConfig,
    pub worker: WorkerConfig,
    pub telemetry: TelemetryConfig,
}

#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// `COLLABRY_BIND`
    pub bind: SocketAddr,
    /// `COLLABRY_JWT_SECRET`; `None`: made on the first start and kept in the data folder.
    pub jwt_secret: Option<SecretString>,
    /// `COLLABRY_SECURE_COOKIES`: by default, unless only this machine can reach the server.
    pub secure_cookies: bool,
    /// `COLLABRY_SESSION_IDLE_DAYS`, `COLLABRY_SESSION_DAYS`
    pub sessions: SessionLifetimes,
    /// `COLLABRY_WEB_DIR`: the built web client.
    pub web_dir: PathBuf,
    /// `COLLABRY_MAX_UPLOAD_MB`, in bytes.
    pub max_upload_bytes: u64,
    pub shares: Shares,
    /// `COLLABRY_MIN_FREE_MB`, in bytes: with less free disk space uploads are refused.
    pub min_free_bytes: u64,
    /// `COLLABRY_DRAIN_SECS`: how long running requests and jobs may take after SIGTERM.
    pub drain: Duration,
    pub limits: LimitsConfig,
    pub registration: Registration,
    pub bounds: BoundsConfig,
    /// `COLLABRY_ADMIN_EMAILS`: admins once their addresses are verified; they cannot be registered over HTTP.
    pub admin_emails: Vec<Email>,
    /// `COLLABRY_SLOW_REQUEST_MS`: requests and events that take longer are logged as slow.
    pub slow_request: Duration,
}

/// How much one person may store.
#[derive(Debug, Clone, Copy)]
pub struct Shares {
    /// `COLLABRY_MAX_SOURCES`
    pub sources: Option<u64>,
    /// `COLLABRY_MAX_STORED_MB`, in bytes.
    pub bytes: Option<u64>,
}

#[derive(Debug, Clone)]
pub struct StorageConfig {
    /// `COLLABRY_DATA_DIR`: the folder of the embedded backends.
    pub data_dir: PathBuf,
    /// Documents; `None`: embedded.
    pub mongodb: Option<MongoConfig>,
    /// Files.
    pub blobs: BlobConfig,
    /// `COLLABRY_SLOW_QUERY_MS`: slower queries are logged with their shape.
    pub slow_query: Duration,
}

#[derive(Debug, Clone)]
pub struct EngineConfig {
    /// `COLLABRY_MODEL_DIR`: folder with `model.safetensors` and `tokenizer.json` of all-MiniLM-L6-v2.
    pub model_dir: PathBuf,
    /// `COLLABRY_VECTOR_MEMORY_MB`, in bytes: loaded segments above it are dropped, least recently used first.
    pub vector_memory_bytes: u64,
    /// `COLLABRY_THREADS`: threads for embedding and search; 0: one per core.
    pub threads: usize,
    /// `COLLABRY_CONCURRENT_GENERATIONS`
    pub concurrent_generations: usize,
    /// `COLLABRY_DEFAULT_MODEL`
    pub default_model: ModelId,
    pub extraction: ExtractionConfig,
    pub providers: ProvidersConfig,
}

/// Limits of the child process that reads files.
#[derive(Debug, Clone)]
pub struct ExtractionConfig {
    /// `COLLABRY_EXTRACT_MEMORY_MB`, in bytes.
    pub memory_bytes: u64,
    /// `COLLABRY_EXTRACT_TIMEOUT_SECS`
    pub timeout: Duration,
    /// `COLLABRY_MAX_PAGES`
    pub max_pages: u32,
    /// `COLLABRY_MAX_TEXT_MB`, in bytes of extracted text.
    pub max_text_bytes: u64,
    /// `COLLABRY_CONCURRENT_INGESTIONS`: sources of one person that are read at the same time.
    pub concurrency: usize,
    /// `COLLABRY_MAX_PASSAGES`: of one source.
    pub max_passages: Option<u64>,
    /// `COLLABRY_PASSAGES_PER_HOUR`: of one person.
    pub passages_per_hour: Option<u64>,
    /// `PATH`: where to find the programs that read PDFs.
    pub path: String,
    /// `COLLABRY_MAX_UPLOAD_MB`, in bytes: of a fetched page too, after decompression.
    pub max_file_bytes: u64,
    /// `COLLABRY_FETCH_TIMEOUT_SECS`: for adding a URL, redirects included.
    pub fetch_timeout: Duration,
    /// `COLLABRY_FETCH_ALLOW_PRIVATE`: lets URLs point into private networks. For tests and closed networks.
    pub fetch_allow_private: bool,
}

#[derive(Debug, Clone, Default)]
pub struct ProvidersConfig {
    /// `COLLABRY_OLLAMA_URL`, for example `http://localhost:11434`
    pub ollama_url: Option<Url>,
    /// `COLLABRY_OPENAI_URL`: base of an OpenAI-compatible API, with its `/v1`.
    pub openai_url: Option<Url>,
    /// `COLLABRY_OPENAI_API_KEY`
    pub openai_api_key: Option<SecretString>,
    /// `COLLABRY_OPENAI_KEY_HEADER`: unset, `Authorization`, or `api-key` for an address with an `api-version`.
    pub openai_key_header: Option<HeaderName>,
    /// `COLLABRY_ANTHROPIC_API_KEY`: without it Anthropic's models are not available.
    pub anthropic_api_key: Option<SecretString>,
    /// `COLLABRY_ANTHROPIC_URL`: base of its API, with its `/v1`.
    pub anthropic_url: Option<Url>,
    /// `COLLABRY_ALLOWED_MODELS` and the default model: can be used even if their provider does not list them.
    pub allowed: Vec<ModelPattern>,
    /// `COLLABRY_PROVIDER_MAX_TOKENS`: the maximum length of an answer including its thoughts.
    pub max_tokens: Option<u32>,
    /// `COLLABRY_PROVIDER_FIRST_TOKEN_SECS`: the timeout until the first token, all tries together.
    pub first_token: Duration,
    /// `COLLABRY_PROVIDER_BETWEEN_TOKENS_SECS`
    pub between_tokens: Duration,
}

const MIB: u64 = 1024 * 1024;

/// Shorter secrets could be found by brute force.
const MIN_SECRET_BYTES: usize = 32;

impl Config {
    /// Reads the process environment.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::from_lookup(environment)
    }

    /// Reads the process environment for a service. A missing setting that the service needs is a problem like any other.
    pub fn for_service(service: Service) -> Result<Self, ConfigError> {
        Self::read(Some(service), environment)
    }

    /// Reads settings from `lookup`; unset and empty ones get their defaults.
    pub fn from_lookup(lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        Self::read(None, lookup)
    }

    fn read(service: Option<Service>, lookup: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let mut read = Reader::new(&lookup);
        let config = Self { service, ..Self::read_all(&mut read) };
        if let Some(service) = service {
            needs::check(service, &mut read);
        }
        read.finish(config)
    }

    fn read_all(read: &mut Reader<'_>) -> Self {
        let s3 = S3Access::read(read);
        let default_model = read.default_model("COLLABRY_DEFAULT_MODEL");
        let bind: SocketAddr = read.parsed("COLLABRY_BIND", "127.0.0.1:5000", "an address and port, like 0.0.0.0:5000");
        let limits = LimitsConfig::read(read);
        let slow_query = read.milliseconds("COLLABRY_SLOW_QUERY_MS", 1_000, 1..=600_000);
        let max_upload_bytes = read.number("COLLABRY_MAX_UPLOAD_MB", 50, 1..=10_240) * MIB;
        Self {
            service: None,
            api: ApiConfig {
                bind,
                jwt_secret: read.secret("COLLABRY_JWT_SECRET", MIN_SECRET_BYTES),
                secure_cookies: read.flag("COLLABRY_SECURE_COOKIES", !bind.ip().is_loopback()),
                sessions: sessions::lifetimes(read),
                registration: Registration::read(read, bind, &limits.trusted_proxies),
                bounds: BoundsConfig::read(read),
                web_dir: read.path("COLLABRY_WEB_DIR", "web/dist"),
                max_upload_bytes,
                shares: Shares {
                    sources: read.at_most("COLLABRY_MAX_SOURCES", 5_000),
                    bytes: read.at_most("COLLABRY_MAX_STORED_MB", 10_240).map(|mib| mib.saturating_mul(MIB)),
                },
                min_free_bytes: read.number("COLLABRY_MIN_FREE_MB", 256, 0..=1_048_576_000) * MIB,
                drain: read.seconds("COLLABRY_DRAIN_SECS", 20, 0..=3600),
                limits,
                admin_emails: read.list("COLLABRY_ADMIN_EMAILS", ',', |text| {
                    Email::parse(text).map_err(|_| format!("{text:?} is not a valid email address"))
                }),
                slow_request: telemetry::slow_request(read),
            },
            storage: StorageConfig {
                data_dir: read.path("COLLABRY_DATA_DIR", "data"),
                mongodb: mongodb::read(read, slow_query),
                blobs: blobs::read(read, &s3),
                slow_query,
            },
            redis: redis::read(read),
            services: ServicesConfig::read(read),
            engine: EngineConfig {
                model_dir: read.path("COLLABRY_MODEL_DIR", "models/all-MiniLM-L6-v2"),
                vector_memory_bytes: read.number("COLLABRY_VECTOR_MEMORY_MB", 512, 16..=1_048_576) * MIB,
                threads: read.size("COLLABRY_THREADS", 0, 0..=256),
                concurrent_generations: read.size("COLLABRY_CONCURRENT_GENERATIONS", 64, 1..=10_000),
                default_model: default_model.clone(),
                extraction: ExtractionConfig {
                    memory_bytes: read.number("COLLABRY_EXTRACT_MEMORY_MB", 1024, 64..=65_536) * MIB,
                    timeout: read.seconds("COLLABRY_EXTRACT_TIMEOUT_SECS", 120, 1..=3600),
                    max_pages: u32::try_from(read.number("COLLABRY_MAX_PAGES", 5_000, 1..=1_000_000))
                        .unwrap_or(u32::MAX),
                    max_text_bytes: read.number("COLLABRY_MAX_TEXT_MB", 20, 1..=1024) * MIB,
                    concurrency: read.size("COLLABRY_CONCURRENT_INGESTIONS", 1, 1..=64),
                    max_passages: read.at_most("COLLABRY_MAX_PASSAGES", 50_000),
                    passages_per_hour: read.at_most("COLLABRY_PASSAGES_PER_HOUR", 60_000),
                    path: read.text("PATH", "/usr/local/bin:/usr/bin:/bin"),
                    max_file_bytes: max_upload_bytes,
                    fetch_timeout: read.seconds("COLLABRY_FETCH_TIMEOUT_SECS", 30, 1..=600),
                    fetch_allow_private: read.flag("COLLABRY_FETCH_ALLOW_PRIVATE", false),
                },
                providers: ProvidersConfig {
                    ollama_url: read.url("COLLABRY_OLLAMA_URL"),
                    openai_url: read.url("COLLABRY_OPENAI_URL"),
                    openai_api_key: read.secret("COLLABRY_OPENAI_API_KEY", 1),
                    openai_key_header: read.header("COLLABRY_OPENAI_KEY_HEADER"),
                    anthropic_api_key: read.secret("COLLABRY_ANTHROPIC_API_KEY", 1),
                    anthropic_url: read.url_or("COLLABRY_ANTHROPIC_URL", "https://api.anthropic.com/v1"),
                    allowed: allowed_models(read, &default_model),
                    max_tokens: u32::try_from(read.number("COLLABRY_PROVIDER_MAX_TOKENS", 0, 0..=1_000_000))
                        .ok()
                        .filter(|tokens| *tokens > 0),
                    first_token: read.seconds("COLLABRY_PROVIDER_FIRST_TOKEN_SECS", 240, 1..=3600),
                    between_tokens: read.seconds("COLLABRY_PROVIDER_BETWEEN_TOKENS_SECS", 30, 1..=3600),
                },
            },
            worker: WorkerConfig::read(read, &s3),
            telemetry: telemetry::read(read),
        }
    }
}

fn allowed_models(read: &mut Reader<'_>, default: &ModelId) -> Vec<ModelPattern> {
    let named = read.list("COLLABRY_ALLOWED_MODELS", ',', |text| {
        text.parse().map_err(|_| format!("{text:?} is not provider/name, like openai/gpt-4.1 or openai/gpt-4*"))
    });
    [default.into()].into_iter().chain(named).collect()
}

#[expect(clippy::disallowed_methods, reason = "the one place where the environment is read")]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::collections::BTreeSet;

    use super::{Config, Registration};
    use crate::service::Service;

    #[test]
    fn defaults_are_valid() {
        let config = Config::from_lookup(|_| None).unwrap();
        assert_eq!(config.api.bind.port(), 5000);
        assert_eq!(config.api.max_upload_bytes, 50 * 1024 * 1024);
    }

    #[test]
    fn whatever_others_reach_is_closed_to_strangers_and_its_cookies_are_secure() {
        const CHOSEN: &[(&str, &str)] = &[
            ("COLLABRY_BIND", "0.0.0.0:5000"),
            ("COLLABRY_REGISTRATION", "open"),
            ("COLLABRY_SECURE_COOKIES", "false"),
        ];

        let with = |settings: &'static [(&str, &str)]| {
            let set = |name: &str| settings.iter().find(|(one, _)| *one == name).map(|(_, value)| (*value).to_owned());
            let api = Config::from_lookup(set).unwrap().api;
            (api.registration, api.secure_cookies)
        };
        assert_eq!(with(&[]), (Registration::Open, false), "nobody else reaches it");
        for loopback in [&[("COLLABRY_BIND", "127.0.0.1:8080")][..], &[("COLLABRY_BIND", "[::1]:8080")]] {
            assert_eq!(with(loopback), (Registration::Open, false), "{loopback:?}");
        }
        for others in [
            &[("COLLABRY_BIND", "0.0.0.0:5000")][..],
            &[("COLLABRY_BIND", "[::]:5000")],
            &[("COLLABRY_BIND", "192.0.2.1:80")],
        ] {
            assert_eq!(with(others), (Registration::Invited, true), "{others:?}");
        }
        // Strangers come through a proxy on this machine.
        assert_eq!(with(&[("COLLABRY_TRUSTED_PROXIES", "127.0.0.1")]).0, Registration::Invited);
        assert_eq!(with(CHOSEN), (Registration::Open, false), "whoever chooses otherwise may");
    }

    #[test]
    fn every_problem_is_reported_at_once() {
        let problems = Config::from_lookup(|name| match name {
            "COLLABRY_BIND" => Some("5000".to_owned()),
            "COLLABRY_JWT_SECRET" => Some("hunter2".to_owned()),
            "COLLABRY_OLLAMA_URL" => Some("localhost:11434".to_owned()),
            "COLLABRY_MAX_PAGES" => Some("many".to_owned()),
            "COLLABRY_TRUSTED_PROXIES" => Some("10.0.0.0/8, proxy.example".to_owned()),
            _ => None,
        })
        .unwrap_err();
        let named: Vec<_> = problems.iter().map(|problem| problem.variable).collect();
        let wrong = [
            "COLLABRY_BIND",
            "COLLABRY_TRUSTED_PROXIES",
            "COLLABRY_JWT_SECRET",
            "COLLABRY_MAX_PAGES",
            "COLLABRY_OLLAMA_URL",
        ];
        assert_eq!(named, wrong);
        assert!(!problems.to_string().contains("hunter2"), "a secret is never printed");
    }

    #[test]
    fn proxies_are_networks_or_single_addresses() {
        let set =
            |name: &str| (name == "COLLABRY_TRUSTED_PROXIES").then(|| "10.0.0.0/8, ::1,192.0.2.7 192.0.2.8".to_owned());
        let config = Config::from_lookup(set).unwrap();
        let networks: Vec<_> = config.api.limits.trusted_proxies.iter().map(ToString::to_string).collect();
        assert_eq!(networks, ["10.0.0.0/8", "::1/128", "192.0.2.7/32", "192.0.2.8/32"]);
    }

    #[test]
    fn what_a_role_needs_is_reported_with_everything_else() {
        let missing = |service| {
            let set = |name: &str| (name == "COLLABRY_MAX_PAGES").then(|| "many".to_owned());
            let problems = Config::read(Some(service), set).unwrap_err();
            problems.iter().map(|problem| problem.variable).collect::<Vec<_>>()
        };
        let of_api =
            ["MONGODB_URI", "REDIS_URL", "COLLABRY_JWT_SECRET", "COLLABRY_SERVICE_SECRET", "COLLABRY_ENGINE_URLS"];
        assert_eq!(missing(Service::Api)[0], "COLLABRY_MAX_PAGES");
        assert_eq!(missing(Service::Api)[1..], of_api);
        assert_eq!(missing(Service::Engine)[1..], ["MONGODB_URI", "REDIS_URL", "COLLABRY_SERVICE_SECRET"]);
        assert_eq!(missing(Service::Worker)[1..], ["MONGODB_URI", "REDIS_URL"]);
    }

    #[test]
    fn engines_are_a_list_of_addresses() {
        let engines = |text: &str| {
            let text = text.to_owned();
            Config::from_lookup(move |name| (name == "COLLABRY_ENGINE_URLS").then(|| text.clone()))
        };
        let urls = engines("http://a:5100, http://b:5100/,").unwrap().services.engines;
        assert_eq!(urls.iter().map(url::Url::as_str).collect::<Vec<_>>(), ["http://a:5100/", "http://b:5100/"]);
        for wrong in ["a:5100", "http://a:5100/v1", "http://a http://b", "http://a:5100,http://a:5100/"] {
            assert!(engines(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_example_names_every_setting_and_no_other() {
        let asked = RefCell::new(BTreeSet::new());
        Config::from_lookup(|name| {
            if name != "PATH" {
                asked.borrow_mut().insert(name.to_owned());
            }
            None
        })
        .unwrap();
        // What follows is for compose.yml and deploy.sh, and compared with those by their tests.
        let (example, _) = include_str!("../../../.env.example").split_once("# --- ").unwrap();
        let settings = example.lines().filter_map(|line| line.strip_prefix('#')?.split_once('='));
        let settings = settings.filter(|(name, _)| !name.starts_with(' '));
        let named = settings.map(|(name, _)| name.to_owned()).collect();
        assert_eq!(asked.into_inner(), named);
    }

    #[test]
    fn the_example_shows_the_defaults() {
        let example = include_str!("../../../.env.example");
        let set = |name: &str| {
            let line = example.lines().find_map(|line| line.strip_prefix('#')?.strip_prefix(name)?.strip_prefix('='));
            line.map(str::to_owned)
        };
        let (shown, default) = (Config::from_lookup(set).unwrap(), Config::from_lookup(|_| None).unwrap());
        assert_eq!(format!("{shown:?}"), format!("{default:?}"));
    }
}
