//! What follows from what happened: steps sent off, stopped, forgotten; questions answered.

use super::ledger::Ledger;
use super::message::{Go, Message};
use super::{Loop, Sent, vault};
use crate::host::Host;
use crate::step::{self, At, Walk};
use chrono::Utc;
use dockercise_pipeline::ids::{Attempt, Phase, StepIx};
use dockercise_pipeline::outcome::Outcome;
use dockercise_pipeline::run::{Effect, Event, Refused, StepStatus};
use dockercise_pipeline::wire::{Record, ResolvedImage};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};
use tokio::task::JoinError;
use tokio_util::sync::CancellationToken;

/// An answer owed to a step, given when what it rests on is on disk.
#[derive(Debug)]
pub enum Answer {
    Begin(oneshot::Sender<Go>, Go),
    Counts(oneshot::Sender<bool>, bool),
}

impl Answer {
    /// Whoever asked may be gone.
    pub fn give(self) {
        match self {
            Answer::Begin(to, go) => drop(to.send(go)),
            Answer::Counts(to, counts) => drop(to.send(counts)),
        }
    }
}

impl<H: Host> Loop<H> {
    /// Takes up what a journal says is under way, and starts what is ready.
    pub(super) fn take_up(&mut self, turn: Option<OwnedSemaphorePermit>) {
        (self.in_work, self.turn) = (true, turn);
        self.remember_secrets();
        let steps: Vec<StepIx> = self.cx.job.plan.steps().map(|(ix, _)| ix).collect();
        for ix in steps {
            let state = &self.ledger.state().steps[ix.index()];
            let attempt = Attempt { step: ix, number: state.attempt };
            match &state.status {
                StepStatus::Running { phase } => {
                    let since = if *phase == Phase::Run { state.started_at } else { state.done_started_at };
                    self.send_off(attempt, At::Running { phase: *phase, since });
                }
                StepStatus::Finished { .. } => {
                    let phases = self.ledger.phases(ix);
                    self.send_off(attempt, At::Finished(phases));
                }
                _ => {}
            }
        }
        let stopped: Vec<_> = self.sent.keys().filter_map(|step| Some((*step, self.ledger.run().stopping(*step)?))).collect();
        for (step, outcome) in stopped {
            self.stop(step, &outcome);
        }
        let ready: Vec<StepIx> = self.ledger.run().ready().collect();
        ready.into_iter().for_each(|step| self.start(step));
        // What was recorded may not have been forgotten.
        let begun: Vec<StepIx> = self.ledger.begun().collect();
        for step in begun {
            if self.ledger.status(step).ended().is_some() {
                let attempt = Attempt { step, number: self.ledger.state().steps[step.index()].attempt };
                let order = step::order(&self.cx.job, self.ledger.state(), attempt, At::Start);
                self.cx.leaves(attempt, step::left(&self.cx.job, &order));
                self.to_forget.insert(self.ledger.recorded(step), step);
            }
        }
        self.forget_taken(self.ledger.taken_up_to());
    }

    /// Secrets live in memory: those of steps that have begun before this process are had again.
    fn remember_secrets(&self) {
        for step in self.ledger.begun().chain(vault::begun_before(&self.cx.job)) {
            self.cx.has_begun(step);
            if matches!(
                self.ledger.status(step),
                StepStatus::Running { phase: Phase::Done } | StepStatus::Finished { .. } | StepStatus::Ended { .. }
            ) {
                self.cx.has_value(step);
            }
        }
    }

    /// Tells the machine, and does what follows but needs no disk.
    pub(super) fn apply(&mut self, message: Message) -> Option<Answer> {
        match message {
            Message::Order(order) => {
                // After the end was reported the server has the next job see to it.
                if self.ledger.end().is_none() {
                    let effects = self.ledger.order(Utc::now(), &order);
                    self.carry_out(effects);
                }
                None
            }
            Message::Begin { attempt, phase, image, go } => {
                let answer = self.begin(attempt, phase, image);
                Some(Answer::Begin(go, answer))
            }
            Message::Finished { attempt, outcome, note, counts } => {
                let told = self.own(Event::StepFinished { attempt, outcome, note }, None, None);
                Some(Answer::Counts(counts, told.is_ok()))
            }
            Message::Recorded { attempt, record } => {
                self.recorded(Event::StepRecorded { attempt }, attempt, Some(record));
                None
            }
            Message::RecordFailed { attempt, reason } => {
                self.recorded(Event::RecordFailed { attempt, reason }, attempt, None);
                None
            }
            Message::Taken { up_to } => {
                self.ledger.taken(up_to);
                self.forget_taken(up_to);
                None
            }
            // Both end the loop.
            Message::Lost | Message::Refused { .. } => None,
        }
    }

    fn begin(&mut self, attempt: Attempt, phase: Phase, image: Option<ResolvedImage>) -> Go {
        match phase {
            Phase::Run if !self.ledger.run().is_ready(attempt.step) => return Go::Drop,
            Phase::Done if let Some(outcome) = self.ledger.run().stopping(attempt.step) => return Go::Stop(outcome),
            _ => {}
        }
        match self.own(Event::StepStarted { attempt, phase }, None, image) {
            Ok(()) => Go::Yes,
            Err(_) => Go::Drop,
        }
    }

    fn recorded(&mut self, event: Event, attempt: Attempt, record: Option<Record>) {
        if self.own(event, record, None).is_ok() {
            self.to_forget.insert(self.ledger.last(), attempt.step);
        }
    }

    pub(super) fn own(&mut self, event: Event, record: Option<Record>, image: Option<ResolvedImage>) -> Result<(), Refused> {
        match self.ledger.own(Utc::now(), event, record, image) {
            Ok(applied) => {
                self.carry_out(applied.effects);
                Ok(())
            }
            Err(refused) => {
                tracing::debug!(job = %self.cx.job.id, %refused, "what happened does not count any more");
                Err(refused)
            }
        }
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Start { step } => self.start(step),
                Effect::Stop { step, outcome } => self.stop(step, &outcome),
                // The server's.
                Effect::Dispatch { .. } | Effect::Withdraw { .. } | Effect::Forward { .. } | Effect::Status { .. } | Effect::Release => {}
            }
        }
        // Steps on their way to a container that are over by now.
        let ledger: &Ledger = &self.ledger;
        let over = self.sent.iter().filter(|(ix, _)| ledger.status(**ix).ended().is_some());
        over.for_each(|(_, sent)| sent.quit.cancel());
    }

    fn start(&mut self, step: StepIx) {
        let number = self.ledger.state().steps[step.index()].attempt + 1;
        self.send_off(Attempt { step, number }, At::Start);
    }

    fn send_off(&mut self, attempt: Attempt, at: At) {
        if !self.in_work || self.sent.contains_key(&attempt.step) {
            return;
        }
        let order = step::order(&self.cx.job, self.ledger.state(), attempt, at);
        self.cx.leaves(attempt, step::left(&self.cx.job, &order));
        let (stop, wanted) = watch::channel(None);
        let quit = CancellationToken::new();
        let walk = Walk::new(Arc::clone(&self.cx), order, wanted, quit.clone());
        self.sent.insert(attempt.step, Sent { stop, quit });
        self.walks.spawn(async move {
            walk.go().await;
            attempt.step
        });
    }

    fn stop(&mut self, step: StepIx, outcome: &Outcome) {
        if let Some(sent) = self.sent.get(&step) {
            sent.stop.send_if_modified(|wanted| wanted.is_none() && wanted.replace(outcome.clone()).is_none());
        }
    }

    /// Removes what is only here of steps that the server has all of.
    fn forget_taken(&mut self, up_to: u64) {
        let later = self.to_forget.split_off(&(up_to + 1));
        for step in std::mem::replace(&mut self.to_forget, later).into_values() {
            let attempt = Attempt { step, number: self.ledger.state().steps[step.index()].attempt };
            self.forgets.spawn(step::forget(Arc::clone(&self.cx), attempt, self.ledger.phases(step)));
        }
    }

    /// A step's walk is over, or broke.
    pub(super) fn walk_ended(&mut self, ended: Result<StepIx, JoinError>) {
        let Err(fault) = ended else { return };
        tracing::error!(job = %self.cx.job.id, %fault, "a fault in the runner ended a step's walk");
        // Which one it was is not told: those that are neither over nor walked any more.
        let running: Vec<StepIx> = self.sent.iter().filter(|(_, s)| s.stop.is_closed()).map(|(ix, _)| *ix).collect();
        for step in running {
            let number = self.ledger.state().steps[step.index()].attempt;
            let reason = "a fault in the runner ended its walk".to_owned();
            let unknown = match self.ledger.status(step) {
                StepStatus::Waiting => Some(Attempt { step, number: number + 1 }),
                StepStatus::Running { .. } => Some(Attempt { step, number }),
                _ => None,
            };
            if let Some(attempt) = unknown {
                let outcome = Outcome::Infra { reason: reason.clone() };
                // A step that is over by now stays so.
                let _ = self.own(Event::StepFinished { attempt, outcome, note: None }, None, None);
            }
            if let StepStatus::Finished { .. } = self.ledger.status(step) {
                let attempt = Attempt { step, number: self.ledger.state().steps[step.index()].attempt };
                self.recorded(Event::RecordFailed { attempt, reason }, attempt, None);
            }
        }
    }
}
