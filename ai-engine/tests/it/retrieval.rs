//! Search over real storage with the real model.

use std::sync::Arc;

use async_trait::async_trait;
use collabry_ai_engine::embeddings::{EmbedError, Embedder, Priority};
use collabry_ai_engine::retrieval::{Retrieval, Search, searched_text};
use collabry_shared::engine::{EngineError, SearchHit, SearchRequest};
use collabry_shared::ids::{NotebookId, OwnerId, SourceId};
use collabry_shared::sources::{Chunk, SegmentId};
use collabry_shared::stores::Stores;
use futures::future::{join_all, pending};
use jiff::SignedDuration;

use crate::minilm;
use crate::world::World;

const ROOMY: u64 = 1 << 30;

const TEXTS: [&str; 8] = [
    "The human heart has four chambers and pumps blood through the body.",
    "Plants turn sunlight, water and carbon dioxide into sugar; this is called photosynthesis.",
    "The Treaty of Westphalia ended the Thirty Years' War in 1648.",
    "Error E21 means that the speed sensor of the bicycle has slipped.",
    "A sourdough starter that is kept cold is fed once a week.",
    "The lens of the lighthouse floats on a bath of mercury.",
    "Interest that is added to the capital earns interest itself.",
    "検索は文書の中から答えを見つけます。",
];

/// Stored sources, and search over them.
struct Library {
    world: World,
    stores: Stores,
}

impl Library {
    async fn new() -> Self {
        let (world, stores) = World::without_sources().await;
        Self { world, stores }
    }

    /// A ready source with one chunk per text.
    async fn add(&self, texts: &[&str]) -> SegmentId {
        let source = self.world.source();
        let now = source.created_at;
        self.stores.sources.create(&source).await.unwrap();
        let claim = self.stores.ingest_queue.claim(OwnerId::new(), now, now + SignedDuration::from_secs(60)).await;
        let claim = claim.unwrap().unwrap();
        let mut start = 0;
        let mut chunks = Vec::new();
        for (index, text) in (0..).zip(texts) {
            let end = start + text.chars().count() as u64;
            let headings = vec!["Facts".to_owned(), format!("Part {index}")];
            let text = (*text).to_owned();
            chunks.push(Chunk { index, start, end, page: index + 1, headings, text, embedding: Vec::new() });
            start = end + 1;
        }
        let vectors = minilm::embedder().embed(chunks.iter().map(searched_text).collect(), Priority::Background).await;
        for (chunk, vector) in chunks.iter_mut().zip(vectors.unwrap()) {
            chunk.embedding = vector;
        }
        assert!(self.stores.segments.put_chunks(&claim, &chunks).await.unwrap());
        assert!(self.stores.ingest_queue.ready(&claim, None, u32::try_from(chunks.len()).unwrap(), now).await.unwrap());
        claim.segment()
    }

    fn retrieval(&self, memory_bytes: u64) -> Retrieval {
        Retrieval::new(Arc::clone(&self.stores.segments), minilm::embedder(), memory_bytes, 2).unwrap()
    }
}

fn request(segments: &[SegmentId], query: &str) -> SearchRequest {
    SearchRequest { notebook_id: NotebookId::new(), segments: segments.to_vec(), query: query.to_owned(), limit: 10 }
}

async fn search(retrieval: &Retrieval, segments: &[SegmentId], query: &str) -> Vec<SearchHit> {
    retrieval.search(&request(segments, query)).await.unwrap()
}

fn texts(hits: &[SearchHit]) -> Vec<&str> {
    hits.iter().map(|hit| hit.text.as_str()).collect()
}

#[tokio::test]
async fn the_best_passage_comes_first_with_its_place() {
    let library = Library::new().await;
    let segment = library.add(&TEXTS).await;
    let retrieval = library.retrieval(ROOMY);
    let hits = search(&retrieval, &[segment], "How does a leaf make food from light?").await;
    let hit = &hits[0];
    assert_eq!(hit.text, TEXTS[1]);
    assert_eq!((hit.source_id, hit.version, hit.chunk_index, hit.page), (segment.source_id, segment.version, 1, 2));
    assert_eq!(hit.headings, ["Facts", "Part 1"]);
    assert_eq!(hit.end - hit.start, TEXTS[1].chars().count() as u64);
    assert!(hits.is_sorted_by(|a, b| a.score >= b.score));

    let query = vec!["How does a leaf make food from light?".to_owned(), format!("Facts > Part 1\n{}", TEXTS[1])];
    let vectors = minilm::embedder().embed(query, Priority::Query).await.unwrap();
    let cosine: f32 = vectors[0].iter().zip(&vectors[1]).map(|(a, b)| a * b).sum();
    assert!((hit.similarity - cosine).abs() < 1e-4, "{} {cosine}", hit.similarity);
}

#[tokio::test]
async fn names_and_codes_are_found_by_their_letters() {
    let library = Library::new().await;
    let segment = library.add(&TEXTS).await;
    let retrieval = library.retrieval(ROOMY);
    for (query, text) in [("e21", TEXTS[3]), ("westphalian treaties", TEXTS[2]), ("検索", TEXTS[7])] {
        assert_eq!(search(&retrieval, &[segment], query).await[0].text, text, "{query}");
    }
}

/// Letters as they are typed, and in the forms that some PDFs and old files have instead.
#[tokio::test]
async fn arabic_is_found_in_either_form() {
    let typed = "يقع المتحف البحري خلف السلالم القديمة";
    // The same words in presentation forms, lam-alef as one.
    let forms = "\u{fef3}\u{fed8}\u{fec9} \u{fe8d}\u{fedf}\u{fee4}\u{fe98}\u{fea4}\u{fed2} \
        \u{fe8d}\u{fedf}\u{fe92}\u{fea4}\u{feae}\u{fef1} \u{fea7}\u{fee0}\u{fed2} \
        \u{fe8d}\u{fedf}\u{feb4}\u{fefc}\u{fedf}\u{fee2} \u{fe8d}\u{fedf}\u{fed8}\u{fea9}\u{fef3}\u{fee4}\u{fe94}";
    let library = Library::new().await;
    for (text, queries) in [
        (
            typed,
            ["\u{fe8d}\u{fedf}\u{fee4}\u{fe98}\u{fea4}\u{fed2}", "\u{fe8d}\u{fedf}\u{feb4}\u{fefc}\u{fedf}\u{fee2}"],
        ),
        (forms, ["المتحف", "السلالم"]),
    ] {
        let segment = library.add(&[&TEXTS[..], &[text]].concat()).await;
        let retrieval = library.retrieval(ROOMY);
        for query in queries {
            let hits = search(&retrieval, &[segment], query).await;
            assert_eq!(hits[0].text, text, "{query}");
            let start: usize = TEXTS.iter().map(|text| text.chars().count() + 1).sum();
            assert_eq!((hits[0].start, hits[0].end), (start as u64, (start + text.chars().count()) as u64));
        }
    }
}

#[tokio::test]
async fn division_into_segments_changes_nothing() {
    let library = Library::new().await;
    let together = library.add(&TEXTS).await;
    let mut apart = Vec::new();
    for text in TEXTS {
        apart.push(library.add(&[text]).await);
    }
    let retrieval = library.retrieval(ROOMY);
    // Headings are searched too, and those of the single ones are all "Part 0": the question must have none of their
    // words.
    for query in ["mercury", "when did the war end", "blood and heart", "speed of interest"] {
        let (one, many) = (search(&retrieval, &[together], query).await, search(&retrieval, &apart, query).await);
        assert_eq!(texts(&one)[..2], texts(&many)[..2], "{query}");
    }
}

#[tokio::test]
async fn a_tiny_budget_costs_time_but_no_answers() {
    let library = Library::new().await;
    let mut segments = Vec::new();
    for text in TEXTS {
        segments.push(library.add(&[text, TEXTS[0]]).await);
    }
    let (roomy, tiny) = (library.retrieval(ROOMY), library.retrieval(1));
    for query in ["four chambers", "sugar from sunlight", "lighthouse"] {
        let (a, b) = (search(&roomy, &segments, query).await, search(&tiny, &segments, query).await);
        let places = |hits: &[SearchHit]| hits.iter().map(|hit| (hit.source_id, hit.chunk_index)).collect::<Vec<_>>();
        assert_eq!(places(&a), places(&b));
        assert_eq!(a.len(), 10);
    }
    assert_eq!(tiny.memory_used(), 0);
    assert!(roomy.memory_used() > segments.len() * 2 * 384 * 4, "vectors are counted, and more");

    let one_segment = u64::try_from(roomy.memory_used() / segments.len() * 2).unwrap();
    let small = library.retrieval(one_segment);
    search(&small, &segments, "lighthouse").await;
    assert!(small.memory_used() > 0);
    assert!(u64::try_from(small.memory_used()).unwrap() <= one_segment);
}

#[tokio::test]
async fn what_is_unknown_or_deleted_is_ignored() {
    let library = Library::new().await;
    let (kept, deleted) = (library.add(&TEXTS[..4]).await, library.add(&TEXTS[4..]).await);
    let unknown = SegmentId { source_id: SourceId::new(), version: 1 };
    let notebook = library.world.source().notebook_id;
    let sources = &library.stores.sources;
    assert!(sources.mark_deleted(notebook, deleted.source_id, None, library.world.source().created_at).await.unwrap());
    let retrieval = library.retrieval(ROOMY);
    let hits = search(&retrieval, &[unknown, deleted, kept, kept], "sourdough starter").await;
    assert_eq!(hits.len(), 4);
    assert!(hits.iter().all(|hit| hit.source_id == kept.source_id));
    assert!(search(&retrieval, &[unknown], "sourdough").await.is_empty());
}

#[tokio::test]
async fn any_text_is_a_question() {
    let library = Library::new().await;
    let segment = library.add(&TEXTS).await;
    let retrieval = library.retrieval(ROOMY);
    for query in ["", "  ", "\n\t"] {
        assert!(search(&retrieval, &[segment], query).await.is_empty());
    }
    let long = "heart ".repeat(200_000);
    for query in ["???", "text:(heart AND", "\"", "a* OR -b^2 [x TO y}", "\u{0}", "🙂", long.as_str()] {
        assert!(!search(&retrieval, &[segment], query).await.is_empty(), "{query:.40}");
    }
    assert!(search(&retrieval, &[], "heart").await.is_empty());
    let few = SearchRequest { limit: 3, ..request(&[segment], "heart") };
    assert_eq!(retrieval.search(&few).await.unwrap().len(), 3);
}

/// A load that never ends.
struct Stuck;

#[async_trait]
impl Embedder for Stuck {
    fn dimensions(&self) -> usize {
        384
    }

    async fn embed(&self, _: Vec<String>, _: Priority) -> Result<Vec<Vec<f32>>, EmbedError> {
        pending().await
    }
}

#[tokio::test]
async fn too_many_searches_are_refused() {
    let library = Library::new().await;
    let segment = library.add(&TEXTS[..1]).await;
    let retrieval = Retrieval::new(Arc::clone(&library.stores.segments), Arc::new(Stuck), ROOMY, 1).unwrap();
    let request = request(&[segment], "heart");
    let mut waiting = Vec::new();
    let refused = loop {
        let mut search = retrieval.search(&request);
        if let std::task::Poll::Ready(answer) = futures::poll!(&mut search) {
            break answer;
        }
        waiting.push(search);
        assert!(waiting.len() < 10_000, "there is a limit");
    };
    assert!(matches!(refused, Err(EngineError::Busy)));
    drop(waiting);
    let again =
        join_all([retrieval.search(&request)].map(|mut search| async move { futures::poll!(&mut search) })).await;
    assert!(again[0].is_pending(), "there is room again");
}
