//! What programs need beyond what people see: pages, keys, conditions, parts of files, one call for an answer.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, TestApp, User, id, multipart};

async fn with(user: &User<'_>, method: Method, path: &str, headers: &[(&str, &str)], body: Option<Value>) -> Answer {
    let mut request = user.request(method, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    user.app.send(request).await
}

#[tokio::test]
async fn lists_come_in_pages() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Physics 0").await;
    for number in 1..5 {
        ada.notebook(&format!("Physics {number}")).await;
        ada.conversation(&notebook).await;
        ada.upload(&notebook, &format!("{number}.txt"), b"Osmosis.").await.ok(201);
    }
    for (path, key, count) in [
        ("/api/notebooks".to_owned(), "notebooks", 5),
        (format!("/api/notebooks/{notebook}/conversations"), "conversations", 4),
        (format!("/api/notebooks/{notebook}/sources"), "sources", 4),
        (format!("/api/notebooks/{notebook}/members"), "members", 1),
        ("/api/auth/sessions".to_owned(), "sessions", 1),
        ("/api/notifications".to_owned(), "notifications", 0),
    ] {
        let (mut seen, mut query) = (BTreeSet::new(), "?limit=2".to_owned());
        loop {
            let page = ada.get(&format!("{path}{query}")).await.ok(200);
            let items = page[key].as_array().unwrap();
            assert!(items.len() <= 2, "{path}");
            seen.extend(
                items.iter().map(|item| item["id"].as_str().or(item["user"]["id"].as_str()).unwrap().to_owned()),
            );
            let Some(next) = page["next"].as_str() else { break };
            query = format!("?limit=2&cursor={next}");
        }
        assert_eq!(seen.len(), count, "{path}");
        assert_eq!(ada.get(&path).await.ok(200)["next"], Value::Null);
        ada.get(&format!("{path}?limit=0")).await.problem(422, "validation");
        ada.get(&format!("{path}?limit=201")).await.problem(422, "validation");
        ada.get(&format!("{path}?cursor=xyz")).await.problem(422, "cursor_invalid");
    }
}

#[tokio::test]
async fn a_cursor_goes_with_its_own_list_and_filters_only() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("ada").await, app.register("ben").await);
    let (mut notebooks, mut gone) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        notebooks.push(ada.notebook("Biology").await);
        gone.push(ada.notebook("Gone").await);
        ada.delete(&format!("/api/notebooks/{}", gone.last().unwrap())).await.ok(204);
        ben.notebook("Biology").await;
    }
    for notebook in &notebooks {
        ada.invite(notebook, &ben, "editor").await;
        let sources = format!("/api/notebooks/{notebook}/sources");
        for _ in 0..2 {
            ada.conversation(notebook).await;
            let deleted = ada.conversation(notebook).await;
            ada.delete(&format!("/api/conversations/{deleted}")).await.ok(204);
            ada.upload_form(&sources, multipart::form("file", "a.txt", b"Words.")).await.ok(201);
        }
    }
    let source = id(&ada.upload(&notebooks[0], "b.txt", b"Words.").await.ok(201));
    ada.upload_form(&format!("/api/sources/{source}/versions"), multipart::form("file", "b.txt", b"More."))
        .await
        .ok(201);
    app.post("/api/auth/login", &json!({ "email": "ada@example.org", "password": PASSWORD })).await.ok(200);
    app.post("/api/auth/login", &json!({ "email": "ben@example.org", "password": PASSWORD })).await.ok(200);
    let [first, second] = [0, 1].map(|n| format!("/api/notebooks/{}", notebooks[n]));
    let lists = [
        (&ada, "/api/notebooks?".to_owned()),
        (&ben, "/api/notebooks?".to_owned()),
        (&ada, "/api/notebooks?deleted=true&".to_owned()),
        (&ada, "/api/notebooks?q=bio&".to_owned()),
        (&ada, format!("{first}/conversations?")),
        (&ada, format!("{second}/conversations?")),
        (&ada, format!("{first}/conversations?deleted=true&")),
        (&ada, format!("{first}/sources?")),
        (&ada, format!("{second}/sources?")),
        (&ada, format!("{first}/sources?q=a&")),
        (&ada, format!("{first}/members?")),
        (&ada, format!("{second}/members?")),
        (&ada, format!("/api/sources/{source}/versions?")),
        (&ada, "/api/auth/sessions?".to_owned()),
        (&ben, "/api/auth/sessions?".to_owned()),
        (&ben, "/api/notifications?".to_owned()),
        (&ben, "/api/notifications?unread=true&".to_owned()),
    ];
    for (at, (user, path)) in lists.iter().enumerate() {
        let page = user.get(&format!("{path}limit=1")).await.ok(200);
        let cursor = page["next"].as_str().unwrap_or_else(|| panic!("one page: {path}"));
        user.get(&format!("{path}limit=1&cursor={cursor}")).await.ok(200);
        for (other, path) in lists.iter().enumerate().filter(|(other, _)| *other != at).map(|(_, list)| list) {
            other.get(&format!("{path}cursor={cursor}")).await.problem(422, "cursor_invalid");
        }
    }
}

#[tokio::test]
async fn things_are_found_by_their_names_in_any_spelling() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    for title in ["İSTANBUL 2026", "Новогодняя ёлка", "ハンカク", "العـــربية", "Résumé"]
    {
        ada.notebook(title).await;
    }
    for (wanted, title) in [
        ("istanbul", "İSTANBUL 2026"),
        ("ЕЛКА", "Новогодняя ёлка"),
        ("ﾊﾝｶｸ", "ハンカク"),
        ("العربية", "العـــربية"),
        ("resume", "Résumé"),
    ] {
        let found = ada.get(&format!("/api/notebooks?q={wanted}")).await.ok(200)["notebooks"].clone();
        let titles: Vec<_> = found.as_array().unwrap().iter().map(|one| one["title"].as_str().unwrap()).collect();
        assert_eq!(titles, [title]);
    }
    let notebook = ada.notebook("Files").await;
    let path = format!("/api/notebooks/{notebook}/sources");
    ada.ready_source(&notebook, "Bäume.txt", "Leaves are green.").await;
    assert_eq!(ada.get(&format!("{path}?q=baume&step=ready")).await.ok(200)["sources"].as_array().unwrap().len(), 1);
    assert_eq!(ada.get(&format!("{path}?step=failed")).await.ok(200)["sources"], json!([]));
}

#[tokio::test]
async fn a_request_with_a_key_is_carried_out_once() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("ada").await, app.register("ben").await);
    let key = [("idempotency-key", "one")];
    let body = json!({ "title": "Physics" });
    let first = with(&ada, Method::POST, "/api/notebooks", &key, Some(body.clone())).await;
    let again = with(&ada, Method::POST, "/api/notebooks", &key, Some(body.clone())).await;
    assert_eq!((first.ok(201), first.header("location")), (again.ok(201), again.header("location")));
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    assert_eq!(ada.get("/api/notebooks").await.ok(200)["notebooks"].as_array().unwrap().len(), 1);
    let other = json!({ "title": "Chemistry" });
    with(&ada, Method::POST, "/api/notebooks", &key, Some(other)).await.problem(422, "idempotency_key_reused");
    // Keys are a person's own.
    let theirs = with(&ben, Method::POST, "/api/notebooks", &key, Some(body.clone())).await.ok(201);
    assert_ne!(theirs["id"], first.json()["id"]);
    // What was refused was not done.
    let refused = [("idempotency-key", "two")];
    with(&ada, Method::POST, "/api/notebooks", &refused, Some(json!({ "title": "" })))
        .await
        .problem(422, "title_invalid");
    with(&ada, Method::POST, "/api/notebooks", &refused, Some(body.clone())).await.ok(201);
    for wrong in ["", "a b", &"x".repeat(256)] {
        let key = [("idempotency-key", wrong)];
        with(&ada, Method::POST, "/api/notebooks", &key, Some(body.clone()))
            .await
            .problem(422, "idempotency_key_invalid");
    }
    // An answer is kept for a day.
    app.clock.advance(jiff::SignedDuration::from_hours(25));
    let login = json!({ "email": ada.email, "password": crate::support::PASSWORD });
    let token = app.post("/api/auth/login", &login).await.ok(200)["accessToken"].as_str().unwrap().to_owned();
    let request = app.request(Method::POST, "/api/notebooks").bearer_auth(token).header("idempotency-key", "one");
    assert_ne!(app.send(request.json(&body)).await.ok(201)["id"], first.json()["id"]);
}

#[tokio::test]
async fn a_question_with_a_key_is_asked_once_and_its_events_come_again() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Biology").await;
    let path = format!("/api/notebooks/{notebook}/ask");
    let headers = [("idempotency-key", "one"), ("accept", "Text/Event-Stream")];
    let ask =
        async |question: &str| with(&ada, Method::POST, &path, &headers, Some(json!({ "question": question }))).await;
    let (first, again) = (ask("Why?").await, ask("Why?").await);
    assert!(first.ok_text().contains("event: done"), "{}", first.text());
    assert_eq!((again.ok_text(), again.header("location")), (first.ok_text(), first.header("location")));
    assert_eq!((first.header("idempotency-replayed"), again.header("idempotency-replayed")), ("", "true"));
    ask("What?").await.problem(422, "idempotency_key_reused");
    let list = ada.get(&format!("/api/notebooks/{notebook}/conversations")).await.ok(200);
    assert_eq!(list["conversations"].as_array().unwrap().len(), 1);
    // What was deleted of the answer is not told again.
    let conversation = list["conversations"][0]["id"].as_str().unwrap();
    let messages = ada.messages(conversation, "").await;
    let answer = messages.last().unwrap()["id"].as_str().unwrap();
    ada.delete(&format!("/api/conversations/{conversation}/messages/{answer}")).await.ok(200);
    ask("Why?").await.problem(404, "not_found");
}

#[tokio::test]
async fn how_far_one_has_read_is_said_over_rest_and_never_goes_back() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let conversation = ada.conversation(&ada.notebook("Biology").await).await;
    for text in ["one", "two"] {
        ada.say(&conversation, text, json!({ "ask": false })).await;
    }
    let path = format!("/api/conversations/{conversation}");
    for (rev, read) in [(1, 1), (9, 2), (1, 2)] {
        let mark = json!({ "rev": rev });
        assert_eq!(ada.send(Method::PUT, &format!("{path}/read-mark"), &mark).await.status, 204);
        assert_eq!(ada.get(&path).await.ok(200)["readRev"], read);
    }
}

#[tokio::test]
async fn a_file_whose_name_comes_in_another_form_keeps_it() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let path = format!("/api/notebooks/{}/sources", ada.notebook("Files").await);
    let form = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename*=utf-8''Gr%C3%B6%C3%9Fe.csv\r\n\r\na,b\n1,2\n\r\n--b--\r\n";
    let request = ada.request(Method::POST, &path).header("content-type", "multipart/form-data; boundary=b").body(form);
    let source = app.send(request).await.ok(201);
    assert_eq!((&source["name"], &source["latest"]["format"]), (&json!("Größe.csv"), &json!("csv")));
}

#[tokio::test]
async fn what_nobody_would_see_is_no_name_and_no_message() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Biology").await;
    for blank in ["\u{200b}", "\u{2060} \u{feff}", "\u{3164}"] {
        ada.post("/api/notebooks", json!({ "title": blank })).await.problem(422, "title_invalid");
        let question = json!({ "question": blank });
        ada.post(&format!("/api/notebooks/{notebook}/ask"), question).await.problem(422, "message_empty");
    }
    ada.get(&format!("/api/notebooks/{notebook}/sources?step=nope")).await.problem(422, "validation");
}

#[tokio::test]
async fn an_upload_with_a_key_makes_one_source() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Files").await;
    let path = format!("/api/notebooks/{notebook}/sources");
    let mut made = BTreeSet::new();
    for _ in 0..2 {
        let form = multipart::form("file", "a.txt", b"Osmosis.");
        let request = ada.request(Method::POST, &path).header("content-type", multipart::TYPE);
        made.insert(id(&app.send(request.header("idempotency-key", "file").body(form)).await.ok(201)));
    }
    assert_eq!(made.len(), 1);
    // The same form as another library writes it.
    let form = [
        b"--other\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nx\r\n".as_slice(),
        b"--other\r\nContent-Type: text/plain\r\nContent-Disposition: form-data; filename=\"a.txt\"; name=\"file\"\r\n\r\n",
        b"Osmosis.\r\n--other--\r\n",
    ];
    let again = ada.request(Method::POST, &path).header("content-type", "Multipart/Form-Data; boundary=other");
    let again = app.send(again.header("idempotency-key", "file").body(form.concat())).await;
    assert_eq!((id(&again.ok(201)), again.header("idempotency-replayed")), (made.first().unwrap().clone(), "true"));
    // Another file with the same key, or the same one by another name.
    for (name, bytes) in [("a.txt", b"Diffusion"), ("b.txt", b"Osmosis. ")] {
        let form = multipart::form("file", name, bytes);
        let other = ada.request(Method::POST, &path).header("content-type", multipart::TYPE);
        app.send(other.header("idempotency-key", "file").body(form)).await.problem(422, "idempotency_key_reused");
    }
    assert_eq!(ada.get(&path).await.ok(200)["sources"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_upload_larger_than_json_may_be_is_told_by_its_file() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let path = format!("/api/notebooks/{}/sources", ada.notebook("Files").await);
    let mut text = "Leaves are green. ".repeat(200_000).into_bytes();
    let send = async |bytes: &[u8]| {
        let request = ada.request(Method::POST, &path).header("content-type", multipart::TYPE);
        app.send(request.header("idempotency-key", "file").body(multipart::form("file", "a.txt", bytes))).await
    };
    let first = send(&text).await.ok(201);
    assert_eq!(send(&text).await.ok(201), first);
    *text.last_mut().unwrap() = b'.';
    send(&text).await.problem(422, "idempotency_key_reused");
}

#[tokio::test]
async fn many_requests_with_one_key_at_once_make_one_thing() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let send =
        || with(&ada, Method::POST, "/api/notebooks", &[("idempotency-key", "k")], Some(json!({ "title": "A" })));
    for answer in futures::future::join_all((0..8).map(|_| send())).await {
        assert!([201, 409].contains(&answer.status.as_u16()), "{}", answer.text());
    }
    assert_eq!(ada.get("/api/notebooks").await.ok(200)["notebooks"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_known_is_not_sent_again_and_what_has_changed_is_not_overwritten() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let path = format!("/api/notebooks/{}", ada.notebook("Physics").await);
    let read = ada.get(&path).await;
    let tag = read.header("etag").to_owned();
    assert!(tag.starts_with('"') && tag.len() > 10, "{tag}");
    let same = with(&ada, Method::GET, &path, &[("if-none-match", &tag)], None).await;
    assert_eq!((same.status.as_u16(), same.header("etag"), same.body.len()), (304, tag.as_str(), 0));
    let renamed = with(&ada, Method::PATCH, &path, &[("if-match", &tag)], Some(json!({ "title": "Optics" }))).await;
    assert_eq!(renamed.ok(200)["title"], "Optics");
    let late = with(&ada, Method::PATCH, &path, &[("if-match", &tag)], Some(json!({ "title": "Acoustics" }))).await;
    late.problem(412, "precondition_failed");
    with(&ada, Method::DELETE, &path, &[("if-match", &tag)], None).await.problem(412, "precondition_failed");
    // What was looked at for that has counted, and says so.
    let refused = with(&ada, Method::PATCH, &path, &[("if-match", &tag)], Some(json!({ "title": "x" }))).await;
    assert_ne!(refused.header("ratelimit"), "");
    let now = with(&ada, Method::GET, &path, &[("if-none-match", &tag)], None).await;
    let tag = now.header("etag").to_owned();
    assert_eq!(now.ok(200)["title"], "Optics");
    let head = with(&ada, Method::HEAD, &path, &[], None).await;
    assert_eq!((head.status.as_u16(), head.header("etag"), head.body.len()), (200, tag.as_str(), 0));
    assert_eq!(head.header("content-length"), ada.get(&path).await.body.len().to_string());
    assert_eq!(with(&ada, Method::HEAD, &path, &[("if-none-match", &tag)], None).await.status, 304);
    let any = with(&ada, Method::PATCH, &path, &[("if-match", "*")], Some(json!({ "title": "Waves" }))).await;
    assert_eq!(any.ok(200)["title"], "Waves");
    // What a conversation, a message and a source were is looked at in the write, too.
    let notebook = path.rsplit('/').next().unwrap().to_owned();
    let conversation = ada.conversation(&notebook).await;
    let message = ada.say(&conversation, "Why?", json!({ "ask": false })).await;
    let source = ada.ready_source(&notebook, "a.txt", "Leaves are green.").await;
    for (path, one, other) in [
        (
            format!("/api/conversations/{conversation}/messages/{}", id(&message)),
            json!({ "content": "a" }),
            json!({ "content": "b" }),
        ),
        (format!("/api/sources/{}", id(&source)), json!({ "name": "a" }), json!({ "name": "b" })),
        (format!("/api/conversations/{conversation}"), json!({ "title": "a" }), json!({ "title": "b" })),
    ] {
        let tag = ada.get(&path).await.header("etag").to_owned();
        with(&ada, Method::PATCH, &path, &[("if-match", &tag)], Some(one)).await.ok(200);
        with(&ada, Method::PATCH, &path, &[("if-match", &tag)], Some(other)).await.problem(412, "precondition_failed");
        with(&ada, Method::DELETE, &path, &[("if-match", &tag)], None).await.problem(412, "precondition_failed");
        let tag = ada.get(&path).await.header("etag").to_owned();
        let gone = with(&ada, Method::DELETE, &path, &[("if-match", &tag)], None).await;
        assert!(gone.status.is_success(), "{path}: {}", gone.text());
    }
    let nobody = app.request(Method::PATCH, &path).header("if-match", "*").json(&json!({ "title": "x" }));
    app.send(nobody).await.problem(401, "token_missing");
}

#[tokio::test]
async fn a_file_is_sent_as_what_it_is_and_in_parts() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Files").await;
    let text = "# Leaves\n\nLeaves are green because of chlorophyll.";
    let source = id(&ada.upload(&notebook, "Blätter x.md", text.as_bytes()).await.ok(201));
    let path = format!("/api/sources/{source}/versions/1/file");
    let whole = ada.get(&path).await;
    assert_eq!(whole.ok_text(), text);
    assert_eq!(whole.header("content-type"), "text/markdown");
    assert_eq!(whole.header("content-length"), text.len().to_string());
    assert_eq!(whole.header("accept-ranges"), "bytes");
    assert!(
        whole.header("content-disposition").starts_with("attachment; filename=\"Bl_tter "),
        "{}",
        whole.header("content-disposition")
    );
    assert!(whole.header("content-security-policy").contains("sandbox"));
    for (range, bytes) in [("bytes=2-7", 2..8), ("bytes=2-", 2..text.len()), ("bytes=-5", text.len() - 5..text.len())] {
        let part = with(&ada, Method::GET, &path, &[("range", range)], None).await;
        assert_eq!((part.status.as_u16(), part.text().as_str()), (206, &text[bytes.clone()]));
        let said = format!("bytes {}-{}/{}", bytes.start, bytes.end - 1, text.len());
        assert_eq!(part.header("content-range"), said);
    }
    let beyond = format!("bytes={}-", text.len());
    for beyond in [beyond.as_str(), "bytes=99999999999999999999999-"] {
        let none = with(&ada, Method::GET, &path, &[("range", beyond)], None).await;
        assert_eq!(none.header("content-range"), format!("bytes */{}", text.len()));
        none.problem(416, "range_not_satisfiable");
    }
    let known = [("if-none-match", whole.header("etag")), ("range", "bytes=0-1")];
    assert_eq!(with(&ada, Method::GET, &path, &known, None).await.status, 304);
    let same = with(&ada, Method::GET, &path, &[("if-none-match", whole.header("etag"))], None).await;
    assert_eq!(same.status, 304);
    let other = with(&ada, Method::GET, &path, &[("range", "bytes=0-1"), ("if-range", "\"other\"")], None).await;
    assert_eq!(other.ok_text(), text);
}

#[tokio::test]
async fn sources_are_renamed_waited_for_and_have_versions() {
    let app = TestApp::start().await;
    let (ada, ben) = (app.register("ada").await, app.register("ben").await);
    let notebook = ada.notebook("Files").await;
    ada.invite(&notebook, &ben, "viewer").await;
    let made = ada.upload(&notebook, "a.txt", b"Leaves are green.").await;
    let path = format!("/api/sources/{}", id(&made.ok(201)));
    assert_eq!(made.header("location"), path);
    assert_eq!(ada.get(&format!("{path}?wait=60")).await.ok(200)["latest"]["state"]["step"], "ready");
    let renamed = ada.patch(&path, json!({ "name": " Leaves \n of trees " })).await.ok(200);
    assert_eq!(renamed["name"], "Leaves of trees");
    assert_eq!(ben.get(&path).await.ok(200)["name"], "Leaves of trees");
    ben.patch(&path, json!({ "name": "x" })).await.problem(403, "role_too_small");
    ada.patch(&path, json!({ "name": " " })).await.problem(422, "name_invalid");
    let second =
        ada.upload_form(&format!("{path}/versions"), multipart::form("file", "b.txt", b"Leaves are red.")).await;
    second.ok(201);
    assert_eq!(ada.get(second.header("location")).await.ok(200)["version"], 2);
    let versions = ada.get(&format!("{path}/versions")).await.ok(200);
    let numbers: Vec<_> = versions["versions"].as_array().unwrap().iter().map(|one| one["version"].clone()).collect();
    assert_eq!(numbers, [2, 1]);
    let first = ada.get(&format!("{path}/versions?limit=1")).await.ok(200);
    let cursor = first["next"].as_str().unwrap();
    let second = ada.get(&format!("{path}/versions?limit=1&cursor={cursor}")).await.ok(200);
    assert_eq!((&first["versions"][0]["version"], &second["versions"][0]["version"]), (&json!(2), &json!(1)));
    assert_eq!(second["next"], Value::Null);
    ada.get(&format!("{path}/versions/3")).await.problem(404, "not_found");
    ada.get(&format!("{path}?wait=61")).await.problem(422, "validation");
}

#[tokio::test]
async fn one_call_leads_from_a_question_to_its_cited_answer() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.notebook("Biology").await;
    ada.ready_source(&notebook, "plants.txt", "Leaves are green because of chlorophyll.").await;
    let path = format!("/api/notebooks/{notebook}/ask");
    let answered = ada.post(&path, json!({ "question": "Why are leaves green?" })).await.ok(200);
    assert_eq!(answered["generation"]["state"], "done");
    let answer = &answered["answer"];
    assert!(answer["content"].as_str().unwrap().contains("chlorophyll"), "{answer}");
    assert_eq!(answer["citations"][0]["sourceName"], "plants.txt");
    let conversation = answered["conversationId"].as_str().unwrap();
    let message = format!("/api/conversations/{conversation}/messages/{}", id(answer));
    assert_eq!(ada.get(&message).await.ok(200), *answer);
    let follow_up = json!({ "question": "And in winter?", "conversationId": conversation });
    assert_eq!(ada.post(&path, follow_up).await.ok(200)["conversationId"], conversation);
    let later = ada.post(&format!("{path}?wait=0"), json!({ "question": "Why?" })).await;
    assert!([200, 202].contains(&later.status.as_u16()));
    if later.status == 202 {
        ada.get(later.header("location")).await.ok(200);
    }
    let elsewhere = ada.conversation(&ada.notebook("Other").await).await;
    let foreign = json!({ "question": "Why?", "conversationId": elsewhere });
    ada.post(&path, foreign).await.problem(404, "not_found");
    ada.post(&path, json!({ "question": " " })).await.problem(422, "message_empty");
    let request = ada.request(Method::POST, &path).header("accept", "text/event-stream");
    let stream = app.send(request.json(&json!({ "question": "Why are leaves green?" }))).await;
    assert_eq!(stream.header("content-type"), "text/event-stream");
    assert!(stream.ok_text().contains("event: done"));
}

#[tokio::test]
async fn an_address_says_what_it_takes() {
    let app = TestApp::start().await;
    let answer = app.send(app.request(Method::OPTIONS, "/api/notebooks")).await;
    assert_eq!((answer.status.as_u16(), answer.header("allow")), (204, "GET,HEAD,POST,OPTIONS"));
    assert_eq!((answer.header("content-type"), answer.body.len()), ("", 0));
    app.send(app.request(Method::OPTIONS, "/api/nothing")).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_slash_at_the_end_makes_no_other_address() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let made = ada.post("/api/notebooks/", json!({ "title": "Physics" })).await;
    let path = format!("{}/", made.header("location"));
    assert_eq!(ada.get(&path).await.ok(200), made.ok(201));
    let listed = ada.get("/api/notebooks/?limit=1").await.ok(200);
    assert_eq!(listed["notebooks"][0], made.json());
    let tag = ada.get(&path).await.header("etag").to_owned();
    let renamed = with(&ada, Method::PATCH, &path, &[("if-match", &tag)], Some(json!({ "title": "Optics" }))).await;
    renamed.ok(200);
    assert_eq!(app.send(app.request(Method::OPTIONS, "/api/notebooks/")).await.status, 204);
    app.get("/api/nothing/").await.problem(404, "not_found");
    // The pages of the documentation are files, which refer to each other.
    assert!(app.get("/api/docs/").await.ok_text().contains("swagger"));
}

#[tokio::test]
async fn times_sort_as_text() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    // The clock of the tests stands at a full second.
    for _ in 0..3 {
        ada.notebook("Physics").await;
        app.clock.advance(jiff::SignedDuration::from_millis(870));
    }
    let listed = ada.get("/api/notebooks").await.ok(200);
    let times: Vec<_> =
        listed["notebooks"].as_array().unwrap().iter().map(|one| one["createdAt"].as_str().unwrap()).collect();
    assert!(times.iter().all(|time| time.len() == "2026-03-01T02:30:00.000Z".len()), "{times:?}");
    assert!(times.is_sorted_by(|later, earlier| later > earlier), "{times:?}");
    let session = ada.get("/api/auth/sessions").await.ok(200)["sessions"][0]["expiresAt"].as_str().unwrap().to_owned();
    assert_eq!(session.len(), times[0].len());
}

#[tokio::test]
async fn whatever_is_made_says_where_it_is() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let notebook = ada.post("/api/notebooks", json!({ "title": "Physics" })).await;
    let path = format!("/api/notebooks/{}", id(&notebook.ok(201)));
    assert_eq!(notebook.header("location"), path);
    let conversation = ada.post(&format!("{path}/conversations"), json!({})).await;
    conversation.ok(201);
    ada.get(conversation.header("location")).await.ok(200);
    let body = json!({ "clientId": "1", "content": "Why?" });
    let messages = format!("{}/messages", conversation.header("location"));
    let message = ada.post(&messages, body).await;
    assert_eq!(ada.get(message.header("location")).await.ok(200)["id"], message.ok(201)["id"]);
    ada.events(message.ok(201)["generationId"].as_str().unwrap(), "").await;
    let again = ada.post(&format!("{}/regenerate", message.header("location")), json!({})).await;
    again.ok(202);
    ada.get(again.header("location")).await.ok(200);
}
