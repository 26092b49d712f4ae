//! Notifications in SQLite.

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;

use super::{Notification, NotificationRepo};
use crate::ids::{NotificationId, UserId};
use crate::pages::Window;
use crate::storage::StoreResult;
use crate::storage::sqlite::{Columns as _, Database, conflict, json};

#[async_trait]
impl NotificationRepo for Database {
    async fn create(&self, notification: &Notification) -> StoreResult<()> {
        sqlx::query("INSERT INTO notifications (id, user_id, about_json, created_at, read_at) VALUES (?, ?, ?, ?, ?)")
            .bind(notification.id.to_string())
            .bind(notification.user_id.to_string())
            .bind(json(&notification.about)?)
            .bind(notification.created_at.as_millisecond())
            .bind(notification.read_at.map(Timestamp::as_millisecond))
            .execute(&self.write)
            .await
            .map_err(conflict("the notification"))?;
        Ok(())
    }

    async fn list_page(&self, user: UserId, unread: bool, window: &Window) -> StoreResult<Vec<Notification>> {
        let rows = sqlx::query(
            "SELECT * FROM notifications WHERE user_id = ?1 AND (?2 IS NULL OR id < ?2) AND (NOT ?3 OR read_at IS NULL)
             ORDER BY id DESC LIMIT ?4",
        )
        .bind(user.to_string())
        .bind(window.after.as_ref().map(|place| place.id.as_str()))
        .bind(unread)
        .bind(window.limit)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(notification).collect()
    }

    async fn mark_read(&self, user: UserId, upto: NotificationId, now: Timestamp) -> StoreResult<u64> {
        let done =
            sqlx::query("UPDATE notifications SET read_at = ? WHERE user_id = ? AND id <= ? AND read_at IS NULL")
                .bind(now.as_millisecond())
                .bind(user.to_string())
                .bind(upto.to_string())
                .execute(&self.write)
                .await?;
        Ok(done.rows_affected())
    }

    async fn delete_before(&self, time: Timestamp) -> StoreResult<u64> {
        let done = sqlx::query("DELETE FROM notifications WHERE created_at < ?")
            .bind(time.as_millisecond())
            .execute(&self.write)
            .await?;
        Ok(done.rows_affected())
    }
}

fn notification(row: &SqliteRow) -> StoreResult<Notification> {
    Ok(Notification {
        id: row.parsed("id")?,
        user_id: row.parsed("user_id")?,
        about: row.json("about_json")?,
        created_at: row.time("created_at")?,
        read_at: row.opt_time("read_at")?,
    })
}
