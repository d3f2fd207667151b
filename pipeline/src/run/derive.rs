//! What follows from the state alone: what counts as met, as broken, as still open.

use super::links::Tie;
use super::state::{GateState, StepStatus, Stop};
use super::{Rest, Run};
use crate::ids::{GateIx, PipelineIx, StepIx};
use crate::outcome::Outcome;
use crate::plan::{WhenStatus, Work};
use std::sync::Arc;

/// May a step start?
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Something is still open.
    NotYet,
    /// Its own gate left aside, it may.
    Start,
    /// It never will, and this is how it ends.
    End(Outcome),
}

impl Run {
    /// Works out all that is not in the state.
    pub(super) fn derive(&mut self) {
        let plan = Arc::clone(&self.plan);
        for (ix, step) in plan.steps() {
            let status = &self.state.steps[ix.index()].status;
            let p = step.pipeline.index();
            match status {
                StepStatus::Ended { .. } => {}
                StepStatus::Finished { .. } => {
                    self.remaining[p] += 1;
                    self.unrecorded += 1;
                }
                StepStatus::Running { .. } => {
                    self.remaining[p] += 1;
                    self.running[p] += 1;
                }
                StepStatus::Waiting => self.remaining[p] += 1,
            }
            if status.ended().is_none() && self.links.in_rest[ix.index()] {
                self.rest_left[p] += 1;
            }
            if status.outcome().is_some() {
                for (next, tie) in &self.links.after_step[ix.index()] {
                    if self.is_late(*next) || self.satisfies(ix, *tie) {
                        self.unmet[next.index()] -= 1;
                    }
                }
            }
        }
        for ix in 0..plan.pipelines.len() {
            let Some(outcome) = self.state.pipelines[ix].outcome else { continue };
            for next in self.links.pipelines_after[ix].iter().filter(|_| outcome.lets_others_on()) {
                self.pipeline_unmet[next.index()] -= 1;
            }
            for next in &self.links.steps_after[ix] {
                if outcome.lets_others_on() || self.is_late(*next) {
                    self.unmet[next.index()] -= 1;
                }
            }
        }
        for (ix, pipeline) in plan.pipelines() {
            let gate_open = self.links.run_gate.into_iter().chain(pipeline.gate).all(|g| self.gate_open(g));
            self.open[ix.index()] = self.pipeline_unmet[ix.index()] == 0 && gate_open;
        }
        self.ready = plan.steps().map(|(ix, _)| ix).filter(|ix| self.can_start(*ix)).collect();
    }

    pub(super) fn gate_open(&self, gate: GateIx) -> bool {
        matches!(self.state.gates[gate.index()], GateState::Open { .. })
    }

    fn can_start(&mut self, ix: StepIx) -> bool {
        self.verdict(ix) == Verdict::Start && self.plan.step(ix).gate.is_none_or(|g| self.gate_open(g))
    }

    /// Does it wait until all it rests on is over, however that ended?
    pub(super) fn is_late(&self, ix: StepIx) -> bool {
        self.plan.step(ix).status != WhenStatus::Success
    }

    /// Is it clean-up, which runs although its pipeline is being stopped? Steps that always run; and where time was up,
    /// which is a failure, those for a failure.
    fn is_clean_up(&self, ix: StepIx, stop: &Stop) -> bool {
        match self.plan.step(ix).status {
            WhenStatus::Success => false,
            WhenStatus::Failure => matches!(stop, Stop::TimedOut),
            WhenStatus::Always => true,
        }
    }

    /// How the step is to end because its pipeline is being stopped; none where it is not, or this step is spared.
    pub fn stopping(&self, ix: StepIx) -> Option<Outcome> {
        let pipeline = &self.state.pipelines[self.plan.step(ix).pipeline.index()];
        let stop = pipeline.stop_in_force()?;
        if self.is_clean_up(ix, stop) { pipeline.stop_all_in_force().map(Stop::outcome) } else { Some(stop.outcome()) }
    }

    /// Everything but the step's own gate is looked at.
    pub(super) fn verdict(&mut self, ix: StepIx) -> Verdict {
        let pipeline = self.plan.step(ix).pipeline;
        let p = pipeline.index();
        if self.state.steps[ix.index()].status != StepStatus::Waiting
            || self.unmet[ix.index()] > 0
            || !self.open[p]
            || self.stopping(ix).is_some()
        {
            return Verdict::NotYet;
        }
        if !self.is_late(ix) {
            return Verdict::Start;
        }
        if self.links.is_last[ix.index()] && self.rest_left[p] > 0 {
            return Verdict::NotYet;
        }
        if let Some(outcome) = self.without_what_it_uses(ix) {
            return Verdict::End(outcome);
        }
        let rest = self.what_it_looks_at(ix);
        if self.plan.step(ix).status == WhenStatus::Failure && !rest.failed && !self.out_of_time(pipeline) {
            // That a step passed may still turn out not to be so.
            if self.plan.step(ix).needs().any(|need| self.state.steps[need.index()].status.ended().is_none()) {
                return Verdict::NotYet;
            }
            return Verdict::End(Outcome::NotNeeded { filter: "`when` asks for a failure, and there was none".to_owned() });
        }
        match self.state.pipelines[p].stop_in_force() {
            Some(stop) if !rest.began => Verdict::End(stop.outcome()),
            _ => Verdict::Start,
        }
    }

    /// What all that a late step looks at came to. It is over.
    fn what_it_looks_at(&mut self, ix: StepIx) -> Rest {
        let step = self.plan.step(ix);
        if self.links.is_last[ix.index()] {
            let pipeline = step.pipeline;
            // Kept, for there may be many that look at many.
            let rest = self.rest[pipeline.index()].unwrap_or_else(|| self.rest_of(pipeline));
            self.rest[pipeline.index()] = Some(rest);
            return rest;
        }
        let mut rest = step.needs().fold(Rest::default(), |rest, need| self.and(rest, need));
        for pipeline in &step.after_pipelines {
            let state = &self.state.pipelines[pipeline.index()];
            rest.failed |= state.outcome.is_some_and(|outcome| !outcome.lets_others_on());
            rest.began |= state.started_at.is_some();
        }
        rest
    }

    fn rest_of(&self, pipeline: PipelineIx) -> Rest {
        let steps = self.plan.pipeline(pipeline).steps.iter().filter(|ix| self.links.in_rest[ix.index()]);
        steps.fold(Rest::default(), |rest, ix| self.and(rest, *ix))
    }

    fn and(&self, rest: Rest, ix: StepIx) -> Rest {
        let failed = match self.state.steps[ix.index()].status.outcome() {
            None | Some(Outcome::Passed | Outcome::NotNeeded { .. }) => false,
            Some(outcome) => !self.is_allowed(ix, outcome),
        };
        Rest { failed: rest.failed || failed, began: rest.began || self.began(ix) }
    }

    /// Has a container of it run, here or in the run it was kept from?
    fn began(&self, ix: StepIx) -> bool {
        let step = &self.state.steps[ix.index()];
        step.started_at.is_some() || step.kept.is_some()
    }

    /// Is there something of it that can be used: value and volume as they were left? A failed build leaves no image.
    pub(super) fn left_something(&self, ix: StepIx) -> bool {
        let passed = self.state.steps[ix.index()].status.outcome() == Some(&Outcome::Passed);
        passed || self.began(ix) && !matches!(self.plan.step(ix).work, Work::Build { .. })
    }

    /// How a late step ends that uses what is not there.
    fn without_what_it_uses(&self, ix: StepIx) -> Option<Outcome> {
        self.plan.step(ix).uses().find_map(|used| match self.state.steps[used.index()].status.outcome() {
            Some(outcome @ Outcome::NotNeeded { .. }) => Some(self.broken(used, outcome, Tie::Use)),
            Some(_) if !self.left_something(used) => Some(self.left_nothing(used)),
            _ => None,
        })
    }

    fn left_nothing(&self, used: StepIx) -> Outcome {
        let name = self.plan.full_name(used);
        let why =
            if matches!(self.plan.step(used).work, Work::Build { .. }) { "made no image" } else { "never began: it left nothing to use" };
        Outcome::Skipped { reason: format!("`{name}` {why}") }
    }

    /// Is it a failure that the step may have (`allow-failure`)?
    pub(super) fn is_allowed(&self, ix: StepIx, outcome: &Outcome) -> bool {
        let may = matches!(outcome, Outcome::Failed { .. } | Outcome::TimedOut | Outcome::Infra { .. });
        // What a host never said anything about did not fail: it was never tried.
        may && self.plan.step(ix).allow_failure && self.state.steps[ix.index()].finished_at.is_some()
    }

    /// Was the time of a pipeline up? That is no failure of one of its steps.
    pub(super) fn out_of_time(&self, pipeline: PipelineIx) -> bool {
        matches!(self.state.pipelines[pipeline.index()].stop_in_force(), Some(Stop::TimedOut | Stop::NotTaken { .. }))
    }

    /// Does the step's known end let one go on that rests on it and wants it to have passed?
    pub(super) fn satisfies(&self, ix: StepIx, tie: Tie) -> bool {
        match self.state.steps[ix.index()].status.outcome() {
            None => false,
            Some(Outcome::Passed) => true,
            Some(Outcome::NotNeeded { .. }) => tie == Tie::Order,
            Some(outcome) => self.is_allowed(ix, outcome) && (tie == Tie::Order || self.left_something(ix)),
        }
    }

    /// How a step ends that rests on one whose end does not let it go on.
    pub(super) fn broken(&self, ix: StepIx, outcome: &Outcome, tie: Tie) -> Outcome {
        let name = self.plan.full_name(ix);
        match (outcome, tie) {
            (Outcome::NotNeeded { .. }, Tie::Use) => Outcome::NotNeeded { filter: format!("it uses `{name}`, which was not needed") },
            (Outcome::Skipped { .. }, _) => Outcome::Skipped { reason: format!("`{name}` was skipped") },
            _ if self.is_allowed(ix, outcome) => self.left_nothing(ix),
            _ => Outcome::Skipped { reason: format!("`{name}`: {}", outcome.word()) },
        }
    }
}
