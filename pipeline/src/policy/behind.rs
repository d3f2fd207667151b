//! What is behind a gate for sure: it does not begin without the click, whatever else happens in the run.

use super::takes_part;
use crate::ids::{GateIx, StepIx};
use crate::plan::{Guarded, Plan, WhenStatus};
use crate::run::Selection;
use crate::run::links::{Links, Tie};

/// The ways that lead on from steps that do not begin.
pub(super) struct Ways<'a> {
    plan: &'a Plan,
    links: Links,
    /// For each step: does it take part?
    there: Vec<bool>,
    /// For each step that takes part: can it not turn out to be not needed? Where that happens, what comes after it goes on.
    sure: Vec<bool>,
}

impl<'a> Ways<'a> {
    pub(super) fn new(plan: &'a Plan, selection: &Selection) -> Ways<'a> {
        let links = Links::new(plan);
        let there: Vec<bool> = plan.steps().map(|(ix, _)| takes_part(plan, selection, ix)).collect();
        let mut sure = there.clone();
        let maybe = |(ix, step): &(StepIx, &crate::plan::StepPlan)| step.status == WhenStatus::Failure || !there[ix.index()];
        let mut open: Vec<StepIx> = plan.steps().filter(maybe).map(|(ix, _)| ix).collect();
        open.iter().for_each(|ix| sure[ix.index()] = false);
        // Who uses what was not needed is not needed either.
        while let Some(ix) = open.pop() {
            let users = links.after_step[ix.index()].iter().filter(|(_, tie)| *tie == Tie::Use);
            open.extend(users.map(|(user, _)| *user).filter(|user| std::mem::replace(&mut sure[user.index()], false)));
        }
        Ways { plan, links, there, sure }
    }

    /// Does the step take part?
    pub(super) fn has(&self, ix: StepIx) -> bool {
        self.there[ix.index()]
    }

    /// For each step: is it behind this gate of the plan?
    pub(super) fn behind(&self, gate: GateIx) -> Vec<bool> {
        self.behind_what(self.plan.gates[gate.index()].guards)
    }

    /// For each step: is it behind a gate that guards this?
    pub(super) fn behind_what(&self, guards: Guarded) -> Vec<bool> {
        let mut open: Vec<StepIx> = match guards {
            Guarded::Run => self.plan.steps().map(|(ix, _)| ix).collect(),
            Guarded::Pipeline { pipeline } => self.plan.pipeline(pipeline).steps.clone(),
            Guarded::Step { step } => vec![step],
        };
        let mut found = vec![false; self.plan.steps.len()];
        open.retain(|ix| self.there[ix.index()]);
        open.iter().for_each(|ix| found[ix.index()] = true);
        let mut told = vec![false; self.plan.pipelines.len()];
        while let Some(ix) = open.pop() {
            self.each_next(ix, &mut told, &mut |next| {
                if self.there[next.index()] && !std::mem::replace(&mut found[next.index()], true) {
                    open.push(next);
                }
            });
        }
        found
    }

    /// Each step that does not begin because this one does not: it uses it, or waits for it or its pipeline to pass. `told` holds
    /// the pipelines for which the latter was said already.
    pub(super) fn each_next(&self, ix: StepIx, told: &mut [bool], found: &mut dyn FnMut(StepIx)) {
        let sure = self.sure[ix.index()];
        let strict = |next: &StepIx| self.plan.step(*next).status == WhenStatus::Success;
        for (next, tie) in &self.links.after_step[ix.index()] {
            if *tie == Tie::Use || sure && strict(next) {
                found(*next);
            }
        }
        let pipeline = self.plan.step(ix).pipeline.index();
        if sure && !std::mem::replace(&mut told[pipeline], true) {
            self.links.steps_after[pipeline].iter().copied().filter(strict).for_each(&mut *found);
            for next in &self.links.pipelines_after[pipeline] {
                self.plan.pipeline(*next).steps.iter().copied().for_each(&mut *found);
            }
        }
    }
}
