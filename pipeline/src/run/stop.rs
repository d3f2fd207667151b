//! Pipelines that are to stop: cancelled, out of time, or not taken by any host.
//!
//! Clean-up is spared at first: steps that always run, and where time was up also those that run for a failure. They go on,
//! and begin, if anything that they look at has begun. A second event stops them too.

use super::event::{Effect, Event, Refused};
use super::settle::{Turn, Work};
use super::state::{PipelineState, StepStatus, Stop, StopTaken};
use super::{Role, Run};
use crate::ids::{PipelineIx, StepIx};
use crate::outcome::Outcome;
use std::collections::BTreeMap;

impl Run {
    pub(super) fn stop(&mut self, ix: PipelineIx, stop: Stop, event: &Event, turn: &mut Turn) -> Result<(), Refused> {
        let state = self.not_over(ix)?;
        if state.stop.is_none() {
            (state.stop, state.stopped_at) = (Some(stop), Some(turn.at));
            turn.applied.pipelines.insert(ix);
        } else if self.role == Role::Server {
            return Ok(());
        }
        self.carry_out_stop(ix, StopTaken::Stop, event, turn);
        Ok(())
    }

    pub(super) fn stop_clean_up(&mut self, ix: PipelineIx, by: Option<&str>, event: &Event, turn: &mut Turn) -> Result<(), Refused> {
        let state = self.not_over(ix)?;
        if state.stop.is_none() {
            return Err(Refused::NotStopped);
        }
        if state.stop_all.is_none() {
            state.stop_all = Some(by.map_or(Stop::TimedOut, |by| Stop::Cancelled { by: by.to_owned() }));
            turn.applied.pipelines.insert(ix);
        } else if self.role == Role::Server {
            return Ok(());
        }
        self.carry_out_stop(ix, StopTaken::All, event, turn);
        Ok(())
    }

    /// The pipelines with steps that a host could start, and for how many seconds each may wait for one.
    pub fn waiting_for_a_host(&self) -> BTreeMap<PipelineIx, u64> {
        let pipelines = self.ready.iter().map(|step| self.plan.step(*step).pipeline);
        pipelines.map(|ix| (ix, self.plan.pipeline(ix).queue_timeout_seconds)).collect()
    }

    /// No host has the job: nothing of the run runs, and nobody must be told.
    pub(super) fn not_taken(&mut self, ix: PipelineIx, turn: &mut Turn) -> Result<(), Refused> {
        let seconds = self.plan.pipelines.get(ix.index()).map_or(0, |p| p.queue_timeout_seconds);
        let taken = self.role == Role::Host || self.running.iter().any(|n| *n > 0) || self.unrecorded > 0;
        let state = self.not_over(ix)?;
        if state.stop_all.is_some() {
            return Ok(());
        }
        if taken {
            return Err(Refused::Taken);
        }
        let stop = Stop::NotTaken { seconds };
        state.stop.get_or_insert(stop.clone());
        state.stopped_at.get_or_insert(turn.at);
        state.stop_all = Some(stop);
        self.end_stopped(ix, StopTaken::All, turn);
        self.settle(turn);
        if let Some(fence) = self.state.job.filter(|_| self.ready.is_empty()) {
            self.state.job = None;
            turn.applied.run = true;
            turn.applied.effects.push(Effect::Withdraw { fence });
        }
        Ok(())
    }

    fn not_over(&mut self, ix: PipelineIx) -> Result<&mut PipelineState, Refused> {
        self.known_pipeline(ix)?;
        let state = &mut self.state.pipelines[ix.index()];
        if state.outcome.is_some() { Err(Refused::PipelineOver) } else { Ok(state) }
    }

    fn carry_out_stop(&mut self, ix: PipelineIx, level: StopTaken, event: &Event, turn: &mut Turn) {
        if self.role == Role::Server && self.state.job.is_some() {
            self.forward(event, turn);
            return;
        }
        self.end_stopped(ix, level, turn);
        for step in self.plan.pipeline(ix).steps.clone() {
            if matches!(self.state.steps[step.index()].status, StepStatus::Running { .. })
                && let Some(outcome) = self.stopping(step)
            {
                turn.applied.effects.push(Effect::Stop { step, outcome });
            }
        }
    }

    /// A stop is in force from now on: ends what the pipeline has waiting, of clean-up what has nothing to clean up.
    pub(super) fn end_stopped(&mut self, pipeline: PipelineIx, level: StopTaken, turn: &mut Turn) {
        let state = &mut self.state.pipelines[pipeline.index()];
        let Some(stop) = state.stop.clone().filter(|_| state.outcome.is_none()) else { return };
        let level = if state.stop_all.is_some() { level } else { level.min(StopTaken::Stop) };
        if state.stop_taken < level {
            state.stop_taken = level;
            turn.applied.pipelines.insert(pipeline);
        }
        for step in self.plan.pipeline(pipeline).steps.clone() {
            if self.state.steps[step.index()].status != StepStatus::Waiting {
                continue;
            }
            // Of a pipeline that never opened nothing has begun.
            match self.stopping(step).or_else(|| (!self.open[pipeline.index()]).then(|| stop.outcome())) {
                Some(outcome) => self.end_stopped_step(step, outcome, turn),
                None => turn.work.push(Work::TryStart(step)),
            }
        }
    }

    fn end_stopped_step(&mut self, step: StepIx, outcome: Outcome, turn: &mut Turn) {
        let pipeline = self.plan.step(step).pipeline;
        if let Some(Stop::NotTaken { seconds }) = self.state.pipelines[pipeline.index()].stop {
            self.state.steps[step.index()].note = Some(format!("no host took it within {}", in_words(seconds)));
        }
        self.end_waiting(step, outcome, turn);
    }
}

/// A length of time as files have it: `24h`, `90m`, `45s`.
pub fn in_words(seconds: u64) -> String {
    match seconds {
        s if s >= 3600 && s % 3600 == 0 => format!("{}h", s / 3600),
        s if s >= 60 && s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
}
