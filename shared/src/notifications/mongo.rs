//! Notifications in MongoDB.

use async_trait::async_trait;
use jiff::Timestamp;
use mongodb::bson::{Bson, Document, doc};

use super::{Notification, NotificationRepo};
use crate::auth::require_user;
use crate::ids::{NotificationId, UserId};
use crate::pages::Window;
use crate::storage::StoreResult;
use crate::storage::mongo::{Change, Database, Fields as _, Index, Query, conflict, date, nested};

const NOTIFICATIONS: &str = "notifications";

pub(crate) const INDEXES: &[Index] = &[
    Index::on(NOTIFICATIONS, "notifications_user", &["user", "_id"]),
    Index::on(NOTIFICATIONS, "notifications_created", &["createdAt"]),
];

#[async_trait]
impl NotificationRepo for Database {
    async fn create(&self, notification: &Notification) -> StoreResult<()> {
        require_user(self, notification.user_id).await?;
        let document = doc! {
            "_id": notification.id.to_string(),
            "user": notification.user_id.to_string(),
            "about": nested(&notification.about)?,
            "createdAt": date(notification.created_at),
            "readAt": notification.read_at.map(date),
        };
        self.collection(NOTIFICATIONS).insert(&document).await.map_err(conflict("the notification"))
    }

    async fn list_page(&self, user: UserId, unread: bool, window: &Window) -> StoreResult<Vec<Notification>> {
        let mut theirs = doc! { "user": user.to_string() };
        theirs.extend(window.after.as_ref().map(|place| ("_id".to_owned(), doc! { "$lt": &place.id }.into())));
        if unread {
            theirs.insert("readAt", Bson::Null);
        }
        let newest = Query::new(theirs).sort(doc! { "_id": -1 }).limit(window.limit);
        self.collection(NOTIFICATIONS).find(newest, notification).await
    }

    async fn mark_read(&self, user: UserId, upto: NotificationId, now: Timestamp) -> StoreResult<u64> {
        let unread = doc! { "user": user.to_string(), "_id": { "$lte": upto.to_string() }, "readAt": null };
        let read = doc! { "$set": { "readAt": date(now) } };
        self.collection(NOTIFICATIONS).update_all(Change::new(unread, read)).await
    }

    async fn delete_before(&self, time: Timestamp) -> StoreResult<u64> {
        self.collection(NOTIFICATIONS).delete_all(doc! { "createdAt": { "$lt": date(time) } }).await
    }
}

fn notification(document: &Document) -> StoreResult<Notification> {
    Ok(Notification {
        id: document.parsed("_id")?,
        user_id: document.parsed("user")?,
        about: document.nested("about")?,
        created_at: document.time("createdAt")?,
        read_at: document.opt_time("readAt")?,
    })
}

/// The account is deleted.
pub(crate) async fn delete_all_of(db: &Database, user: &str) -> StoreResult<()> {
    db.collection(NOTIFICATIONS).delete_all(doc! { "user": user }).await?;
    Ok(())
}
