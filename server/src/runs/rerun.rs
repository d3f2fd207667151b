//! Runs a pipeline again: the same plan at the same commit, a new number linked to the old one.

use super::{ChangeError, write_effect};
use crate::clock::Clock;
use crate::db::run::{NewPipeline, RunRow, Stored, encode};
use crate::db::{self, Db};
use crate::hub::{Change, Hub};
use dockercise_pipeline::ids::{PipelineIx, RunId};
use dockercise_pipeline::outcome::Outcome;
use dockercise_pipeline::run::{Event, Run, Selection};
use uuid::Uuid;

/// Makes the new run; returns the pipeline's new number.
///
/// # Errors
/// The run has no plan, or the database's.
pub async fn rerun(db: &Db, clock: &Clock, hub: &Hub, stored: &Stored, pipeline: PipelineIx, by: &str) -> Result<i64, ChangeError> {
    let plan = stored.plan()?.ok_or(ChangeError::NoPlan)?;
    let wanted = plan.with_what_it_uses(pipeline);
    let left_out = Outcome::NotNeeded { filter: "only another pipeline is run again".to_owned() };
    let others = plan.pipelines().map(|(ix, _)| ix).filter(|ix| !wanted.contains(ix));
    let selection = Selection { pipelines: others.map(|ix| (ix, left_out.clone())).collect(), ..Selection::default() };
    let now = clock.now();
    let mut machine = Run::new(plan, &selection);
    let applied = machine.apply(now, &Event::Begin)?;
    let id = RunId(Uuid::now_v7());
    let mut tx = db.write().await?;
    let mut pipelines = Vec::new();
    for (old, state) in stored.pipelines.iter().zip(&machine.state().pipelines) {
        let number = match wanted.contains(&PipelineIx(old.ix as u32)) {
            true => Some(db::pipeline::next_number(&mut tx, &old.account, &old.slug).await?),
            false => None,
        };
        pipelines.push(NewPipeline {
            name: old.name.clone(),
            file: old.file.clone(),
            slug: old.slug.clone(),
            rerun_of: number.and(old.number),
            number,
            state: encode(state)?,
        });
    }
    let state = machine.state();
    let row = RunRow {
        id: id.0,
        version: 1,
        fence: state.fence.0 as i64,
        job: state.job.map(|f| f.0 as i64),
        over: machine.over(),
        created_at: now,
        rerun_of: Some(stored.row.id),
        ..stored.row.clone()
    };
    db::run::insert(&mut tx, &row, &pipelines, Some(&machine)).await?;
    for effect in &applied.effects {
        write_effect(&mut tx, id, effect, now).await?;
    }
    let number = pipelines[pipeline.index()].number.ok_or(ChangeError::NoRun)?;
    let again = &stored.pipelines[pipeline.index()];
    let target = format!("/results/{}/{}/{}", again.account, again.slug, again.number.unwrap_or(0));
    db::audit::add(&mut tx, now, by, "rerun", &target).await?;
    tx.commit().await?;
    hub.tell(Change::Run(id));
    hub.effects.notify_one();
    hub.wake_runners();
    Ok(number)
}
