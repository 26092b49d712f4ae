//! What was acknowledged survives `kill -9`.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use collabry_shared::clock::SystemClock;
use collabry_shared::generations::GenerationEvent;
use collabry_shared::ids::{ConversationId, GenerationId};
use collabry_shared::storage::sqlite;

use crate::fixtures::{owned_conversation, sent};

const FOLDER: &str = "COLLABRY_TEST_FOLDER";

/// Writes until it is killed, and says after each acknowledgement what was acknowledged.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "runs as the process that acknowledged_writes_survive_a_kill kills"]
async fn write_until_killed() {
    #[expect(clippy::disallowed_methods, reason = "the way from the parent test to its child")]
    let folder = PathBuf::from(std::env::var(FOLDER).unwrap());
    let stores = sqlite::open(&folder, Arc::new(SystemClock)).await.unwrap();
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
        let event = GenerationEvent::Delta { text: format!("{n}") };
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
fn write_and_kill(folder: &Path) -> Acknowledged {
    const ENOUGH: u64 = 50;
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "durability::write_until_killed", "--ignored", "--nocapture"])
        .env(FOLDER, folder)
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
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().to_owned();
    let acknowledged = tokio::task::spawn_blocking(move || write_and_kill(&data)).await.unwrap();
    let (conversation, generation) = acknowledged.ids.expect("the writer ran");

    let stores = sqlite::open(folder.path(), Arc::new(SystemClock)).await.unwrap();
    let messages = stores.conversations.changes_since(conversation, 0, u32::MAX).await.unwrap();
    let revs: Vec<_> = messages.iter().map(|message| message.rev).collect();
    assert!(revs.len() as u64 >= acknowledged.rev, "{acknowledged:?}, stored {}", revs.len());
    assert_eq!(revs, (1..=revs.len() as u64).collect::<Vec<_>>());

    let events = stores.generation_log.read(generation, 0, Duration::ZERO).await.unwrap();
    assert!(events.len() as u64 >= acknowledged.event, "{acknowledged:?}, logged {}", events.len());
    let next = GenerationEvent::Delta { text: "after the kill".to_owned() };
    let id = stores.generation_log.append(generation, &next).await.unwrap();
    assert_eq!(id, events.len() as u64 + 1);
}
