//! Usage in SQLite.

use std::collections::BTreeMap;

use async_trait::async_trait;
use jiff::civil::Date;

use super::{ModelUsage, UsageDay, UsageRepo, bounds, usage_of};
use crate::ids::UserId;
use crate::storage::StoreResult;
use crate::storage::sqlite::{Columns as _, Database};

const DAYS: &str = "
    INSERT INTO usage_days (user_id, day, messages, uploads, uploaded_bytes)
    SELECT user_id, ?1, SUM(messages), SUM(uploads), SUM(bytes) FROM (
        SELECT author_json ->> 'userId' AS user_id, COUNT(*) AS messages, 0 AS uploads, 0 AS bytes
        FROM messages
        WHERE created_at >= ?2 AND created_at < ?3 AND author_json ->> 'kind' = 'user'
        GROUP BY 1
        UNION ALL
        SELECT s.created_by, 0, COUNT(*), SUM(v.size)
        FROM source_versions v JOIN sources s ON s.id = v.source_id
        WHERE v.created_at >= ?2 AND v.created_at < ?3 AND s.origin_json ->> 'kind' = 'upload'
        GROUP BY 1)
    WHERE TRUE GROUP BY user_id
    ON CONFLICT (user_id, day) DO UPDATE
    SET messages = MAX(messages, excluded.messages), uploads = MAX(uploads, excluded.uploads),
        uploaded_bytes = MAX(uploaded_bytes, excluded.uploaded_bytes)";

const MODELS: &str = "
    INSERT INTO usage_models (user_id, day, model, generations, characters)
    SELECT g.requested_by, ?1, g.model, COUNT(*), SUM(COALESCE(LENGTH(m.content), 0))
    FROM generations g LEFT JOIN messages m ON m.id = g.answer_id
    WHERE g.created_at >= ?2 AND g.created_at < ?3
    GROUP BY g.requested_by, g.model
    ON CONFLICT (user_id, day, model) DO UPDATE
    SET generations = MAX(generations, excluded.generations), characters = MAX(characters, excluded.characters)";

#[async_trait]
impl UsageRepo for Database {
    async fn roll_up(&self, day: Date) -> StoreResult<()> {
        let (from, to) = bounds(day)?;
        for counts in [DAYS, MODELS] {
            sqlx::query(counts)
                .bind(day.to_string())
                .bind(from.as_millisecond())
                .bind(to.as_millisecond())
                .execute(&self.write)
                .await?;
        }
        Ok(())
    }

    async fn of(&self, user: UserId, from: Date, to: Date) -> StoreResult<Vec<UsageDay>> {
        let days = sqlx::query("SELECT * FROM usage_days WHERE user_id = ? AND day BETWEEN ? AND ?")
            .bind(user.to_string())
            .bind(from.to_string())
            .bind(to.to_string())
            .fetch_all(&self.read)
            .await?;
        let models = sqlx::query("SELECT * FROM usage_models WHERE user_id = ? AND day BETWEEN ? AND ? ORDER BY model")
            .bind(user.to_string())
            .bind(from.to_string())
            .bind(to.to_string())
            .fetch_all(&self.read)
            .await?;
        let mut found = BTreeMap::new();
        for row in &days {
            let day = usage_of(&mut found, row.parsed("day")?);
            day.messages = row.number("messages")?;
            day.uploads = row.number("uploads")?;
            day.uploaded_bytes = row.number("uploaded_bytes")?;
        }
        for row in &models {
            usage_of(&mut found, row.parsed("day")?).models.push(ModelUsage {
                model: row.word("model")?,
                generations: row.number("generations")?,
                characters: row.number("characters")?,
            });
        }
        Ok(found.into_values().collect())
    }
}
