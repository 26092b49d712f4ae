//! Uploaded files in a folder.

use std::path::{Path, PathBuf};

use bytes::Bytes;
use collabry_shared::ids::{NotebookId, SourceId};
use collabry_shared::storage::{BlobError, Blobs};
use futures::{StreamExt as _, TryStreamExt as _, stream};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use crate::fixtures::at;

const MIB: usize = 1024 * 1024;

fn blobs() -> (TempDir, Blobs) {
    let folder = tempfile::tempdir().unwrap();
    let blobs = Blobs::folder(&folder.path().join("made/when/missing"), at(0)).unwrap();
    (folder, blobs)
}

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

#[tokio::test]
async fn a_stream_of_several_parts_comes_back_as_it_went_in() {
    let (_folder, blobs) = blobs();
    let expected = pieces(200).collect::<Vec<_>>().concat();
    assert!(expected.len() > 12 * MIB, "more than two parts");
    let upload = stream::iter(pieces(200)).map(Ok::<_, std::io::Error>);
    let key = key();
    assert_eq!(blobs.put_stream(&key, upload).await.unwrap(), expected.len() as u64);
    assert!(content(&blobs, &key).await.unwrap() == expected);
}

#[tokio::test]
async fn small_and_empty_blobs_are_blobs() {
    let (_folder, blobs) = blobs();
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

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let (folder, blobs) = blobs();
    for sent in [0, 1, 100, 200] {
        let broken = stream::iter(pieces(sent).map(Ok).chain([Err("connection reset")]));
        let key = key();
        let result = blobs.put_stream(&key, broken).await;
        assert!(matches!(result, Err(BlobError::BrokenOff(reason)) if reason == "connection reset"));
        assert_eq!(content(&blobs, &key).await, None);
        assert_eq!(files(folder.path()), Vec::<PathBuf>::new());
    }
}

#[tokio::test]
async fn nothing_is_visible_before_all_of_it_arrived() {
    let (_folder, blobs) = blobs();
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

#[tokio::test]
async fn a_missing_blob_is_none() {
    let (_folder, blobs) = blobs();
    assert_eq!(content(&blobs, &key()).await, None);
    blobs.ping().await.unwrap();
}

#[tokio::test]
async fn uploads_of_one_version_do_not_meet_and_each_can_be_removed() {
    let (folder, blobs) = blobs();
    let (notebook, source) = (NotebookId::new(), SourceId::new());
    let (one, other) = (Blobs::source_key(notebook, source, 2), Blobs::source_key(notebook, source, 2));
    blobs.put(&one, Bytes::from_static(b"one")).await.unwrap();
    blobs.put(&other, Bytes::from_static(b"other")).await.unwrap();
    blobs.delete(&other).await.unwrap();
    blobs.delete(&other).await.unwrap();
    assert_eq!(content(&blobs, &one).await.as_deref(), Some(&b"one"[..]));
    blobs.delete(&one).await.unwrap();
    assert_eq!(files(folder.path()), Vec::<PathBuf>::new());
}

#[tokio::test]
async fn a_deleted_source_or_notebook_leaves_no_file() {
    let (folder, blobs) = blobs();
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
    let left = || files(folder.path()).len();

    blobs.delete_source(notebook, one).await.unwrap();
    assert_eq!(left(), 2);
    assert_eq!(content(&blobs, &keys[1]).await, None);
    assert!(content(&blobs, &keys[2]).await.is_some());
    blobs.delete_source(notebook, one).await.unwrap();

    blobs.delete_notebook(notebook).await.unwrap();
    assert_eq!(left(), 1);
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
