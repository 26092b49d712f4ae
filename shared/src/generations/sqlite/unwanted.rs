//! Which answers nobody wants any more.

use sqlx::Row as _;

use crate::generations::Unwanted;
use crate::ids::GenerationId;
use crate::storage::StoreResult;
use crate::storage::sqlite::{Columns as _, Database, json};

/// For each of the ids: what is missing of all that an answer needs, in the order in which it is told.
const LOOK: &str = "
    SELECT ids.value AS id, c.id IS NULL AS no_conversation, m.user_id IS NULL AS no_asker,
           q.id IS NULL AS no_question, q.deleted_at IS NOT NULL AS deleted
    FROM json_each(?) ids
    LEFT JOIN generations g ON g.id = ids.value
    LEFT JOIN live_conversations c ON c.id = g.conversation_id
    LEFT JOIN members m ON m.notebook_id = g.notebook_id AND m.user_id = g.requested_by
    LEFT JOIN messages q ON q.id = g.question_id";

pub async fn unwanted(db: &Database, ids: &[GenerationId]) -> StoreResult<Vec<(GenerationId, Unwanted)>> {
    let rows = sqlx::query(LOOK).bind(json(&ids)?).fetch_all(&db.read).await?;
    let mut unwanted = Vec::new();
    for row in &rows {
        let why = if row.try_get("no_conversation")? {
            Unwanted::ConversationGone
        } else if row.try_get("no_asker")? {
            Unwanted::AskerGone
        } else if row.try_get("no_question")? {
            Unwanted::NoQuestion
        } else if row.try_get("deleted")? {
            Unwanted::QuestionGone
        } else {
            continue;
        };
        unwanted.push((row.parsed("id")?, why));
    }
    Ok(unwanted)
}
