//! Whoever reads a stream, proven again while it is open: sessions end and members are removed meanwhile.

use std::time::Duration;

use collabry_shared::generations::Generation;
use collabry_shared::ids::NotebookId;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::auth::Identity;
use crate::conversations::ConversationAccess;
use crate::http::ApiResult;
use crate::notebooks::{NotebookAccess, Viewer};
use crate::state::ApiState;

const LOOK_EVERY: Duration = Duration::from_secs(2);

pub struct Reader {
    state: ApiState,
    identity: Identity,
    notebook_id: NotebookId,
    looks: Interval,
}

impl Reader {
    pub async fn prove(state: &ApiState, identity: Identity, generation: &Generation) -> ApiResult<Self> {
        let proof = ConversationAccess::prove(state, identity.user_id, generation.conversation_id).await?;
        let mut looks = interval_at(Instant::now() + LOOK_EVERY, LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        Ok(Self { state: state.clone(), identity, notebook_id: proof.access.notebook_id, looks })
    }

    /// Waits until they may read no longer. Dropped and called again, it goes on waiting.
    pub async fn gone(&mut self) {
        loop {
            self.looks.tick().await;
            if !self.may_read().await {
                return;
            }
        }
    }

    /// Who cannot be proven because the database is away reads on: they were proven a moment ago, and are asked again.
    async fn may_read(&self) -> bool {
        let Identity { user_id, session_id, .. } = self.identity;
        let living = self.state.sessions.is_living(session_id).await;
        let member = NotebookAccess::<Viewer>::prove(&self.state, user_id, self.notebook_id).await;
        let refused = member.is_err_and(|error| error.status.is_client_error());
        living.unwrap_or(true) && !refused
    }
}
