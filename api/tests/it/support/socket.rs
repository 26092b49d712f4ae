//! A Socket.IO client as small as a test needs: one WebSocket, events and acknowledgements.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use futures::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

use super::{PATIENCE, TestApp, contract};

type Waiting = Arc<Mutex<HashMap<u64, oneshot::Sender<Value>>>>;

/// Dropping it closes it.
pub struct Socket {
    out: mpsc::UnboundedSender<String>,
    events: mpsc::UnboundedReceiver<(String, Value)>,
    waiting: Waiting,
    sent: u64,
    document: Value,
    reading: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Socket {
    pub async fn connect(app: &TestApp, token: &str) -> Self {
        let url = format!("ws://{}/socket.io/?EIO=4&transport=websocket", app.address);
        let (mut wire, _) = connect_async(url).await.unwrap();
        let mut next = async |begins: &str| {
            let packet = timeout(PATIENCE, wire.next()).await.unwrap().unwrap().unwrap().into_text().unwrap();
            assert!(packet.starts_with(begins), "{packet}");
            wire.send(Message::text(format!("40{}", json!({ "token": token })))).await.unwrap();
        };
        next("0").await;
        let (out, mut to_send) = mpsc::unbounded_channel::<String>();
        let (heard, events) = mpsc::unbounded_channel();
        let waiting = Waiting::default();
        let (connected, is_connected) = oneshot::channel();
        let (answer, acks) = (out.clone(), Arc::clone(&waiting));
        let (document, documented) = (app.document.clone(), app.document.clone());
        let (reading, reads) = watch::channel(true);
        let task = tokio::spawn(async move {
            let (mut connected, mut reads) = (Some(connected), reads);
            loop {
                let is_reading = *reads.borrow_and_update();
                tokio::select! {
                    Ok(()) = reads.changed() => {}
                    // A server that has closed takes nothing more; what it said before is read.
                    Some(packet) = to_send.recv() => drop(wire.send(Message::text(packet)).await),
                    packet = wire.next(), if is_reading => match packet {
                        Some(Ok(Message::Text(packet))) => match packet.split_at_checked(2) {
                            None => answer.send("3".to_owned()).unwrap(),
                            Some(("40", _)) => drop(connected.take().unwrap().send(())),
                            Some(("42", event)) => {
                                let event: (String, Value) = serde_json::from_str(event).unwrap();
                                contract::check_event(&documented, &event.0, &event.1);
                                // The test may have heard enough.
                                let _ = heard.send(event);
                            }
                            Some(("43", ack)) => {
                                let (id, payload) = ack.split_at(ack.find('[').unwrap());
                                let [payload]: [Value; 1] = serde_json::from_str(payload).unwrap();
                                let waits = acks.lock().unwrap().remove(&id.parse().unwrap());
                                let _ = waits.unwrap().send(payload);
                            }
                            // The server's goodbye.
                            Some(("41", _)) => return,
                            Some(_) => panic!("unexpected: {packet}"),
                        },
                        Some(Ok(_)) => {}
                        Some(Err(_)) | None => return,
                    },
                }
            }
        });
        timeout(PATIENCE, is_connected).await.unwrap().unwrap();
        Self { out, events, waiting, sent: 0, document, reading, task }
    }

    /// Reads nothing, as a browser's tab that hangs, until it is told to go on.
    pub fn hang(&self, hangs: bool) {
        self.reading.send_replace(!hangs);
    }

    /// Says something and wants no acknowledgement.
    pub fn say(&self, event: &str, payload: &Value) {
        self.out.send(format!("42{}", json!([event, payload]))).unwrap();
    }

    /// Why a socket is not let in.
    pub async fn refused(app: &TestApp, token: &str) -> Value {
        let url = format!("ws://{}/socket.io/?EIO=4&transport=websocket", app.address);
        let (mut wire, _) = connect_async(url).await.unwrap();
        wire.send(Message::text(format!("40{}", json!({ "token": token })))).await.unwrap();
        loop {
            let packet = timeout(PATIENCE, wire.next()).await.unwrap().unwrap().unwrap().into_text().unwrap();
            assert!(!packet.starts_with("40"), "it is let in");
            if let Some(refusal) = packet.strip_prefix("44") {
                return serde_json::from_str(refusal).unwrap();
            }
        }
    }

    /// Sends an event and returns its acknowledgement, which is `ok`.
    pub async fn emit(&mut self, event: &str, payload: Value) -> Value {
        let answer = self.call(event, payload).await;
        assert_eq!(answer["ok"], true, "{event}: {answer}");
        answer
    }

    /// Sends an event and returns its acknowledgement, whatever it says.
    pub async fn call(&mut self, event: &str, payload: Value) -> Value {
        self.sent += 1;
        let (reply, answer) = oneshot::channel();
        self.waiting.lock().unwrap().insert(self.sent, reply);
        self.out.send(format!("42{}{}", self.sent, json!([event, payload]))).unwrap();
        let answer = timeout(PATIENCE, answer).await.expect("it is acknowledged").unwrap();
        contract::check_acknowledgement(&self.document, event, &answer);
        answer
    }

    pub async fn join(&mut self, conversation: &str) -> Value {
        self.emit("conversation:join", json!({ "conversationId": conversation })).await
    }

    /// The next event whose name begins with `name`; others are passed over.
    pub async fn hear(&mut self, name: &str) -> Value {
        let heard = async {
            loop {
                let (event, payload) = self.events.recv().await.expect("the socket is open");
                if event.starts_with(name) {
                    return payload;
                }
            }
        };
        timeout(PATIENCE, heard).await.unwrap_or_else(|_| panic!("never heard: {name}"))
    }

    /// The revs of the next `count` changes of messages, as they come.
    pub async fn hear_revs(&mut self, count: usize) -> Vec<u64> {
        let mut revs = Vec::new();
        while revs.len() < count {
            revs.push(self.hear("message:").await["message"]["rev"].as_u64().unwrap());
        }
        revs
    }

    /// Waits until the server closes it.
    pub async fn closed(mut self) {
        timeout(PATIENCE, &mut self.task).await.expect("the server closes it").unwrap();
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        self.task.abort();
    }
}
