//! Makes a run: its rows, its numbers, its first job and statuses, in the caller's transaction.

use super::{ChangeError, write_effect};
use crate::db::run::{NewPipeline, RunRow, encode};
use crate::db::{self, Tx};
use crate::hub::Hub;
use dockercise_pipeline::ids::RunId;
use dockercise_pipeline::plan::Plan;
use dockercise_pipeline::run::{Effect, Event, PipelineState, Run, Selection, Timestamp};
use std::sync::Arc;
use uuid::Uuid;

/// A run that is about to be.
#[derive(Debug)]
pub struct NewRun {
    /// Where, of what, asked by whom. What the machine says of it is filled in.
    pub row: RunRow,
    /// Its graph.
    pub plan: Arc<Plan>,
    /// What of that takes part.
    pub selection: Selection,
    /// Its pipelines, in the plan's order. Their states are filled in.
    pub pipelines: Vec<NewPipeline>,
}

/// Makes it, and says what follows. Tell nobody before the transaction is committed.
///
/// # Errors
/// The database's.
pub async fn begin(tx: &mut Tx, hub: &Hub, new: NewRun, now: Timestamp) -> Result<RunId, ChangeError> {
    let NewRun { row, plan, selection, mut pipelines } = new;
    let (text, hash) = (encode(&*plan)?, plan.hash());
    let mut machine = Run::new(plan, &selection);
    let applied = machine.apply(now, &Event::Begin)?;
    let id = new_id(tx, hub, &applied.effects).await?;
    let state = machine.state();
    for (pipeline, state) in pipelines.iter_mut().zip(&state.pipelines) {
        pipeline.state = encode(state)?;
    }
    let row = RunRow {
        id: id.0,
        plan: Some(text),
        plan_hash: Some(hash),
        selection: Some(encode(&selection)?),
        version: 1,
        fence: state.fence.0 as i64,
        job: state.job.map(|f| f.0 as i64),
        over: machine.over(),
        created_at: now,
        ..row
    };
    db::run::insert(tx, &row, &pipelines, Some(&machine)).await?;
    for effect in &applied.effects {
        write_effect(tx, id, &machine, effect, now).await?;
    }
    Ok(id)
}

/// A pipeline of a run that is about to be.
///
/// # Errors
/// Never, for the types we store.
pub fn pipeline(name: &str, file: &str, slug: String, number: Option<i64>) -> sqlx::Result<NewPipeline> {
    let state = encode(&PipelineState::WAITING)?;
    Ok(NewPipeline { name: name.to_owned(), file: file.to_owned(), slug, number, state, rerun_of: None })
}

/// An id for a new run: one for which a runner stands ready, where a job of it is to be given out at once.
async fn new_id(tx: &mut Tx, hub: &Hub, effects: &[Effect]) -> sqlx::Result<RunId> {
    let starts = effects.iter().any(|effect| matches!(effect, Effect::Dispatch { .. }));
    if let Some(ready) = starts.then(|| hub.take_ready()).flatten()
        && db::run::is_over(tx, ready).await?.is_none()
    {
        return Ok(ready);
    }
    Ok(RunId(Uuid::now_v7()))
}
