//! The health listener, beside a process that is busy.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, mpsc};

use async_trait::async_trait;
use collabry_shared::health::{HealthSource, Listener, Readiness, metrics, probe};
use prometheus_client::registry::Registry;
use tokio::runtime::Builder;

struct Fine(Registry);

impl Fine {
    fn new() -> Arc<Self> {
        Arc::new(Self(metrics::registry("worker")))
    }
}

#[async_trait]
impl HealthSource for Fine {
    async fn ready(&self) -> Readiness {
        Readiness::of(false, Vec::new())
    }

    fn registry(&self) -> &Registry {
        &self.0
    }
}

/// Status and body.
fn ask(address: SocketAddr, method: &str, path: &str) -> (u16, String) {
    let mut connection = TcpStream::connect(address).unwrap();
    write!(connection, "{method} {path} HTTP/1.1\r\nHost: health\r\n\r\n").unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.to_owned())
}

#[test]
fn a_process_too_busy_to_serve_is_alive_and_not_ready() {
    let main = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let any = ([127, 0, 0, 1], 0).into();
    let listener = main.block_on(async { Listener::start(any, Fine::new()).unwrap() });
    let address = listener.address();
    assert_eq!(ask(address, "GET", "/ready").0, 200);

    let (release, released) = mpsc::channel::<()>();
    let (block, blocked) = mpsc::channel();
    main.spawn(async move {
        block.send(()).unwrap();
        // The only thread that the process has.
        released.recv().unwrap();
    });
    blocked.recv().unwrap();
    let (status, body) = ask(address, "GET", "/health");
    assert_eq!(status, 200);
    assert!(body.contains(r#""status":"ok""#), "{body}");
    let (status, body) = ask(address, "GET", "/metrics");
    assert_eq!(status, 200);
    assert!(body.contains(r#"collabry_build_info{role="worker",version="#), "{body}");
    for own in [
        "process_resident_memory_bytes ",
        "process_cpu_seconds_total ",
        "process_open_fds ",
        "collabry_memory_limit_bytes ",
    ] {
        assert!(body.lines().any(|line| line.strip_prefix(own).is_some_and(|value| value != "0")), "{own}: {body}");
    }
    let (status, body) = ask(address, "GET", "/ready");
    assert_eq!(status, 503);
    assert!(body.contains("too busy"), "{body}");

    release.send(()).unwrap();
    assert_eq!(ask(address, "GET", "/ready").0, 200);
    drop(listener);
    assert!(TcpStream::connect(address).is_err(), "nobody listens any more");
}

#[test]
fn it_answers_nothing_else() {
    let main = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = main.block_on(async { Listener::start(([127, 0, 0, 1], 0).into(), Fine::new()).unwrap() });
    assert_eq!(ask(listener.address(), "POST", "/health").0, 405);
    assert_eq!(ask(listener.address(), "GET", "/v1/search").0, 404);
}

/// Cannot reach what it needs.
struct Lacking(Registry);

#[async_trait]
impl HealthSource for Lacking {
    async fn ready(&self) -> Readiness {
        let problem = probe("database", async { Err("it is away") }).await;
        Readiness::of(false, vec![problem, probe("blobs", async { Ok::<(), String>(()) }).await])
    }

    fn registry(&self) -> &Registry {
        &self.0
    }
}

#[test]
fn what_a_process_lacks_is_in_its_metrics_although_nobody_asks_whether_it_is_ready() {
    let main = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let lacking = Arc::new(Lacking(metrics::registry("api")));
    let listener = main.block_on(async { Listener::start(([127, 0, 0, 1], 0).into(), lacking).unwrap() });
    let text = loop {
        let (_, text) = ask(listener.address(), "GET", "/metrics");
        if text.contains("collabry_ready ") {
            break text;
        }
        std::thread::yield_now();
    };
    for line in [
        "collabry_ready 0",
        "collabry_draining 0",
        r#"collabry_dependency_up{dependency="database"} 0"#,
        r#"collabry_dependency_up{dependency="blobs"} 1"#,
    ] {
        assert!(text.lines().any(|one| one == line), "{line}: {text}");
    }
    assert!(text.ends_with("# EOF\n"), "{text}");
}
