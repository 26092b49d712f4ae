//! An answer of a store that is held back until a test lets it go.

use std::sync::Mutex;

use collabry_shared::ids::UserId;
use tokio::sync::oneshot;

/// A lookup that has not returned yet.
struct Held {
    about: UserId,
    reached: oneshot::Sender<()>,
    go_on: oneshot::Receiver<()>,
}

#[derive(Default)]
pub struct Gate(Mutex<Option<Held>>);

impl Gate {
    /// Holds the next answer about `user`: resolves once the answer is known. It is given when what is sent back is used or
    /// dropped.
    pub fn hold(&self, user: &str) -> (oneshot::Receiver<()>, oneshot::Sender<()>) {
        let ((reached, is_reached), (let_go, go_on)) = (oneshot::channel(), oneshot::channel());
        *self.0.lock().unwrap() = Some(Held { about: user.parse().unwrap(), reached, go_on });
        (is_reached, let_go)
    }

    pub async fn pass(&self, user: UserId) {
        let held = self.0.lock().unwrap().take_if(|held| held.about == user);
        if let Some(Held { reached, go_on, .. }) = held {
            reached.send(()).unwrap();
            let _ = go_on.await;
        }
    }
}
