//! Runs: their rows, saved step by step, by compare-and-set on the run's version.

mod list;
mod save;

pub use list::{
    Listed, Newest, by_number, commit_of, expired_gates, images, is_over, list, live_in, live_of, newest_at, newest_number,
    newest_of_commit, newest_pull_at, numbers_of, step_record, step_state, timed_out, version,
};
pub use save::{NewPipeline, insert, save, set_step_image, set_step_record};

use super::Conn;
use chrono::{DateTime, Utc};
use dockercise_pipeline::ids::{Fence, RunId};
use dockercise_pipeline::plan::Plan;
use dockercise_pipeline::run::{RunState, Selection};
use dockercise_pipeline::trigger::Trigger;
use serde::de::DeserializeOwned;
use std::sync::{Arc, OnceLock};
use uuid::Uuid;

/// A run's own row.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct RunRow {
    /// Its id.
    pub id: Uuid,
    /// The repository's numeric id.
    pub repository: i64,
    /// The account it happens in.
    pub account: String,
    /// [`Trigger`] as JSON.
    pub trigger: String,
    /// The full ref.
    pub git_ref: String,
    /// The commit.
    pub sha: String,
    /// The commit's message.
    pub message: String,
    /// Who made the commit.
    pub author: String,
    /// [`Plan`] as JSON; none where the files were bad.
    pub plan: Option<String>,
    /// [`Plan::hash`].
    pub plan_hash: Option<String>,
    /// Diagnostics as JSON.
    pub diagnostics: String,
    /// Grows with every change.
    pub version: i64,
    /// The last fence given out.
    pub fence: i64,
    /// The live job's fence.
    pub job: Option<i64>,
    /// Are all of its pipelines over?
    pub over: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// The run it repeats.
    pub rerun_of: Option<Uuid>,
    /// [`Selection`] as JSON; none in a run of an older version, or where the files were bad.
    pub selection: Option<String>,
    /// What is to be said of how it came to be; empty where its trigger says all.
    pub note: String,
}

/// A pipeline's row in a run.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct PipelineRow {
    /// Position in the plan.
    pub ix: i64,
    /// Its name.
    pub name: String,
    /// Its file.
    pub file: String,
    /// Its slug.
    pub slug: String,
    /// The account.
    pub account: String,
    /// Its number; none where it was not needed.
    pub number: Option<i64>,
    /// Its state as JSON.
    pub state: String,
    /// The number it repeats.
    pub rerun_of: Option<i64>,
}

/// A step's row in a run.
#[derive(Debug, Clone, sqlx::FromRow)]
pub struct StepRow {
    /// Position in the plan.
    pub ix: i64,
    /// Its state as JSON.
    pub state: String,
    /// The image as it was resolved.
    pub image_id: Option<String>,
    /// What was stored of it, as JSON.
    pub record: Option<String>,
}

/// A run as it stands in the database.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its own row.
    pub row: RunRow,
    /// Its pipelines, by position.
    pub pipelines: Vec<PipelineRow>,
    /// Its steps, by position.
    pub steps: Vec<StepRow>,
    /// Its gates' states as JSON, by position.
    pub gates: Vec<String>,
    /// The plan, once somebody asked for it.
    planned: OnceLock<Arc<Plan>>,
}

impl Stored {
    /// Its id.
    pub fn id(&self) -> RunId {
        RunId(self.row.id)
    }

    /// The plan, where the files were good.
    ///
    /// # Errors
    /// The row is damaged.
    pub fn plan(&self) -> sqlx::Result<Option<Arc<Plan>>> {
        let Some(text) = &self.row.plan else { return Ok(None) };
        if let Some(known) = self.planned.get() {
            return Ok(Some(Arc::clone(known)));
        }
        let plan = Arc::new(decode(text)?);
        Ok(Some(Arc::clone(self.planned.get_or_init(|| plan))))
    }

    /// What of the plan takes part in it.
    ///
    /// # Errors
    /// The row is damaged.
    pub fn selection(&self) -> sqlx::Result<Option<Selection>> {
        self.row.selection.as_deref().map(decode).transpose()
    }

    /// What made it.
    ///
    /// # Errors
    /// The row is damaged.
    pub fn trigger(&self) -> sqlx::Result<Trigger> {
        decode(&self.row.trigger)
    }

    /// The machine's state.
    ///
    /// # Errors
    /// A row is damaged.
    pub fn state(&self) -> sqlx::Result<RunState> {
        Ok(RunState {
            steps: self.steps.iter().map(|s| decode(&s.state)).collect::<Result<_, _>>()?,
            pipelines: self.pipelines.iter().map(|p| decode(&p.state)).collect::<Result<_, _>>()?,
            gates: self.gates.iter().map(|g| decode(g)).collect::<Result<_, _>>()?,
            job: self.row.job.map(|f| Fence(f as u64)),
            fence: Fence(self.row.fence as u64),
        })
    }
}

/// Reads JSON out of a row.
///
/// # Errors
/// It is not what it should be: the row is damaged.
pub fn decode<T: DeserializeOwned>(text: &str) -> sqlx::Result<T> {
    serde_json::from_str(text).map_err(|e| sqlx::Error::Decode(Box::new(e)))
}

/// JSON for a row.
///
/// # Errors
/// Never, for the types we store.
pub fn encode<T: serde::Serialize>(value: &T) -> sqlx::Result<String> {
    serde_json::to_string(value).map_err(|e| sqlx::Error::Encode(Box::new(e)))
}

/// A run with all its rows.
///
/// # Errors
/// The database's.
pub async fn load(conn: &mut Conn, id: RunId) -> sqlx::Result<Option<Stored>> {
    let row: Option<RunRow> = sqlx::query_as(
        "select id, repository, account, trigger, git_ref, sha, message, author, plan, plan_hash, diagnostics, version, fence, job,
            over, created_at, rerun_of, selection, note from run where id = $1",
    )
    .bind(id.0)
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let pipelines =
        sqlx::query_as("select ix, name, file, slug, account, number, state, rerun_of from run_pipeline where run = $1 order by ix")
            .bind(id.0)
            .fetch_all(&mut *conn)
            .await?;
    let steps = sqlx::query_as("select ix, state, image_id, record from run_step where run = $1 order by ix")
        .bind(id.0)
        .fetch_all(&mut *conn)
        .await?;
    let gates = sqlx::query_scalar("select state from run_gate where run = $1 order by ix").bind(id.0).fetch_all(conn).await?;
    Ok(Some(Stored { row, pipelines, steps, gates, planned: OnceLock::new() }))
}
