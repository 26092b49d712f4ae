//! Whose backup it is: over archives that the worker's job made, read by the program itself.

mod archives;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use collabry_shared::config::Config;
use collabry_shared::jobs::RunState;
use tempfile::TempDir;

use self::archives::Archive;
use crate::support::{Running, World};

/// Of a backup that is not shown to be what was asked for.
const REFUSED: Option<i32> = Some(65);

/// The program, and what it says.
fn run(settings: &[(&str, &str)], arguments: &[&str]) -> (Option<i32>, String) {
    let mut program = Command::new(env!("CARGO_BIN_EXE_collabry-worker"));
    let Output { status, stdout, stderr } =
        program.args(arguments).env_clear().envs(settings.iter().copied()).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap())
}

/// Keys as `backup-key` makes them: the file for whoever reads, and the settings of the server.
struct Keys {
    file: PathBuf,
    recipient: String,
    signing_key: String,
}

impl Keys {
    fn make(folder: &Path, name: &str) -> Self {
        let file = folder.join(name);
        let (code, said) = run(&[], &["backup-key", file.to_str().unwrap()]);
        assert_eq!(code, Some(0), "{said}");
        let of =
            |name: &str| said.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('=')).unwrap().to_owned();
        let (recipient, signing_key) = (of("COLLABRY_BACKUP_RECIPIENT"), of("COLLABRY_BACKUP_SIGNING_KEY"));
        Self { file, recipient, signing_key }
    }

    fn text(&self) -> String {
        std::fs::read_to_string(&self.file).unwrap()
    }

    fn signer(&self) -> String {
        self.text().lines().find_map(|line| line.strip_prefix("# signer: ")).unwrap().to_owned()
    }
}

/// A place with a backup that the worker's job made, and the keys it was made with.
struct Made {
    world: World,
    folder: TempDir,
    keys: Keys,
    /// The newest one.
    file: PathBuf,
}

impl Made {
    async fn new() -> Self {
        let world = World::new().await;
        world.source(&world.notebook().await).await;
        let folder = tempfile::tempdir().unwrap();
        let keys = Keys::make(folder.path(), "backup.key");
        let mut made = Self { world, folder, keys, file: PathBuf::new() };
        made.again(true).await;
        made
    }

    /// Another one, after a minute.
    async fn again(&mut self, signs: bool) {
        self.world.pass(60);
        let (place, keys) = (self.place(), &self.keys);
        let config = Config::from_lookup(|name| match name {
            "COLLABRY_BACKUP_URL" => Some(place.clone()),
            "COLLABRY_BACKUP_RECIPIENT" => Some(keys.recipient.clone()),
            "COLLABRY_BACKUP_SIGNING_KEY" => signs.then(|| keys.signing_key.clone()),
            _ => None,
        });
        let running = Running::start(self.world.worker_with(config.unwrap().worker));
        let run = self.world.run("backup").await;
        assert_eq!((run.state, run.error), (RunState::Done, None));
        running.stop().await;
        self.file = self.files().pop().unwrap();
    }

    fn place(&self) -> String {
        format!("file://{}", self.folder.path().join("place").display())
    }

    fn files(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.folder.path().join("place")).unwrap();
        let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
        files.sort_unstable();
        files
    }

    /// Changes the archive as somebody does who has what a server has but the key that signs, and writes it anew.
    async fn changed(&self, change: impl FnOnce(&mut Archive)) -> String {
        let mut archive = Archive::read(&self.file, &self.keys.text()).await;
        change(&mut archive);
        let file = self.folder.path().join("changed.tar.gz.age");
        archive.write(&file, &self.keys.recipient).await;
        file.to_str().unwrap().to_owned()
    }

    fn verify(&self, file: &str, more: &[&str]) -> (Option<i32>, String) {
        run(&[], &[&["verify", file, "--identity", self.keys.file.to_str().unwrap()], more].concat())
    }

    /// Rejected by `verify`, and by `restore` before it touches anything: no MongoDB is there.
    fn refused(&self, file: &str, says: &str) {
        let stores = [("MONGODB_URI", "mongodb://127.0.0.1:1/collabry"), ("REDIS_URL", "redis://127.0.0.1:1")];
        let identity = self.keys.file.to_str().unwrap();
        for (code, said) in [self.verify(file, &[]), run(&stores, &["restore", file, "--identity", identity])] {
            assert_eq!(code, REFUSED, "{said}");
            assert!(said.contains(says), "{said}");
            assert!(!said.contains("intact") && !said.contains("Restoring"), "{said}");
        }
    }
}

#[tokio::test]
async fn the_job_signs_and_the_file_of_backup_key_checks_it_by_itself() {
    let made = Made::new().await;
    let file = made.file.to_str().unwrap();
    let (code, said) = made.verify(file, &[]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("The backup is intact: "), "{said}");
    assert!(said.contains(&format!("It is signed by {}, as required", made.keys.signer())), "{said}");
    assert!(!said.contains("NOTE"), "{said}");

    // The content of that file in the environment, as deploy.sh hands it on, is as good.
    let (code, said) = run(&[("COLLABRY_BACKUP_SECRET_KEY", &made.keys.text())], &["verify", file]);
    assert!(code == Some(0) && said.contains("as required"), "{said}");
}

#[tokio::test]
async fn a_part_that_was_changed_with_its_hash_is_refused() {
    let made = Made::new().await;
    let attack = |archive: &mut Archive| {
        let at = archive.position("files/");
        archive.0[at].1[0] ^= 1;
        archive.correct_the_manifest();
    };
    let changed = made.changed(attack).await;
    made.refused(&changed, "the signature does not match the backup: the backup was changed after it was made");
    // The hash alone says nothing of who wrote it.
    let any = made.verify(&changed, &["--any-signer"]);
    assert_eq!(any.0, REFUSED, "{}", any.1);
    let stripped = made
        .changed(|archive| {
            attack(archive);
            archive.strip();
        })
        .await;
    let (code, said) = made.verify(&stripped, &["--any-signer"]);
    assert!(code == Some(0) && said.contains("NOTE It is not signed"), "{said}");
    made.refused(&stripped, "the backup is not signed, but must be signed by");
}

#[tokio::test]
async fn a_signature_that_is_missing_or_of_another_key_is_refused() {
    let made = Made::new().await;
    let cut = made.changed(|archive| assert_eq!(archive.0.pop().unwrap().0, "manifest.json.sig")).await;
    made.refused(&cut, "its signature is missing");
    let unsigned = made.changed(Archive::strip).await;
    made.refused(&unsigned, &format!("the backup is not signed, but must be signed by {}", made.keys.signer()));

    let other = Keys::make(made.folder.path(), "other.key");
    let forged = made.changed(|archive| archive.sign(&other.signing_key)).await;
    let says = format!("the backup is signed by {}, but must be signed by {}", other.signer(), made.keys.signer());
    made.refused(&forged, &says);
    let (code, said) = made.verify(&forged, &["--signer", &other.signer()]);
    assert!(
        code == Some(0) && said.contains("as required"),
        "a key that is named goes before that of the file: {said}"
    );

    // It claims the right key.
    let claimed = made
        .changed(|archive| {
            archive.sign(&other.signing_key);
            archive.manifest(|manifest| manifest["signer"] = made.keys.signer().into());
        })
        .await;
    made.refused(&claimed, "the signature does not match the backup");
}

#[tokio::test]
async fn parts_are_all_there_in_their_order_and_nothing_follows() {
    let mut made = Made::new().await;
    let before = Archive::read(&made.file, &made.keys.text()).await;
    let conversation = made.world.notebook().await;
    made.world.conversation(&conversation).await;
    made.again(true).await;

    let database = before.position("database/");
    let swapped = made.changed(|archive| archive.0[database] = before.0[database].clone()).await;
    let manifest = before.0.iter().rev().take(2).rev().cloned().collect::<Vec<_>>();
    let of_before = made
        .changed(|archive| {
            let end = archive.0.len() - 2;
            archive.0.splice(end.., manifest);
        })
        .await;
    for file in [swapped, of_before] {
        let (code, said) = made.verify(&file, &[]);
        assert!(code == Some(1) && said.contains("does not match its manifest"), "{said}");
    }
    let reordered = made.changed(|archive| archive.0.swap(0, 1)).await;
    assert!(made.verify(&reordered, &[]).1.contains("does not match its manifest"));
    let missing = made.changed(|archive| drop(archive.0.remove(0))).await;
    assert!(made.verify(&missing, &[]).1.contains("does not match its manifest"));

    let more = ("files/more".to_owned(), b"more".to_vec());
    let behind = made.changed(|archive| archive.0.push(more.clone())).await;
    let between = made.changed(|archive| archive.0.insert(archive.0.len() - 1, more.clone())).await;
    for file in [behind, between] {
        let (code, said) = made.verify(&file, &[]);
        assert!(code == Some(1) && said.contains("unexpected data after its manifest"), "{said}");
    }
    let packed = std::fs::read(&made.file).unwrap();
    for end in [&b"more"[..], &[0; 4]] {
        let longer = made.folder.path().join("longer.tar.gz.age");
        std::fs::write(&longer, [&packed, end].concat()).unwrap();
        assert_eq!(made.verify(longer.to_str().unwrap(), &[]).0, Some(1));
    }
    let shorter = made.folder.path().join("shorter.tar.gz.age");
    std::fs::write(&shorter, &packed[..packed.len() - 1]).unwrap();
    assert_eq!(made.verify(shorter.to_str().unwrap(), &[]).0, Some(1));
}

#[tokio::test]
async fn a_backup_of_before_keys_that_sign_is_taken_when_that_is_said() {
    let mut made = Made::new().await;
    made.again(false).await;
    let file = made.file.to_str().unwrap();
    made.refused(file, "the backup is not signed, but must be signed by");
    let (code, said) = made.verify(file, &["--any-signer"]);
    assert!(
        code == Some(0) && said.contains("NOTE It is not signed: anybody who can write to where it was kept"),
        "{said}"
    );

    // A file of keys from before, as age-keygen makes it, names no signer.
    let bare = made.folder.path().join("bare.key");
    let secret = made.keys.text().lines().find(|line| line.starts_with("AGE-SECRET")).unwrap().to_owned();
    std::fs::write(&bare, secret).unwrap();
    let verify =
        |settings: &[(&str, &str)], file: &str| run(settings, &["verify", file, "--identity", bare.to_str().unwrap()]);
    let (code, said) = verify(&[], file);
    assert!(code == Some(0) && said.contains("NOTE It is not signed"), "{said}");
    let signer = made.keys.signer();
    for (setting, value) in
        [("COLLABRY_BACKUP_SIGNER", &signer), ("COLLABRY_BACKUP_SIGNING_KEY", &made.keys.signing_key)]
    {
        assert_eq!(verify(&[(setting, value)], file).0, REFUSED, "{setting} says who has to have signed it");
        assert_eq!(verify(&[(setting, "")], file).0, Some(0), "an empty one says nothing");
    }

    let oldest = made.files().swap_remove(0);
    let (code, said) = verify(&[], oldest.to_str().unwrap());
    assert!(
        code == Some(0) && said.contains(&format!("NOTE It is signed by {signer}, but no signer is required here")),
        "{said}"
    );
    assert!(verify(&[("COLLABRY_BACKUP_SIGNER", &signer)], oldest.to_str().unwrap()).1.contains("as required"));
}

#[tokio::test]
async fn an_older_backup_under_a_newer_name_is_not_the_newest() {
    let made = Made::new().await;
    let newer = made.file.with_file_name("collabry-20270101T000000Z.tar.gz.age");
    std::fs::copy(&made.file, &newer).unwrap();
    let (place, identity) = (made.place(), made.keys.file.to_str().unwrap());
    let settings = [("COLLABRY_BACKUP_URL", place.as_str())];
    let (code, said) = run(&settings, &["verify", "--identity", identity]);
    let was = made.file.file_name().unwrap().to_str().unwrap();
    assert_eq!(code, REFUSED, "{said}");
    assert!(said.contains(&format!("is named collabry-20270101T000000Z.tar.gz.age, but was made as {was}")), "{said}");

    let (code, said) = run(&settings, &["verify", "collabry-20270101T000000Z.tar.gz.age", "--identity", identity]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains(&format!("NOTE The backup was made as {was} and is now named collabry-2027")), "{said}");
}

#[tokio::test]
async fn an_empty_setting_is_no_key() {
    let made = Made::new().await;
    let file = made.file.to_str().unwrap();
    for empty in ["", " "] {
        let (code, said) = run(&[("COLLABRY_BACKUP_SECRET_KEY", empty)], &["verify", file]);
        assert_eq!(code, Some(1));
        assert!(said.contains("the backup is encrypted; name the file with its secret key"), "{said}");
    }
    let wrong = made.keys.text().replace("# signer: M", "# signer: ");
    let (code, said) = run(&[("COLLABRY_BACKUP_SECRET_KEY", &wrong)], &["verify", file]);
    assert!(code == Some(1) && said.contains("invalid signer: this is not an Ed25519 key"), "{said}");
}

#[test]
fn keys_to_standard_output_are_all_there() {
    let (code, said) = run(&[], &["backup-key", "-"]);
    assert_eq!(code, Some(0));
    let lines: Vec<_> =
        said.lines().map(|line| line.split_at(line.find("age1").or(line.find("MC")).unwrap_or(16)).0).collect();
    let expected = [
        "# public key: ",
        "# signer: ",
        "AGE-SECRET-KEY-1",
        "# to be set: COLLABRY_BACKUP_RECIPIENT=",
        "# to be set: COLLABRY_BACKUP_SIGNING_KEY=",
    ];
    assert_eq!(lines, expected, "{said}");
}

#[test]
fn a_key_that_is_none_is_a_problem_of_the_settings() {
    for command in ["serve", "check", "verify"] {
        let settings = [("COLLABRY_BACKUP_SIGNING_KEY", "c2VjcmV0"), ("COLLABRY_BACKUP_SIGNER", "age1x")];
        let (code, said) = run(&settings, &[command]);
        assert_eq!(code, Some(64), "{command}");
        for problem in
            ["COLLABRY_BACKUP_SIGNING_KEY: is not a signing key", "COLLABRY_BACKUP_SIGNER: is not a public key"]
        {
            assert!(said.contains(problem), "{command}: {said}");
        }
        assert!(!said.contains("c2VjcmV0"), "a secret is never printed");
    }
}
