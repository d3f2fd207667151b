//! Which steps run again, and which are kept as they passed: pure.

use dockercise_pipeline::ids::{PipelineIx, RunId, StepIx};
use dockercise_pipeline::outcome::Outcome;
use dockercise_pipeline::plan::{Plan, VolumeFrom, WhenStatus};
use dockercise_pipeline::run::{KeptFrom, RunState, Selection};
use std::collections::{BTreeMap, BTreeSet};

/// Where it is run again from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum From {
    /// From the beginning.
    #[default]
    All,
    /// From what did not pass; what passed is kept, where its value and volume are still there.
    Failed,
}

/// The words for what belongs to another pipeline.
const OTHERS: &str = "only another pipeline is run again";

/// What takes part when a pipeline of a run is run again. `before` is what took part in that run, `there` holds the runs
/// whose values and volumes a host still has.
pub fn selection(
    run: RunId,
    plan: &Plan,
    state: &RunState,
    before: Selection,
    pipeline: PipelineIx,
    from: From,
    there: &BTreeSet<RunId>,
) -> Selection {
    let steps = match from {
        From::All => plan.with_what_it_uses(pipeline).into_iter().flat_map(|ix| plan.pipeline(ix).steps.clone()).collect(),
        From::Failed => Again { run, plan, state, there }.steps(pipeline),
    };
    let pipelines: BTreeSet<PipelineIx> = steps.iter().map(|ix| plan.step(*ix).pipeline).collect();
    // What did not pass is what counts, not why its pipeline was left out then; a filter of its own still keeps a step out.
    let left_out = plan.pipelines().map(|(ix, _)| ix).filter(|ix| !pipelines.contains(ix));
    let mut selection = Selection {
        pipelines: left_out.map(|ix| (ix, Outcome::NotNeeded { filter: OTHERS.to_owned() })).collect(),
        steps: before.steps,
        kept: BTreeMap::new(),
    };
    if from == From::Failed {
        let again = Again { run, plan, state, there };
        let used = again.with_volumes_below(steps.iter().flat_map(|ix| plan.step(*ix).uses()));
        let of_interest = |ix: StepIx| pipelines.contains(&plan.step(ix).pipeline) || used.contains(&ix);
        for (ix, _) in plan.steps().filter(|(ix, _)| !steps.contains(ix) && of_interest(*ix)) {
            if let Some(kept) = again.passed(ix) {
                selection.kept.insert(ix, kept);
            }
        }
    }
    selection.in_connected_accounts(plan)
}

struct Again<'a> {
    run: RunId,
    plan: &'a Plan,
    state: &'a RunState,
    there: &'a BTreeSet<RunId>,
}

impl Again<'_> {
    /// The steps that run: those of the pipeline that did not pass, its clean-up, and whatever they use that is not there
    /// any more, however far back.
    fn steps(&self, pipeline: PipelineIx) -> BTreeSet<StepIx> {
        let late = |ix: &StepIx| self.plan.step(*ix).status != WhenStatus::Success;
        let mut open: Vec<StepIx> =
            self.plan.pipeline(pipeline).steps.iter().copied().filter(|ix| late(ix) || self.passed(*ix).is_none()).collect();
        let mut found = BTreeSet::new();
        while let Some(ix) = open.pop() {
            if found.insert(ix) {
                open.extend(self.plan.step(ix).uses().filter(|used| !self.is_there(*used)));
            }
        }
        found
    }

    /// Where it passed, if it did.
    fn passed(&self, ix: StepIx) -> Option<KeptFrom> {
        let step = &self.state.steps[ix.index()];
        let passed = step.status.ended() == Some(&Outcome::Passed);
        passed.then(|| step.kept.unwrap_or(KeptFrom { run: self.run, attempt: step.attempt }))
    }

    /// Did it pass, and are its value and volume still on a host? Secrets never outlive their run.
    fn is_there(&self, ix: StepIx) -> bool {
        let there = |ix: &StepIx| !self.plan.step(*ix).tainted && self.passed(*ix).is_some_and(|from| self.there.contains(&from.run));
        self.with_volumes_below([ix]).iter().all(there)
    }

    /// The steps, and those whose volumes theirs lie on.
    fn with_volumes_below(&self, steps: impl IntoIterator<Item = StepIx>) -> BTreeSet<StepIx> {
        let mut found = BTreeSet::new();
        let mut open: Vec<StepIx> = steps.into_iter().collect();
        while let Some(ix) = open.pop() {
            if found.insert(ix) {
                open.extend(self.plan.step(ix).volume.iter().filter_map(|mount| match mount.from {
                    VolumeFrom::Step { step } => Some(step),
                    VolumeFrom::Source => None,
                }));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dockercise_pipeline::plan::{MountPlan, PipelinePlan, StepPlan, Work};
    use dockercise_pipeline::run::{Run, StepStatus};
    use std::sync::Arc;
    use uuid::Uuid;

    const OLD: RunId = RunId(Uuid::from_u128(1));
    const OLDER: RunId = RunId(Uuid::from_u128(2));

    /// p: a -> b -> c, each using the one before; d after all; e always. q: f uses b.
    fn plan() -> Plan {
        let step = |name: &str, p: u32, uses: &[u32]| StepPlan {
            values: uses.iter().map(|ix| StepIx(*ix)).collect(),
            ..StepPlan::new(name, PipelineIx(p), Work::shell("busybox", "true"))
        };
        let mut steps =
            vec![step("a", 0, &[]), step("b", 0, &[0]), step("c", 0, &[1]), step("d", 0, &[]), step("e", 0, &[]), step("f", 1, &[1])];
        steps[4].status = WhenStatus::Always;
        let pipeline = |name: &str, steps: &[u32]| PipelinePlan {
            steps: steps.iter().map(|ix| StepIx(*ix)).collect(),
            ..PipelinePlan::new(name, "f")
        };
        Plan { pipelines: vec![pipeline("p", &[0, 1, 2, 3, 4]), pipeline("q", &[5])], steps, gates: vec![] }
    }

    fn state(plan: &Plan, passed: &[usize]) -> RunState {
        let mut state = Run::new(Arc::new(plan.clone()), &Selection::default()).state().clone();
        for (i, step) in state.steps.iter_mut().enumerate() {
            let outcome = if passed.contains(&i) { Outcome::Passed } else { Outcome::Failed { code: 1 } };
            (step.status, step.attempt) = (StepStatus::Ended { outcome }, 1);
        }
        state
    }

    fn again(plan: &Plan, state: &RunState, pipeline: u32, there: &[RunId]) -> (Vec<u32>, Vec<u32>) {
        let there = there.iter().copied().collect();
        let selection = selection(OLD, plan, state, Selection::default(), PipelineIx(pipeline), From::Failed, &there);
        let runs = plan.steps().filter(|(ix, step)| selection.has(step.pipeline) && !selection.kept.contains_key(ix)).map(|(ix, _)| ix.0);
        (runs.collect(), selection.kept.keys().map(|ix| ix.0).collect())
    }

    #[test]
    fn what_did_not_pass_runs_and_what_passed_is_kept() {
        let plan = plan();
        let state = state(&plan, &[0, 1, 3, 4]);
        // Clean-up runs again too.
        assert_eq!(again(&plan, &state, 0, &[OLD]), (vec![2, 4], vec![0, 1, 3]));
        // Without what b left, b runs again, and what it uses.
        assert_eq!(again(&plan, &state, 0, &[]), (vec![0, 1, 2, 4], vec![3]));
    }

    #[test]
    fn a_secret_is_made_anew_only_where_somebody_uses_it() {
        let mut plan = plan();
        plan.steps[1].tainted = true;
        assert_eq!(again(&plan, &state(&plan, &[0, 1, 3, 4]), 0, &[OLD]), (vec![1, 2, 4], vec![0, 3]));
        assert_eq!(again(&plan, &state(&plan, &[0, 1, 2, 4]), 0, &[OLD]), (vec![3, 4], vec![0, 1, 2]));
    }

    #[test]
    fn what_is_used_of_another_pipeline_is_kept_or_runs_there() {
        let plan = plan();
        assert_eq!(again(&plan, &state(&plan, &[0, 1, 2, 3, 4]), 1, &[OLD]), (vec![5], vec![1]));
        // p takes part: only what f needs of it runs.
        assert_eq!(again(&plan, &state(&plan, &[0, 1, 2, 3, 4]), 1, &[]), (vec![0, 1, 5], vec![2, 3, 4]));
    }

    #[test]
    fn what_was_kept_is_kept_from_where_it_ran() {
        let plan = plan();
        let mut state = state(&plan, &[0, 1, 3, 4]);
        state.steps[1].kept = Some(KeptFrom { run: OLDER, attempt: 2 });
        let there = BTreeSet::from([OLD, OLDER]);
        let kept = selection(OLD, &plan, &state, Selection::default(), PipelineIx(0), From::Failed, &there).kept;
        assert_eq!(kept[&StepIx(1)], KeptFrom { run: OLDER, attempt: 2 });
        assert_eq!(again(&plan, &state, 0, &[OLD]), (vec![1, 2, 4], vec![0, 3]));
    }

    #[test]
    fn a_volume_is_there_only_with_all_that_it_lies_on() {
        let mut plan = plan();
        plan.steps[1].values = vec![];
        plan.steps[1].volume = vec![MountPlan::of(StepIx(0))];
        let mut state = state(&plan, &[0, 1, 2, 3, 4]);
        state.steps[0].kept = Some(KeptFrom { run: OLDER, attempt: 1 });
        assert_eq!(again(&plan, &state, 1, &[OLD, OLDER]), (vec![5], vec![0, 1]));
        assert_eq!(again(&plan, &state, 1, &[OLD]), (vec![0, 1, 5], vec![2, 3, 4]));
    }

    #[test]
    fn a_filter_keeps_out_what_it_kept_out_before() {
        let plan = plan();
        let filtered = Selection { steps: [(StepIx(2), Outcome::NotNeeded { filter: "`when`".into() })].into(), ..Selection::default() };
        for from in [From::All, From::Failed] {
            let again = selection(OLD, &plan, &state(&plan, &[0]), filtered.clone(), PipelineIx(0), from, &BTreeSet::new());
            assert!(again.steps.contains_key(&StepIx(2)) && !again.has(PipelineIx(1)) && again.has(PipelineIx(0)));
        }
    }
}
