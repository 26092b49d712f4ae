//! Bounds hold exactly, however many requests come at the same moment, on whichever replica and backend.

use collabry_shared::config::{Config, Shares};
use futures::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, Cluster, User, id, multipart, new_database};

/// So many are sent at once.
const AT_ONCE: usize = 12;
/// So many may be.
const MOST: usize = 3;

pub async fn over_sqlite(change: impl FnOnce(&mut Config)) -> Cluster {
    Cluster::start(2, change).await
}

pub async fn over_mongo(change: impl FnOnce(&mut Config)) -> Cluster {
    let with_database = move |config: &mut Config| {
        config.storage.mongodb = Some(new_database());
        change(config);
    };
    Cluster::start(2, with_database).await
}

/// Makes a test of each function for both backends.
macro_rules! on_replicas {
    ($($test:ident: $change:expr),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $test() {
                super::$test(super::over_sqlite($change).await).await;
            })+
        }

        mod mongo {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $test() {
                super::$test(super::over_mongo($change).await).await;
            })+
        }
    };
}

on_replicas! {
    notebooks: |config| config.api.bounds.notebooks = super::MOST,
    restored_notebooks: |config| config.api.bounds.notebooks = super::MOST,
    conversations: |config| config.api.bounds.conversations = super::MOST,
    restored_conversations: |config| config.api.bounds.conversations = super::MOST,
    invitations: |config| config.api.bounds.invitations = super::MOST,
    members: |config| config.api.bounds.members = super::MOST + 1,
    sources: |config| config.api.shares = super::Shares { sources: Some(3), bytes: None },
    restored_sources: |config| config.api.shares = super::Shares { sources: Some(3), bytes: None },
    stored_bytes: |config| config.api.shares = super::Shares { sources: None, bytes: Some(30) },
    stored_bytes_of_versions: |config| config.api.shares = super::Shares { sources: None, bytes: Some(150) },
}

/// Sends so many at once.
pub async fn at_once<F: Future<Output = Answer>>(send: impl Fn(usize) -> F) -> Vec<Answer> {
    join_all((0..AT_ONCE).map(send)).await
}

/// So many were taken as may be, the others were refused for that reason.
#[track_caller]
fn exactly(answers: &[Answer], status: u16, code: &str) {
    let (taken, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == status);
    assert_eq!(taken.len(), MOST, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    for answer in refused {
        answer.problem(409, code);
    }
}

async fn count(user: &User<'_>, path: &str, list: &str) -> usize {
    user.get(path).await.ok(200)[list].as_array().unwrap().len()
}

/// The same person on both replicas.
pub async fn person<'a>(cluster: &'a Cluster, name: &str) -> [User<'a>; 2] {
    let first = cluster.replicas[0].register(name).await;
    [cluster.on(0, &first), cluster.on(1, &first)]
}

async fn notebooks(cluster: Cluster) {
    let ada = person(&cluster, "ada").await;
    let answers = at_once(|n| ada[n % 2].post("/api/notebooks", json!({ "title": "One more" }))).await;
    exactly(&answers, 201, "too_many_notebooks");
    assert_eq!(count(&ada[0], "/api/notebooks", "notebooks").await, MOST);
}

async fn restored_notebooks(cluster: Cluster) {
    let ada = person(&cluster, "ada").await;
    let mut deleted = Vec::new();
    for _ in 0..AT_ONCE {
        let notebook = ada[0].notebook("Gone").await;
        ada[0].delete(&format!("/api/notebooks/{notebook}")).await.ok(204);
        deleted.push(format!("/api/notebooks/{notebook}/restore"));
    }
    let answers = at_once(|n| ada[n % 2].post(&deleted[n], json!({}))).await;
    exactly(&answers, 200, "too_many_notebooks");
    assert_eq!(count(&ada[0], "/api/notebooks", "notebooks").await, MOST);
}

async fn conversations(cluster: Cluster) {
    let ada = person(&cluster, "ada").await;
    let notebook = ada[0].notebook("Talk").await;
    let path = format!("/api/notebooks/{notebook}/conversations");
    // Questions begin conversations as well.
    let ask = format!("/api/notebooks/{notebook}/ask?wait=0");
    let answers = at_once(async |n| {
        let (path, body) = if n % 3 == 0 { (&ask, json!({ "question": "Why?" })) } else { (&path, json!({})) };
        let mut answer = ada[n % 2].post(path, body).await;
        if [200, 202].contains(&answer.status.as_u16()) {
            answer.status = reqwest::StatusCode::CREATED;
        }
        answer
    })
    .await;
    exactly(&answers, 201, "too_many_conversations");
    assert_eq!(count(&ada[0], &path, "conversations").await, MOST);
}

async fn restored_conversations(cluster: Cluster) {
    let ada = person(&cluster, "ada").await;
    let notebook = ada[0].notebook("Talk").await;
    let mut deleted = Vec::new();
    for _ in 0..AT_ONCE {
        let conversation = format!("/api/conversations/{}", ada[0].conversation(&notebook).await);
        ada[0].delete(&conversation).await.ok(204);
        deleted.push(format!("{conversation}/restore"));
    }
    let answers = at_once(|n| ada[n % 2].post(&deleted[n], json!({}))).await;
    exactly(&answers, 200, "too_many_conversations");
    assert_eq!(count(&ada[0], &format!("/api/notebooks/{notebook}/conversations"), "conversations").await, MOST);
}

async fn invitations(cluster: Cluster) {
    let ada = person(&cluster, "ada").await;
    let notebook = ada[0].notebook("Open").await;
    let path = format!("/api/notebooks/{notebook}/members");
    let invite = |n: usize| json!({ "email": format!("guest{n}@example.org"), "role": "viewer" });
    let answers = at_once(|n| ada[n % 2].post(&path, invite(n))).await;
    exactly(&answers, 202, "too_many_invitations");
    assert_eq!(count(&ada[0], &path, "invitations").await, MOST);
}

/// By the notebook's code and by invitations at the same time.
async fn members(cluster: Cluster) {
    let ada = person(&cluster, "ada").await;
    let notebook = ada[0].notebook("Open").await;
    let code = ada[0]
        .send(Method::PUT, &format!("/api/notebooks/{notebook}/join-code"), &json!({ "role": "viewer" }))
        .await
        .ok(200);
    let code = code["joinCode"]["code"].as_str().unwrap().to_owned();
    let (mut guests, mut codes) = (Vec::new(), Vec::new());
    for n in 0..AT_ONCE {
        let guest = cluster.replicas[0].register(&format!("guest{n}")).await;
        codes.push(if n < 4 { ada[0].invitation(&notebook, &guest.email, "viewer").await } else { code.clone() });
        guests.push(cluster.on(n % 2, &guest));
    }
    let answers = at_once(|n| guests[n].join(&codes[n])).await;
    exactly(&answers, 200, "too_many_members");
    assert_eq!(count(&ada[0], &format!("/api/notebooks/{notebook}/members"), "members").await, MOST + 1);
}

async fn sources(cluster: Cluster) {
    let ada = person(&cluster, "ada").await;
    let notebook = ada[0].notebook("Files").await;
    let path = format!("/api/notebooks/{notebook}/sources");
    let url = format!("{path}/url");
    let answers = at_once(async |n: usize| match n % 3 {
        0 => ada[n % 2].post(&url, json!({ "url": "http://127.0.0.1:9/" })).await,
        _ => ada[n % 2].upload(&notebook, "a.txt", b"A few words.").await,
    })
    .await;
    exactly(&answers, 201, "too_many_sources");
    assert_eq!(count(&ada[0], &path, "sources").await, MOST);
    let uploaded = answers
        .iter()
        .filter(|answer| answer.status == 201)
        .filter(|answer| answer.json()["origin"]["kind"] == "upload");
    assert_eq!(files(&cluster), uploaded.count(), "nothing is left of what was refused");
}

async fn restored_sources(cluster: Cluster) {
    let ada = person(&cluster, "ada").await;
    let notebook = ada[0].notebook("Files").await;
    let mut deleted = Vec::new();
    for _ in 0..AT_ONCE {
        let source = format!("/api/sources/{}", id(&ada[0].upload(&notebook, "a.txt", b"Words.").await.ok(201)));
        ada[0].delete(&source).await.ok(204);
        deleted.push(format!("{source}/restore"));
    }
    let answers = at_once(|n| ada[n % 2].post(&deleted[n], json!({}))).await;
    exactly(&answers, 200, "too_many_sources");
    assert_eq!(count(&ada[0], &format!("/api/notebooks/{notebook}/sources"), "sources").await, MOST);
}

async fn stored_bytes(cluster: Cluster) {
    let ada = person(&cluster, "ada").await;
    let notebook = ada[0].notebook("Files").await;
    let answers = at_once(|n| ada[n % 2].upload(&notebook, "a.txt", b"Ten bytes.")).await;
    exactly(&answers, 201, "storage_share_spent");
    assert_eq!(files(&cluster), MOST, "nothing is left of what was refused");
}

/// New versions of different sources.
async fn stored_bytes_of_versions(cluster: Cluster) {
    let ada = person(&cluster, "ada").await;
    let notebook = ada[0].notebook("Files").await;
    let mut versions = Vec::new();
    for _ in 0..AT_ONCE {
        let source = id(&ada[0].upload(&notebook, "a.txt", b"Ten bytes.").await.ok(201));
        versions.push(format!("/api/sources/{source}/versions"));
    }
    let form = multipart::form("file", "a.txt", b"Ten again.");
    let answers = at_once(|n| ada[n % 2].upload_form(&versions[n], form.clone())).await;
    exactly(&answers, 201, "storage_share_spent");
    assert_eq!(files(&cluster), AT_ONCE + MOST, "nothing is left of what was refused");
}

/// Of what all replicas share.
fn files(cluster: &Cluster) -> usize {
    cluster.replicas[0].blobs().len()
}
