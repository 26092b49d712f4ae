//! What a worker looks at all the time: questions that wait, and backups.

use std::path::Path;

use collabry_shared::config::Config;
use collabry_shared::health::metrics;
use collabry_shared::ids::MessageId;
use collabry_worker::Worker;
use prometheus_client::registry::Registry;

use crate::support::{Running, World, eventually};

/// A worker that keeps backups in a folder, and its numbers.
fn watching(world: &World, place: Option<&Path>) -> (Worker, Registry) {
    let place = place.map(|place| format!("file://{}", place.display()));
    let config = Config::from_lookup(|name| (name == "COLLABRY_BACKUP_URL").then(|| place.clone()).flatten()).unwrap();
    let worker = world.worker_with(config.worker);
    let mut registry = Registry::default();
    worker.register(&mut registry);
    (worker, registry)
}

fn value(registry: &Registry, name: &str) -> i64 {
    let text = metrics::text([registry]);
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("collabry_worker_{name} ")).map(str::to_owned));
    line.unwrap_or_else(|| panic!("{name} in {text}")).parse().unwrap()
}

async fn becomes(registry: &Registry, name: &str, wanted: i64) {
    eventually(name, async || (value(registry, name) == wanted).then_some(())).await;
}

#[tokio::test]
async fn questions_that_no_engine_takes_up_are_counted_without_any_engine() {
    let world = World::new().await;
    let conversation = world.conversation(&world.notebook().await).await;
    let generation = world.question(&conversation, MessageId::new());
    world.stores.generations.create(&generation).await.unwrap();
    world.pass(6);
    let (worker, registry) = watching(&world, None);
    let _running = Running::start(worker);
    becomes(&registry, "questions_unclaimed", 1).await;
    assert_eq!(value(&registry, "backup_configured"), 0);
}

#[tokio::test]
async fn a_backup_that_never_worked_is_known_from_the_start() {
    let world = World::new().await;
    let began = world.now().as_second();
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("backups");
    let (worker, registry) = watching(&world, Some(&place));
    assert_eq!((value(&registry, "backup_configured"), value(&registry, "backup_made_time_seconds")), (1, 0));
    let running = Running::start(worker);
    becomes(&registry, "backup_since_time_seconds", began).await;
    assert_eq!(value(&registry, "backup_failed"), 0, "nobody has tried");

    // While it runs, something else is where the folder was.
    std::fs::remove_dir_all(&place).unwrap();
    std::fs::write(&place, "not a folder").unwrap();
    assert!(world.run("backup").await.error.is_some());
    running.stop().await;
    std::fs::remove_file(&place).unwrap();
    std::fs::create_dir(&place).unwrap();

    let (worker, registry) = watching(&world, Some(&place));
    let running = Running::start(worker);
    becomes(&registry, "backup_failed", 1).await;
    assert_eq!((value(&registry, "backup_place_up"), value(&registry, "backup_made_time_seconds")), (1, 0));
    world.pass(60);
    let made = world.run("backup").await;
    assert_eq!(made.error, None);
    running.stop().await;

    let (worker, registry) = watching(&world, Some(&place));
    let _running = Running::start(worker);
    becomes(&registry, "backup_made_time_seconds", made.slot.as_second()).await;
    becomes(&registry, "backup_since_time_seconds", began).await;
    assert_eq!(value(&registry, "backup_failed"), 0);
}
