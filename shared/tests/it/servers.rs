//! Real servers that the tests start once and share. Each ends with this process: it reads from a pipe that this holds.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::LazyLock;

/// What the environment names is used instead of a server of our own.
#[expect(clippy::disallowed_methods, reason = "the tests' own settings")]
fn named(variable: &str) -> Option<String> {
    std::env::var(variable).ok().filter(|value| !value.is_empty())
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../scripts").join(name)
}

/// The path that a script prints: of a program, built or fetched when it was missing.
fn program(script_name: &str) -> PathBuf {
    let output = Command::new(script(script_name)).stderr(Stdio::inherit()).output().unwrap();
    assert!(
        output.status.success(),
        "scripts/{script_name} failed; `scripts/install-deps.sh test` installs what it needs"
    );
    String::from_utf8(output.stdout).unwrap().trim().into()
}

/// A server with the end of its life in hand.
pub struct Server {
    pub address: String,
    child: Child,
    stdin: Option<ChildStdin>,
}

impl Server {
    /// Starts `command`, which prints its address once it listens.
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut address).unwrap();
        assert!(!address.is_empty(), "{command:?} ended before it listened");
        let stdin = child.stdin.take();
        Self { address: address.trim().to_owned(), child, stdin }
    }

    /// A MongoDB server that keeps its data in `folder`. Port 0 takes a free one.
    pub fn mongo(port: u16, folder: Option<&Path>) -> Self {
        let mut command = Command::new(program("mongo-server.sh"));
        Self::start(command.arg(port.to_string()).args(folder))
    }

    /// Ends it and waits until it has ended.
    pub fn stop(mut self) {
        drop(self.stdin.take());
        self.child.wait().unwrap();
    }
}

/// `mongodb://…` of the server that all tests share.
pub fn mongo_address() -> &'static str {
    static NAMED: LazyLock<Option<String>> = LazyLock::new(|| named("MONGODB_URI"));
    static OWN: LazyLock<Server> = LazyLock::new(|| Server::mongo(0, None));
    NAMED.as_deref().unwrap_or_else(|| &OWN.address)
}

/// `http://…` of an S3-compatible server, with one bucket called `collabry`.
pub fn s3_address() -> &'static str {
    static OWN: LazyLock<Server> = LazyLock::new(|| Server::start(&mut Command::new(program("s3-server.sh"))));
    &OWN.address
}

/// The address of another database on the same server.
pub fn with_database(address: &str, database: &str) -> String {
    let (rest, options) = address.split_once('?').map_or((address, None), |(rest, options)| (rest, Some(options)));
    let (scheme, hosts) = rest.split_once("://").unwrap();
    let hosts = hosts.split_once('/').map_or(hosts, |(hosts, _)| hosts);
    let options = options.map(|options| format!("?{options}")).unwrap_or_default();
    format!("{scheme}://{hosts}/{database}{options}")
}
