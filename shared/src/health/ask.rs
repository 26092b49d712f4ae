//! The `health` command: asks the running process, for containers without an HTTP client.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::process::ExitCode;
use std::time::Duration;

use super::{Note, Readiness};
use crate::http;

/// A little longer than a process that is too busy takes to say so.
const ANSWER: Duration = Duration::from_secs(5);

/// Asks the process that listens at `bind` whether it is ready, and prints what is missing. Exits with 0 when it is ready.
#[expect(clippy::print_stdout, reason = "what the user asked for")]
pub fn ask(bind: SocketAddr) -> ExitCode {
    let readiness = match readiness(bind) {
        Ok(readiness) => readiness,
        Err(error) => {
            eprintln!("nothing answers at {bind}: {error:#}");
            return ExitCode::FAILURE;
        }
    };
    for dependency in &readiness.dependencies {
        let problem = dependency.problem.as_deref().unwrap_or("ok");
        println!("{}: {problem}", dependency.name);
    }
    match readiness {
        Readiness { ready: true, .. } => ExitCode::SUCCESS,
        Readiness { draining, .. } => {
            println!("{}", if draining { "draining" } else { "not ready" });
            ExitCode::FAILURE
        }
    }
}

/// Whether a process of ours listens at `bind`.
pub async fn answers(bind: SocketAddr) -> bool {
    fetch(bind).await.is_ok()
}

/// The notes of our process that listens at `bind`; empty when there is none.
pub async fn notes(bind: SocketAddr) -> Vec<Note> {
    fetch(bind).await.map(|readiness| readiness.notes).unwrap_or_default()
}

fn readiness(bind: SocketAddr) -> anyhow::Result<Readiness> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(fetch(bind))
}

async fn fetch(bind: SocketAddr) -> anyhow::Result<Readiness> {
    let client = http::client().timeout(ANSWER).no_proxy().build()?;
    let answer = client.get(format!("http://{}/ready", reachable(bind))).send().await?;
    Ok(answer.json().await?)
}

/// The address to connect to, also for a process that listens on all addresses.
fn reachable(bind: SocketAddr) -> SocketAddr {
    let ip = match bind.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, bind.port())
}
