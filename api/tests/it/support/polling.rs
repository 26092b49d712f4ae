//! A Socket.IO client as small as can be: long polling, one packet at a time.

use reqwest::Method;
use serde_json::Value;

use super::{Answer, TestApp};

/// Packets of one HTTP body are separated by this.
const BETWEEN: char = '\u{1e}';

pub struct Polling<'a> {
    app: &'a TestApp,
    path: String,
    events: u32,
    received: Vec<String>,
}

impl<'a> Polling<'a> {
    /// Connects with `token`: the packet that the server answers with, `40…` when it accepts and `44…` when it refuses.
    pub async fn connect(app: &'a TestApp, token: &str) -> (Self, String) {
        Self::connect_from(app, token, "").await
    }

    /// The same, with what a proxy would say of whom it speaks for.
    pub async fn connect_from(app: &'a TestApp, token: &str, forwarded: &str) -> (Self, String) {
        let path = "/socket.io/?EIO=4&transport=polling".to_owned();
        let mut request = app.request(Method::GET, &path);
        if !forwarded.is_empty() {
            request = request.header("x-forwarded-for", forwarded);
        }
        let opened = request.send().await.unwrap().text().await.unwrap();
        let opened: Value = serde_json::from_str(opened.strip_prefix('0').expect(&opened)).unwrap();
        let path = format!("{path}&sid={}", opened["sid"].as_str().unwrap());
        let mut client = Self { app, path, events: 0, received: Vec::new() };
        client.post(format!("40{}", serde_json::json!({ "token": token }))).await;
        let answer = client.next(|packet| packet.starts_with("40") || packet.starts_with("44")).await;
        (client, answer)
    }

    /// Emits an event and returns its acknowledgement.
    pub async fn emit(&mut self, event: &str, payload: Value) -> Value {
        self.events += 1;
        self.post(format!("42{}{}", self.events, serde_json::json!([event, payload]))).await;
        let head = format!("43{}[", self.events);
        let packet = self.next(|packet| packet.starts_with(&head)).await;
        let mut acknowledged: Vec<Value> = serde_json::from_str(&packet[head.len() - 1..]).unwrap();
        acknowledged.remove(0)
    }

    async fn post(&self, packet: String) {
        let sent = self.app.request(Method::POST, &self.path).body(packet).send().await.unwrap();
        assert_eq!(sent.status(), 200);
    }

    /// What the server answers to a packet that it does not take.
    pub async fn refused(&self, packet: String) -> Answer {
        Answer::of(self.app.request(Method::POST, &self.path).body(packet).send().await.unwrap()).await
    }

    async fn next(&mut self, fits: impl Fn(&str) -> bool) -> String {
        loop {
            if let Some(at) = self.received.iter().position(|packet| fits(packet)) {
                return self.received.remove(at);
            }
            let body = self.app.request(Method::GET, &self.path).send().await.unwrap().text().await.unwrap();
            self.received.extend(body.split(BETWEEN).map(str::to_owned));
        }
    }
}
