//! Reads lists of models in the forms that different servers use.

use collabry_shared::models::{ModelId, ModelInfo};
use serde_json::Value;

/// The models in a list that can chat, as far as the list tells. An invalid entry is skipped. `None`: it is no list.
pub(super) fn models(provider: &str, list: &Value) -> Option<Vec<ModelInfo>> {
    let named = ["data", "models"].into_iter().find_map(|name| list.get(name));
    let entries = match (list, named) {
        (Value::Array(entries), _) | (_, Some(Value::Array(entries))) => entries.as_slice(),
        (_, Some(Value::Null)) => &[],
        _ => return None,
    };
    Some(entries.iter().filter(|entry| can_chat(entry)).filter_map(|entry| info(provider, entry)).collect())
}

fn info(provider: &str, entry: &Value) -> Option<ModelInfo> {
    let name = name(entry)?;
    let label = ["display_name", "displayName"].into_iter().find_map(|field| super::json::text(entry.get(field)));
    let id = ModelId::parse(&format!("{provider}/{name}")).ok()?;
    Some(ModelInfo { id, label: label.unwrap_or(name).to_owned() })
}

fn name(entry: &Value) -> Option<&str> {
    let named = || ["id", "name", "model"].into_iter().find_map(|field| super::json::text(entry.get(field)));
    entry.as_str().or_else(named)
}

/// Kinds of models that cannot chat.
const OTHER_KINDS: [&str; 11] = [
    "embedding",
    "embeddings",
    "rerank",
    "reranker",
    "image",
    "audio",
    "moderation",
    "transcribe",
    "speech",
    "transcription",
    "text-to-speech",
];

/// Words in a name that tell that the model cannot chat. Names are split at everything but letters and digits.
const OTHER_WORDS: [&str; 41] = [
    "embed",
    "embedding",
    "embeddings",
    "embedder",
    "embeddinggemma",
    "bge",
    "gte",
    "e5",
    "m3e",
    "minilm",
    "bert",
    "colbert",
    "splade",
    "arctic",
    "mxbai",
    "nomic",
    "voyage",
    "rerank",
    "reranker",
    "whisper",
    "tts",
    "stt",
    "asr",
    "speech",
    "transcribe",
    "audio",
    "realtime",
    "moderation",
    "dall",
    "dalle",
    "image",
    "imagen",
    "veo",
    "sora",
    "diffusion",
    "sdxl",
    "flux",
    "clip",
    "siglip",
    "kokoro",
    "parler",
];

/// Older models that can only complete a text.
const COMPLETION_ONLY: [&str; 3] = ["babbage-002", "davinci-002", "gpt-3.5-turbo-instruct"];

fn can_chat(entry: &Value) -> bool {
    let text = |path: &str| entry.pointer(path).and_then(Value::as_str).unwrap_or_default().to_ascii_lowercase();
    let flag = |path: &str| entry.pointer(path).and_then(Value::as_bool);
    let kinds = [text("/type"), text("/task"), text("/model_type")];
    if kinds.iter().any(|kind| OTHER_KINDS.contains(&kind.as_str())) {
        return false;
    }
    if text("/details/family").contains("bert") {
        return false;
    }
    let chat = ["/capabilities/completion_chat", "/capabilities/chat_completion"].into_iter().find_map(flag);
    let outputs = entry.pointer("/architecture/output_modalities").and_then(Value::as_array);
    let writes = outputs.is_none_or(|kinds| kinds.iter().any(|kind| kind == "text"));
    let abilities = entry.get("capabilities").and_then(Value::as_array);
    let completes = abilities.is_none_or(|all| {
        all.is_empty()
            || all.iter().any(|listed| ["completion", "chat", "tools"].iter().any(|ability| listed == ability))
    });
    chat.unwrap_or(true) && writes && completes && (chat == Some(true) || name(entry).is_none_or(is_chat_name))
}

fn is_chat_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let mut words = name.split(|c: char| !c.is_alphanumeric());
    !COMPLETION_ONLY.contains(&name.as_str()) && !words.any(|word| OTHER_WORDS.contains(&word))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::models;

    fn names(list: &Value) -> Option<Vec<String>> {
        models("p", list).map(|models| models.into_iter().map(|model| model.id.name().to_owned()).collect())
    }

    #[test]
    fn lists_of_every_form_are_read_and_odd_entries_left_out_alone() {
        for (list, expected) in [
            (json!([{ "id": "a" }]), vec!["a"]),
            (json!(["a", "b"]), vec!["a", "b"]),
            (json!({ "models": [{ "id": "a" }] }), vec!["a"]),
            (
                json!({ "object": "list", "data": [{ "id": "a" }, { "object": "model" }, null, 7, { "id": "b c" }, { "id": "d" }] }),
                vec!["a", "d"],
            ),
            (json!({ "data": null }), vec![]),
            (json!({ "models": null }), vec![]),
            (
                json!({ "models": [{ "name": "a", "details": null }, { "name": "b", "details": { "family": null } }, { "model": "c" }] }),
                vec!["a", "b", "c"],
            ),
            (json!({ "data": [{ "id": "models/gemini-2.5-flash" }] }), vec!["models/gemini-2.5-flash"]),
        ] {
            assert_eq!(names(&list).unwrap(), expected, "{list}");
        }
        assert_eq!(names(&json!({ "hello": 1 })), None);
        assert_eq!(names(&json!("text")), None);
    }

    #[test]
    fn models_that_cannot_chat_are_left_out() {
        for name in [
            "qwen3-embedding:0.6b",
            "embeddinggemma",
            "nomic-embed-text",
            "whisper-1",
            "dall-e-3",
            "tts-1",
            "text-embedding-3-small",
            "BAAI/bge-m3",
            "intfloat/multilingual-e5-small",
            "gpt-image-1",
            "omni-moderation-latest",
            "gpt-4o-transcribe",
            "davinci-002",
            "black-forest-labs/FLUX.1-schnell",
            "mxbai-embed-large",
            "all-minilm:latest",
            "gpt-4o-realtime-preview",
        ] {
            assert_eq!(names(&json!([{ "id": name }])).unwrap(), [""; 0], "{name}");
        }
        for entry in [
            json!({ "id": "a", "type": "embeddings" }),
            json!({ "name": "a", "details": { "family": "nomic-bert" } }),
            json!({ "id": "a", "capabilities": { "completion_chat": false } }),
            json!({ "name": "a", "capabilities": ["embedding"] }),
            json!({ "id": "a", "architecture": { "output_modalities": ["image"] } }),
        ] {
            assert_eq!(names(&json!([entry])).unwrap(), [""; 0], "{entry}");
        }
    }

    #[test]
    fn models_that_chat_are_kept() {
        let chatting = [
            "gpt-4o",
            "llama3.2:3b",
            "qwen3:8b",
            "gemma3",
            "claude-sonnet-4-5",
            "deepseek-r1:1.5b",
            "mistral-large-latest",
            "phi4",
            "o3-mini",
            "command-r",
            "gpt-oss:20b",
        ];
        assert_eq!(names(&json!(chatting)).unwrap(), chatting);
        let entry = json!({ "id": "a", "type": "llm", "capabilities": ["completion", "tools"], "architecture": { "output_modalities": ["text", "image"] } });
        assert_eq!(names(&json!([entry])).unwrap(), ["a"]);
    }
}
