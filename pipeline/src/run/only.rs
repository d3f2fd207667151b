//! A run of some of a plan's steps.

use super::state::{GateState, StepStatus};
use super::{Role, Run};
use crate::ids::StepIx;
use crate::outcome::Outcome;
use crate::plan::Plan;
use std::collections::BTreeSet;
use std::sync::Arc;

impl Run {
    /// As [`Run::new`], but only these steps are needed; the others are kept out with the words of `filter`, as are those
    /// that use one of them. Apply [`super::Event::Begin`] next.
    pub fn only(plan: Arc<Plan>, selected: &[Result<(), String>], steps: &BTreeSet<StepIx>, filter: &str) -> Run {
        let mut state = Run::new(Arc::clone(&plan), selected).state;
        for (ix, step) in plan.steps().filter(|(ix, _)| !steps.contains(ix)) {
            if state.steps[ix.index()].status == StepStatus::Waiting {
                let outcome = Outcome::NotNeeded { filter: filter.to_owned() };
                state.steps[ix.index()].status = StepStatus::Ended { outcome };
            }
            if let Some(gate) = step.gate {
                state.gates[gate.index()] = GateState::Void;
            }
        }
        for (_, pipeline) in plan.pipelines() {
            if let Some(gate) = pipeline.gate
                && pipeline.steps.iter().all(|step| !steps.contains(step))
            {
                state.gates[gate.index()] = GateState::Void;
            }
        }
        Run::restore(plan, state, Role::Server)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::compile::compile;
    use crate::run::Event;
    use crate::source::SourceFile;
    use chrono::Utc;

    #[test]
    fn only_the_named_steps_run_and_their_pipeline_can_pass() {
        let text = b"img: i\na: {run: x}\nb: {run: x, vol: a}\nc: {run: x, vol: b, after: human-click}\nd: {run: x}\n".to_vec();
        let plan = Arc::new(compile("r", vec![SourceFile { path: "ci.dockercise.yaml".into(), text }]).plan.unwrap());
        let mut run = Run::only(Arc::clone(&plan), &[Ok(())], &BTreeSet::from([StepIx(0), StepIx(1)]), "not asked for");
        run.apply(Utc::now(), &Event::Begin).unwrap();
        assert_eq!(run.ready().collect::<Vec<_>>(), [StepIx(0)]);
        assert_eq!(run.state().gates, [GateState::Void]);
        assert!(!run.over());
        let kept_out =
            |ix: usize| matches!(run.state().steps[ix].status.ended(), Some(Outcome::NotNeeded { filter }) if filter == "not asked for");
        assert!(kept_out(2) && kept_out(3));
        let mut nothing = Run::only(plan, &[Ok(())], &BTreeSet::new(), "not asked for");
        nothing.apply(Utc::now(), &Event::Begin).unwrap();
        assert!(nothing.over());
    }
}
