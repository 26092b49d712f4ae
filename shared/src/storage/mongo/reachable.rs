//! Explains why MongoDB cannot be reached: the driver hides the reason in a dump of all that it knows of every server.

use std::io::ErrorKind;
use std::time::Duration;

use mongodb::options::{ClientOptions, ServerAddress};
use secrecy::ExposeSecret as _;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::MongoConfig;

/// How long a connection may take; a running server accepts at once.
const CONNECT: Duration = Duration::from_secs(3);

const DEFAULT_PORT: u16 = 27_017;

/// Checks that one of the servers in `MONGODB_URI` accepts connections; otherwise says why none does, and what to do.
pub async fn check_reachable(config: &MongoConfig) -> Result<(), String> {
    let options = ClientOptions::parse(config.uri.expose_secret()).await;
    let options = options.map_err(|error| format!("{}. Correct MONGODB_URI.", error.kind))?;
    let mut refusals = Vec::new();
    for server in options.hosts {
        // Other kinds of addresses are left to the driver.
        let ServerAddress::Tcp { host, port } = server else { return Ok(()) };
        let port = port.unwrap_or(DEFAULT_PORT);
        match timeout(CONNECT, TcpStream::connect((host.as_str(), port))).await {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused => {
                refusals.push(format!("{host}:{port} refuses connections"));
            }
            Ok(Err(error)) => refusals.push(format!("{host}:{port} cannot be reached ({error})")),
            Err(_) => refusals.push(format!("{host}:{port} does not answer")),
        }
    }
    Err(format!("{}. Start it, or correct MONGODB_URI.", refusals.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::check_reachable;
    use crate::config::Config;

    #[tokio::test]
    async fn a_server_that_is_away_is_named() {
        let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let uri = format!("mongodb://ada:geheim@{free}/collabry");
        let config = Config::from_lookup(|name| (name == "MONGODB_URI").then(|| uri.clone())).unwrap();
        let problem = check_reachable(&config.storage.mongodb.unwrap()).await.unwrap_err();
        assert_eq!(problem, format!("{free} refuses connections. Start it, or correct MONGODB_URI."));
    }
}
