//! What a job's machine has been told: the replica, the journal behind it, the reports still to be taken.
//!
//! Nothing counts before its line is on disk: containers are started and reports sent after that only.

use super::journal::{Entry, line};
use chrono::{DateTime, Utc};
use dockercise_pipeline::ids::{Phase, StepIx};
use dockercise_pipeline::run::{Applied, Effect, Event, Refused, Role, Run, RunState, Stamped, StepStatus, StopTaken};
use dockercise_pipeline::wire::{Job, Order, Record, Report, ResolvedImage};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// See the module.
#[derive(Debug)]
pub struct Ledger {
    run: Run,
    /// Lines applied and not yet on disk.
    lines: Vec<u8>,
    dirty: bool,
    next: u64,
    orders_done: u64,
    taken: u64,
    untaken: VecDeque<Report>,
    /// For each step of which a container was made: the phases.
    begun: BTreeMap<StepIx, BTreeSet<Phase>>,
    /// For each step that is recorded: the number of the report that says so.
    recorded: BTreeMap<StepIx, u64>,
    /// Number of the report that ends the job.
    end: Option<u64>,
}

impl Ledger {
    /// A machine that has been told nothing but that the job has begun. Next: [`Ledger::replay`] of what the journal
    /// holds; then what [`Ledger::run`] calls ready has to be started.
    pub fn new(job: &Job, now: DateTime<Utc>) -> Ledger {
        let mut run = Run::restore(Arc::new(job.plan.clone()), job.state.clone(), Role::Host);
        // Cannot be refused; what it opens is in `ready`.
        let _ = run.apply(now, &Event::Begin);
        Ledger {
            run,
            lines: Vec::new(),
            dirty: false,
            next: 1,
            orders_done: 0,
            taken: 0,
            untaken: VecDeque::new(),
            begun: BTreeMap::new(),
            recorded: BTreeMap::new(),
            end: None,
        }
    }

    /// Tells the machine what a journal holds.
    pub fn replay(&mut self, entries: Vec<Entry>) {
        for entry in entries {
            match entry {
                Entry::Report { report } => {
                    // It was not refused when it was written; the end of the job is not for this machine.
                    let _ = self.run.apply(report.stamped.at, &report.stamped.event);
                    self.note(report);
                }
                Entry::Order { number, stamped } => {
                    let _ = self.run.apply(stamped.at, &stamped.event);
                    self.orders_done = number;
                }
                Entry::Taken { up_to } => self.forget_taken(up_to),
            }
        }
    }

    /// The replica.
    pub fn run(&self) -> &Run {
        &self.run
    }

    /// The run as it is.
    pub fn state(&self) -> &RunState {
        self.run.state()
    }

    /// Where a step is.
    pub fn status(&self, step: StepIx) -> &StepStatus {
        &self.run.state().steps[step.index()].status
    }

    /// The phases of a step for which a container was made in this job, in order.
    pub fn phases(&self, step: StepIx) -> Vec<Phase> {
        let begun = self.begun.get(&step);
        [Phase::Run, Phase::Done].into_iter().filter(|p| begun.is_some_and(|b| b.contains(p))).collect()
    }

    /// The steps of which a container was made in this job.
    pub fn begun(&self) -> impl Iterator<Item = StepIx> + '_ {
        self.begun.keys().copied()
    }

    /// Number of the report that said that a step is recorded, or that it could not be.
    pub fn recorded(&self, step: StepIx) -> u64 {
        self.recorded.get(&step).copied().unwrap_or_default()
    }

    /// The server has the reports up to this number.
    pub fn taken_up_to(&self) -> u64 {
        self.taken
    }

    /// Number of the last order carried out.
    pub fn orders_done(&self) -> u64 {
        self.orders_done
    }

    /// Number of the last report given out.
    pub fn last(&self) -> u64 {
        self.next - 1
    }

    /// Does the server have all reports?
    pub fn all_taken(&self) -> bool {
        self.taken == self.last()
    }

    /// Has the end of the job been reported?
    pub fn end(&self) -> Option<u64> {
        self.end
    }

    /// Reports from a number on that the server does not have, as far as they are known to be on disk.
    pub fn untaken_from(&self, number: u64) -> impl Iterator<Item = &Report> + '_ {
        self.untaken.iter().filter(move |r| r.number >= number)
    }

    /// Something happened on this host. Returns what must be done, once its line is on disk.
    ///
    /// # Errors
    /// It does not fit; then nothing was changed.
    pub fn own(
        &mut self,
        now: DateTime<Utc>,
        event: Event,
        record: Option<Record>,
        image: Option<ResolvedImage>,
    ) -> Result<Applied, Refused> {
        let applied = match event {
            // Said to the server; this machine is put away.
            Event::JobEnded { .. } => Applied::default(),
            _ => self.run.apply(now, &event)?,
        };
        let report = Report { number: self.next, stamped: Stamped { at: now, event }, record, image };
        self.write(&Entry::Report { report: report.clone() });
        self.note(report);
        Ok(applied)
    }

    /// The server told something. Once is enough: an order known already does nothing. That the machine refuses it
    /// (the gate is void by now, the pipeline over) counts as carried out.
    pub fn order(&mut self, now: DateTime<Utc>, order: &Order) -> Vec<Effect> {
        if order.number <= self.orders_done {
            return Vec::new();
        }
        let result = self.run.apply(order.stamped.at, &order.stamped.event);
        self.write(&Entry::Order { number: order.number, stamped: order.stamped.clone() });
        self.orders_done = order.number;
        let mut effects = match result {
            Ok(applied) => applied.effects,
            Err(refused) => {
                tracing::info!(job = %order.job, order = order.number, %refused, "an order changes nothing");
                Vec::new()
            }
        };
        if let Some(notice) = self.notice(&order.stamped.event)
            && let Ok(applied) = self.own(now, notice, None, None)
        {
            effects.extend(applied.effects);
        }
        effects
    }

    /// What the server is told when an order was carried out that it waits for.
    fn notice(&self, order: &Event) -> Option<Event> {
        match order {
            Event::CancelRequested { pipeline, .. } | Event::PipelineTimedOut { pipeline } | Event::CleanUpStopped { pipeline, .. } => {
                let taken = self.state().pipelines.get(pipeline.index()).map(|p| p.stop_taken);
                Some(Event::StopTaken { pipeline: *pipeline, all: taken == Some(StopTaken::All) })
            }
            Event::GateExpired { gate, .. } => Some(Event::GateExpiryTaken { gate: *gate }),
            _ => None,
        }
    }

    /// The server has the reports up to a number.
    pub fn taken(&mut self, up_to: u64) {
        if up_to > self.taken {
            self.write(&Entry::Taken { up_to });
            self.forget_taken(up_to);
        }
    }

    fn write(&mut self, entry: &Entry) {
        self.dirty |= !matches!(entry, Entry::Taken { .. });
        match line(entry) {
            Ok(bytes) => self.lines.extend(bytes),
            // Only maps with keys that are no strings could do that, and there are none.
            Err(error) => tracing::error!(%error, "a journal line cannot be written as JSON"),
        }
    }

    fn note(&mut self, report: Report) {
        self.next = report.number + 1;
        match &report.stamped.event {
            Event::StepStarted { attempt, phase } => {
                self.begun.entry(attempt.step).or_default().insert(*phase);
            }
            Event::StepRecorded { attempt } | Event::RecordFailed { attempt, .. } => {
                self.recorded.insert(attempt.step, report.number);
            }
            Event::JobEnded { .. } => self.end = Some(report.number),
            _ => {}
        }
        self.untaken.push_back(report);
    }

    fn forget_taken(&mut self, up_to: u64) {
        self.taken = self.taken.max(up_to);
        while self.untaken.front().is_some_and(|r| r.number <= self.taken) {
            self.untaken.pop_front();
        }
    }

    /// Is there something that must be on disk before it counts? (That the server has a report need not be.)
    pub fn is_dirty(&self) -> bool {
        self.dirty
    }

    /// The lines to be put on disk.
    pub fn lines(&self) -> &[u8] {
        &self.lines
    }

    /// They are.
    pub fn written(&mut self) {
        self.lines.clear();
        self.dirty = false;
    }
}
