//! The notebooks of a store, watched: which accounts are read, and an answer that is held back until a test lets it go.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use collabry_shared::auth::Email;
use collabry_shared::ids::{NotebookId, UserId};
use collabry_shared::notebooks::{CodeHash, Invitation, JoinCode, Member, Notebook, NotebookRepo, NotebookState, Role};
use collabry_shared::pages::Window;
use collabry_shared::storage::StoreResult;
use jiff::Timestamp;

use super::gate::Gate;

pub struct Notebooks {
    inner: Arc<dyn NotebookRepo>,
    pub gate: Gate,
    /// How often members were read with their accounts.
    pub accounts_read: AtomicUsize,
    /// How often their ids alone were.
    pub ids_read: AtomicUsize,
}

impl Notebooks {
    pub fn over(inner: Arc<dyn NotebookRepo>) -> Arc<Self> {
        let (accounts_read, ids_read) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Self { inner, gate: Gate::default(), accounts_read, ids_read })
    }
}

/// Everything else is as the store has it.
macro_rules! watched {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)+) => {
        #[async_trait]
        impl NotebookRepo for Notebooks {
            $(async fn $name(&self, $($argument: $kind),*) -> StoreResult<$answer> {
                self.inner.$name($($argument),*).await
            })+

            async fn role_of(&self, id: NotebookId, user: UserId) -> StoreResult<Option<Role>> {
                let role = self.inner.role_of(id, user).await;
                self.gate.pass(user).await;
                role
            }

            async fn list_page(&self, user: UserId, window: &Window) -> StoreResult<Vec<(Notebook, Role)>> {
                let page = self.inner.list_page(user, window).await;
                self.gate.pass(user).await;
                page
            }

            async fn members_page(&self, id: NotebookId, window: &Window) -> StoreResult<Vec<Member>> {
                self.accounts_read.fetch_add(1, Ordering::Relaxed);
                self.inner.members_page(id, window).await
            }

            async fn member_ids(&self, id: NotebookId) -> StoreResult<Vec<UserId>> {
                self.ids_read.fetch_add(1, Ordering::Relaxed);
                self.inner.member_ids(id).await
            }
        }
    };
}

watched! {
    create(notebook: &Notebook) -> ();
    get(id: NotebookId) -> Option<Notebook>;
    count_owned(user: UserId) -> u64;
    rename(id: NotebookId, seen: Option<&NotebookState>, title: &str, now: Timestamp) -> Option<Notebook>;
    set_join_code(id: NotebookId, code: Option<&JoinCode>) -> Option<Notebook>;
    join(id: NotebookId, code: &str, user: UserId, now: Timestamp) -> bool;
    is_removed(id: NotebookId, user: UserId) -> bool;
    by_join_code(code: &str) -> Option<Notebook>;
    set_role(id: NotebookId, user: UserId, role: Role) -> bool;
    remove_member(id: NotebookId, user: UserId) -> bool;
    expel(id: NotebookId, user: UserId, now: Timestamp) -> bool;
    invite(invitation: &Invitation) -> ();
    invitations(id: NotebookId) -> Vec<Invitation>;
    withdraw_invitation(id: NotebookId, email: &Email) -> bool;
    by_invitation(code: CodeHash, now: Timestamp) -> Option<Invitation>;
    accept_invitation(invitation: &Invitation, user: UserId, now: Timestamp) -> bool;
    mark_deleted(id: NotebookId, seen: Option<&NotebookState>, now: Timestamp) -> bool;
    deleted_of(owner: UserId, window: &Window) -> Vec<(Notebook, Timestamp)>;
    restore(id: NotebookId, owner: UserId) -> Option<Notebook>;
    begin_purge(id: NotebookId) -> bool;
    deleted(upto: Timestamp) -> Vec<NotebookId>;
    purge(id: NotebookId) -> ();
}
