//! Generations in SQLite, and the log of their events: [`live`] in memory for those who watch, [`journal`] on disk.

mod journal;
mod live;
mod log;
mod writer;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;

pub(crate) use self::log::SqliteLog;
use super::{Finish, Generation, GenerationRepo};
use crate::ids::{ConversationId, GenerationId, OwnerId};
use crate::storage::StoreResult;
use crate::storage::sqlite::{Columns as _, Database, opt_json, word};

#[async_trait]
impl GenerationRepo for Database {
    async fn create(&self, generation: &Generation) -> StoreResult<()> {
        sqlx::query(
            "INSERT INTO generations (id, notebook_id, conversation_id, question_id, answer_id, model, source_ids_json,
                 supersedes, requested_by, state, failure_json, created_at, finished_at, trace)
             VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
             ON CONFLICT (id) DO NOTHING",
        )
        .bind(generation.id.to_string())
        .bind(generation.notebook_id.to_string())
        .bind(generation.conversation_id.to_string())
        .bind(generation.question_id.to_string())
        .bind(generation.answer_id.to_string())
        .bind(generation.model.to_string())
        .bind(opt_json(generation.source_ids.as_ref())?)
        .bind(generation.supersedes.map(|id| id.to_string()))
        .bind(generation.requested_by.to_string())
        .bind(word(&generation.state)?)
        .bind(opt_json(generation.failure.as_ref())?)
        .bind(generation.created_at.as_millisecond())
        .bind(generation.finished_at.map(Timestamp::as_millisecond))
        .bind(generation.trace.map(|trace| trace.to_string()))
        .execute(&self.write)
        .await?;
        Ok(())
    }

    async fn get(&self, id: GenerationId) -> StoreResult<Option<Generation>> {
        let row = sqlx::query("SELECT * FROM generations WHERE id = ?")
            .bind(id.to_string())
            .fetch_optional(&self.read)
            .await?;
        row.as_ref().map(generation).transpose()
    }

    async fn unfinished_in(&self, conversation: ConversationId) -> StoreResult<Vec<Generation>> {
        let rows = sqlx::query(
            "SELECT * FROM generations WHERE conversation_id = ? AND state IN ('queued', 'running')
             ORDER BY created_at, id",
        )
        .bind(conversation.to_string())
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(generation).collect()
    }

    async fn claim(&self, id: GenerationId, owner: OwnerId, lease_until: Timestamp) -> StoreResult<Option<Generation>> {
        let claim = sqlx::query(
            "UPDATE generations SET state = 'running', owner = ?, lease_until = ?
             WHERE id = ? AND state = 'queued' RETURNING *",
        )
        .bind(owner.to_string())
        .bind(lease_until.as_millisecond())
        .bind(id.to_string());
        self.returning(claim).await?.as_ref().map(generation).transpose()
    }

    async fn renew(&self, id: GenerationId, owner: OwnerId, lease_until: Timestamp) -> StoreResult<bool> {
        let done =
            sqlx::query("UPDATE generations SET lease_until = ? WHERE id = ? AND owner = ? AND state = 'running'")
                .bind(lease_until.as_millisecond())
                .bind(id.to_string())
                .bind(owner.to_string())
                .execute(&self.write)
                .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn claim_abandoned(
        &self,
        owner: OwnerId,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> StoreResult<Option<Generation>> {
        let claim = sqlx::query(
            "UPDATE generations SET owner = ?, lease_until = ?
             WHERE id = (SELECT id FROM generations WHERE state = 'running' AND lease_until < ?
                         ORDER BY created_at, id LIMIT 1)
             RETURNING *",
        )
        .bind(owner.to_string())
        .bind(lease_until.as_millisecond())
        .bind(now.as_millisecond());
        self.returning(claim).await?.as_ref().map(generation).transpose()
    }

    async fn unclaimed(&self, before: Timestamp) -> StoreResult<Vec<GenerationId>> {
        let rows =
            sqlx::query("SELECT id FROM generations WHERE state = 'queued' AND created_at < ? ORDER BY created_at, id")
                .bind(before.as_millisecond())
                .fetch_all(&self.read)
                .await?;
        rows.iter().map(|row| row.parsed("id")).collect()
    }

    async fn finish(&self, id: GenerationId, owner: OwnerId, finish: &Finish, now: Timestamp) -> StoreResult<bool> {
        let done = sqlx::query(
            "UPDATE generations
             SET state = ?, failure_json = ?, cut_off = ?, layout_json = ?, finished_at = ?, owner = NULL,
                 lease_until = NULL
             WHERE id = ? AND owner = ? AND state = 'running'",
        )
        .bind(word(&finish.state)?)
        .bind(opt_json(finish.failure.as_ref())?)
        .bind(finish.cut_off.as_ref().map(word).transpose()?)
        .bind(opt_json(finish.layout.as_ref())?)
        .bind(now.as_millisecond())
        .bind(id.to_string())
        .bind(owner.to_string())
        .execute(&self.write)
        .await?;
        Ok(done.rows_affected() == 1)
    }
}

fn generation(row: &SqliteRow) -> StoreResult<Generation> {
    let generation = Generation {
        id: row.parsed("id")?,
        notebook_id: row.parsed("notebook_id")?,
        conversation_id: row.parsed("conversation_id")?,
        question_id: row.parsed("question_id")?,
        answer_id: row.parsed("answer_id")?,
        model: row.word("model")?,
        source_ids: row.opt_json("source_ids_json")?,
        supersedes: row.opt_parsed("supersedes")?,
        requested_by: row.parsed("requested_by")?,
        state: row.word("state")?,
        failure: row.opt_json("failure_json")?,
        cut_off: row.opt_word("cut_off")?,
        created_at: row.time("created_at")?,
        finished_at: row.opt_time("finished_at")?,
        last_event_id: None,
        text_length: None,
        layout: None,
        trace: row.opt_parsed("trace")?,
    };
    Ok(generation.told(row.opt_json("layout_json")?))
}
