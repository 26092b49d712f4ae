//! `/metrics` as Prometheus gets it.

use std::sync::Arc;

use collabry_shared::health::Listener;

use super::TestApp;
use super::app::client;

/// What one scrape told.
pub struct Scrape(String);

impl Scrape {
    pub async fn of(app: &TestApp) -> Self {
        let listener = Listener::start(([127, 0, 0, 1], 0).into(), Arc::clone(&app.health)).unwrap();
        let answer = client().get(format!("http://{}/metrics", listener.address())).send().await.unwrap();
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        assert!(kind.starts_with("application/openmetrics-text"), "{kind}");
        Self(answer.text().await.unwrap())
    }

    /// The count of a series, named as in the text; 0: there is none.
    pub fn value(&self, series: &str) -> u64 {
        let found = self.0.lines().find_map(|line| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok());
        found.unwrap_or_default()
    }

    /// The series whose names begin so, with their values.
    pub fn series(&self, begin: &str) -> Vec<&str> {
        self.0.lines().filter(|line| line.starts_with(begin)).collect()
    }
}
