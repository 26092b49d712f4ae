//! The ingestion loop over a real store, with real children; only the vectors are made up.

use collabry_shared::clock::{Clock as _, SystemClock};
use collabry_shared::ids::OwnerId;
use collabry_shared::sources::{Format, IngestState, MAX_CRASHES, Origin, Source};
use collabry_shared::stores::Stores;

use super::fetching::Site;
use super::pdfs::{encrypted, pdf};
use super::rig::{Rig, UNLIMITED, source};

/// Text of several batches of passages, with characters of all lengths.
pub(super) fn long_text() -> String {
    let filler = "It is long and wide. ".repeat(20);
    let chapter = |n: u32| format!("# Ch 1.{n}\n\nThe größte of rivers № {n} € 𝛼 flows. {filler}\n\n");
    (0..400).map(chapter).collect::<Vec<_>>().concat()
}

pub(super) async fn check_chunks(stores: &Stores, source: &Source) {
    let segment = collabry_shared::sources::SegmentId { source_id: source.id, version: 1 };
    let chunks = stores.segments.chunks(segment).await.unwrap();
    assert_eq!(Some(u32::try_from(chunks.len()).unwrap()), source.latest.chunk_count);
    assert!(!chunks.is_empty());
    for (chunk, index) in chunks.iter().zip(0..) {
        assert_eq!(chunk.index, index);
        let page = stores.segments.page(segment, chunk.page).await.unwrap().unwrap();
        let [skip, take] = [chunk.start - page.start, chunk.end - chunk.start].map(|n| usize::try_from(n).unwrap());
        let mut text: Vec<char> = page.text.chars().skip(skip).take(take).collect();
        let mut next = chunk.page;
        while text.len() < take {
            next += 1;
            let page = stores.segments.page(segment, next).await.unwrap().unwrap();
            text.extend(page.text.chars().take(take - text.len()));
        }
        assert_eq!(text.into_iter().collect::<String>(), chunk.text);
        assert_eq!(chunk.embedding.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_upload_becomes_searchable_step_by_step() {
    let mut rig = Rig::start(UNLIMITED).await;
    let text = long_text();
    rig.add("rivers.md", Format::Markdown, text.as_bytes()).await;
    assert_eq!(rig.next_state().await.latest.state, IngestState::Extract);
    assert_eq!(rig.next_state().await.latest.state, IngestState::Chunk);
    let IngestState::Embed { done: 0, total } = rig.next_state().await.latest.state else { panic!("embedding begins") };
    assert!(total > 64, "more than one batch");
    let ready = rig.ended().await;
    assert_eq!((ready.latest.state.clone(), ready.ready_version), (IngestState::Ready, Some(1)));
    assert_eq!((ready.latest.chunk_count, ready.latest.page_count), (Some(total), None));
    check_chunks(&rig.stores, &ready).await;
    let mut whole = String::new();
    let segment = collabry_shared::sources::SegmentId { source_id: ready.id, version: 1 };
    for number in 1.. {
        let Some(page) = rig.stores.segments.page(segment, number).await.unwrap() else { break };
        whole.push_str(&page.text);
    }
    assert_eq!(whole, text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_a_pdf_are_counted_and_cited() {
    let mut rig = Rig::start(UNLIMITED).await;
    rig.add("rivers.pdf", Format::Pdf, &pdf("", &[vec!["First page."], vec![], vec!["Third page."]])).await;
    let ready = rig.ended().await;
    assert_eq!(ready.latest.page_count, Some(3));
    check_chunks(&rig.stores, &ready).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_names_step_and_reason_and_is_notified() {
    let mut rig = Rig::start(UNLIMITED).await;
    rig.add("secret.pdf", Format::Pdf, &encrypted()).await;
    let source = rig.ended().await;
    let IngestState::Failed(failure) = &source.latest.state else { panic!("a locked file fails") };
    assert_eq!((failure.at.as_str(), failure.code.as_str()), ("extract", "encrypted"));
    rig.told_of_failure(&source, failure).await;
    assert!(rig.has_blob(&source).await, "the file is kept");

    // Once the cause is gone, it can be tried again.
    rig.stores.blobs.put(&source.latest.blob_key, pdf("", &[vec!["Open."]]).into()).await.unwrap();
    rig.stores.ingest_queue.retry(rig.notebook.id, source.id, source.created_by, SystemClock.now()).await.unwrap();
    rig.engine.ingestion.nudge();
    assert_eq!(rig.ended().await.latest.state, IngestState::Ready);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_web_page_is_fetched_kept_and_named() {
    let site = Site::start().await;
    let mut rig = Rig::start(UNLIMITED).await;
    let url = site.url("/page").parse().unwrap();
    rig.queue(source(&rig.notebook, "a page", Format::Web, Origin::Url { url })).await;
    assert_eq!(rig.next_state().await.latest.state, IngestState::Fetch);
    let ready = rig.ended().await;
    assert_eq!((ready.name.as_str(), ready.latest.format), ("Rivers of Europe", Format::Html));
    assert!(ready.latest.size > 0 && rig.has_blob(&ready).await);
    let url = site.url("/gone").parse().unwrap();
    rig.queue(source(&rig.notebook, "no page", Format::Web, Origin::Url { url })).await;
    let IngestState::Failed(failure) = rig.ended().await.latest.state else { panic!("there is no page") };
    assert_eq!((failure.at.as_str(), failure.code.as_str()), ("fetch", "url_status"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_source_deleted_meanwhile_does_not_come_back() {
    let mut rig = Rig::start(1).await;
    let doomed = rig.add("rivers.md", Format::Markdown, long_text().as_bytes()).await;
    rig.embedding().await;
    assert!(rig.stores.sources.mark_deleted(rig.notebook.id, doomed.id, None, SystemClock.now()).await.unwrap());
    rig.engine.ingestion.nudge();
    rig.stores.blobs.delete_source(rig.notebook.id, doomed.id).await.unwrap();
    rig.stores.sources.purge(doomed.id).await.unwrap();
    // The stopped work has released its permit: the next source gets through, and through the gate.
    rig.gate.0.add_permits(10);
    let next = rig.add("short.md", Format::Markdown, b"Short.").await;
    let ended = rig.ended().await;
    assert_eq!((ended.id, ended.latest.state), (next.id, IngestState::Ready));
    assert_eq!(rig.stores.sources.list(rig.notebook.id).await.unwrap().len(), 1);
    assert!(!rig.has_blob(&doomed).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shutdown_gives_the_work_back_and_the_next_engine_ends_it() {
    let mut rig = Rig::start(1).await;
    rig.add("rivers.md", Format::Markdown, long_text().as_bytes()).await;
    rig.embedding().await;
    rig.stop().await;
    let list = rig.stores.sources.list(rig.notebook.id).await.unwrap();
    assert_eq!(list[0].latest.state, IngestState::Queued);

    rig.gate.0.add_permits(1000);
    rig.restart();
    let ready = rig.ended().await;
    assert_eq!(ready.latest.state, IngestState::Ready);
    check_chunks(&rig.stores, &ready).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn abandoned_work_is_taken_over() {
    let mut rig = Rig::start(UNLIMITED).await;
    rig.stop().await;
    rig.add("rivers.md", Format::Markdown, b"They flow.").await;
    let now = SystemClock.now();
    let dead = rig.stores.ingest_queue.claim(OwnerId::new(), now, now).await.unwrap().unwrap();
    rig.restart();
    assert_eq!(rig.ended().await.latest.state, IngestState::Ready);
    assert!(!rig.stores.segments.clear_segment(&dead).await.unwrap(), "the dead engine has no say any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_ends_every_engine_is_given_up_and_everyone_hears_of_it() {
    let mut rig = Rig::start(UNLIMITED).await;
    rig.stop().await;
    let poison = rig.add("poison.md", Format::Markdown, b"They flow.").await;
    for _ in 0..MAX_CRASHES {
        let now = SystemClock.now();
        let dead = rig.stores.ingest_queue.claim(OwnerId::new(), now, now).await.unwrap().unwrap();
        assert!(rig.stores.ingest_queue.progress(&dead, &IngestState::Chunk, now, now).await.unwrap());
    }
    rig.restart();
    let given_up = rig.next_state().await;
    let IngestState::Failed(failure) = &given_up.latest.state else { panic!("it is tried for ever") };
    assert_eq!((given_up.id, failure.at.as_str(), failure.code.as_str()), (poison.id, "chunk", "ingest_crashed"));
    rig.told_of_failure(&given_up, failure).await;
}
