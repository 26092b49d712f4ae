//! Generations in SQLite, and the log of their events: [`live`] in memory for those who watch, [`journal`] on disk.

mod journal;
mod live;
mod log;
mod requests;
mod unwanted;
mod writer;

use async_trait::async_trait;
use jiff::Timestamp;
use sqlx::sqlite::SqliteRow;

pub(crate) use self::log::SqliteLog;
use super::repo::MOST_UNCLAIMED;
use super::{Allowance, Finish, Generation, GenerationRepo, Requested, Unwanted};
use crate::ids::{ConversationId, GenerationId, OwnerId};
use crate::models::ModelId;
use crate::storage::StoreResult;
use crate::storage::sqlite::{Columns as _, Database, opt_json, word};

#[async_trait]
impl GenerationRepo for Database {
    async fn create(&self, generation: &Generation) -> StoreResult<()> {
        let mut tx = self.begin().await?;
        requests::insert(&mut tx, generation, None).await?;
        Ok(tx.commit().await?)
    }

    async fn request(&self, generation: &Generation, allowance: &Allowance) -> StoreResult<Requested> {
        requests::request(self, generation, allowance).await
    }

    async fn withdraw(&self, id: GenerationId) -> StoreResult<()> {
        requests::withdraw(self, id).await
    }

    async fn give_back(&self, id: GenerationId) -> StoreResult<()> {
        requests::give_back(self, id).await
    }

    async fn get(&self, id: GenerationId) -> StoreResult<Option<Generation>> {
        let row = sqlx::query("SELECT * FROM generations WHERE id = ?")
            .bind(id.to_string())
            .fetch_optional(&self.read)
            .await?;
        row.as_ref().map(generation).transpose()
    }

    async fn has_answered(&self, model: &ModelId) -> StoreResult<bool> {
        let found = sqlx::query_scalar("SELECT EXISTS (SELECT 1 FROM generations WHERE model = ? AND state = 'done')")
            .bind(model.to_string())
            .fetch_one(&self.read)
            .await?;
        Ok(found)
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

    async fn unwanted(&self, ids: &[GenerationId]) -> StoreResult<Vec<(GenerationId, Unwanted)>> {
        unwanted::unwanted(self, ids).await
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
        let rows = sqlx::query(
            "SELECT id FROM (
                 SELECT id, created_at,
                        ROW_NUMBER() OVER (PARTITION BY requested_by ORDER BY created_at, id)
                        + (SELECT COUNT(*) FROM generations r
                           WHERE r.state = 'running' AND r.requested_by = g.requested_by) AS turn
                 FROM generations g WHERE state = 'queued' AND created_at < ?)
             ORDER BY turn, created_at, id LIMIT ?",
        )
        .bind(before.as_millisecond())
        .bind(MOST_UNCLAIMED)
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
