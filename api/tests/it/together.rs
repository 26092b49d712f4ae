//! The same thing asked for several times at the same moment, on two replicas: it is done once.

use reqwest::Method;
use serde_json::{Value, json};

use crate::bounds::{at_once, over_mongo, over_sqlite, person};
use crate::generations::provider;
use crate::support::{Answer, Cluster, User, id};

macro_rules! on_replicas {
    ($($test:ident),+ $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $test() {
                super::$test(super::over_sqlite(super::provider().await).await).await;
            })+
        }

        mod mongo {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn $test() {
                super::$test(super::over_mongo(super::provider().await).await).await;
            })+
        }
    };
}

on_replicas![answers_again, an_answer_while_the_first_is_written, restores, an_invitation];

/// Exactly one was taken; returns it.
#[track_caller]
fn one(answers: &[Answer], status: u16, refused: impl Fn(&Answer)) -> Value {
    let (taken, rest): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == status);
    assert_eq!(taken.len(), 1, "{:?}", answers.iter().map(|answer| answer.status).collect::<Vec<_>>());
    rest.into_iter().for_each(refused);
    taken[0].ok(status)
}

/// Those answers to a question that no newer one replaced.
async fn standing(user: &User<'_>, conversation: &str, question: &Value) -> Vec<Value> {
    let messages = user.messages(conversation, "").await;
    messages.into_iter().filter(|one| one["replyTo"] == question["id"] && one["supersededBy"].is_null()).collect()
}

const SLOW: &str = "ollama/scripted:tokens=20,between=50";

async fn answers_again(cluster: Cluster) {
    let ada = person(&cluster, "ada").await;
    let conversation = ada[0].conversation(&ada[0].notebook("Biology").await).await;
    let (question, answer) = ada[0].ask(&conversation, "Why?", json!({ "model": "ollama/scripted:tokens=2" })).await;
    let path = |message: &Value| format!("/api/conversations/{conversation}/messages/{}/regenerate", id(message));
    // By the answer, and by its question.
    let paths = [path(&answer), path(&question)];
    let answers = at_once(|n| ada[n % 2].post(&paths[n / 2 % 2], json!({ "model": SLOW }))).await;
    let generation = one(&answers, 202, |answer| drop(answer.problem(409, "answer_in_progress")));
    ada[1].events(&id(&generation), "").await;
    let standing = standing(&ada[0], &conversation, &question).await;
    assert_eq!(standing.len(), 1, "{standing:?}");
    assert_eq!(standing[0]["id"], generation["answerId"]);
    // Then there may be another one.
    let again = ada[1].post(&paths[1], json!({ "model": "ollama/scripted:tokens=1" })).await.ok(202);
    assert_eq!(again["supersedes"], generation["answerId"]);
}

async fn an_answer_while_the_first_is_written(cluster: Cluster) {
    let ada = person(&cluster, "ada").await;
    let conversation = ada[0].conversation(&ada[0].notebook("Biology").await).await;
    let question = ada[0].say(&conversation, "Why?", json!({ "model": SLOW })).await;
    let message = format!("/api/conversations/{conversation}/messages/{}", id(&question));
    let path = format!("{message}/regenerate");
    for answer in at_once(|n| ada[n % 2].post(&path, json!({}))).await {
        answer.problem(409, "answer_in_progress");
    }
    // An edit changes nothing of what is being written, and waits for nothing.
    ada[1].send(Method::PATCH, &message, &json!({ "content": "Why not?" })).await.ok(200);
    ada[0].events(question["generationId"].as_str().unwrap(), "").await;
    assert_eq!(standing(&ada[0], &conversation, &question).await.len(), 1);
}

async fn restores(cluster: Cluster) {
    let ada = person(&cluster, "ada").await;
    let notebook = ada[0].notebook("Biology").await;
    let conversation = ada[0].conversation(&notebook).await;
    let source = id(&ada[0].upload(&notebook, "a.txt", b"Words.").await.ok(201));
    let things = [("conversations", conversation), ("sources", source), ("notebooks", notebook)];
    for (kind, thing) in &things {
        let path = format!("/api/{kind}/{thing}");
        ada[0].delete(&path).await.ok(204);
        let restore = format!("{path}/restore");
        let answers = at_once(|n| ada[n % 2].post(&restore, json!({}))).await;
        one(&answers, 200, |answer| drop(answer.problem(404, "not_found")));
        ada[1].get(&path).await.ok(200);
    }
}

/// By the one whom it lets in, and by others who have its code.
async fn an_invitation(cluster: Cluster) {
    let ada = person(&cluster, "ada").await;
    let (ben, eve) = (person(&cluster, "ben").await, person(&cluster, "eve").await);
    let notebook = ada[0].notebook("Biology").await;
    let code = ada[0].invitation(&notebook, &ben[0].email, "editor").await;
    let answers = at_once(|n| if n % 4 < 2 { ben[n % 2].join(&code) } else { eve[n % 2].join(&code) }).await;
    let members = ada[0].get(&format!("/api/notebooks/{notebook}/members")).await.ok(200);
    assert_eq!((members["members"].as_array().unwrap().len(), &members["invitations"]), (2, &json!([])));
    let joined = &members["members"][1]["user"]["id"];
    for (n, answer) in answers.iter().enumerate() {
        let who = if n % 4 < 2 { &ben } else { &eve };
        if joined == who[0].id.as_str() {
            // Once they are in, the code may be unknown.
            assert!([200, 404].contains(&answer.status.as_u16()), "{}", answer.status);
        } else {
            answer.problem(404, "join_code_unknown");
        }
    }
    let winner = if joined == ben[0].id.as_str() { &ben } else { &eve };
    let told = winner[0].get("/api/notifications").await.ok(200);
    assert_eq!(told["notifications"].as_array().unwrap().len(), 1, "{told}");
}
