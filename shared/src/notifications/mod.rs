//! Notifications: what happened to a user while they were not looking.

mod mongo;
mod sqlite;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) use self::mongo::{INDEXES, delete_all_of};
use crate::ids::{NotebookId, NotificationId, UserId};
use crate::pages::Window;
use crate::storage::StoreResult;

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Notification {
    pub id: NotificationId,
    #[serde(skip_serializing, default = "UserId::new")]
    pub user_id: UserId,
    pub about: About,
    #[serde(serialize_with = "crate::clock::wire::time")]
    pub created_at: Timestamp,
    #[serde(serialize_with = "crate::clock::wire::optional")]
    pub read_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "camelCase", rename_all_fields = "camelCase")]
#[schema(as = NotificationAbout)]
pub enum About {
    /// Somebody made you a member of a notebook.
    AddedToNotebook { notebook_id: NotebookId, title: String, by: String },
    /// A source that you added could not be read.
    SourceFailed { notebook_id: NotebookId, source_name: String, message: String },
}

/// How long a notification is kept, read or not.
pub const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);

#[async_trait]
pub trait NotificationRepo: Send + Sync {
    async fn create(&self, notification: &Notification) -> StoreResult<()>;
    /// A part of a user's, or of those that are not read, newest first, placed by id: ids sort by the time they were made.
    async fn list_page(&self, user: UserId, unread: bool, window: &Window) -> StoreResult<Vec<Notification>>;
    /// Marks everything up to and including `upto` as read; returns how many were unread.
    async fn mark_read(&self, user: UserId, upto: NotificationId, now: Timestamp) -> StoreResult<u64>;
    /// Deletes everybody's notifications from before `time`; returns how many.
    async fn delete_before(&self, time: Timestamp) -> StoreResult<u64>;
}
