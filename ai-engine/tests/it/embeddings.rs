//! The embedding model.

use std::path::Path;

use collabry_ai_engine::embeddings::{EmbedError, Embedder, LocalEmbedder, Priority};
use serde::Deserialize;

use crate::minilm;

#[derive(Deserialize)]
struct Reference {
    text: String,
    /// Computed by sentence-transformers, normalised.
    vector: Vec<f32>,
}

fn cosine(a: &[f32], b: &[f32]) -> f32 {
    let dot = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f32>();
    dot(a, b) / (dot(a, a) * dot(b, b)).sqrt()
}

#[tokio::test]
async fn agrees_with_the_reference() {
    let references: Vec<Reference> = serde_json::from_str(include_str!("../data/reference_vectors.json")).unwrap();
    let texts: Vec<_> = references.iter().map(|reference| reference.text.clone()).collect();
    let vectors = minilm::embedder().embed(texts, Priority::Query).await.unwrap();
    assert_eq!(vectors.len(), references.len());
    for (Reference { text, vector: expected }, vector) in references.iter().zip(&vectors) {
        let cosine = cosine(vector, expected);
        assert!(cosine > 0.9999, "{cosine} for {text:.40?}");
        let length = vector.iter().map(|value| value * value).sum::<f32>();
        assert!((length - 1.0).abs() < 1e-4, "unit length");
    }
}

#[tokio::test]
async fn neighbours_in_a_batch_change_nothing() {
    let embedder = minilm::embedder();
    let texts: Vec<_> = (1..40).map(|words| "rain in spring ".repeat(words)).collect();
    let together = embedder.embed(texts.clone(), Priority::Background).await.unwrap();
    for (text, vector) in texts.into_iter().zip(together) {
        let alone = embedder.embed(vec![text], Priority::Query).await.unwrap();
        assert!(cosine(&alone[0], &vector) > 0.99999);
    }
}

#[tokio::test]
async fn a_query_overtakes_ingestion() {
    // With one thread the first call that is computed is answered first.
    let embedder = LocalEmbedder::start(&minilm::folder(), 1).unwrap();
    let text = "A passage of some length about the history of the lighthouse. ".repeat(8);
    let background = embedder.embed(vec![text; 400], Priority::Background);
    let query = embedder.embed(vec!["lighthouse".to_owned()], Priority::Query);
    tokio::pin!(background, query);
    tokio::select! {
        biased;
        _ = &mut background => panic!("the query waited for all of the ingestion"),
        answer = &mut query => assert_eq!(answer.unwrap().len(), 1),
    }
}

#[tokio::test]
async fn nothing_gives_nothing() {
    assert!(minilm::embedder().embed(Vec::new(), Priority::Query).await.unwrap().is_empty());
    assert_eq!(minilm::embedder().dimensions(), 384);
}

#[test]
fn a_missing_model_says_what_to_do() {
    let Err(EmbedError::Model(message)) = LocalEmbedder::start(Path::new("/nowhere"), 1) else { panic!("it started") };
    assert!(message.contains("/nowhere/tokenizer.json"), "{message}");
    assert!(message.contains("scripts/fetch-model.sh"), "{message}");
}
