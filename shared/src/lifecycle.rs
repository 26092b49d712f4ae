//! Beginning to end: the first signal drains, a second one ends the process at once.

use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Exit code of a process that was told twice, after the shell's 128 + SIGINT.
const TOLD_TWICE: i32 = 130;

/// A token that is cancelled by the first SIGINT or SIGTERM.
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
        std::process::exit(TOLD_TWICE);
    });
    Ok(token)
}
