//! Generations: answers in the making, which outlive every connection that watches them.

mod allowance;
mod draft;
mod ending;
mod layout;
pub mod lease;
mod log;
mod mongo;
mod redis;
mod references;
mod repo;
mod sqlite;
mod unwanted;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa::openapi::schema::{Object, ObjectBuilder, Type};

pub use self::allowance::{Allowance, Requested, rest_of_day};
pub use self::draft::Draft;
pub use self::ending::{Endings, GenerationEnd};
pub use self::layout::Layout;
pub use self::log::{EventId, GenerationLog, LoggedEvent};
pub(crate) use self::mongo::{INDEXES, purge};
pub use self::redis::RedisLog;
pub use self::repo::{Finish, GenerationRepo};
pub(crate) use self::sqlite::SqliteLog;
pub use self::unwanted::Unwanted;
use crate::conversations::{Citation, CutOff, Failure};
use crate::ids::{ConversationId, GenerationId, MessageId, NotebookId, SourceId, UserId};
use crate::models::ModelId;
use crate::telemetry::trace::TraceParent;

// The state is the queue: see `GenerationRepo::claim`.
/// A request for an answer, and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Generation {
    pub id: GenerationId,
    pub notebook_id: NotebookId,
    pub conversation_id: ConversationId,
    pub question_id: MessageId,
    /// The id that the answer has, or will have.
    pub answer_id: MessageId,
    #[schema(value_type = String)]
    pub model: ModelId,
    /// The sources to search; null: all of the notebook.
    pub source_ids: Option<Vec<SourceId>>,
    /// The answer that this one replaces once it is complete.
    pub supersedes: Option<MessageId>,
    pub requested_by: UserId,
    pub state: GenerationState,
    pub failure: Option<Failure>,
    /// Why an answer that is done may end too early.
    #[serde(default)]
    pub cut_off: Option<CutOff>,
    #[serde(serialize_with = "crate::clock::wire::time")]
    pub created_at: Timestamp,
    #[serde(serialize_with = "crate::clock::wire::optional")]
    pub finished_at: Option<Timestamp>,
    /// The id of the event that its log ends with, once it is over: who has seen fewer lacks some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u64>, nullable = false)]
    pub last_event_id: Option<EventId>,
    /// Code points of the text that was told, once it is over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    pub text_length: Option<u64>,
    /// How it was told, once it is over; the version before stored none.
    #[serde(skip)]
    pub layout: Option<Layout>,
    /// What asked for it, so that the answer belongs to the trace of the question.
    #[serde(skip)]
    pub trace: Option<TraceParent>,
}

impl Generation {
    /// The event that its log ends with; `None` while it is not over.
    pub fn final_event(&self) -> Option<GenerationEvent> {
        let text_length = self.text_length;
        match (&self.state, &self.failure) {
            (GenerationState::Queued | GenerationState::Running, _) => None,
            (GenerationState::Failed, Some(failure)) => {
                Some(GenerationEvent::Failed { failure: failure.clone(), text_length })
            }
            (state, _) => {
                let Self { answer_id, cut_off, .. } = *self;
                Some(GenerationEvent::Done { state: *state, answer_id, cut_off, text_length })
            }
        }
    }

    /// The same with how it was told.
    #[must_use]
    pub fn told(self, layout: Option<Layout>) -> Self {
        let last_event_id = layout.as_ref().map(Layout::last_event_id);
        let text_length = layout.as_ref().map(Layout::text_length);
        Self { last_event_id, text_length, layout, ..self }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum GenerationState {
    Queued,
    Running,
    Done,
    Stopped,
    Interrupted,
    Failed,
}

impl GenerationState {
    /// Whether nothing will follow.
    pub fn is_final(self) -> bool {
        !matches!(self, Self::Queued | Self::Running)
    }
}

/// The states of a generation that ended with an answer.
fn with_an_answer() -> Object {
    let states = ["done", "stopped", "interrupted"];
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(states)).build()
}

/// What happens during a generation, in order: `started`, at most one `citations`, any number of `delta`, and one of
/// `done` or `failed`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "type", rename_all = "lowercase", rename_all_fields = "camelCase")]
pub enum GenerationEvent {
    Started {
        question_id: MessageId,
        answer_id: MessageId,
        #[schema(value_type = String)]
        model: ModelId,
    },
    /// The passages given to the model; the stored answer keeps those that it refers to.
    Citations { citations: Vec<Citation> },
    /// Text to append, never the text so far.
    Delta {
        text: String,
        /// The model thinks before it goes on; `text` is empty.
        #[serde(default, skip_serializing_if = "is_false")]
        thinking: bool,
        /// What came before was no answer (a thought that nothing announced): the text starts over with `text`.
        #[serde(default, skip_serializing_if = "is_false")]
        anew: bool,
    },
    /// `done`, `stopped` or `interrupted`; the answer is stored.
    Done {
        #[schema(schema_with = with_an_answer)]
        state: GenerationState,
        answer_id: MessageId,
        /// Why the answer may end too early, as its message has it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        cut_off: Option<CutOff>,
        /// Code points of all deltas together: who has fewer lacks some. The version before does not say.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        text_length: Option<u64>,
    },
    Failed {
        failure: Failure,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        #[schema(nullable = false)]
        text_length: Option<u64>,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl GenerationEvent {
    /// Text that goes behind what is there.
    pub fn delta(text: impl Into<String>) -> Self {
        Self::Delta { text: text.into(), thinking: false, anew: false }
    }

    /// The name used on every wire.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Started { .. } => "started",
            Self::Citations { .. } => "citations",
            Self::Delta { .. } => "delta",
            Self::Done { .. } => "done",
            Self::Failed { .. } => "failed",
        }
    }

    pub fn is_final(&self) -> bool {
        matches!(self, Self::Done { .. } | Self::Failed { .. })
    }
}
