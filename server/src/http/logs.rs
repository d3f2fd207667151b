//! Where a step's logs are.

use super::{App, Fault};
use crate::db::run::Stored;
use crate::store::LogName;
use dockercise_pipeline::ids::{Attempt, Phase, StepIx};
use dockercise_pipeline::plan::Plan;

/// The place of an attempt's log.
pub fn name(stored: &Stored, plan: &Plan, attempt: Attempt, phase: Phase) -> Option<LogName> {
    let step = plan.steps.get(attempt.step.index())?;
    let row = stored.pipelines.get(step.pipeline.index())?;
    Some(LogName {
        account: row.account.clone(),
        slug: row.slug.clone(),
        number: row.number?,
        step: step.name.clone(),
        attempt: attempt.number,
        phase,
    })
}

/// How long the logs of a run are.
pub async fn lengths(app: &App, stored: &Stored) -> Result<Vec<(StepIx, Attempt, Phase, u64)>, Fault> {
    let (Some(plan), state) = (stored.plan()?, stored.state()?) else { return Ok(Vec::new()) };
    let mut lengths = Vec::new();
    for (ix, _) in plan.steps() {
        let now = &state.steps[ix.index()];
        for number in 1..=now.attempt {
            let attempt = Attempt { step: ix, number };
            for phase in [Phase::Run, Phase::Done] {
                if phase == Phase::Done && now.done_started_at.is_none() {
                    continue;
                }
                if let Some(log) = name(stored, &plan, attempt, phase) {
                    lengths.push((ix, attempt, phase, app.store.length(&log).await?));
                }
            }
        }
    }
    Ok(lengths)
}
