//! One event in, changes and effects out.

use super::event::{Applied, Effect, Event, Refused};
use super::settle::{Turn, Work};
use super::state::{StepStatus, Stop, StopTaken, Timestamp};
use super::{Role, Run};
use crate::ids::{Attempt, Fence, GateIx, Phase, PipelineIx, StepIx};
use crate::outcome::Outcome;

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
            Event::GateExpired { gate, reason } => self.expired(*gate, reason, event, &mut turn)?,
            Event::GateExpiryTaken { gate } => self.skip_what_it_guards(*gate, &mut turn),
            Event::CancelRequested { pipeline, by } => self.stop(*pipeline, Stop::Cancelled { by: by.clone() }, event, &mut turn)?,
            Event::PipelineTimedOut { pipeline } => self.stop(*pipeline, Stop::TimedOut, event, &mut turn)?,
            Event::CleanUpStopped { pipeline, by } => self.stop_clean_up(*pipeline, by.as_deref(), event, &mut turn)?,
            Event::NotTaken { pipeline } => self.not_taken(*pipeline, &mut turn)?,
            Event::StopTaken { pipeline, all } => {
                self.known_pipeline(*pipeline)?;
                self.end_stopped(*pipeline, if *all { StopTaken::All } else { StopTaken::Stop }, &mut turn);
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
            if self.state.steps[ix.index()].status.ended().is_some() {
                self.left_out(ix, turn);
            } else if self.open[step.pipeline.index()] {
                turn.work.push(Work::TryStart(ix));
            }
        }
        // A runner that takes a job finds these ready in the state it was given.
        if self.role == Role::Host {
            turn.applied.effects.extend(self.ready.iter().map(|step| Effect::Start { step: *step }));
        }
    }

    /// At the start, steps are over that were left out: what cannot go on without them ends too.
    fn left_out(&mut self, ix: StepIx, turn: &mut Turn) {
        let Some(outcome) = self.state.steps[ix.index()].status.ended().cloned() else { return };
        for i in 0..self.links.after_step[ix.index()].len() {
            let (next, tie) = self.links.after_step[ix.index()][i];
            if !self.is_late(next) && !self.satisfies(ix, tie) {
                let end = self.broken(ix, &outcome, tie);
                self.end_waiting(next, end, turn);
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
            turn.work.push(Work::StepChanged(ix));
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
            let unknown = Outcome::Infra { reason: reason.to_owned() };
            let (outcome, next) = match &self.state.steps[ix.index()].status {
                StepStatus::Running { .. } => (unknown, Some(Work::StepKnown(ix))),
                StepStatus::Finished { outcome: Outcome::Passed } => (unknown, Some(Work::StepChanged(ix))),
                StepStatus::Finished { outcome } => (outcome.clone(), None),
                _ => continue,
            };
            if let StepStatus::Running { .. } = self.state.steps[ix.index()].status {
                self.one_less_running(ix, turn);
                self.state.steps[ix.index()].finished_at = Some(turn.at);
            } else {
                self.unrecorded -= 1;
            }
            self.end(ix, outcome, turn);
            turn.work.extend(next);
        }
        for (ix, _) in self.plan.clone().pipelines() {
            self.end_stopped(ix, StopTaken::All, turn);
        }
        for gate in 0..self.plan.gates.len() {
            self.skip_what_it_guards(GateIx(gate as u32), turn);
        }
        Ok(())
    }

    pub(super) fn forward(&self, event: &Event, turn: &mut Turn) {
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

    pub(super) fn known_pipeline(&self, ix: PipelineIx) -> Result<(), Refused> {
        self.plan.pipelines.get(ix.index()).map(|_| ()).ok_or(Refused::Unknown { what: "pipeline" })
    }
}
