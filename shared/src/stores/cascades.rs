//! What goes along with an account, a notebook, a conversation that is deleted for good.

use futures::FutureExt as _;

use crate::storage::{Cascade, mongo, sqlite};
use crate::{conversations, generations, idempotency, notebooks, notifications, sources};

pub const MONGO: &[Cascade<mongo::Database>] = &[
    Cascade { of: "users", delete: |db, id| conversations::forget_author(db, id).boxed() },
    Cascade { of: "users", delete: |db, id| notebooks::withdraw_all_of(db, id).boxed() },
    Cascade { of: "users", delete: |db, id| notifications::delete_all_of(db, id).boxed() },
    Cascade { of: "users", delete: |db, id| idempotency::delete_all_of(db, id).boxed() },
    Cascade { of: "notebooks", delete: |db, id| sources::mongo::purge_all_in(db, id).boxed() },
    Cascade { of: "notebooks", delete: |db, id| conversations::mongo::purge_all_in(db, id).boxed() },
    Cascade { of: "conversations", delete: |db, id| generations::purge(db, id).boxed() },
];

/// The rest goes by foreign keys.
pub const SQLITE: &[Cascade<sqlite::Database>] = &[
    Cascade { of: "notebooks", delete: |db, id| sources::sqlite::purge_all_in(db, id).boxed() },
    Cascade { of: "notebooks", delete: |db, id| conversations::sqlite::purge_all_in(db, id).boxed() },
];
