//! Connections that do nothing, or nearly nothing.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::support::{PATIENCE, Raw, TestApp};

async fn from(address: &str, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(format!("{address}:0").parse().unwrap()).unwrap();
    socket.connect(to).await.unwrap()
}

/// What comes until the other end closes.
async fn rest(mut stream: TcpStream) -> String {
    let mut heard = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut heard)).await.expect("it is closed");
    // A reset is an end as well.
    let _ = read;
    String::from_utf8_lossy(&heard).into_owned()
}

const HEALTH: &[u8] = b"GET /health HTTP/1.1\r\nHost: test\r\n\r\n";

async fn answered(stream: &mut TcpStream) -> String {
    stream.write_all(HEALTH).await.unwrap();
    let mut heard = Vec::new();
    while !heard.ends_with(b"}") {
        assert!(timeout(PATIENCE, stream.read_buf(&mut heard)).await.unwrap().unwrap() > 0);
    }
    String::from_utf8_lossy(&heard).into_owned()
}

#[tokio::test]
async fn silence_and_half_a_head_are_cut_while_kept_connections_stay() {
    let app = TestApp::start().await;
    let mut kept = TcpStream::connect(app.address).await.unwrap();
    answered(&mut kept).await;
    let mut slow = Vec::new();
    for n in 0..40 {
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        if n % 2 == 0 {
            stream.write_all(b"GET /health HTTP/1.1\r\nHost: te").await.unwrap();
        }
        slow.push(rest(stream));
    }
    assert_eq!(futures::future::join_all(slow).await, vec![String::new(); 40]);
    // It has been idle for as long as they were, and is not amid a head.
    assert!(answered(&mut kept).await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn a_body_that_does_not_come_is_given_up() {
    let app = TestApp::start().await;
    let ada = app.register("ada").await;
    let headers = [("Content-Type", "application/json"), ("Content-Length", "100")];
    let mut raw = Raw::begin(&ada, "POST", "/api/notebooks", &headers).await;
    raw.0.write_all(b"{").await.unwrap();
    let answer = timeout(PATIENCE, raw.answer()).await.expect("it is answered");
    assert!(answer.starts_with("HTTP/1.1 4"), "{answer}");
}

#[tokio::test]
async fn one_address_has_its_share_of_connections() {
    let app = TestApp::start_with(|config| config.api.limits.address_connections = 8).await;
    let mut ours = Vec::new();
    for _ in 0..16 {
        ours.push(from("127.0.0.2", app.address).await);
    }
    // The others are closed at once: nothing is to be waited for.
    let mut open = 0;
    for stream in &mut ours {
        let refused = stream.write_all(HEALTH).await.is_err();
        let mut heard = [0; 12];
        let read = timeout(PATIENCE, stream.read(&mut heard)).await.expect("it is answered or closed");
        open += usize::from(!refused && read.is_ok_and(|bytes| bytes > 0));
    }
    assert_eq!(open, 8);
    assert!(answered(&mut from("127.0.0.3", app.address).await).await.starts_with("HTTP/1.1 200"));
    drop(ours);
    crate::support::eventually("there is room again", async || {
        let mut stream = from("127.0.0.2", app.address).await;
        stream.write_all(HEALTH).await.ok()?;
        let mut heard = [0; 12];
        stream.read(&mut heard).await.ok().filter(|bytes| *bytes > 0)
    })
    .await;
}

#[tokio::test]
async fn nothing_but_http_1_is_spoken() {
    let app = TestApp::start().await;
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.unwrap();
    let heard = rest(stream).await;
    assert!(heard.is_empty() || heard.starts_with("HTTP/1.1 4"), "{heard:?}");
}
