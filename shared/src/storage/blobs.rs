//! Files as they were uploaded: a folder, or anything else that `object_store` speaks.

use std::path::Path as FilePath;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use jiff::{SignedDuration, Timestamp};
use object_store::aws::AmazonS3Builder;
use object_store::buffered::BufWriter;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{ClientOptions, ObjectStore, ObjectStoreExt as _, RetryConfig, WriteMultipart};
use secrecy::ExposeSecret as _;

use crate::config::{BlobConfig, S3Config};
use crate::ids::{NotebookId, SourceId, UploadId};

/// What the keys of all files begin with.
const NOTEBOOKS: &str = "notebooks";

/// Parts of 5 MiB that may wait for the store while more arrives.
const PARTS_IN_FLIGHT: usize = 2;

/// For one request to S3: a part of an upload, or a stretch of a download.
const S3_TIMEOUT: Duration = Duration::from_secs(30);

/// How often, and how long, a request to S3 is tried again.
const S3_RETRIES: usize = 3;
const S3_RETRY_AT_MOST: Duration = Duration::from_mins(1);

/// No upload takes longer: an unfinished one that nobody wrote to since has lost its process.
const UPLOAD_AT_MOST: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The sender's stream ended early, or the caller refused to go on.
    #[error("the upload was broken off: {0}")]
    BrokenOff(String),
    #[error("blob storage failed: {0}")]
    Store(#[from] object_store::Error),
}

#[derive(Debug, Clone)]
pub struct Blobs(Arc<dyn ObjectStore>);

impl Blobs {
    /// Blobs where the configuration says.
    pub fn open(config: &BlobConfig, data_dir: &FilePath, now: Timestamp) -> Result<Self, BlobError> {
        match config {
            BlobConfig::DataDir => Self::folder(&data_dir.join("blobs"), now),
            BlobConfig::Folder(folder) => Self::folder(folder, now),
            BlobConfig::S3(s3) => Self::s3(s3),
        }
    }

    /// Blobs in a bucket, which must exist. What a killed process left of uploads is the bucket's to clear away
    /// (a lifecycle rule for incomplete multipart uploads).
    pub fn s3(config: &S3Config) -> Result<Self, BlobError> {
        let retry = RetryConfig { max_retries: S3_RETRIES, retry_timeout: S3_RETRY_AT_MOST, ..RetryConfig::default() };
        let plain = config.endpoint.as_ref().is_some_and(|url| url.scheme() == "http");
        let client = ClientOptions::new().with_timeout(S3_TIMEOUT).with_allow_http(plain);
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&config.bucket)
            .with_region(&config.region)
            .with_client_options(client)
            .with_retry(retry);
        if let Some(endpoint) = &config.endpoint {
            builder = builder.with_endpoint(endpoint.as_str().trim_end_matches('/'));
        }
        if let Some((id, secret)) = &config.keys {
            builder = builder.with_access_key_id(id).with_secret_access_key(secret.expose_secret());
        }
        Ok(Self(Arc::new(PrefixStore::new(builder.build()?, Path::from(config.prefix.as_str())))))
    }

    /// Blobs as files below `folder`, which is made when missing. Clears away what a killed process left of uploads.
    pub fn folder(folder: &FilePath, now: Timestamp) -> Result<Self, BlobError> {
        std::fs::create_dir_all(folder).and_then(|()| remove_orphans(folder, now - UPLOAD_AT_MOST)).map_err(
            |error| BlobError::Store(object_store::Error::Generic { store: "folder", source: error.into() }),
        )?;
        let store = LocalFileSystem::new_with_prefix(folder)?.with_automatic_cleanup(true).with_fsync(true);
        Ok(Self(Arc::new(store)))
    }

    /// Where the file of a new version is to lie. Another place each time: of two uploads that race for one version, the
    /// one that loses must not have overwritten the other's file.
    pub fn source_key(notebook: NotebookId, source: SourceId, version: u32) -> String {
        format!("{NOTEBOOKS}/{notebook}/sources/{source}/v{version}-{}", UploadId::new())
    }

    /// Stores a stream under `key`; nothing is visible there before all of it arrived. Returns its bytes.
    pub async fn put_stream<E: std::fmt::Display>(
        &self,
        key: &str,
        mut chunks: impl futures::Stream<Item = Result<Bytes, E>> + Unpin + Send,
    ) -> Result<u64, BlobError> {
        let upload = self.0.put_multipart(&Path::from(key)).await?;
        let mut writer = WriteMultipart::new(upload);
        let mut bytes = 0;
        while let Some(chunk) = chunks.next().await {
            match chunk {
                Ok(chunk) => {
                    bytes += chunk.len() as u64;
                    writer.wait_for_capacity(PARTS_IN_FLIGHT).await?;
                    writer.put(chunk);
                }
                Err(error) => {
                    writer.abort().await?;
                    return Err(BlobError::BrokenOff(error.to_string()));
                }
            }
        }
        writer.finish().await?;
        Ok(bytes)
    }

    pub async fn put(&self, key: &str, bytes: Bytes) -> Result<(), BlobError> {
        self.0.put(&Path::from(key), bytes.into()).await?;
        Ok(())
    }

    /// The blob as a stream; `None` when there is none.
    pub async fn get(&self, key: &str) -> Result<Option<BoxStream<'static, object_store::Result<Bytes>>>, BlobError> {
        match self.0.get(&Path::from(key)).await {
            Ok(found) => Ok(Some(found.into_stream())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The files of all sources, as [`list`](Self::list) shows them; what else lies in the same place is somebody else's.
    pub fn files(&self) -> BoxStream<'static, object_store::Result<(String, u64)>> {
        self.listed(Some(&Path::from(NOTEBOOKS)))
    }

    /// Everything that is stored, with its size in bytes; in no order.
    pub fn list(&self) -> BoxStream<'static, object_store::Result<(String, u64)>> {
        self.listed(None)
    }

    fn listed(&self, below: Option<&Path>) -> BoxStream<'static, object_store::Result<(String, u64)>> {
        self.0.list(below).map_ok(|found| (found.location.to_string(), found.size)).boxed()
    }

    /// Takes a blob that is written; it is there when the writer was shut down, and not before.
    pub fn writer(&self, key: &str) -> BufWriter {
        BufWriter::new(Arc::clone(&self.0), Path::from(key))
    }

    /// Removes one blob; removing what is gone is no error.
    pub async fn delete(&self, key: &str) -> Result<(), BlobError> {
        match self.0.delete(&Path::from(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Removes everything of a source; removing what is gone is no error.
    pub async fn delete_source(&self, notebook: NotebookId, source: SourceId) -> Result<(), BlobError> {
        self.delete_below(&format!("{NOTEBOOKS}/{notebook}/sources/{source}")).await
    }

    /// Removes everything of a notebook.
    pub async fn delete_notebook(&self, notebook: NotebookId) -> Result<(), BlobError> {
        self.delete_below(&format!("{NOTEBOOKS}/{notebook}")).await
    }

    /// Whether the store answers.
    pub async fn ping(&self) -> Result<(), BlobError> {
        // A list, because S3 says of a file "not found" also when the whole bucket is missing.
        self.0.list(Some(&Path::from("ping"))).try_next().await?;
        Ok(())
    }

    async fn delete_below(&self, prefix: &str) -> Result<(), BlobError> {
        let keys = self.0.list(Some(&Path::from(prefix))).map_ok(|found| found.location).boxed();
        let mut deleted = self.0.delete_stream(keys);
        while let Some(result) = deleted.next().await {
            match result {
                Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }
}

/// `LocalFileSystem` keeps an unfinished upload beside its key as `key#n`; finished ones never have a `#`.
fn remove_orphans(folder: &FilePath, before: Timestamp) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_orphans(&entry.path(), before)?;
        } else if entry.file_name().to_string_lossy().contains('#')
            && entry.metadata()?.modified()? < SystemTime::from(before)
        {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
