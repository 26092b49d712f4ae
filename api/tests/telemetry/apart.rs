//! An api with its engine behind HTTP, as among replicas.

use std::sync::Arc;

use collabry_ai_engine::http::Server;
use collabry_shared::config::Config;
use collabry_shared::coordination::Sockets;
use collabry_shared::health::metrics;
use secrecy::SecretString;
use tokio::net::TcpListener;

use crate::support::app::{Ground, Wiring};
use crate::support::{SECRET, TestApp};

/// `change` is applied to the default configuration.
pub async fn start_apart(change: impl FnOnce(&mut Config)) -> TestApp {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    let ground = Ground::lay(|config| {
        config.services.engines.push(url);
        change(config);
    })
    .await;
    let (coordination, stores) = ground.process(Sockets::Here).await;
    let engine = ground.engine(stores.clone(), Arc::clone(&coordination.fan_out));
    let app = TestApp::serve(&ground, Wiring { stores, engine: Arc::clone(&engine), coordination }).await;
    let registry = metrics::registry("ai-engine");
    let server = Server::new(engine, SecretString::from(SECRET), app.shutdown.clone(), registry);
    tokio::spawn(async move { server.run(listener).await.unwrap() });
    app
}
