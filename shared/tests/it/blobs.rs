//! Uploaded files, in a folder and in S3.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use collabry_shared::ids::{NotebookId, SourceId, UploadId};
use collabry_shared::storage::{BlobConfig, S3Config};
use collabry_shared::storage::{BlobError, Blobs};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use object_store::ObjectStore as _;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path as Key;
use tempfile::TempDir;

use crate::fixtures::at;
use crate::servers;

const MIB: usize = 1024 * 1024;

/// Where blobs are kept, seen past the blob store.
enum Place {
    Folder(TempDir),
    S3 { bucket: AmazonS3, prefix: Key },
}

impl Place {
    fn folder() -> (Self, Blobs) {
        let folder = tempfile::tempdir().unwrap();
        let config = BlobConfig::Folder(folder.path().join("made/when/missing"));
        let blobs = Blobs::open(&config, Path::new("not/used"), at(0)).unwrap();
        (Self::Folder(folder), blobs)
    }

    /// A prefix of its own in the bucket that all tests share.
    fn s3() -> (Self, Blobs) {
        let prefix = format!("tests/{}", UploadId::new());
        let endpoint = servers::s3_address();
        let config = S3Config {
            bucket: "collabry".to_owned(),
            prefix: prefix.clone(),
            endpoint: Some(endpoint.parse().unwrap()),
            region: "us-east-1".to_owned(),
            keys: Some(("key".to_owned(), "secret".to_owned().into())),
        };
        let bucket = AmazonS3Builder::new()
            .with_bucket_name("collabry")
            .with_endpoint(endpoint)
            .with_allow_http(true)
            .with_access_key_id("key")
            .with_secret_access_key("secret")
            .build()
            .unwrap();
        let blobs = Blobs::open(&BlobConfig::S3(config), Path::new("not/used"), at(0)).unwrap();
        (Self::S3 { bucket, prefix: Key::from(prefix) }, blobs)
    }

    /// How many files there are, whatever the blob store thinks of them.
    async fn count(&self) -> usize {
        match self {
            Self::Folder(folder) => files(folder.path()).len(),
            Self::S3 { bucket, prefix } => bucket.list(Some(prefix)).try_collect::<Vec<_>>().await.unwrap().len(),
        }
    }
}

/// Makes a test of each named function for a folder and for S3.
macro_rules! places {
    ($($test:ident),+ $(,)?) => {
        mod folder {
            $(#[tokio::test]
            async fn $test() {
                let (place, blobs) = super::Place::folder();
                super::$test(place, blobs).await;
            })+
        }

        mod s3 {
            $(#[tokio::test]
            async fn $test() {
                let (place, blobs) = tokio::task::spawn_blocking(super::Place::s3).await.unwrap();
                super::$test(place, blobs).await;
            })+
        }
    };
}

places!(
    a_stream_of_several_parts_comes_back_as_it_went_in,
    small_and_empty_blobs_are_blobs,
    an_upload_that_breaks_off_leaves_nothing,
    nothing_is_visible_before_all_of_it_arrived,
    a_missing_blob_is_none,
    a_part_of_a_blob_is_read,
    uploads_of_one_version_do_not_meet_and_each_can_be_removed,
    a_deleted_source_or_notebook_leaves_no_file,
);

async fn content(blobs: &Blobs, key: &str) -> Option<Vec<u8>> {
    let chunks: Vec<Bytes> = blobs.get(key).await.unwrap()?.try_collect().await.unwrap();
    Some(chunks.concat())
}

/// Every file below a folder, whatever the blob store thinks of it.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

fn key() -> String {
    Blobs::source_key(NotebookId::new(), SourceId::new(), 1)
}

/// `count` pieces of 64 KiB with different content, as an HTTP body brings them.
fn pieces(count: u8) -> impl Iterator<Item = Bytes> {
    (0..count).map(|n| Bytes::from(vec![n; 64 * 1024]))
}

async fn a_stream_of_several_parts_comes_back_as_it_went_in(_place: Place, blobs: Blobs) {
    let expected = pieces(200).collect::<Vec<_>>().concat();
    assert!(expected.len() > 12 * MIB, "more than two parts");
    let upload = stream::iter(pieces(200)).map(Ok::<_, std::io::Error>);
    let key = key();
    assert_eq!(blobs.put_stream(&key, upload).await.unwrap(), expected.len() as u64);
    assert!(content(&blobs, &key).await.unwrap() == expected);
}

async fn a_part_of_a_blob_is_read(_place: Place, blobs: Blobs) {
    let key = key();
    blobs.put(&key, Bytes::from_static(b"0123456789")).await.unwrap();
    assert_eq!(blobs.size(&key).await.unwrap(), Some(10));
    for (range, expected) in [(0..10, "0123456789"), (2..5, "234"), (9..10, "9"), (3..3, "")] {
        let chunks: Vec<Bytes> = blobs.get_range(&key, range).await.unwrap().unwrap().try_collect().await.unwrap();
        assert_eq!(chunks.concat(), expected.as_bytes());
    }
    let none = self::key();
    assert_eq!(blobs.size(&none).await.unwrap(), None);
    assert!(blobs.get_range(&none, 0..1).await.unwrap().is_none());
}

async fn small_and_empty_blobs_are_blobs(_place: Place, blobs: Blobs) {
    for size in [0, 1, 100] {
        let (streamed, put) = (key(), key());
        let bytes = Bytes::from(vec![7; size]);
        let upload = stream::iter([Ok::<_, std::io::Error>(bytes.clone())]);
        assert_eq!(blobs.put_stream(&streamed, upload).await.unwrap(), size as u64);
        blobs.put(&put, bytes.clone()).await.unwrap();
        assert_eq!(content(&blobs, &streamed).await.unwrap(), bytes);
        assert_eq!(content(&blobs, &put).await.unwrap(), bytes);
    }
}

async fn an_upload_that_breaks_off_leaves_nothing(place: Place, blobs: Blobs) {
    for sent in [0, 1, 100, 200] {
        let broken = stream::iter(pieces(sent).map(Ok).chain([Err("connection reset")]));
        let key = key();
        let result = blobs.put_stream(&key, broken).await;
        assert!(matches!(result, Err(BlobError::BrokenOff(reason)) if reason == "connection reset"));
        assert_eq!(content(&blobs, &key).await, None);
        assert_eq!(place.count().await, 0);
    }
}

async fn nothing_is_visible_before_all_of_it_arrived(_place: Place, blobs: Blobs) {
    let key = key();
    blobs.put(&key, Bytes::from_static(b"old")).await.unwrap();
    let (reader, watched) = (blobs.clone(), key.clone());
    let upload = stream::iter(pieces(100)).then(move |piece| {
        let (reader, watched) = (reader.clone(), watched.clone());
        async move {
            assert_eq!(content(&reader, &watched).await.unwrap(), b"old");
            Ok::<_, std::io::Error>(piece)
        }
    });
    blobs.put_stream(&key, Box::pin(upload)).await.unwrap();
    assert_eq!(content(&blobs, &key).await.unwrap().len(), 100 * 64 * 1024);
}

async fn a_missing_blob_is_none(_place: Place, blobs: Blobs) {
    assert_eq!(content(&blobs, &key()).await, None);
    blobs.ping().await.unwrap();
}

async fn uploads_of_one_version_do_not_meet_and_each_can_be_removed(place: Place, blobs: Blobs) {
    let (notebook, source) = (NotebookId::new(), SourceId::new());
    let (one, other) = (Blobs::source_key(notebook, source, 2), Blobs::source_key(notebook, source, 2));
    blobs.put(&one, Bytes::from_static(b"one")).await.unwrap();
    blobs.put(&other, Bytes::from_static(b"other")).await.unwrap();
    blobs.delete(&other).await.unwrap();
    blobs.delete(&other).await.unwrap();
    assert_eq!(content(&blobs, &one).await.as_deref(), Some(&b"one"[..]));
    blobs.delete(&one).await.unwrap();
    assert_eq!(place.count().await, 0);
}

async fn a_deleted_source_or_notebook_leaves_no_file(place: Place, blobs: Blobs) {
    let (notebook, other) = (NotebookId::new(), NotebookId::new());
    let (one, two) = (SourceId::new(), SourceId::new());
    let keys = [
        Blobs::source_key(notebook, one, 1),
        Blobs::source_key(notebook, one, 2),
        Blobs::source_key(notebook, two, 1),
        Blobs::source_key(other, one, 1),
    ];
    for key in &keys {
        blobs.put(key, Bytes::from_static(b"x")).await.unwrap();
    }

    blobs.delete_source(notebook, one).await.unwrap();
    assert_eq!(place.count().await, 2);
    assert_eq!(content(&blobs, &keys[1]).await, None);
    assert!(content(&blobs, &keys[2]).await.is_some());
    blobs.delete_source(notebook, one).await.unwrap();

    blobs.delete_notebook(notebook).await.unwrap();
    assert_eq!(place.count().await, 1);
    assert!(content(&blobs, &keys[3]).await.is_some());
    blobs.delete_notebook(notebook).await.unwrap();
    blobs.delete_notebook(NotebookId::new()).await.unwrap();
}

#[tokio::test]
async fn what_a_killed_process_left_of_an_upload_is_cleared_away() {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::folder(folder.path(), at(0)).unwrap();
    let key = key();
    blobs.put(&key, Bytes::from_static(b"kept")).await.unwrap();
    // The upload neither finishes nor is it dropped, as when its process is killed.
    let endless = stream::iter(pieces(100).map(Ok::<_, std::io::Error>)).chain(stream::pending());
    let mut upload = Box::pin(blobs.put_stream(&key, endless));
    while files(folder.path()).len() < 2 {
        assert!(futures::poll!(&mut upload).is_pending());
        tokio::task::yield_now().await;
    }
    let begun = Timestamp::try_from(std::fs::metadata(&files(folder.path())[0]).unwrap().modified().unwrap()).unwrap();

    Blobs::folder(folder.path(), begun + SignedDuration::from_hours(23)).unwrap();
    assert_eq!(files(folder.path()).len(), 2, "it may still be running");
    Blobs::folder(folder.path(), begun + SignedDuration::from_hours(25)).unwrap();
    assert_eq!(files(folder.path()).len(), 1);
    assert_eq!(content(&blobs, &key).await.unwrap(), b"kept");
}
