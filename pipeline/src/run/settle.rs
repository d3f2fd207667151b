//! What one change brings with it: a worklist, so that a chain of ten thousand steps costs no stack.

use super::derive::Verdict;
use super::event::{Applied, Effect};
use super::state::{GateState, StepStatus, Stop, Timestamp};
use super::{Role, Run};
use crate::ids::{GateIx, PipelineIx, StepIx};
use crate::outcome::{Outcome, PipelineOutcome};
use crate::plan::WhenStatus;

/// A change whose consequences are still to be drawn.
pub(super) enum Work {
    /// The step's outcome is known.
    StepKnown(StepIx),
    /// The step's outcome was known to be passed, and is another one now.
    StepChanged(StepIx),
    /// The pipeline is over.
    PipelineOver(PipelineIx),
    /// Perhaps the pipeline's steps may start now.
    TryOpen(PipelineIx),
    /// Perhaps the step may start now.
    TryStart(StepIx),
}

/// One event being applied: when, what changed so far, what is still to be followed up.
pub(super) struct Turn {
    pub at: Timestamp,
    pub applied: Applied,
    pub work: Vec<Work>,
}

impl Run {
    pub(super) fn settle(&mut self, turn: &mut Turn) {
        while let Some(work) = turn.work.pop() {
            match work {
                Work::StepKnown(step) => self.step_known(step, true, turn),
                Work::StepChanged(step) => self.step_known(step, false, turn),
                Work::PipelineOver(pipeline) => self.pipeline_over(pipeline, turn),
                Work::TryOpen(pipeline) => self.try_open(pipeline, turn),
                Work::TryStart(step) => self.try_start(step, turn),
            }
        }
    }

    fn step_known(&mut self, ix: StepIx, first: bool, turn: &mut Turn) {
        let Some(outcome) = self.state.steps[ix.index()].status.outcome().cloned() else { return };
        for i in 0..self.links.after_step[ix.index()].len() {
            let (next, tie) = self.links.after_step[ix.index()][i];
            if self.is_late(next) || self.satisfies(ix, tie) {
                if first {
                    self.met(next, turn);
                }
            } else {
                let end = self.broken(ix, &outcome, tie);
                self.end_waiting(next, end, turn);
            }
        }
    }

    /// One need fewer.
    fn met(&mut self, step: StepIx, turn: &mut Turn) {
        self.unmet[step.index()] -= 1;
        if self.unmet[step.index()] == 0 {
            turn.work.push(Work::TryStart(step));
        }
    }

    fn pipeline_over(&mut self, ix: PipelineIx, turn: &mut Turn) {
        let Some(outcome) = self.state.pipelines[ix.index()].outcome else { return };
        let reason = format!("pipeline `{}`: {}", self.plan.pipeline(ix).name, outcome.word());
        for i in 0..self.links.pipelines_after[ix.index()].len() {
            let next = self.links.pipelines_after[ix.index()][i];
            if outcome.lets_others_on() {
                self.pipeline_unmet[next.index()] -= 1;
                turn.work.push(Work::TryOpen(next));
            } else {
                self.end_waiting_of(next, &Outcome::Skipped { reason: reason.clone() }, turn);
            }
        }
        for i in 0..self.links.steps_after[ix.index()].len() {
            let next = self.links.steps_after[ix.index()][i];
            if outcome.lets_others_on() || self.is_late(next) {
                self.met(next, turn);
            } else {
                self.end_waiting(next, Outcome::Skipped { reason: reason.clone() }, turn);
            }
        }
    }

    fn try_open(&mut self, ix: PipelineIx, turn: &mut Turn) {
        let i = ix.index();
        if self.open[i] || self.pipeline_unmet[i] > 0 || self.state.pipelines[i].outcome.is_some() {
            return;
        }
        if self.state.pipelines[i].stop_in_force().is_some() {
            return;
        }
        let gates = self.links.run_gate.into_iter().chain(self.plan.pipeline(ix).gate);
        if let Some(gate) = gates.into_iter().find(|gate| !self.gate_open(*gate)) {
            self.wait_at(gate, turn);
            return;
        }
        self.open[i] = true;
        for step in self.plan.pipelines[i].steps.clone() {
            turn.work.push(Work::TryStart(step));
        }
    }

    fn try_start(&mut self, ix: StepIx, turn: &mut Turn) {
        match self.verdict(ix) {
            Verdict::NotYet => return,
            Verdict::End(outcome) => return self.end_waiting(ix, outcome, turn),
            Verdict::Start => {}
        }
        if let Some(gate) = self.plan.step(ix).gate
            && !self.gate_open(gate)
        {
            let pipeline = self.plan.step(ix).pipeline;
            match self.state.pipelines[pipeline.index()].stop_in_force().map(Stop::outcome) {
                // Nobody is asked any more.
                Some(outcome) => self.end_waiting(ix, outcome, turn),
                None => self.wait_at(gate, turn),
            }
            return;
        }
        if self.ready.insert(ix) && self.role == Role::Host {
            turn.applied.effects.push(Effect::Start { step: ix });
        }
    }

    fn wait_at(&mut self, gate: GateIx, turn: &mut Turn) {
        if self.state.gates[gate.index()] == GateState::Closed {
            self.state.gates[gate.index()] = GateState::Waiting { since: turn.at };
            turn.applied.gates.insert(gate);
            self.tell_guarded(gate, turn);
        }
    }

    pub(super) fn status(&self, pipeline: PipelineIx, turn: &mut Turn) {
        let effect = Effect::Status { pipeline };
        if self.role == Role::Server && !turn.applied.effects.contains(&effect) {
            turn.applied.effects.push(effect);
        }
    }

    /// Ends a step of which nothing has begun; does nothing to any other.
    pub(super) fn end_waiting(&mut self, ix: StepIx, outcome: Outcome, turn: &mut Turn) {
        if self.state.steps[ix.index()].status == StepStatus::Waiting {
            self.ready.remove(&ix);
            self.end(ix, outcome, turn);
            turn.work.push(Work::StepKnown(ix));
        }
    }

    /// Ends all steps of a pipeline of which nothing has begun.
    pub(super) fn end_waiting_of(&mut self, pipeline: PipelineIx, outcome: &Outcome, turn: &mut Turn) {
        for step in self.plan.pipeline(pipeline).steps.clone() {
            self.end_waiting(step, outcome.clone(), turn);
        }
    }

    /// Writes a step's terminal state, and its pipeline's where it was the last one. Whoever rests on the step hears of
    /// it from [`Work::StepKnown`], which is the caller's to push where the outcome was not known before.
    pub(super) fn end(&mut self, ix: StepIx, outcome: Outcome, turn: &mut Turn) {
        let step = &mut self.state.steps[ix.index()];
        step.status = StepStatus::Ended { outcome };
        turn.applied.steps.insert(ix);
        if let Some(gate) = self.plan.step(ix).gate {
            self.void(gate, turn);
        }
        // A step for a failure is not needed only when all it looks at is over for good.
        let late = self.links.after_step[ix.index()].iter().filter(|(next, _)| self.plan.step(*next).status == WhenStatus::Failure);
        turn.work.extend(late.map(|(next, _)| Work::TryStart(*next)));
        let pipeline = self.plan.step(ix).pipeline;
        self.remaining[pipeline.index()] -= 1;
        if self.links.in_rest[ix.index()] {
            self.rest_left[pipeline.index()] -= 1;
            if self.rest_left[pipeline.index()] == 0 {
                turn.work.extend(self.links.lasts[pipeline.index()].iter().map(|last| Work::TryStart(*last)));
            }
        }
        self.close_if_over(pipeline, turn);
    }

    pub(super) fn close_if_over(&mut self, pipeline: PipelineIx, turn: &mut Turn) {
        let i = pipeline.index();
        if self.remaining[i] > 0 || self.state.pipelines[i].outcome.is_some() {
            return;
        }
        let out_of_time = self.out_of_time(pipeline);
        let ends = self.plan.pipelines[i].steps.iter().filter_map(|s| {
            let outcome = self.state.steps[s.index()].status.ended()?;
            // A failure that the step may have is none.
            let allowed = self.is_allowed(*s, outcome) && !(out_of_time && *outcome == Outcome::TimedOut);
            Some(if allowed { &Outcome::Passed } else { outcome })
        });
        self.state.pipelines[i].outcome = Some(PipelineOutcome::of(ends));
        self.state.pipelines[i].ended_at = Some(turn.at);
        turn.applied.pipelines.insert(pipeline);
        if let Some(gate) = self.plan.pipelines[i].gate {
            self.void(gate, turn);
        }
        self.status(pipeline, turn);
        if self.over() {
            if let Some(gate) = self.links.run_gate {
                self.void(gate, turn);
            }
            if self.role == Role::Server {
                turn.applied.effects.push(Effect::Release);
            }
        }
        turn.work.push(Work::PipelineOver(pipeline));
    }

    pub(super) fn void(&mut self, gate: GateIx, turn: &mut Turn) {
        if !matches!(self.state.gates[gate.index()], GateState::Open { .. } | GateState::Void) {
            self.state.gates[gate.index()] = GateState::Void;
            turn.applied.gates.insert(gate);
        }
    }
}
