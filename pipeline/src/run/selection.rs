//! What of a plan takes part in a run, decided before it begins.

use super::state::{GateState, KeptFrom, RunState, StepStatus};
use crate::ids::{PipelineIx, StepIx};
use crate::outcome::Outcome;
use crate::plan::Plan;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// The account that is this computer.
const LOCAL: &str = "local";

/// What does not take part, and how it ends at once. Empty: everything takes part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Selection {
    /// Pipelines, with how all of their steps end.
    pub pipelines: BTreeMap<PipelineIx, Outcome>,
    /// Single steps.
    pub steps: BTreeMap<StepIx, Outcome>,
    /// Steps that passed in an earlier run and are not run again, also of pipelines that do not take part.
    pub kept: BTreeMap<StepIx, KeptFrom>,
}

impl Selection {
    /// Does the pipeline take part?
    pub fn has(&self, pipeline: PipelineIx) -> bool {
        !self.pipelines.contains_key(&pipeline)
    }

    /// The words of the filter that keeps the pipeline out. One that is kept out so has no number.
    pub fn why_not_needed(&self, pipeline: PipelineIx) -> Option<&str> {
        match self.pipelines.get(&pipeline) {
            Some(Outcome::NotNeeded { filter }) => Some(filter),
            _ => None,
        }
    }

    /// Ends what is to run in an account that is not connected: so far none is but this computer.
    pub fn in_connected_accounts(mut self, plan: &Plan) -> Selection {
        for (ix, pipeline) in plan.pipelines() {
            if let Some(account) = pipeline.account.as_ref().filter(|account| *account != LOCAL) {
                let reason = format!("the account `{account}` is not connected");
                self.pipelines.entry(ix).or_insert(Outcome::Infra { reason });
            }
        }
        self
    }

    /// Leaves out all other steps too, with the words of `filter`.
    pub fn only(mut self, plan: &Plan, steps: &BTreeSet<StepIx>, filter: &str) -> Selection {
        for (ix, _) in plan.steps().filter(|(ix, _)| !steps.contains(ix)) {
            self.steps.entry(ix).or_insert_with(|| Outcome::NotNeeded { filter: filter.to_owned() });
        }
        self
    }

    /// The state in which nothing has begun.
    pub(super) fn begin(&self, plan: &Plan) -> RunState {
        let mut state = RunState::waiting(plan);
        for (ix, step) in plan.steps() {
            let now = &mut state.steps[ix.index()];
            if let Some(from) = self.kept.get(&ix) {
                now.kept = Some(*from);
                now.status = StepStatus::Ended { outcome: Outcome::Passed };
            } else if let Some(outcome) = self.pipelines.get(&step.pipeline).or_else(|| self.steps.get(&ix)) {
                now.status = StepStatus::Ended { outcome: outcome.clone() };
            } else {
                continue;
            }
            if let Some(gate) = step.gate {
                state.gates[gate.index()] = GateState::Void;
            }
        }
        for (_, pipeline) in plan.pipelines() {
            let over = |step: &StepIx| state.steps[step.index()].status.ended().is_some();
            if let Some(gate) = pipeline.gate
                && pipeline.steps.iter().all(over)
            {
                state.gates[gate.index()] = GateState::Void;
            }
        }
        if let Some(gate) = plan.run_gate()
            && state.steps.iter().all(|step| step.status.ended().is_some())
        {
            state.gates[gate.index()] = GateState::Void;
        }
        state
    }
}
