//! Uploaded files, in a folder or in any other store that `object_store` supports.

mod config;

use std::io::ErrorKind;
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
use object_store::{
    ClientOptions, GetOptions, GetRange, ObjectMeta, ObjectStore, ObjectStoreExt as _, RetryConfig, WriteMultipart,
};
use rustix::fs::statvfs;
use secrecy::ExposeSecret as _;
use tokio::task::spawn_blocking;

pub use self::config::{BlobConfig, S3Config};
use crate::ids::{NotebookId, SourceId, UploadId};

/// The prefix of the keys of all files.
const NOTEBOOKS: &str = "notebooks";

/// How many parts of 5 MiB may wait for the store while more data arrives.
const PARTS_IN_FLIGHT: usize = 2;

/// The timeout of one request to S3: a part of an upload or a range of a download.
const S3_TIMEOUT: Duration = Duration::from_secs(30);

/// How many times, and for how long, a request to S3 is retried.
const S3_RETRIES: usize = 3;
const S3_RETRY_AT_MOST: Duration = Duration::from_mins(1);

/// No upload takes longer: an unfinished one that was not written to for this long belongs to a dead process.
const UPLOAD_AT_MOST: SignedDuration = SignedDuration::from_hours(24);

#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// The sender's stream ended early, or the caller refused to go on.
    #[error("the upload was broken off: {0}")]
    BrokenOff(String),
    /// The disk is full.
    #[error("there is no room for files: {0}")]
    Full(String),
    #[error("blob storage failed: {0}")]
    Store(#[source] object_store::Error),
}

impl From<object_store::Error> for BlobError {
    fn from(error: object_store::Error) -> Self {
        if is_full(&error) { Self::Full(error.to_string()) } else { Self::Store(error) }
    }
}

/// Whether a full disk or quota is the root cause of the store's error.
fn is_full(error: &(dyn std::error::Error + 'static)) -> bool {
    let full = |error: &std::io::Error| matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded);
    std::iter::successors(Some(error), |error| error.source())
        .any(|error| error.downcast_ref::<std::io::Error>().is_some_and(full))
}

/// With less room than this a disk is full. `COLLABRY_MIN_FREE_MB` is more: below it nothing is uploaded, and whoever reads
/// is still served.
const ROOM_FOR_ANYTHING: u64 = 1 << 20;

#[derive(Debug, Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    /// The folder, when the blobs are files.
    folder: Option<Arc<FilePath>>,
    /// With fewer free bytes the disk of a folder counts as full.
    least_room: u64,
}

impl Blobs {
    /// Opens the configured store.
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
        let store = PrefixStore::new(builder.build()?, Path::from(config.prefix.as_str()));
        Ok(Self { store: Arc::new(store), folder: None, least_room: ROOM_FOR_ANYTHING })
    }

    /// Blobs as files below `folder`, which is made when missing. Clears away what a killed process left of uploads.
    pub fn folder(folder: &FilePath, now: Timestamp) -> Result<Self, BlobError> {
        std::fs::create_dir_all(folder)
            .and_then(|()| remove_orphans(folder, now - UPLOAD_AT_MOST))
            .map_err(|error| BlobError::from(object_store::Error::Generic { store: "folder", source: error.into() }))?;
        let store = LocalFileSystem::new_with_prefix(folder)?.with_automatic_cleanup(true).with_fsync(true);
        Ok(Self { store: Arc::new(store), folder: Some(folder.into()), least_room: ROOM_FOR_ANYTHING })
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
        let upload = self.store.put_multipart(&Path::from(key)).await?;
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
        self.store.put(&Path::from(key), bytes.into()).await?;
        Ok(())
    }

    /// Streams a blob; `None` when it does not exist.
    pub async fn get(&self, key: &str) -> Result<Option<BoxStream<'static, object_store::Result<Bytes>>>, BlobError> {
        match self.store.get(&Path::from(key)).await {
            Ok(found) => Ok(Some(found.into_stream())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The size of a blob in bytes; `None` when it does not exist.
    pub async fn size(&self, key: &str) -> Result<Option<u64>, BlobError> {
        match self.store.head(&Path::from(key)).await {
            Ok(found) => Ok(Some(found.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Streams a range of a blob; `None` when it does not exist.
    pub async fn get_range(
        &self,
        key: &str,
        bytes: std::ops::Range<u64>,
    ) -> Result<Option<BoxStream<'static, object_store::Result<Bytes>>>, BlobError> {
        if bytes.is_empty() {
            return Ok(Some(futures::stream::empty().boxed()));
        }
        let options = GetOptions { range: Some(GetRange::Bounded(bytes)), ..GetOptions::default() };
        match self.store.get_opts(&Path::from(key), options).await {
            Ok(found) => Ok(Some(found.into_stream())),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The files of all sources, as [`list`](Self::list) shows them; what else lies in the same place is somebody else's.
    pub fn files(&self) -> BoxStream<'static, object_store::Result<(String, u64)>> {
        self.listed(Some(&Path::from(NOTEBOOKS)))
    }

    /// The keys of source files that were stored before `time`.
    pub fn files_before(&self, before: Timestamp) -> BoxStream<'static, object_store::Result<String>> {
        let old = move |found: &ObjectMeta| found.last_modified.timestamp_millis() < before.as_millisecond();
        self.store
            .list(Some(&Path::from(NOTEBOOKS)))
            .try_filter(move |found| std::future::ready(old(found)))
            .map_ok(|found| found.location.to_string())
            .boxed()
    }

    /// Removes what killed processes left of uploads in a folder; a bucket's own rule does it there.
    pub async fn clear_unfinished(&self, now: Timestamp) -> Result<(), BlobError> {
        let Some(folder) = self.folder.clone() else { return Ok(()) };
        let cleared = spawn_blocking(move || remove_orphans(&folder, now - UPLOAD_AT_MOST)).await;
        let failed = |source| BlobError::from(object_store::Error::Generic { store: "folder", source });
        cleared.map_err(|error| failed(error.into()))?.map_err(|error| failed(error.into()))
    }

    /// The source that a key belongs to; `None` for a key that is not ours.
    pub fn source_of(key: &str) -> Option<SourceId> {
        let mut parts = key.split('/');
        let (Some(NOTEBOOKS), Some(notebook), Some("sources"), Some(source), Some(_), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        notebook.parse::<NotebookId>().ok()?;
        source.parse().ok()
    }

    /// Lists everything that is stored with its size in bytes, in no particular order.
    pub fn list(&self) -> BoxStream<'static, object_store::Result<(String, u64)>> {
        self.listed(None)
    }

    fn listed(&self, below: Option<&Path>) -> BoxStream<'static, object_store::Result<(String, u64)>> {
        self.store.list(below).map_ok(|found| (found.location.to_string(), found.size)).boxed()
    }

    /// Returns a writer for a blob, which exists once the writer was shut down, and not before.
    pub fn writer(&self, key: &str) -> BufWriter {
        BufWriter::new(Arc::clone(&self.store), Path::from(key))
    }

    /// Deletes a blob; deleting a missing one is not an error.
    pub async fn delete(&self, key: &str) -> Result<(), BlobError> {
        match self.store.delete(&Path::from(key)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes all blobs of a source; deleting missing ones is not an error.
    pub async fn delete_source(&self, notebook: NotebookId, source: SourceId) -> Result<(), BlobError> {
        self.delete_below(&format!("{NOTEBOOKS}/{notebook}/sources/{source}")).await
    }

    /// Deletes all blobs of a notebook.
    pub async fn delete_notebook(&self, notebook: NotebookId) -> Result<(), BlobError> {
        self.delete_below(&format!("{NOTEBOOKS}/{notebook}")).await
    }

    /// Checks that the store answers, and that a folder has space.
    pub async fn ping(&self) -> Result<(), BlobError> {
        if let Some(folder) = &self.folder {
            let free = statvfs(&**folder).map(|found| found.f_bavail.saturating_mul(found.f_frsize));
            if free.is_ok_and(|free| free < self.least_room) {
                return Err(BlobError::Full(format!("the disk of {} is full", folder.display())));
            }
        }
        // Lists, because for a single file S3 answers "not found" even when the whole bucket is missing.
        self.store.list(Some(&Path::from("ping"))).try_next().await?;
        Ok(())
    }

    async fn delete_below(&self, prefix: &str) -> Result<(), BlobError> {
        let keys = self.store.list(Some(&Path::from(prefix))).map_ok(|found| found.location).boxed();
        let mut deleted = self.store.delete_stream(keys);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_told_from_other_failures() {
        let failed = |kind: ErrorKind| {
            let source = Box::new(std::io::Error::from(kind));
            BlobError::from(object_store::Error::Generic { store: "folder", source })
        };
        assert!(matches!(failed(ErrorKind::StorageFull), BlobError::Full(_)));
        assert!(matches!(failed(ErrorKind::QuotaExceeded), BlobError::Full(_)));
        assert!(matches!(failed(ErrorKind::PermissionDenied), BlobError::Store(_)));
    }

    #[tokio::test]
    async fn a_folder_on_a_full_disk_does_not_answer_as_if_all_were_well() {
        let folder = tempfile::tempdir().unwrap();
        let roomy = Blobs::folder(folder.path(), Timestamp::UNIX_EPOCH).unwrap();
        roomy.ping().await.unwrap();
        let full = Blobs { least_room: u64::MAX, ..roomy };
        let error = full.ping().await.unwrap_err();
        assert!(matches!(error, BlobError::Full(_)), "{error}");
        assert!(error.to_string().contains(&*folder.path().to_string_lossy()), "which disk: {error}");
    }

    #[test]
    fn keys_lead_to_their_source_and_others_are_nobodys() {
        let (notebook, source) = (NotebookId::new(), SourceId::new());
        assert_eq!(Blobs::source_of(&Blobs::source_key(notebook, source, 3)), Some(source));
        for other in ["notebooks/x/sources/y/v1-z", "backups/a.tar.gz", "notebooks"] {
            assert_eq!(Blobs::source_of(other), None, "{other}");
        }
    }
}
