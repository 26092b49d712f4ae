//! `/api/admin/jobs`

use axum::Json;
use axum::extract::State;
use collabry_shared::ids::UserId;
use collabry_shared::jobs::{DeclaredJob, JobName, Missed, Run, RunState};
use collabry_shared::storage::StoreError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{Admin, TAG};
use crate::http::{ApiError, ApiResult, Created, Params, accepted};
use crate::state::ApiState;

/// The newest runs of each job.
const SHOWN: u32 = 20;

pub fn router() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new().routes(routes!(list)).routes(routes!(run_now))
}

#[derive(Debug, Serialize, ToSchema)]
struct JobList {
    jobs: Vec<JobView>,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct JobView {
    name: JobName,
    /// Seconds, minutes, hours, day of month, month, day of week, UTC; null: only when asked for.
    schedule: Option<String>,
    missed: Missed,
    /// Seconds after which a silent worker counts as dead.
    lease_secs: i64,
    #[serde(serialize_with = "collabry_shared::clock::wire::optional")]
    next_run: Option<Timestamp>,
    /// The newest 20, newest first.
    runs: Vec<RunView>,
}

impl JobView {
    fn new(DeclaredJob { spec, .. }: DeclaredJob, runs: Vec<Run>, now: Timestamp) -> Self {
        Self {
            name: spec.name,
            next_run: spec.schedule.as_ref().and_then(|schedule| schedule.next(now)),
            schedule: spec.schedule.map(|schedule| schedule.to_string()),
            missed: spec.missed,
            lease_secs: spec.lease.as_secs(),
            runs: runs.into_iter().map(RunView::from).collect(),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RunView {
    /// The time that it is the run of: when it was due, or when it was asked for.
    #[serde(serialize_with = "collabry_shared::clock::wire::time")]
    slot: Timestamp,
    state: RunState,
    /// The admin who asked for it; null: the schedule did, or whoever has a shell.
    requested_by: Option<UserId>,
    /// How often a worker began it: more than once when workers died.
    attempts: u32,
    /// When the last of them did.
    #[serde(serialize_with = "collabry_shared::clock::wire::optional")]
    started_at: Option<Timestamp>,
    #[serde(serialize_with = "collabry_shared::clock::wire::optional")]
    finished_at: Option<Timestamp>,
    duration_ms: Option<i64>,
    /// Why it failed.
    error: Option<String>,
}

impl From<Run> for RunView {
    fn from(run: Run) -> Self {
        let duration_ms = match (run.started_at, run.finished_at) {
            (Some(start), Some(end)) => Some(end.as_millisecond().saturating_sub(start.as_millisecond())),
            _ => None,
        };
        Self {
            slot: run.slot,
            state: run.state,
            requested_by: run.requested_by,
            attempts: run.attempts,
            started_at: run.started_at,
            finished_at: run.finished_at,
            duration_ms,
            error: run.error,
        }
    }
}

/// The worker's jobs: when they run, and how their last runs went
#[utoipa::path(get, operation_id = "listJobs", path = "/api/admin/jobs", tag = TAG, responses(
    (status = 200, body = JobList), (status = 404, description = "`not_found`: the caller is not an admin"),
))]
async fn list(State(state): State<ApiState>, _: Admin) -> ApiResult<Json<JobList>> {
    let (ledger, now) = (&state.stores.jobs, state.clock.now());
    let mut jobs = Vec::new();
    for job in ledger.list().await? {
        let runs = ledger.runs(&job.spec.name, SHOWN).await?;
        jobs.push(JobView::new(job, runs, now));
    }
    Ok(Json(JobList { jobs }))
}

#[derive(Debug, Deserialize)]
struct JobPath {
    name: JobName,
}

/// Run a job now; a worker takes it up within seconds. Asked again while a run waits, the answer is that run
#[utoipa::path(post, operation_id = "runJob", path = "/api/admin/jobs/{name}/runs", tag = TAG, params(("name" = JobName, Path)), responses(
    (status = 202, body = RunView), (status = 404, description = "`not_found`: no such job, or the caller is not an admin"),
))]
async fn run_now(
    State(state): State<ApiState>,
    admin: Admin,
    Params(JobPath { name }): Params<JobPath>,
) -> ApiResult<Created<RunView>> {
    match state.stores.jobs.request(&name, Some(admin.user_id), state.clock.now()).await {
        Ok(run) => Ok(accepted("/api/admin/jobs".to_owned(), run.into())),
        Err(StoreError::Missing(_)) => Err(ApiError::not_found()),
        Err(error) => Err(error.into()),
    }
}
