//! Runs a pipeline again: the same plan at the same commit, a new number linked to the old one.

use super::again::{self, From};
use super::begin::{self, NewRun};
use super::{ChangeError, Runs};
use crate::db::audit::By;
use crate::db::run::{NewPipeline, RunRow, Stored};
use crate::db::{self, Tx};
use crate::hub::Change;
use dockercise_pipeline::ids::{PipelineIx, RunId};
use dockercise_pipeline::run::RunState;
use std::collections::BTreeSet;

impl Runs {
    /// Makes the new run; returns the pipeline's new number.
    ///
    /// # Errors
    /// The run has no plan, the pipeline is not over, nothing of it failed, or the database's.
    pub async fn again(&self, stored: &Stored, pipeline: PipelineIx, from: From, by: By<'_>) -> Result<i64, ChangeError> {
        let plan = stored.plan()?.ok_or(ChangeError::NoPlan)?;
        let state = stored.state()?;
        if from == From::Failed {
            match state.pipelines[pipeline.index()].outcome {
                None => return Err(ChangeError::NotOver),
                Some(outcome) if outcome.lets_others_on() => return Err(ChangeError::NothingFailed),
                Some(_) => {}
            }
        }
        let now = self.clock.now();
        let mut tx = self.db.write().await?;
        let there = there(&mut tx, stored.id(), &state).await?;
        let before = stored.selection()?.unwrap_or_default();
        let selection = again::selection(stored.id(), &plan, &state, before, pipeline, from, &there);
        let sources: BTreeSet<RunId> = selection.kept.values().map(|kept| kept.run).filter(|run| there.contains(run)).collect();
        let mut pipelines = Vec::new();
        for old in &stored.pipelines {
            let number = match selection.why_not_needed(PipelineIx(old.ix as u32)) {
                None => Some(db::pipeline::next_number(&mut tx, &old.account, &old.slug).await?),
                Some(_) => None,
            };
            let new = begin::pipeline(&old.name, &old.file, old.slug.clone(), number)?;
            pipelines.push(NewPipeline { rerun_of: number.and(old.number), ..new });
        }
        let number = pipelines[pipeline.index()].number.ok_or(ChangeError::NoRun)?;
        let row = RunRow { rerun_of: Some(stored.row.id), note: String::new(), ..stored.row.clone() };
        let id = begin::begin(&mut tx, &self.hub, NewRun { row, plan, selection, pipelines }, now).await?;
        for source in sources {
            db::kept::goes_on_from(&mut tx, id, source).await?;
        }
        let again = &stored.pipelines[pipeline.index()];
        let target = format!("/results/{}/{}/{}", again.account, again.slug, again.number.unwrap_or(0));
        let what = if from == From::Failed { "rerun from what failed" } else { "rerun" };
        db::audit::add(&mut tx, now, by, what, &target).await?;
        tx.commit().await?;
        self.hub.tell(Change::Run(id));
        self.hub.effects.notify_one();
        self.hub.wake_runners();
        Ok(number)
    }
}

/// Of the runs in which steps of this one passed, those whose values and volumes a host still has.
async fn there(tx: &mut Tx, id: RunId, state: &RunState) -> sqlx::Result<BTreeSet<RunId>> {
    let mut there = BTreeSet::new();
    for run in state.steps.iter().filter_map(|step| step.kept).map(|kept| kept.run).chain([id]).collect::<BTreeSet<_>>() {
        if db::kept::is_kept(tx, run).await? {
            there.insert(run);
        }
    }
    Ok(there)
}
