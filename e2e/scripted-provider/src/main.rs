//! The scripted provider as a process: prints its address on the first line.

use std::io::Write;

use clap::Parser;
use scripted_provider::Provider;
use tokio::net::TcpListener;

#[derive(Parser)]
#[command(about)]
struct Arguments {
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    port: u16,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let listener = TcpListener::bind(("127.0.0.1", Arguments::parse().port)).await?;
    writeln!(std::io::stdout(), "http://{}", listener.local_addr()?)?;
    axum::serve(listener, Provider::default().router()).await?;
    Ok(())
}
