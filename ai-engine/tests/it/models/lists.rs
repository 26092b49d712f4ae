//! Lists of models over a real connection.

use scripted_provider::Reply;

use super::World;

/// The lists of the three providers when each sends this, and whether they are healthy.
async fn listed(raw: &str) -> Vec<(bool, Vec<String>)> {
    let world = World::new().await;
    world.scripted.listing(Reply { raw: Some(raw.to_owned()), ..Reply::default() });
    let statuses = world.models.statuses().await;
    let names = |models: &[collabry_shared::models::ModelInfo]| {
        models.iter().map(|model| model.id.name().to_owned()).collect::<Vec<_>>()
    };
    statuses.iter().skip(1).map(|status| (status.healthy, names(&status.models))).collect()
}

#[tokio::test]
async fn lists_of_every_form_are_read() {
    for (raw, expected) in [
        (r#"[{"id":"m1"}]"#, vec!["m1"]),
        (r#"{"models":[{"id":"m1"}]}"#, vec!["m1"]),
        (r#"{"data":null}"#, vec![]),
        (r#"{"models":null}"#, vec![]),
        (r#"{"data":[{"id":"a"},{"object":"model"}]}"#, vec!["a"]),
        (r#"{"models":[{"name":"a","details":null}]}"#, vec!["a"]),
        (r#"{"models":[{"name":"a","details":{"family":null}}]}"#, vec!["a"]),
    ] {
        for (healthy, names) in listed(raw).await {
            assert!(healthy, "{raw}");
            assert_eq!(names, expected, "{raw}");
        }
    }
}

#[tokio::test]
async fn models_that_cannot_chat_are_not_listed() {
    let raw = r#"{"data":[{"id":"whisper-1"},{"id":"dall-e-3"},{"id":"tts-1"},{"id":"text-embedding-3-small"},{"id":"gpt-4o"},
        {"name":"qwen3-embedding:0.6b","details":{"family":"qwen3"}},{"name":"embeddinggemma","details":{"family":"gemma3"}},
        {"name":"nomic-embed-text","details":{"family":"nomic-bert"}},{"name":"qwen3:8b","details":{"family":"qwen3"}}]}"#;
    for (_, names) in listed(raw).await {
        assert_eq!(names, ["gpt-4o", "qwen3:8b"]);
    }
}

#[tokio::test]
async fn what_is_no_list_is_told() {
    for (healthy, _) in listed(r#"{"hello":"world"}"#).await {
        assert!(!healthy);
    }
}
