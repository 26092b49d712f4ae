//! What was acknowledged survives `kill -9`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use collabry_shared::clock::{Clock as _, SystemClock};
use collabry_shared::config::Config;
use collabry_shared::coordination::{self, Sockets};
use collabry_shared::generations::GenerationEvent;
use collabry_shared::ids::{ConversationId, GenerationId};
use collabry_shared::storage::MongoConfig;
use collabry_shared::storage::StoreError;
use collabry_shared::stores::{self, Stores};
use secrecy::ExposeSecret as _;

use crate::backend::{mongo_config, new_database};
use crate::fixtures::{new_message, owned_conversation, sent};
use crate::servers::{self, Server};

const FOLDER: &str = "COLLABRY_TEST_FOLDER";
const DATABASE: &str = "COLLABRY_TEST_DATABASE";

async fn open(folder: &Path, mongodb: Option<MongoConfig>) -> Stores {
    let mut config = Config::from_lookup(|_| None).unwrap();
    config.storage.data_dir = folder.to_owned();
    config.storage.mongodb = mongodb;
    let coordination = coordination::open(&config, Arc::new(SystemClock), Sockets::Here).await.unwrap();
    stores::open(&config, coordination.generation_log, SystemClock.now()).await.unwrap()
}

/// Writes until it is killed, and says after each acknowledgement what was acknowledged.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs as the process that acknowledged_writes_survive_a_kill kills"]
async fn write_until_killed() {
    #[expect(clippy::disallowed_methods, reason = "the way from the parent test to its child")]
    let (folder, database) = (PathBuf::from(std::env::var(FOLDER).unwrap()), std::env::var(DATABASE).ok());
    let stores = open(&folder, database.as_deref().map(mongo_config)).await;
    let conversation = owned_conversation(&stores).await.id;
    let generation = GenerationId::new();
    let say = |line: String| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{line}").unwrap();
        out.flush().unwrap();
    };
    say(format!("acknowledged ids {conversation} {generation}"));
    for n in 1_u64.. {
        let rev = sent(&stores, conversation, &format!("{n}")).await.rev;
        say(format!("acknowledged rev {rev}"));
        let event = GenerationEvent::delta(n.to_string());
        let id = stores.generation_log.append(generation, &event).await.unwrap();
        say(format!("acknowledged event {id}"));
    }
}

#[derive(Debug, Default)]
struct Acknowledged {
    ids: Option<(ConversationId, GenerationId)>,
    rev: u64,
    event: u64,
}

/// Runs the writer, kills it after a while, and returns the last that it acknowledged.
fn write_and_kill(folder: &Path, mongodb: Option<&MongoConfig>) -> Acknowledged {
    const ENOUGH: u64 = 50;
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "durability::write_until_killed", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
        .envs(mongodb.map(|mongodb| (DATABASE, mongodb.uri.expose_secret())))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut acknowledged = Acknowledged::default();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        // The test runner's own output may stand before it on the line.
        let Some((_, what)) = line.split_once("acknowledged ") else { continue };
        match what.split(' ').collect::<Vec<_>>()[..] {
            ["ids", conversation, generation] => {
                acknowledged.ids = Some((conversation.parse().unwrap(), generation.parse().unwrap()));
            }
            ["rev", rev] => acknowledged.rev = rev.parse().unwrap(),
            ["event", event] => acknowledged.event = event.parse().unwrap(),
            _ => panic!("{line}"),
        }
        if acknowledged.event == ENOUGH {
            // SIGKILL; what it wrote to the pipe before is still read.
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    acknowledged
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_writes_survive_a_kill() {
    check_survival(None).await;
}

/// The database lives on; what could be lost is what a write leaves half done.
#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_writes_to_mongodb_survive_a_kill() {
    let mongodb = tokio::task::spawn_blocking(new_database).await.unwrap();
    check_survival(Some(mongodb)).await;
}

async fn check_survival(mongodb: Option<MongoConfig>) {
    let folder = tempfile::tempdir().unwrap();
    let (data, database) = (folder.path().to_owned(), mongodb.clone());
    let writing = tokio::task::spawn_blocking(move || write_and_kill(&data, database.as_ref()));
    let acknowledged = writing.await.unwrap();
    let (conversation, generation) = acknowledged.ids.expect("the writer ran");

    let stores = open(folder.path(), mongodb).await;
    // A write that the killed process had sent may still arrive at the database, so the message after the kill comes
    // first and the reading after it.
    let last = sent(&stores, conversation, "after-the-kill").await.rev;
    let mut revs = Vec::new();
    loop {
        let seen = revs.last().copied().unwrap_or_default();
        let page = stores.conversations.changes_since(conversation, seen, u32::MAX).await.unwrap();
        revs.extend(page.messages.iter().map(|message| message.rev));
        if page.complete {
            break;
        }
    }
    assert!(last > acknowledged.rev, "{acknowledged:?}, the next is {last}");
    assert!(revs.len() as u64 >= last, "the next is {last}, stored {}", revs.len());
    assert_eq!(revs, (1..=revs.len() as u64).collect::<Vec<_>>());

    let events = stores.generation_log.read(generation, 0, Duration::ZERO).await.unwrap();
    assert!(events.len() as u64 >= acknowledged.event, "{acknowledged:?}, logged {}", events.len());
    let next = GenerationEvent::delta("after the kill");
    let id = stores.generation_log.append(generation, &next).await.unwrap();
    assert_eq!(id, events.len() as u64 + 1);
}

/// Stops a server of its own, so it runs also when another is named for the rest of the tests.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_was_away_is_found_again_with_everything_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("mongodb");
    let start = |port: u16| {
        let data = data.clone();
        tokio::task::spawn_blocking(move || Server::mongo(port, Some(&data)))
    };
    let server = start(0).await.unwrap();
    let port = server.address.rsplit(':').next().unwrap().parse().unwrap();
    let uri = servers::with_database(&server.address, "away");
    let mongodb = MongoConfig { timeout: Duration::from_secs(2), ..mongo_config(&uri) };
    let stores = open(folder.path(), Some(mongodb)).await;
    let conversation = owned_conversation(&stores).await.id;
    assert_eq!(sent(&stores, conversation, "before").await.rev, 1);

    tokio::task::spawn_blocking(|| server.stop()).await.unwrap();
    let refused = stores.conversations.append(&new_message(conversation, "meanwhile")).await;
    assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
    assert!(matches!(stores.probe.ping().await, Err(StoreError::Unavailable(_))));

    let _server = start(port).await.unwrap();
    // The driver looks for its server in the background; until it has seen it, calls wait for it or say that it is away.
    while stores.probe.ping().await.is_err() {
        tokio::task::yield_now().await;
    }
    assert_eq!(sent(&stores, conversation, "meanwhile").await.rev, 2);
    let messages = stores.conversations.changes_since(conversation, 0, 10).await.unwrap().messages;
    assert_eq!(messages.iter().map(|message| message.client_id.as_str()).collect::<Vec<_>>(), ["before", "meanwhile"]);
}
