//! A conversation repository that a test can pause just after it has looked up whether somebody is a member.

use std::collections::HashMap;
use std::sync::Arc;

use async_trait::async_trait;
use collabry_shared::conversations::{
    Appended, ClientId, Conversation, ConversationRepo, ConversationUpdate, Message, NewMessage, Opened, Page,
    ReadMark, Rewrite, Title,
};
use collabry_shared::ids::{ConversationId, MessageId, NotebookId, UserId};
use collabry_shared::notebooks::Role;
use collabry_shared::pages::Window;
use collabry_shared::storage::StoreResult;
use jiff::Timestamp;

use super::gate::Gate;

pub struct Conversations {
    inner: Arc<dyn ConversationRepo>,
    pub gate: Gate,
}

impl Conversations {
    pub fn over(inner: Arc<dyn ConversationRepo>) -> Arc<Self> {
        Arc::new(Self { inner, gate: Gate::default() })
    }
}

/// Everything else is as the store has it.
macro_rules! watched {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)+) => {
        #[async_trait]
        impl ConversationRepo for Conversations {
            $(async fn $name(&self, $($argument: $kind),*) -> StoreResult<$answer> {
                self.inner.$name($($argument),*).await
            })+

            async fn for_member(
                &self,
                id: ConversationId,
                user: UserId,
            ) -> StoreResult<Option<(Conversation, Role)>> {
                let found = self.inner.for_member(id, user).await;
                self.gate.pass(user).await;
                found
            }
        }
    };
}

watched! {
    create(conversation: &Conversation) -> ();
    get(id: ConversationId) -> Option<Conversation>;
    open(id: ConversationId, user: UserId, since: Option<u64>, limit: u32) -> Option<Opened>;
    list_page(notebook: NotebookId, window: &Window) -> Vec<Conversation>;
    count_begun(notebook: NotebookId, user: UserId) -> u64;
    update(id: ConversationId, seen: Option<&Conversation>, change: &ConversationUpdate) -> Option<Conversation>;
    title_if_none(id: ConversationId, title: &Title) -> Option<Conversation>;
    mark_deleted(id: ConversationId, seen: Option<&Conversation>, now: Timestamp) -> bool;
    deleted_in(notebook: NotebookId, window: &Window) -> Vec<(Conversation, Timestamp)>;
    deleted_one(id: ConversationId) -> Option<Conversation>;
    restore(id: ConversationId) -> Option<Conversation>;
    deleted(upto: Timestamp) -> Vec<ConversationId>;
    purge(id: ConversationId) -> ();
    append(message: &NewMessage) -> Appended;
    by_client_id(conversation: ConversationId, client_id: &ClientId) -> Option<Message>;
    rewrite_seen(conversation: ConversationId, id: MessageId, seen: Option<u64>, rewrite: &Rewrite, now: Timestamp) -> Option<Message>;
    message(conversation: ConversationId, id: MessageId) -> Option<Message>;
    latest_answer(conversation: ConversationId, question: MessageId) -> Option<Message>;
    history(conversation: ConversationId, before: Option<u64>, limit: u32) -> Page;
    changes_since(conversation: ConversationId, rev: u64, limit: u32) -> Page;
    mark_read(conversation: ConversationId, user: UserId, rev: u64) -> bool;
    read_marks(conversation: ConversationId) -> Vec<ReadMark>;
    read_revs(of: UserId, among: &[ConversationId]) -> HashMap<ConversationId, u64>;
}
