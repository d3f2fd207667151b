//! One event in, changes and effects out.

use super::event::{Applied, Effect, Event, Refused};
use super::settle::{Turn, Work};
use super::state::{GateState, StepStatus, Stop, Timestamp};
use super::{Role, Run};
use crate::ids::{Attempt, Fence, GateIx, Phase, PipelineIx, StepIx};
use crate::outcome::Outcome;
use crate::plan::Guarded;

impl Run {
    /// Applies one event. The same event again changes nothing; an ended step or pipeline never changes.
    ///
    /// # Errors
    /// The event does not fit the state (stale attempt or fence, gate not waiting); then nothing was changed.
    pub fn apply(&mut self, at: Timestamp, event: &Event) -> Result<Applied, Refused> {
        let mut turn = Turn { at, applied: Applied::default(), work: Vec::new() };
        match event {
            Event::Begin => self.begin(&mut turn),
            Event::StepStarted { attempt, phase } => self.started(*attempt, *phase, &mut turn)?,
            Event::StepFinished { attempt, outcome, note } => self.finished(*attempt, outcome, note, &mut turn)?,
            Event::StepRecorded { attempt } => self.recorded(*attempt, None, &mut turn)?,
            Event::RecordFailed { attempt, reason } => self.recorded(*attempt, Some(reason), &mut turn)?,
            Event::JobEnded { fence } => self.job_over(*fence, "its runner ended the job without a result for it", &mut turn)?,
            Event::HostLost { fence, reason } => self.job_over(*fence, reason, &mut turn)?,
            Event::GateClicked { gate, by } => self.clicked(*gate, by, event, &mut turn)?,
            Event::CancelRequested { pipeline, by } => self.stop(*pipeline, Stop::Cancelled { by: by.clone() }, event, &mut turn)?,
            Event::PipelineTimedOut { pipeline } => self.stop(*pipeline, Stop::TimedOut, event, &mut turn)?,
            Event::StopTaken { pipeline } => {
                self.known_pipeline(*pipeline)?;
                self.end_stopped(*pipeline, &mut turn);
            }
        }
        self.settle(&mut turn);
        self.dispatch_if_ready(&mut turn);
        Ok(turn.applied)
    }

    fn begin(&mut self, turn: &mut Turn) {
        for (ix, _) in self.plan.clone().pipelines() {
            if self.state.pipelines[ix.index()].outcome.is_none() {
                if self.remaining[ix.index()] > 0 {
                    self.status(ix, turn);
                }
                self.close_if_over(ix, turn);
                turn.work.push(Work::TryOpen(ix));
            }
        }
        for (ix, step) in self.plan.clone().steps() {
            let not_needed = matches!(self.state.steps[ix.index()].status.outcome(), Some(Outcome::NotNeeded { .. }));
            if not_needed {
                self.not_needed_goes_on(ix, turn);
            } else if self.open[step.pipeline.index()] {
                turn.work.push(Work::TryStart(ix));
            }
        }
        // A runner that takes a job finds these ready in the state it was given.
        if self.role == Role::Host {
            turn.applied.effects.extend(self.ready.iter().map(|step| Effect::Start { step: *step }));
        }
    }

    /// At the start, filters have kept steps out; what uses their values is not needed either.
    fn not_needed_goes_on(&mut self, ix: StepIx, turn: &mut Turn) {
        let name = self.plan.full_name(ix);
        for i in 0..self.links.after_step[ix.index()].len() {
            let (next, tie) = self.links.after_step[ix.index()][i];
            if tie == super::links::Tie::Use {
                let filter = format!("it uses `{name}`, which was not needed");
                self.end_waiting(next, Outcome::NotNeeded { filter }, turn);
            }
        }
    }

    fn started(&mut self, attempt: Attempt, phase: Phase, turn: &mut Turn) -> Result<(), Refused> {
        let ix = self.known_step(attempt.step)?;
        let stale = Refused::StaleAttempt { step: ix, number: attempt.number };
        let step = &mut self.state.steps[ix.index()];
        match (&step.status, phase) {
            (StepStatus::Waiting, Phase::Run) if attempt.number == step.attempt + 1 => {}
            (StepStatus::Running { phase: Phase::Run }, Phase::Done) if attempt.number == step.attempt => {
                step.status = StepStatus::Running { phase };
                step.done_started_at = Some(turn.at);
                turn.applied.steps.insert(ix);
                return Ok(());
            }
            (StepStatus::Waiting, _) => return Err(stale),
            // Said before, or overtaken by what came later.
            _ if attempt.number == step.attempt => return Ok(()),
            _ => return Err(stale),
        }
        step.status = StepStatus::Running { phase };
        step.attempt = attempt.number;
        step.started_at = Some(turn.at);
        turn.applied.steps.insert(ix);
        self.ready.remove(&ix);
        let pipeline = self.plan.step(ix).pipeline;
        self.running[pipeline.index()] += 1;
        let state = &mut self.state.pipelines[pipeline.index()];
        turn.applied.pipelines.insert(pipeline);
        state.busy_since.get_or_insert(turn.at);
        if state.started_at.is_none() {
            state.started_at = Some(turn.at);
            self.status(pipeline, turn);
        }
        Ok(())
    }

    fn finished(&mut self, attempt: Attempt, outcome: &Outcome, note: &Option<String>, turn: &mut Turn) -> Result<(), Refused> {
        let ix = self.known_step(attempt.step)?;
        if matches!(outcome, Outcome::Skipped { .. } | Outcome::NotNeeded { .. }) {
            return Err(Refused::NotForRunners { word: outcome.word() });
        }
        let step = &mut self.state.steps[ix.index()];
        let begun = match step.status {
            StepStatus::Waiting if attempt.number == step.attempt + 1 => false,
            StepStatus::Running { .. } if attempt.number == step.attempt => true,
            StepStatus::Finished { .. } | StepStatus::Ended { .. } if attempt.number <= step.attempt => return Ok(()),
            _ => return Err(Refused::StaleAttempt { step: ix, number: attempt.number }),
        };
        step.attempt = attempt.number;
        step.status = StepStatus::Finished { outcome: outcome.clone() };
        step.finished_at = Some(turn.at);
        step.note.clone_from(note);
        turn.applied.steps.insert(ix);
        self.ready.remove(&ix);
        self.unrecorded += 1;
        if begun {
            self.one_less_running(ix, turn);
        }
        turn.work.push(Work::StepKnown(ix));
        Ok(())
    }

    fn one_less_running(&mut self, ix: StepIx, turn: &mut Turn) {
        let pipeline = self.plan.step(ix).pipeline;
        self.running[pipeline.index()] -= 1;
        if self.running[pipeline.index()] == 0 {
            self.state.pipelines[pipeline.index()].busy_ms = self.busy_ms(pipeline, turn.at);
            self.state.pipelines[pipeline.index()].busy_since = None;
            turn.applied.pipelines.insert(pipeline);
        }
    }

    fn recorded(&mut self, attempt: Attempt, failure: Option<&String>, turn: &mut Turn) -> Result<(), Refused> {
        let ix = self.known_step(attempt.step)?;
        let step = &self.state.steps[ix.index()];
        if attempt.number != step.attempt {
            return Err(Refused::StaleAttempt { step: ix, number: attempt.number });
        }
        let known = match &step.status {
            StepStatus::Finished { outcome } => outcome.clone(),
            StepStatus::Ended { .. } => return Ok(()),
            _ => return Err(Refused::NotFinished { step: ix }),
        };
        let (outcome, changed) = match failure {
            Some(reason) if known == Outcome::Passed => (Outcome::Infra { reason: reason.clone() }, true),
            _ => (known, false),
        };
        self.unrecorded -= 1;
        self.end(ix, outcome, turn);
        if changed {
            turn.work.push(Work::StepKnown(ix));
        }
        Ok(())
    }

    fn job_over(&mut self, fence: Fence, reason: &str, turn: &mut Turn) -> Result<(), Refused> {
        if self.state.job != Some(fence) {
            return Err(Refused::StaleFence { fence });
        }
        self.state.job = None;
        turn.applied.run = true;
        for (ix, _) in self.plan.clone().steps() {
            let known = match &self.state.steps[ix.index()].status {
                StepStatus::Running { .. } => {
                    self.one_less_running(ix, turn);
                    self.state.steps[ix.index()].finished_at = Some(turn.at);
                    None
                }
                StepStatus::Finished { outcome } => {
                    self.unrecorded -= 1;
                    Some(outcome.clone())
                }
                _ => continue,
            };
            let (outcome, changed) = match known {
                Some(known) if known != Outcome::Passed => (known, false),
                _ => (Outcome::Infra { reason: reason.to_owned() }, true),
            };
            self.end(ix, outcome, turn);
            if changed {
                turn.work.push(Work::StepKnown(ix));
            }
        }
        for (ix, _) in self.plan.clone().pipelines() {
            self.end_stopped(ix, turn);
        }
        Ok(())
    }

    fn clicked(&mut self, gate: GateIx, by: &str, event: &Event, turn: &mut Turn) -> Result<(), Refused> {
        let state = self.state.gates.get_mut(gate.index()).ok_or(Refused::Unknown { what: "gate" })?;
        match state {
            GateState::Waiting { .. } => {}
            // The server has seen what opens the way to the gate; this replica is about to.
            GateState::Closed if self.role == Role::Host => {}
            // The click was in the state that came with the job.
            GateState::Open { .. } if self.role == Role::Host => return Ok(()),
            _ => return Err(Refused::GateNotWaiting { gate }),
        }
        *state = GateState::Open { by: by.to_owned(), at: turn.at };
        turn.applied.gates.insert(gate);
        let pipeline = self.guarded_pipeline(gate);
        self.status(pipeline, turn);
        match self.plan.gates[gate.index()].guards {
            Guarded::Pipeline { pipeline } => turn.work.push(Work::TryOpen(pipeline)),
            Guarded::Step { step } => turn.work.push(Work::TryStart(step)),
        }
        self.forward(event, turn);
        Ok(())
    }

    fn stop(&mut self, ix: PipelineIx, stop: Stop, event: &Event, turn: &mut Turn) -> Result<(), Refused> {
        self.known_pipeline(ix)?;
        let state = &mut self.state.pipelines[ix.index()];
        if state.outcome.is_some() {
            return Err(Refused::PipelineOver);
        }
        if state.stop.is_some() {
            return Ok(());
        }
        let outcome = stop.outcome();
        state.stop = Some(stop);
        turn.applied.pipelines.insert(ix);
        let steps = self.plan.pipeline(ix).steps.clone();
        self.ready.retain(|s| !steps.contains(s));
        if self.role == Role::Server && self.state.job.is_some() {
            self.forward(event, turn);
            return Ok(());
        }
        for step in steps {
            if matches!(self.state.steps[step.index()].status, StepStatus::Running { .. }) {
                turn.applied.effects.push(Effect::Stop { step, outcome: outcome.clone() });
            }
        }
        self.end_stopped(ix, turn);
        Ok(())
    }

    fn forward(&self, event: &Event, turn: &mut Turn) {
        if let (Role::Server, Some(fence)) = (self.role, self.state.job) {
            turn.applied.effects.push(Effect::Forward { fence, event: event.clone() });
        }
    }

    fn dispatch_if_ready(&mut self, turn: &mut Turn) {
        if self.role == Role::Server && self.state.job.is_none() && !self.ready.is_empty() {
            self.state.fence = Fence(self.state.fence.0 + 1);
            self.state.job = Some(self.state.fence);
            turn.applied.run = true;
            turn.applied.effects.push(Effect::Dispatch { fence: self.state.fence });
        }
    }

    fn known_step(&self, ix: StepIx) -> Result<StepIx, Refused> {
        self.plan.steps.get(ix.index()).map(|_| ix).ok_or(Refused::Unknown { what: "step" })
    }

    fn known_pipeline(&self, ix: PipelineIx) -> Result<(), Refused> {
        self.plan.pipelines.get(ix.index()).map(|_| ()).ok_or(Refused::Unknown { what: "pipeline" })
    }
}
