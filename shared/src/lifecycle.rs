//! The life of a process: the first signal drains it, a second one ends it at once.

use std::process::ExitCode;

use rustix::fs::Mode;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::check::{self, Finding};
use crate::config::{Config, ConfigError, Warning};
use crate::service::Service;
use crate::{health, memory, telemetry};

/// `EX_USAGE` of sysexits.h: the configuration is wrong, and starting again will not help.
pub const BAD_CONFIG: u8 = 64;

/// Exit code after a second signal: the shell's 128 + SIGINT.
const SECOND_SIGNAL: i32 = 130;

/// Makes all files that this process writes readable by its user only: documents, uploads, backups.
pub fn keep_files_private() {
    rustix::process::umask(Mode::RWXG | Mode::RWXO);
}

/// The `health` command of a service: asks the process that runs with the same settings.
pub fn health(service: Service) -> ExitCode {
    match Config::for_service(service) {
        Ok(config) => health::ask(config.services.internal_bind.unwrap_or(service.internal_bind())),
        Err(problems) => bad_config(&problems),
    }
}

/// The `check` command of a service: checks its settings, what every service depends on, and `own`.
pub fn check<F>(service: Service, own: impl FnOnce(Config) -> F) -> ExitCode
where
    F: Future<Output = Vec<Finding>>,
{
    let config = match Config::for_service(service) {
        Ok(config) => config,
        Err(problems) => return bad_config(&problems),
    };
    let looked = || -> anyhow::Result<Vec<Finding>> {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        Ok(runtime.block_on(async {
            let mut findings = check::dependencies(&config).await;
            findings.extend(service_findings(service, &config).await);
            findings.extend(own(config).await);
            findings
        }))
    };
    match looked() {
        Ok(findings) => check::report(&findings),
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Checks what only this service opens.
async fn service_findings(service: Service, config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    match service {
        Service::Api => {
            findings.push(check::address(config.api.bind, "COLLABRY_BIND").await);
            findings.extend(check::server_notes(config.api.bind).await);
            findings.extend(check::engines(&config.services.engines).await);
        }
        Service::Engine => findings.push(check::address(config.services.engine_bind, "COLLABRY_ENGINE_BIND").await),
        Service::Worker => findings.extend(check::backups(config).await),
    }
    let internal = config.services.internal_bind.unwrap_or(service.internal_bind());
    findings.push(check::address(internal, "COLLABRY_INTERNAL_BIND").await);
    findings
}

/// Logs the warnings about the settings.
pub fn log_warnings(config: &Config) {
    for Warning { setting, message } in config.warnings() {
        tracing::warn!(setting, "a setting {message}");
    }
}

/// Runs a command of a service with that service's settings, or without a service with whatever is set.
pub fn command(service: Option<Service>, run: impl FnOnce(&Config) -> anyhow::Result<ExitCode>) -> ExitCode {
    keep_files_private();
    match service.map_or_else(Config::from_env, Config::for_service) {
        Ok(config) => run(&config).unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }),
        Err(problems) => bad_config(&problems),
    }
}

fn bad_config(problems: &ConfigError) -> ExitCode {
    eprintln!("{problems}");
    ExitCode::from(BAD_CONFIG)
}

/// Runs a service from start to end: settings, logs, runtime, signals, exit code. `serve` must return soon after its token
/// is cancelled.
pub fn run<F>(service: Service, serve: impl FnOnce(Config, CancellationToken) -> F) -> ExitCode
where
    F: Future<Output = anyhow::Result<()>>,
{
    memory::give_back_large_blocks();
    keep_files_private();
    let config = match Config::for_service(service) {
        Ok(config) => config,
        Err(problems) => return bad_config(&problems),
    };
    let life = || -> anyhow::Result<()> {
        disable_inspection()?;
        let _exporter = telemetry::init(&config.telemetry, Some(service))?;
        log_warnings(&config);
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
        runtime.block_on(async { serve(config, shutdown_on_signal()?).await })
    };
    match life() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Makes `/proc/PID/environ`, the memory and the open files of this process readable by root only, because the child that
/// reads hostile files runs as the same user.
pub fn disable_inspection() -> std::io::Result<()> {
    Ok(set_dumpable_behavior(DumpableBehavior::NotDumpable)?)
}

/// Returns a token that the first SIGINT or SIGTERM cancels.
pub fn shutdown_on_signal() -> std::io::Result<CancellationToken> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let token = CancellationToken::new();
    let cancelled = token.clone();
    tokio::spawn(async move {
        let mut next = async || {
            tokio::select! {
                _ = interrupt.recv() => "SIGINT",
                _ = terminate.recv() => "SIGTERM",
            }
        };
        let name = next().await;
        tracing::info!(signal = name, "draining; a second signal ends at once");
        cancelled.cancel();
        let name = next().await;
        tracing::warn!(signal = name, "ending at once");
        std::process::exit(SECOND_SIGNAL);
    });
    Ok(token)
}
