//! Recorded responses of every kind of server, over a real connection. `e2e/provider-sdks` reads the same files
//! with the official clients.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use collabry_ai_engine::models::{AnswerEvent, Usage};
use collabry_shared::conversations::CutOff;
use scripted_provider::Reply;
use serde::Deserialize;

use super::World;

/// The expected result of a file.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Expected {
    text: String,
    #[serde(default)]
    cut_off: Option<CutOff>,
    /// The code of the failure.
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    usage: Option<(u64, u64)>,
    /// What the official client reads, if it is not the text, or that it fails.
    #[serde(default, rename = "sdk")]
    _sdk: Option<String>,
    #[serde(default, rename = "sdkFails")]
    _sdk_fails: bool,
}

fn content_type(name: &str) -> &'static str {
    match Path::new(name).extension().and_then(|ending| ending.to_str()) {
        Some("sse") => "text/event-stream",
        Some("ndjson") => "application/x-ndjson",
        _ => "application/json",
    }
}

async fn all_of(dialect: &str) {
    let world = World::new().await;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/models/fixtures").join(dialect);
    let expected = fs::read_to_string(folder.join("expected.json")).unwrap();
    let expected: BTreeMap<String, Expected> = serde_json::from_str(&expected).unwrap();
    assert_eq!(fs::read_dir(&folder).unwrap().count(), expected.len() + 1, "each file says what is to come of it");
    for (name, expected) in expected {
        let raw = fs::read_to_string(folder.join(&name)).unwrap();
        for cut in [None, Some(1), Some(7)] {
            let content_type = Some(content_type(&name).to_owned());
            let reply = Reply { raw: Some(raw.clone()), content_type, cut, ..Reply::default() };
            // Transient errors are retried.
            world.scripted.script(vec![reply; 3]);
            let (text, others, error) = world.ask_for_events(&format!("{dialect}/m")).await;
            let case = format!("{dialect}/{name} cut by {cut:?}");
            assert_eq!(text, expected.text, "{case}");
            assert_eq!(error.map(|error| error.failure("It").code), expected.code, "{case}");
            let cut_off = others.iter().find_map(|piece| match piece {
                AnswerEvent::CutOff(why) => Some(*why),
                _ => None,
            });
            let usage = others.iter().find_map(|piece| match piece {
                AnswerEvent::Usage(Usage { prompt, answer }) => Some((*prompt, *answer)),
                _ => None,
            });
            assert_eq!((cut_off, usage), (expected.cut_off, expected.usage), "{case}");
        }
    }
}

#[tokio::test]
async fn openai_and_those_who_speak_like_it() {
    all_of("openai").await;
}

#[tokio::test]
async fn anthropic() {
    all_of("anthropic").await;
}

#[tokio::test]
async fn ollama() {
    all_of("ollama").await;
}
