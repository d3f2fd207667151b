//! The one place that changes a run: event in, rows and effects out, in one transaction.
//!
//! Machines are kept in memory between events; the run's version tells whether one is still true.

pub mod again;
pub mod begin;
pub mod rerun;

use crate::clock::Clock;
use crate::db::{self, Db, Tx};
use crate::hub::{Change, Hub};
use dockercise_pipeline::ids::{PipelineIx, RunId};
use dockercise_pipeline::run::{Applied, Effect, Event, Refused, Role, Run, Stamped, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// How many machines are kept in memory.
const KEPT: usize = 256;

/// Why a change did not happen.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The event does not fit the run's state.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// The run has no graph: its pipeline files were bad.
    #[error("the run never began: its pipeline files have errors")]
    NoPlan,
    /// It still runs.
    #[error("the pipeline is not over")]
    NotOver,
    /// There is nothing to run again.
    #[error("nothing of the pipeline failed: all its steps passed, or were not needed")]
    NothingFailed,
    /// There is no such run.
    #[error("there is no such run")]
    NoRun,
    /// Another server changed it at the same moment; try again.
    #[error("the run was changed by another server at the same moment")]
    Overtaken,
    /// The database's.
    #[error("the database failed")]
    Db(#[from] sqlx::Error),
}

/// All runs.
#[derive(Debug)]
pub struct Runs {
    db: Db,
    clock: Clock,
    hub: Arc<Hub>,
    machines: Mutex<HashMap<RunId, (i64, Run)>>,
}

/// A change to one run, not committed yet. Dropped, it never was.
pub struct Changing<'a> {
    runs: &'a Runs,
    /// The transaction, for rows that belong to the same change.
    pub tx: Tx,
    id: RunId,
    version: i64,
    machine: Run,
    wakes_effects: bool,
    wakes_runners: bool,
}

impl Runs {
    /// The runs of a database.
    pub fn new(db: Db, clock: Clock, hub: Arc<Hub>) -> Runs {
        Runs { db, clock, hub, machines: Mutex::default() }
    }

    /// Starts a change. There is one at a time.
    ///
    /// # Errors
    /// No such run, no plan, or the database's.
    pub async fn change(&self, id: RunId) -> Result<Changing<'_>, ChangeError> {
        let mut tx = self.db.write().await?;
        let kept = self.machines.lock().ok().and_then(|mut m| m.remove(&id));
        let version = db::run::version(&mut tx, id).await?.ok_or(ChangeError::NoRun)?;
        let machine = match kept {
            Some((at, machine)) if at == version => machine,
            _ => {
                let stored = db::run::load(&mut tx, id).await?.ok_or(ChangeError::NoRun)?;
                let plan = stored.plan()?.ok_or(ChangeError::NoPlan)?;
                Run::restore(plan, stored.state()?, Role::Server)
            }
        };
        Ok(Changing { runs: self, tx, id, version, machine, wakes_effects: false, wakes_runners: false })
    }

    /// One event, whole.
    ///
    /// # Errors
    /// As [`Runs::change`], or the event is refused.
    pub async fn apply(&self, id: RunId, event: &Event) -> Result<Applied, ChangeError> {
        let mut change = self.change(id).await?;
        let applied = change.event(self.clock.now(), event).await?;
        change.commit().await?;
        Ok(applied)
    }
}

impl Changing<'_> {
    /// The machine as it stands.
    pub fn machine(&self) -> &Run {
        &self.machine
    }

    /// Applies an event and writes what follows.
    ///
    /// # Errors
    /// It is refused, or the database's; then drop the whole change.
    pub async fn event(&mut self, at: Timestamp, event: &Event) -> Result<Applied, ChangeError> {
        let applied = self.machine.apply(at, event)?;
        if applied.changed() {
            if !db::run::save(&mut self.tx, self.id, self.version, &self.machine, &applied).await? {
                return Err(ChangeError::Overtaken);
            }
            self.version += 1;
        }
        let now = self.runs.clock.now();
        for effect in &applied.effects {
            write_effect(&mut self.tx, self.id, &self.machine, effect, now).await?;
            match effect {
                Effect::Status { .. } => self.wakes_effects = true,
                Effect::Dispatch { .. } | Effect::Forward { .. } | Effect::Release => self.wakes_runners = true,
                Effect::Start { .. } | Effect::Stop { .. } | Effect::Withdraw { .. } => {}
            }
        }
        Ok(applied)
    }

    /// Makes it true, then tells whoever waits for it.
    ///
    /// # Errors
    /// The database's; then nothing was changed.
    pub async fn commit(self) -> Result<(), ChangeError> {
        self.tx.commit().await?;
        if !self.machine.over()
            && let Ok(mut machines) = self.runs.machines.lock()
        {
            if machines.len() >= KEPT {
                machines.clear();
            }
            machines.insert(self.id, (self.version, self.machine));
        }
        self.runs.hub.tell(Change::Run(self.id));
        if self.wakes_effects {
            self.runs.hub.effects.notify_one();
        }
        if self.wakes_runners {
            self.runs.hub.wake_runners();
        }
        Ok(())
    }
}

/// An effect becomes a row.
///
/// # Errors
/// The database's.
async fn write_effect(tx: &mut Tx, id: RunId, machine: &Run, effect: &Effect, now: Timestamp) -> sqlx::Result<()> {
    match effect {
        Effect::Dispatch { fence } => {
            db::job::insert(tx, id, *fence, now, queue_due(machine, now)).await?;
        }
        Effect::Withdraw { fence } => {
            if let Some(job) = db::job::of_run(tx, id, *fence).await? {
                db::job::end(tx, job.id, now).await?;
            }
        }
        Effect::Forward { fence, event } => {
            if let Some(job) = db::job::of_run(tx, id, *fence).await? {
                db::job::order(tx, job.id, &Stamped { at: now, event: event.clone() }).await?;
            }
        }
        Effect::Status { pipeline } => want_status(tx, id, *pipeline, now).await?,
        // Runners ask whether a run they keep is over; these two are a runner's own.
        Effect::Release | Effect::Start { .. } | Effect::Stop { .. } => {}
    }
    Ok(())
}

/// When to look whether a job made then was taken; none where it may wait for longer than there are times.
pub fn queue_due(machine: &Run, made: Timestamp) -> Option<Timestamp> {
    let seconds = machine.waiting_for_a_host().into_values().min()?;
    made.checked_add_signed(chrono::Duration::try_seconds(i64::try_from(seconds).ok()?)?)
}

/// Wants told to GitHub where the pipeline stands at the run's commit.
///
/// # Errors
/// The database's.
pub async fn want_status(tx: &mut Tx, id: RunId, pipeline: PipelineIx, now: Timestamp) -> sqlx::Result<()> {
    let Some((repository, sha, name)) = db::run::commit_of(tx, id, pipeline).await? else { return Ok(()) };
    let key = format!("status/{repository}/{sha}/{name}");
    let payload = db::run::encode(&StatusOf { repository, sha, pipeline: name })?;
    db::effect::want(tx, db::effect::Wanted { key: &key, kind: "commit-status", payload: &payload, repository }, now).await
}

/// What has a status at GitHub: a pipeline at a commit, of whichever run is the newest there.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusOf {
    /// The repository's numeric id.
    pub repository: i64,
    /// The commit.
    pub sha: String,
    /// The pipeline's name.
    pub pipeline: String,
}
