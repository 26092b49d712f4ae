//! Which answers nobody wants any more.

use std::collections::HashSet;

use mongodb::bson::doc;

use super::{GENERATIONS, generation};
use crate::generations::Unwanted;
use crate::ids::GenerationId;
use crate::storage::StoreResult;
use crate::storage::mongo::{Database, Query};
use crate::{conversations, notebooks};

pub async fn unwanted(db: &Database, ids: &[GenerationId]) -> StoreResult<Vec<(GenerationId, Unwanted)>> {
    let named: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let found = db.collection(GENERATIONS).find(Query::new(doc! { "_id": { "$in": named } }), generation).await?;
    let talks = conversations::live_among(db, found.iter().map(|one| one.conversation_id)).await?;
    let questions = conversations::deleted_among(db, found.iter().map(|one| one.question_id)).await?;
    let members = notebooks::members_among(db, found.iter().map(|one| one.notebook_id)).await?;
    let mut unwanted = Vec::new();
    for one in &found {
        let members: Option<&HashSet<_>> = members.get(&one.notebook_id);
        let why = match (talks.contains(&one.conversation_id), members, questions.get(&one.question_id)) {
            (false, ..) | (_, None, _) => Unwanted::ConversationGone,
            (_, Some(members), _) if !members.contains(&one.requested_by) => Unwanted::AskerGone,
            (.., None) => Unwanted::NoQuestion,
            (.., Some(true)) => Unwanted::QuestionGone,
            (.., Some(false)) => continue,
        };
        unwanted.push((one.id, why));
    }
    let stored: HashSet<GenerationId> = found.iter().map(|one| one.id).collect();
    unwanted.extend(ids.iter().filter(|id| !stored.contains(id)).map(|id| (*id, Unwanted::ConversationGone)));
    Ok(unwanted)
}
