//! Search without an answer.

use serde_json::json;

use crate::support::{TestApp, id, multipart};

#[tokio::test]
async fn the_best_passage_comes_first_and_resolves() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Biology").await;
    let plants = ada.ready_source(&notebook, "plants.md", "# Leaves\n\nLeaves are green because of chlorophyll.").await;
    ada.ready_source(&notebook, "cooking.md", "# Soup\n\nSalt the water before it boils.").await;
    let path = format!("/api/notebooks/{notebook}/search");
    let hits = ada.post(&path, json!({ "query": "why are leaves green" })).await.ok(200)["hits"].clone();
    insta::assert_json_snapshot!("hit", hits[0], {
        ".sourceId" => "[id]", ".score" => "[score]", ".similarity" => "[similarity]",
    });
    assert_eq!(hits[0]["sourceId"], plants["id"]);
    let chosen = json!({ "query": "salt", "sourceIds": [id(&plants)], "limit": 1 });
    let hits = ada.post(&path, chosen).await.ok(200)["hits"].clone();
    assert!(hits.as_array().unwrap().iter().all(|hit| hit["sourceId"] == plants["id"]), "{hits}");
    for query in [String::new(), " \n".to_owned(), "x".repeat(1_001)] {
        ada.post(&path, json!({ "query": query })).await.problem(422, "query_invalid");
    }
}

#[tokio::test]
async fn while_a_new_version_is_read_the_one_before_is_found() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Biology").await;
    let source = id(&ada.ready_source(&notebook, "plants.txt", "Leaves are green because of chlorophyll.").await);
    // A version that cannot be read leaves the one before in its place.
    let broken = multipart::form("file", "plants.pdf", b"%PDF-1.4 and nothing else");
    ada.upload_form(&format!("/api/sources/{source}/versions"), broken).await.ok(201);
    let settled = ada.settled(&source).await;
    assert_eq!((&settled["latest"]["state"]["step"], &settled["readyVersion"]), (&json!("failed"), &json!(1)));
    let body = json!({ "query": "green leaves" });
    let hits = ada.post(&format!("/api/notebooks/{notebook}/search"), body).await.ok(200)["hits"].clone();
    assert_eq!((&hits[0]["version"], &hits[0]["paged"]), (&json!(1), &json!(false)));
}

/// The text of each source, what is asked for, and which of them has it.
#[tokio::test]
async fn words_are_found_in_whatever_spelling() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Words").await;
    let texts = [
        "İstanbul büyük bir şehir.",
        "Ёлка стоит в углу.",
        "كَتَبَ الطَّالِبُ الدَّرْسَ",
        "العـــربية لغة",
        "この店ではﾊﾝｶｸ文字を使います。",
        "この店ではハンカク文字を使います。",
        "내일 회의를 합니다. 회의실은 삼층입니다.",
        "本店的优惠券在结账时可以抵扣现金。",
        "re\u{301}sume\u{301} of the thing; be\u{323}\u{302}nh vie\u{323}\u{302}n lo\u{31b}\u{301}n; и\u{306} краи\u{306}",
    ];
    let mut sources = Vec::new();
    for (number, text) in texts.iter().enumerate() {
        sources.push(id(&ada.ready_source(&notebook, &format!("{number}.txt"), text).await));
    }
    // Neighbours count: these have each character of the word, and never side by side.
    let scattered: Vec<_> = (0..200)
        .map(|n| {
            format!(
                "第{n}段：{}公司年报第{n}号。",
                "优秀的员工得到惠顾，债券和优质的礼品，恩惠与车票，优先受惠者持券入场，".repeat(3)
            )
        })
        .collect();
    ada.ready_source(&notebook, "scattered.txt", &scattered.join("\n\n")).await;
    for (query, found) in [
        ("istanbul", &[0][..]),
        ("елка", &[1]),
        ("كتب الطالب", &[2]),
        ("العربية", &[3]),
        ("ハンカク", &[4, 5]),
        ("ﾊﾝｶｸ", &[4, 5]),
        ("회의", &[6]),
        ("优惠券", &[7]),
        ("résumé", &[8]),
        ("bệnh", &[8]),
        ("край", &[8]),
    ] {
        let body = json!({ "query": query, "limit": 100 });
        let hits = ada.post(&format!("/api/notebooks/{notebook}/search"), body).await.ok(200)["hits"].clone();
        let first: Vec<_> =
            hits.as_array().unwrap().iter().take(found.len()).map(|hit| hit["sourceId"].as_str().unwrap()).collect();
        for number in found {
            assert!(first.contains(&sources[*number].as_str()), "{query}: {} is not among the first", texts[*number]);
        }
    }
}
