//! Fetches web pages, and refuses addresses that point into our own network.

mod addresses;
mod content_type;
mod resolver;

use std::error::Error as _;
use std::path::Path;
use std::sync::Arc;

use collabry_shared::config::ExtractionConfig;
use collabry_shared::http;
use collabry_shared::sources::{FailureCode, Format, SNIFF_BYTES};
use futures::StreamExt as _;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, LOCATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Response};
use tokio::fs::File;
use tokio::io::AsyncWriteExt as _;
use tokio::time::timeout;
use url::{Host, Url};

use self::resolver::{NotAllowed, Resolver};

const MAX_REDIRECTS: usize = 5;

const ACCEPTED: &str = "text/html,application/xhtml+xml,application/pdf,text/markdown,text/plain;q=0.9,*/*;q=0.5";

/// Fetches what URL sources point to.
#[derive(Debug, Clone)]
pub struct Fetcher {
    client: Client,
    config: ExtractionConfig,
}

/// A page that was written to the file that the caller named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fetched {
    pub format: Format,
    /// Bytes of the file.
    pub size: u64,
    /// Where the redirects ended.
    pub url: Url,
}

impl Fetcher {
    pub fn new(config: ExtractionConfig) -> reqwest::Result<Self> {
        let client = http::client()
            .no_proxy()
            .redirect(Policy::none())
            .dns_resolver(Arc::new(Resolver { allow_private: config.fetch_allow_private }))
            // A pooled connection would be reused without asking the resolver.
            .pool_max_idle_per_host(0)
            .build()?;
        Ok(Self { client, config })
    }

    /// Fetches `url` into `file`, within the limits of size and time.
    pub async fn fetch(&self, url: &Url, file: &Path) -> Result<Fetched, FailureCode> {
        timeout(self.config.fetch_timeout, self.follow(url, file)).await.unwrap_or(Err(FailureCode::UrlTimeout))
    }

    async fn follow(&self, url: &Url, file: &Path) -> Result<Fetched, FailureCode> {
        let mut url = url.clone();
        for _ in 0..=MAX_REDIRECTS {
            self.check(&url)?;
            let response = self
                .client
                .get(url.clone())
                .header(ACCEPT, ACCEPTED)
                .send()
                .await
                .map_err(|error| request_error(&error))?;
            if !response.status().is_redirection() {
                return self.receive(url, response, file).await;
            }
            url = next(&url, &response)?;
        }
        Err(FailureCode::UrlTooManyRedirects)
    }

    /// Checks the URL alone. The resolver checks names, with the addresses that they resolve to.
    fn check(&self, url: &Url) -> Result<(), FailureCode> {
        let private = self.config.fetch_allow_private;
        let has_user = !url.username().is_empty() || url.password().is_some();
        let port = matches!(url.port_or_known_default(), Some(80 | 443)) || private;
        let host = match url.host() {
            Some(Host::Ipv4(address)) => addresses::may_connect(address.into(), private),
            Some(Host::Ipv6(address)) => addresses::may_connect(address.into(), private),
            Some(Host::Domain(name)) => addresses::may_resolve(name, private),
            None => false,
        };
        if matches!(url.scheme(), "http" | "https") && !has_user && port && host {
            Ok(())
        } else {
            Err(FailureCode::UrlNotAllowed)
        }
    }

    async fn receive(&self, url: Url, response: Response, file: &Path) -> Result<Fetched, FailureCode> {
        let status = response.status();
        if !status.is_success() {
            return Err(FailureCode::UrlStatus(status.as_u16()));
        }
        let extension = content_type::extension(header(response.headers(), CONTENT_TYPE.as_str()), &url)?;
        let (head, size) = self.save(response, file).await?;
        let format = Format::sniff(&head, &format!("page.{extension}")).map_err(|unknown| unknown.code)?;
        Ok(Fetched { format, size, url })
    }

    /// Writes the body to `file`. The limit counts decompressed bytes, so that a small response cannot become a large
    /// file.
    async fn save(&self, response: Response, file: &Path) -> Result<(Vec<u8>, u64), FailureCode> {
        let limit = self.config.max_file_bytes;
        if response.content_length().is_some_and(|length| length > limit) {
            return Err(FailureCode::UrlTooLarge);
        }
        let mut output = File::create(file).await.map_err(|error| disk_error(&error))?;
        let mut body = response.bytes_stream();
        let (mut head, mut size) = (Vec::new(), 0);
        while let Some(chunk) = body.next().await {
            let chunk = chunk.map_err(|error| request_error(&error))?;
            size += chunk.len() as u64;
            if size > limit {
                return Err(FailureCode::UrlTooLarge);
            }
            head.extend_from_slice(&chunk[..chunk.len().min(SNIFF_BYTES - head.len())]);
            output.write_all(&chunk).await.map_err(|error| disk_error(&error))?;
        }
        output.flush().await.map_err(|error| disk_error(&error))?;
        Ok((head, size))
    }
}

fn next(url: &Url, response: &Response) -> Result<Url, FailureCode> {
    let location = header(response.headers(), LOCATION.as_str());
    let status = response.status().as_u16();
    location.and_then(|location| url.join(location).ok()).ok_or(FailureCode::UrlStatus(status))
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn disk_error(error: &std::io::Error) -> FailureCode {
    tracing::error!(%error, "fetched page could not be written");
    FailureCode::FileMissing
}

fn request_error(error: &reqwest::Error) -> FailureCode {
    let mut source = error.source();
    while let Some(cause) = source {
        if cause.is::<NotAllowed>() {
            return FailureCode::UrlNotAllowed;
        }
        source = cause.source();
    }
    if error.is_timeout() { FailureCode::UrlTimeout } else { FailureCode::UrlUnreachable }
}
