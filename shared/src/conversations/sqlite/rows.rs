//! What the rows of the tables say.

use futures::{Stream, TryStreamExt as _};
use sqlx::sqlite::SqliteRow;

use crate::conversations::page::Filling;
use crate::conversations::{Conversation, Message, Page, Title};
use crate::storage::StoreResult;
use crate::storage::sqlite::Columns as _;

pub fn conversation(row: &SqliteRow) -> StoreResult<Conversation> {
    Ok(Conversation {
        id: row.parsed("id")?,
        notebook_id: row.parsed("notebook_id")?,
        title: row.opt_text("title")?.map(Title::stored),
        model: row.opt_word("model")?,
        created_by: row.parsed("created_by")?,
        created_at: row.time("created_at")?,
        last_message_at: row.time("active_at")?,
        head: row.number("head")?,
    })
}

pub fn message(row: &SqliteRow) -> StoreResult<Message> {
    Ok(Message {
        id: row.parsed("id")?,
        conversation_id: row.parsed("conversation_id")?,
        client_id: row.word("client_id")?,
        position: row.number("position")?,
        rev: row.number("rev")?,
        author: row.json("author_json")?,
        content: row.text("content")?,
        citations: row.json("citations_json")?,
        status: row.word("status")?,
        failure: row.opt_json("failure_json")?,
        cut_off: row.opt_word("cut_off")?,
        generation_id: row.opt_parsed("generation_id")?,
        reply_to: row.opt_parsed("reply_to")?,
        superseded_by: row.opt_parsed("superseded_by")?,
        asked: row.opt_json("asked_json")?,
        created_at: row.time("created_at")?,
        edited_at: row.opt_time("edited_at")?,
        deleted_at: row.opt_time("deleted_at")?,
    })
}

/// Reads no more rows than the page takes.
pub async fn page(mut rows: impl Stream<Item = sqlx::Result<SqliteRow>> + Unpin, limit: u32) -> StoreResult<Page> {
    let mut page = Filling::new(limit);
    while let Some(row) = rows.try_next().await? {
        if !page.take(message(&row)?) {
            break;
        }
    }
    Ok(page.done())
}
