//! A real `redis-server` for a test: on a port of its own, empty, killed when it is dropped.

#![expect(clippy::unwrap_used, clippy::panic, clippy::missing_panics_doc, reason = "a test that has no Redis fails")]

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

const STARTS_WITHIN: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wire {
    Plain,
    Tls,
}

/// Keeps nothing on disk: killed and started again, it is empty.
#[derive(Debug)]
pub struct RedisServer {
    port: u16,
    wire: Wire,
    password: Option<&'static str>,
    policy: &'static str,
    folder: TempDir,
    process: Option<Child>,
}

impl RedisServer {
    pub fn start() -> Self {
        Self::new(Wire::Plain, None, "noeviction")
    }

    pub fn with_password(password: &'static str) -> Self {
        Self::new(Wire::Plain, Some(password), "noeviction")
    }

    /// With a certificate of its own making: [`Self::ca`].
    pub fn with_tls() -> Self {
        Self::new(Wire::Tls, None, "noeviction")
    }

    /// One that throws keys away when its memory is full.
    pub fn that_evicts() -> Self {
        Self::new(Wire::Plain, None, "allkeys-lru")
    }

    fn new(wire: Wire, password: Option<&'static str>, policy: &'static str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let port = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap().port();
        let mut server = Self { port, wire, password, policy, folder, process: None };
        if wire == Wire::Tls {
            server.make_certificate();
        }
        server.start_again();
        server
    }

    pub fn url(&self) -> String {
        self.url_of(0)
    }

    pub fn url_of(&self, database: u8) -> String {
        let scheme = if self.wire == Wire::Tls { "rediss" } else { "redis" };
        let password = self.password.map(|password| format!(":{password}@")).unwrap_or_default();
        format!("{scheme}://{password}127.0.0.1:{}/{database}", self.port)
    }

    /// PEM of what its certificate is to be checked against.
    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("cert.pem")
    }

    /// `kill -9`.
    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().unwrap();
            process.wait().unwrap();
        }
    }

    /// On the same port, with nothing in it.
    pub fn start_again(&mut self) {
        let deadline = Instant::now() + STARTS_WITHIN;
        loop {
            let mut process = self.command().spawn().unwrap_or_else(|error| panic!("redis-server: {error}"));
            while process.try_wait().unwrap().is_none() {
                if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                    self.process = Some(process);
                    return;
                }
                assert!(Instant::now() < deadline, "redis-server does not listen");
                std::thread::sleep(Duration::from_millis(5));
            }
            assert!(Instant::now() < deadline, "redis-server ends at once");
        }
    }

    /// Like [`start_again`](Self::start_again), with another password than the one of its URL.
    pub fn start_again_asking_for(&mut self, password: &'static str) {
        let right = self.password.replace(password);
        self.start_again();
        self.password = right;
    }

    /// Stops it in its tracks, connections open: SIGSTOP.
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        let process = self.process.as_ref().unwrap();
        kill_process(Pid::from_child(process), signal).unwrap();
    }

    fn command(&self) -> Command {
        let mut command = Command::new("redis-server");
        command.args(["--save", "", "--appendonly", "no", "--maxmemory-policy", self.policy, "--bind", "127.0.0.1"]);
        command.arg("--dir").arg(self.folder.path());
        let port = self.port.to_string();
        match self.wire {
            Wire::Plain => command.args(["--port", &port]),
            Wire::Tls => command
                .args(["--port", "0", "--tls-port", &port, "--tls-auth-clients", "no", "--tls-cert-file"])
                .arg(self.ca())
                .arg("--tls-key-file")
                .arg(self.folder.path().join("key.pem"))
                .arg("--tls-ca-cert-file")
                .arg(self.ca()),
        };
        if let Some(password) = self.password {
            command.args(["--requirepass", password]);
        }
        command.stdout(Stdio::null());
        command
    }

    fn make_certificate(&self) {
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"])
            .args(["-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", "key.pem"])
            .args(["-addext", "basicConstraints=critical,CA:FALSE", "-out", "cert.pem"])
            .current_dir(self.folder.path())
            .stderr(Stdio::null())
            .status();
        assert!(made.is_ok_and(|status| status.success()), "openssl makes no certificate");
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}
