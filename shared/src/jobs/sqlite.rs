//! Jobs and the run ledger in SQLite.

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use sqlx::sqlite::SqliteRow;

use super::{ClaimedRun, DeclaredJob, JobName, JobRepo, JobSpec, MAX_RUN_ATTEMPTS, Run, RunLease};
use crate::ids::UserId;
use crate::storage::sqlite::{Columns as _, Database, Transaction, integer, word};
use crate::storage::{StoreError, StoreResult};

#[async_trait]
impl JobRepo for Database {
    async fn declare(&self, spec: &JobSpec, now: Timestamp) -> StoreResult<DeclaredJob> {
        let declare = sqlx::query(
            "INSERT INTO jobs (name, schedule, missed, lease_ms, declared_at) VALUES (?, ?, ?, ?, ?)
             ON CONFLICT (name) DO UPDATE
             SET schedule = excluded.schedule, missed = excluded.missed, lease_ms = excluded.lease_ms
             RETURNING *",
        )
        .bind(spec.name.as_str())
        .bind(spec.schedule.as_ref().map(ToString::to_string))
        .bind(word(&spec.missed)?)
        .bind(i64::try_from(spec.lease.as_millis()).unwrap_or(i64::MAX))
        .bind(now.as_millisecond());
        let row = self.returning(declare).await?;
        row.as_ref().map(job).transpose()?.ok_or(StoreError::Missing("the job"))
    }

    async fn list(&self) -> StoreResult<Vec<DeclaredJob>> {
        let rows = sqlx::query("SELECT * FROM jobs ORDER BY name").fetch_all(&self.read).await?;
        rows.iter().map(job).collect()
    }

    async fn get(&self, name: &JobName) -> StoreResult<Option<DeclaredJob>> {
        let row =
            sqlx::query("SELECT * FROM jobs WHERE name = ?").bind(name.as_str()).fetch_optional(&self.read).await?;
        row.as_ref().map(job).transpose()
    }

    async fn claim_slot(&self, job: &JobName, slot: Timestamp, lease: RunLease) -> StoreResult<Option<ClaimedRun>> {
        let mut tx = self.begin().await?;
        let Some(token) = next_token(&mut tx, job, slot).await? else {
            return Ok(None);
        };
        let row = sqlx::query(
            "INSERT INTO job_runs (job, slot, state, attempts, started_at, owner, token, lease_until)
             VALUES (?, ?, 'running', 1, ?, ?, ?, ?)
             ON CONFLICT DO NOTHING
             RETURNING *",
        )
        .bind(job.as_str())
        .bind(slot.as_millisecond())
        .bind(lease.now.as_millisecond())
        .bind(lease.owner.to_string())
        .bind(integer(token))
        .bind(lease.until.as_millisecond())
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        row.as_ref().map(claimed).transpose()
    }

    async fn claim_open(&self, job: &JobName, lease: RunLease) -> StoreResult<Option<ClaimedRun>> {
        let mut tx = self.begin().await?;
        give_up(&mut tx, job, lease.now).await?;
        let Some(token) = next_token(&mut tx, job, Timestamp::MAX).await? else {
            return Ok(None);
        };
        let row = sqlx::query(
            "UPDATE job_runs
             SET state = 'running', owner = ?3, token = ?4, lease_until = ?5, started_at = ?2, attempts = attempts + 1
             WHERE (job, slot) = (
                 SELECT job, slot FROM job_runs
                 WHERE job = ?1 AND (state = 'requested' OR (state = 'running' AND lease_until <= ?2))
                 ORDER BY slot LIMIT 1)
             RETURNING *",
        )
        .bind(job.as_str())
        .bind(lease.now.as_millisecond())
        .bind(lease.owner.to_string())
        .bind(integer(token))
        .bind(lease.until.as_millisecond())
        .fetch_optional(&mut *tx)
        .await?;
        tx.commit().await?;
        row.as_ref().map(claimed).transpose()
    }

    async fn open_jobs(&self, now: Timestamp) -> StoreResult<Vec<JobName>> {
        let rows = sqlx::query(
            "SELECT DISTINCT job FROM job_runs
             WHERE state IN ('requested', 'running') AND (state = 'requested' OR lease_until <= ?) ORDER BY job",
        )
        .bind(now.as_millisecond())
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(|row| row.parsed("job")).collect()
    }

    async fn renew(&self, run: &ClaimedRun, until: Timestamp) -> StoreResult<bool> {
        let done = sqlx::query(
            "UPDATE job_runs SET lease_until = ?5
             WHERE job = ?1 AND slot = ?2 AND owner = ?3 AND token = ?4 AND state = 'running'",
        )
        .bind(run.job.as_str())
        .bind(run.slot.as_millisecond())
        .bind(run.owner.to_string())
        .bind(integer(run.token))
        .bind(until.as_millisecond())
        .execute(&self.write)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn finish(&self, run: &ClaimedRun, error: Option<&str>, now: Timestamp) -> StoreResult<bool> {
        let done = sqlx::query(
            "UPDATE job_runs
             SET state = IIF(?5 IS NULL, 'done', 'failed'), error = ?5, finished_at = ?6,
                 owner = NULL, token = NULL, lease_until = NULL
             WHERE job = ?1 AND slot = ?2 AND owner = ?3 AND token = ?4 AND state = 'running'",
        )
        .bind(run.job.as_str())
        .bind(run.slot.as_millisecond())
        .bind(run.owner.to_string())
        .bind(integer(run.token))
        .bind(error)
        .bind(now.as_millisecond())
        .execute(&self.write)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn release(&self, run: &ClaimedRun) -> StoreResult<bool> {
        let done = sqlx::query(
            "UPDATE job_runs
             SET state = 'requested', attempts = attempts - 1, started_at = NULL,
                 owner = NULL, token = NULL, lease_until = NULL
             WHERE job = ?1 AND slot = ?2 AND owner = ?3 AND token = ?4 AND state = 'running'",
        )
        .bind(run.job.as_str())
        .bind(run.slot.as_millisecond())
        .bind(run.owner.to_string())
        .bind(integer(run.token))
        .execute(&self.write)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn request(&self, job: &JobName, by: Option<UserId>, now: Timestamp) -> StoreResult<Run> {
        let mut tx = self.begin().await?;
        let waiting = sqlx::query("SELECT * FROM job_runs WHERE job = ? AND state = 'requested' ORDER BY slot LIMIT 1")
            .bind(job.as_str())
            .fetch_optional(&mut *tx)
            .await?;
        if let Some(row) = waiting {
            return run(&row);
        }
        let row = sqlx::query(
            "INSERT INTO job_runs (job, slot, state, requested_by, attempts)
             SELECT ?1, MAX(?2, COALESCE(MAX(slot) + 1, 0)), 'requested', ?3, 0 FROM job_runs WHERE job = ?1
             RETURNING *",
        )
        .bind(job.as_str())
        .bind(now.as_millisecond())
        .bind(by.map(|by| by.to_string()))
        .fetch_one(&mut *tx)
        .await?;
        tx.commit().await?;
        run(&row)
    }

    async fn runs(&self, job: &JobName, limit: u32) -> StoreResult<Vec<Run>> {
        let rows = sqlx::query("SELECT * FROM job_runs WHERE job = ? ORDER BY slot DESC LIMIT ?")
            .bind(job.as_str())
            .bind(limit)
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(run).collect()
    }

    async fn prune_runs(&self, job: &JobName, keep: u32) -> StoreResult<u64> {
        let mut tx = self.begin().await?;
        // The mark comes first, so that no pruned slot can be claimed again.
        sqlx::query(
            "UPDATE jobs SET forgotten_slot = MAX(forgotten_slot, COALESCE(
                 (SELECT slot FROM job_runs WHERE job = ?1 ORDER BY slot DESC LIMIT 1 OFFSET ?2), 0))
             WHERE name = ?1",
        )
        .bind(job.as_str())
        .bind(keep)
        .execute(&mut *tx)
        .await?;
        let done = sqlx::query(
            "DELETE FROM job_runs
             WHERE job = ?1 AND state IN ('done', 'failed')
               AND slot <= (SELECT forgotten_slot FROM jobs WHERE name = ?1)",
        )
        .bind(job.as_str())
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(done.rows_affected())
    }
}

/// `None` when there is no such job, or the slot was pruned.
async fn next_token(tx: &mut Transaction, job: &JobName, slot: Timestamp) -> StoreResult<Option<u64>> {
    let row = sqlx::query("UPDATE jobs SET token = token + 1 WHERE name = ? AND forgotten_slot < ? RETURNING token")
        .bind(job.as_str())
        .bind(slot.as_millisecond())
        .fetch_optional(&mut **tx)
        .await?;
    row.map(|row| row.number("token")).transpose()
}

async fn give_up(tx: &mut Transaction, job: &JobName, now: Timestamp) -> StoreResult<()> {
    sqlx::query(
        "UPDATE job_runs
         SET state = 'failed', error = 'its worker ended each time', finished_at = ?2,
             owner = NULL, token = NULL, lease_until = NULL
         WHERE job = ?1 AND state = 'running' AND lease_until <= ?2 AND attempts >= ?3",
    )
    .bind(job.as_str())
    .bind(now.as_millisecond())
    .bind(MAX_RUN_ATTEMPTS)
    .execute(&mut **tx)
    .await?;
    Ok(())
}

fn job(row: &SqliteRow) -> StoreResult<DeclaredJob> {
    Ok(DeclaredJob {
        spec: JobSpec {
            name: row.parsed("name")?,
            schedule: row.opt_parsed("schedule")?,
            missed: row.word("missed")?,
            lease: SignedDuration::from_millis(row.number("lease_ms")?),
        },
        declared_at: row.time("declared_at")?,
    })
}

fn run(row: &SqliteRow) -> StoreResult<Run> {
    Ok(Run {
        job: row.parsed("job")?,
        slot: row.time("slot")?,
        state: row.word("state")?,
        requested_by: row.opt_parsed("requested_by")?,
        attempts: row.number("attempts")?,
        started_at: row.opt_time("started_at")?,
        finished_at: row.opt_time("finished_at")?,
        error: row.opt_text("error")?,
    })
}

fn claimed(row: &SqliteRow) -> StoreResult<ClaimedRun> {
    Ok(ClaimedRun {
        job: row.parsed("job")?,
        slot: row.time("slot")?,
        owner: row.parsed("owner")?,
        token: row.number("token")?,
        attempt: row.number("attempts")?,
    })
}
