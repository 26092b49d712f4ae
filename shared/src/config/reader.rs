//! Reads settings one by one and collects the problems.

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use ipnet::IpNet;
use reqwest::header::HeaderName;
use secrecy::SecretString;
use url::Url;

use crate::models::ModelId;

/// An invalid setting and how to fix it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigProblem {
    pub variable: &'static str,
    pub message: String,
}

/// All problems of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError(Vec<ConfigProblem>);

impl ConfigError {
    pub fn iter(&self) -> impl Iterator<Item = &ConfigProblem> {
        self.0.iter()
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration has {} problem(s):", self.0.len())?;
        for ConfigProblem { variable, message } in &self.0 {
            write!(f, "\n  {variable}: {message}")?;
        }
        Ok(())
    }
}

pub(super) struct Reader<'a> {
    lookup: &'a dyn Fn(&str) -> Option<String>,
    problems: Vec<ConfigProblem>,
    secrets: Vec<&'static str>,
}

impl<'a> Reader<'a> {
    pub fn new(lookup: &'a dyn Fn(&str) -> Option<String>) -> Self {
        Self { lookup, problems: Vec::new(), secrets: Vec::new() }
    }

    /// Returns the value, or all problems found while reading it.
    pub fn finish<T>(self, value: T) -> Result<T, ConfigError> {
        if self.problems.is_empty() { Ok(value) } else { Err(ConfigError(self.problems)) }
    }

    /// The secret settings among those read so far.
    pub fn secrets(&self) -> &[&'static str] {
        &self.secrets
    }

    fn get(&self, variable: &str) -> Option<String> {
        (self.lookup)(variable).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
    }

    pub fn problem(&mut self, variable: &'static str, message: impl Into<String>) {
        self.problems.push(ConfigProblem { variable, message: message.into() });
    }

    pub fn text(&self, variable: &'static str, default: &str) -> String {
        self.get(variable).unwrap_or_else(|| default.to_owned())
    }

    pub fn path(&self, variable: &'static str, default: &str) -> PathBuf {
        self.text(variable, default).into()
    }

    /// `default` must parse.
    pub fn parsed<T: FromStr>(&mut self, variable: &'static str, default: &str, expected: &str) -> T {
        let text = self.text(variable, default);
        if let Ok(value) = text.parse() {
            return value;
        }
        self.problem(variable, format!("{text:?} is not {expected}"));
        let Ok(value) = default.parse() else { unreachable!("the default of {variable} parses") };
        value
    }

    pub fn number(&mut self, variable: &'static str, default: u64, range: RangeInclusive<u64>) -> u64 {
        let Some(text) = self.get(variable) else {
            return default;
        };
        match text.parse() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                let (low, high) = range.into_inner();
                self.problem(variable, format!("{text:?} is not a whole number from {low} to {high}"));
                default
            }
        }
    }

    /// An upper bound; 0: no bound.
    pub fn at_most(&mut self, variable: &'static str, default: u64) -> Option<u64> {
        Some(self.number(variable, default, 0..=u64::MAX / 2)).filter(|most| *most > 0)
    }

    /// A number from 0 to 1.
    pub fn share(&mut self, variable: &'static str, default: f64) -> f64 {
        let Some(text) = self.get(variable) else {
            return default;
        };
        match text.parse() {
            Ok(share) if (0.0..=1.0).contains(&share) => share,
            _ => {
                self.problem(variable, format!("{text:?} is not a number from 0 to 1"));
                default
            }
        }
    }

    pub fn size(&mut self, variable: &'static str, default: u64, range: RangeInclusive<u64>) -> usize {
        usize::try_from(self.number(variable, default, range)).unwrap_or(usize::MAX)
    }

    pub fn seconds(&mut self, variable: &'static str, default: u64, range: RangeInclusive<u64>) -> Duration {
        Duration::from_secs(self.number(variable, default, range))
    }

    pub fn milliseconds(&mut self, variable: &'static str, default: u64, range: RangeInclusive<u64>) -> Duration {
        Duration::from_millis(self.number(variable, default, range))
    }

    pub fn flag(&mut self, variable: &'static str, default: bool) -> bool {
        match self.get(variable).as_deref() {
            None => default,
            Some("true" | "1") => true,
            Some("false" | "0") => false,
            Some(other) => {
                let message = format!("{other:?} is neither true nor false");
                self.problem(variable, message);
                default
            }
        }
    }

    /// Parses each item between the separators; `parse` returns what is wrong with an item.
    pub fn list<T>(
        &mut self,
        variable: &'static str,
        separator: char,
        parse: impl Fn(&str) -> Result<T, String>,
    ) -> Vec<T> {
        let text = self.get(variable).unwrap_or_default();
        let mut values = Vec::new();
        for item in text.split(separator).map(str::trim).filter(|item| !item.is_empty()) {
            match parse(item) {
                Ok(value) => values.push(value),
                Err(message) => self.problem(variable, message),
            }
        }
        values
    }

    /// The first choice is the default.
    pub fn one_of(&mut self, variable: &'static str, choices: &[&'static str]) -> &'static str {
        let Some(text) = self.get(variable) else {
            return choices[0];
        };
        if let Some(choice) = choices.iter().find(|choice| **choice == text) {
            return choice;
        }
        self.problem(variable, format!("{text:?} is not one of {}", choices.join(", ")));
        choices[0]
    }

    pub fn secret(&mut self, variable: &'static str, min_bytes: usize) -> Option<SecretString> {
        self.secrets.push(variable);
        let text = self.get(variable)?;
        if text.len() < min_bytes {
            self.problem(
                variable,
                format!("is shorter than {min_bytes} characters; make one with: openssl rand -hex 32"),
            );
        }
        Some(text.into())
    }

    /// The address of a server. It may contain a password, so it is neither printed nor parsed here.
    pub fn address(&mut self, variable: &'static str, schemes: &[&str]) -> Option<SecretString> {
        self.secrets.push(variable);
        let text = self.get(variable)?;
        match text.split_once("://") {
            Some((scheme, rest)) if schemes.contains(&scheme) && !rest.is_empty() => Some(text.into()),
            _ => {
                self.problem(variable, format!("must start with {}://", schemes.join(":// or ")));
                None
            }
        }
    }

    /// Networks and single addresses, separated by commas.
    pub fn networks(&mut self, variable: &'static str) -> Vec<IpNet> {
        let text = self.text(variable, "");
        let mut found = Vec::new();
        for one in text.split([',', ' ']).map(str::trim).filter(|one| !one.is_empty()) {
            if let Ok(network) = one.parse().or_else(|_| one.parse::<IpAddr>().map(IpNet::from)) {
                found.push(network);
            } else {
                self.problem(variable, format!("{one:?} is neither a network like 10.0.0.0/8 nor an address"));
            }
        }
        found
    }

    /// The name of an HTTP header.
    pub fn header(&mut self, variable: &'static str) -> Option<HeaderName> {
        let text = self.get(variable)?;
        let name = text.parse().ok();
        if name.is_none() {
            self.problem(variable, format!("{text:?} is not the name of a header"));
        }
        name
    }

    pub fn url(&mut self, variable: &'static str) -> Option<Url> {
        let text = self.get(variable)?;
        self.parse_url(variable, &text)
    }

    /// `None` after a problem.
    pub fn url_or(&mut self, variable: &'static str, default: &str) -> Option<Url> {
        let text = self.text(variable, default);
        self.parse_url(variable, &text)
    }

    fn parse_url(&mut self, variable: &'static str, text: &str) -> Option<Url> {
        match Url::parse(text) {
            Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Some(url),
            _ => {
                self.problem(variable, format!("{text:?} is not an http:// or https:// address"));
                None
            }
        }
    }

    /// Addresses of servers, separated by commas: without a path, and each only once.
    pub fn urls(&mut self, variable: &'static str) -> Vec<Url> {
        let text = self.get(variable).unwrap_or_default();
        let mut urls: Vec<Url> = Vec::new();
        for part in text.split(',').map(str::trim).filter(|part| !part.is_empty()) {
            match Url::parse(part) {
                Ok(url) if urls.contains(&url) => self.problem(variable, format!("{part:?} is listed twice")),
                Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() && url.path() == "/" => {
                    urls.push(url);
                }
                _ => self.problem(variable, format!("{part:?} is not an address like http://10.0.0.5:5100")),
            }
        }
        urls
    }

    pub fn address_and_port(&mut self, variable: &'static str) -> Option<SocketAddr> {
        let text = self.get(variable)?;
        let address = text.parse().ok();
        if address.is_none() {
            self.problem(variable, format!("{text:?} is not an address and port, like 0.0.0.0:5001"));
        }
        address
    }

    /// A setting that the process cannot do without.
    pub fn require(&mut self, variable: &'static str, why: &str) {
        if self.get(variable).is_none() {
            self.problem(variable, format!("is not set: {why}"));
        }
    }

    /// A bucket or a folder.
    pub fn place(&mut self, variable: &'static str) -> Option<Url> {
        let text = self.get(variable)?;
        match Url::parse(&text) {
            Ok(url) if url.scheme() == "s3" && url.has_host() => Some(url),
            Ok(url) if url.scheme() == "file" && !url.has_host() => Some(url),
            _ => {
                self.problem(variable, format!("{text:?} is neither s3://bucket/prefix nor file:///folder"));
                None
            }
        }
    }

    pub fn default_model(&mut self, variable: &'static str) -> ModelId {
        let Some(text) = self.get(variable) else {
            return ModelId::extractive();
        };
        ModelId::parse(&text).unwrap_or_else(|error| {
            self.problem(variable, error.to_string());
            ModelId::extractive()
        })
    }
}
