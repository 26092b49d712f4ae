//! Generations in MongoDB.

mod requests;
mod unwanted;

use async_trait::async_trait;
use jiff::Timestamp;
use mongodb::bson::{Document, doc};

use super::{Allowance, Finish, Generation, GenerationRepo, Requested, Unwanted};
use crate::ids::{ConversationId, GenerationId, OwnerId};
use crate::models::ModelId;
use crate::storage::mongo::{Change, Database, Fields as _, Index, Query, date, nested, opt_nested};
use crate::storage::{StoreError, StoreResult};

const GENERATIONS: &str = "generations";
const HOLDS: &str = "holds";

pub(crate) const INDEXES: &[Index] = &[
    Index::on(GENERATIONS, "generations_conversation", &["conversation"]),
    Index::on(GENERATIONS, "generations_state", &["state", "createdAt"]),
    Index::on(GENERATIONS, "generations_model", &["model", "state"]),
    Index::on(GENERATIONS, "generations_asker", &["requestedBy", "state"]),
    // Which of a person's places for unfinished answers it has: so it can be told exactly when they have no more.
    Index::on(GENERATIONS, "generations_holds", &[HOLDS]).unique().sparse(),
];

#[async_trait]
impl GenerationRepo for Database {
    async fn create(&self, generation: &Generation) -> StoreResult<()> {
        crate::conversations::require(self, generation.conversation_id).await?;
        match self.collection(GENERATIONS).insert(&of_generation(generation)?).await {
            Ok(()) | Err(StoreError::Conflict(_)) => Ok(()),
            Err(error) => Err(error),
        }
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
        let found = self.collection(GENERATIONS).find_one(Query::new(doc! { "_id": id.to_string() })).await?;
        found.as_ref().map(generation).transpose()
    }

    async fn has_answered(&self, model: &ModelId) -> StoreResult<bool> {
        self.collection(GENERATIONS).exists(doc! { "model": model.to_string(), "state": "done" }).await
    }

    async fn unfinished_in(&self, conversation: ConversationId) -> StoreResult<Vec<Generation>> {
        let unfinished = doc! { "conversation": conversation.to_string(), "state": { "$in": ["queued", "running"] } };
        self.collection(GENERATIONS).find(Query::new(unfinished).sort(oldest_first()), generation).await
    }

    async fn unwanted(&self, ids: &[GenerationId]) -> StoreResult<Vec<(GenerationId, Unwanted)>> {
        unwanted::unwanted(self, ids).await
    }

    async fn claim(&self, id: GenerationId, owner: OwnerId, lease_until: Timestamp) -> StoreResult<Option<Generation>> {
        let queued = doc! { "_id": id.to_string(), "state": "queued" };
        let taken =
            self.collection(GENERATIONS).find_and_update(Change::new(queued, lease(owner, lease_until))).await?;
        taken.as_ref().map(generation).transpose()
    }

    async fn renew(&self, id: GenerationId, owner: OwnerId, lease_until: Timestamp) -> StoreResult<bool> {
        let renewal = doc! { "$set": { "leaseUntil": date(lease_until) } };
        self.collection(GENERATIONS).update(Change::new(held(id, owner), renewal)).await
    }

    async fn claim_abandoned(
        &self,
        owner: OwnerId,
        now: Timestamp,
        lease_until: Timestamp,
    ) -> StoreResult<Option<Generation>> {
        let abandoned = doc! { "state": "running", "leaseUntil": { "$lt": date(now) } };
        let takeover = Change::new(abandoned, lease(owner, lease_until)).sort(oldest_first());
        self.collection(GENERATIONS).find_and_update(takeover).await?.as_ref().map(generation).transpose()
    }

    async fn unclaimed(&self, before: Timestamp) -> StoreResult<Vec<GenerationId>> {
        requests::unclaimed(self, before).await
    }

    async fn finish(&self, id: GenerationId, owner: OwnerId, finish: &Finish, now: Timestamp) -> StoreResult<bool> {
        let end = doc! {
            "$set": {
                "state": nested(&finish.state)?,
                "failure": opt_nested(finish.failure.as_ref())?,
                "cutOff": opt_nested(finish.cut_off.as_ref())?,
                "layout": opt_nested(finish.layout.as_ref())?,
                "finishedAt": date(now),
            },
            "$unset": { "owner": "", "leaseUntil": "", HOLDS: "" },
        };
        self.collection(GENERATIONS).update(Change::new(held(id, owner), end)).await
    }
}

/// Removes those of a conversation that is deleted.
pub(crate) async fn purge(db: &Database, conversation: &str) -> StoreResult<()> {
    db.collection(GENERATIONS).delete_all(doc! { "conversation": conversation }).await?;
    Ok(())
}

fn oldest_first() -> Document {
    doc! { "createdAt": 1, "_id": 1 }
}

fn held(id: GenerationId, owner: OwnerId) -> Document {
    doc! { "_id": id.to_string(), "owner": owner.to_string(), "state": "running" }
}

fn lease(owner: OwnerId, until: Timestamp) -> Document {
    doc! { "$set": { "state": "running", "owner": owner.to_string(), "leaseUntil": date(until) } }
}

fn of_generation(generation: &Generation) -> StoreResult<Document> {
    Ok(doc! {
        "_id": generation.id.to_string(),
        "notebook": generation.notebook_id.to_string(),
        "conversation": generation.conversation_id.to_string(),
        "question": generation.question_id.to_string(),
        "answer": generation.answer_id.to_string(),
        "model": generation.model.to_string(),
        "sources": opt_nested(generation.source_ids.as_ref())?,
        "supersedes": generation.supersedes.map(|id| id.to_string()),
        "requestedBy": generation.requested_by.to_string(),
        "state": nested(&generation.state)?,
        "failure": opt_nested(generation.failure.as_ref())?,
        "createdAt": date(generation.created_at),
        "finishedAt": generation.finished_at.map(date),
        "trace": generation.trace.map(|trace| trace.to_string()),
    })
}

fn generation(document: &Document) -> StoreResult<Generation> {
    let generation = Generation {
        id: document.parsed("_id")?,
        notebook_id: document.parsed("notebook")?,
        conversation_id: document.parsed("conversation")?,
        question_id: document.parsed("question")?,
        answer_id: document.parsed("answer")?,
        model: document.nested("model")?,
        source_ids: document.opt_nested("sources")?,
        supersedes: document.opt_parsed("supersedes")?,
        requested_by: document.parsed("requestedBy")?,
        state: document.nested("state")?,
        failure: document.opt_nested("failure")?,
        cut_off: document.opt_nested("cutOff")?,
        created_at: document.time("createdAt")?,
        finished_at: document.opt_time("finishedAt")?,
        last_event_id: None,
        text_length: None,
        layout: None,
        trace: document.opt_parsed("trace")?,
    };
    Ok(generation.told(document.opt_nested("layout")?))
}
