//! The notebooks of a store, watched: which accounts are read, and an answer that is held back until a test lets it go.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use collabry_shared::ids::{NotebookId, UserId};
use collabry_shared::notebooks::{JoinCode, Member, MemberRepo, Notebook, NotebookRepo, NotebookState, Role, Title};
use collabry_shared::pages::Window;
use collabry_shared::storage::StoreResult;
use collabry_shared::stores::Stores;
use jiff::Timestamp;

use super::gate::Gate;

pub struct Notebooks {
    repo: Arc<dyn NotebookRepo>,
    members: Arc<dyn MemberRepo>,
    pub gate: Gate,
    /// Number of reads of members with their accounts.
    pub accounts_read: AtomicUsize,
    /// Number of reads of their ids alone.
    pub ids_read: AtomicUsize,
}

impl Notebooks {
    /// Takes the place of what the stores had.
    pub fn over(stores: &mut Stores) -> Arc<Self> {
        let (repo, members) = (Arc::clone(&stores.notebooks), Arc::clone(&stores.members));
        let (accounts_read, ids_read) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let gate = Gate::default();
        let watched = Arc::new(Self { repo, members, gate, accounts_read, ids_read });
        stores.notebooks = Arc::clone(&watched) as _;
        stores.members = Arc::clone(&watched) as _;
        watched
    }
}

/// Everything else is as the store has it.
macro_rules! watched {
    ($repo:ident by $inner:ident { $($watched:item)+ } $($name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)+) => {
        #[async_trait]
        impl $repo for Notebooks {
            $(async fn $name(&self, $($argument: $kind),*) -> StoreResult<$answer> {
                self.$inner.$name($($argument),*).await
            })+

            $($watched)+
        }
    };
}

watched! {
    NotebookRepo by repo {
        async fn list_page(&self, user: UserId, window: &Window) -> StoreResult<Vec<(Notebook, Role)>> {
            let page = self.repo.list_page(user, window).await;
            self.gate.pass(user).await;
            page
        }
    }
    create(notebook: &Notebook) -> ();
    get(id: NotebookId) -> Option<Notebook>;
    count_owned(user: UserId) -> u64;
    rename(id: NotebookId, seen: Option<&NotebookState>, title: &Title, now: Timestamp) -> Option<Notebook>;
    mark_deleted(id: NotebookId, seen: Option<&NotebookState>, now: Timestamp) -> bool;
    deleted_of(owner: UserId, window: &Window) -> Vec<(Notebook, Timestamp)>;
    restore(id: NotebookId, owner: UserId) -> Option<Notebook>;
    begin_purge(id: NotebookId) -> bool;
    deleted(upto: Timestamp) -> Vec<NotebookId>;
    purge(id: NotebookId) -> ();
}

watched! {
    MemberRepo by members {
        async fn role_of(&self, id: NotebookId, user: UserId) -> StoreResult<Option<Role>> {
            let role = self.members.role_of(id, user).await;
            self.gate.pass(user).await;
            role
        }

        async fn members_page(&self, id: NotebookId, window: &Window) -> StoreResult<Vec<Member>> {
            self.accounts_read.fetch_add(1, Ordering::Relaxed);
            self.members.members_page(id, window).await
        }

        async fn member_ids(&self, id: NotebookId) -> StoreResult<Vec<UserId>> {
            self.ids_read.fetch_add(1, Ordering::Relaxed);
            self.members.member_ids(id).await
        }
    }
    set_join_code(id: NotebookId, code: Option<&JoinCode>) -> Option<Notebook>;
    by_join_code(code: &str) -> Option<Notebook>;
    join(id: NotebookId, code: &str, user: UserId, now: Timestamp) -> bool;
    is_removed(id: NotebookId, user: UserId) -> bool;
    set_role(id: NotebookId, user: UserId, role: Role) -> bool;
    remove_member(id: NotebookId, user: UserId) -> bool;
    expel(id: NotebookId, user: UserId, now: Timestamp) -> bool;
}
