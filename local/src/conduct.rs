//! One run, conducted: all that happens (the runner's calls, a click, ctrl-c, time) comes here in one line and is applied
//! to the machine; what follows goes to the runner as orders and to people as words.

mod calls;

use crate::door::Call;
use crate::incoming::Incoming;
use crate::logs::Logs;
use crate::results::Results;
use crate::show::Show;
use chrono::Utc;
use dockercise_pipeline::ids::{Fence, GateIx, JobId, PipelineIx, RunId};
use dockercise_pipeline::outcome::Outcome;
use dockercise_pipeline::plan::Plan;
use dockercise_pipeline::run::{Effect, Event, GateState, Run, Stamped, Timestamp};
use dockercise_pipeline::wire::{About, Orders, Poll, ResolvedImage};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;
use uuid::Uuid;

/// How long a runner's question waits for something to do; after 40 s without a word a server is taken for dead.
const WAIT: Duration = Duration::from_secs(25);

/// See the module.
pub struct Conduct {
    id: RunId,
    machine: Run,
    about: About,
    /// Resolved so far.
    images: Vec<ResolvedImage>,
    job: Option<JobHere>,
    kept: Keeping,
    show: Box<dyn Show>,
    /// Jobs before that one.
    past: Vec<JobId>,
    /// A runner's question that waits for something to do.
    poll: Option<Question>,
    /// Has the runner put away its last job?
    idle: bool,
}

/// What a run may have, and where what it leaves goes.
pub struct Keeping {
    /// Their output.
    pub logs: Logs,
    /// Their files.
    pub incoming: Incoming,
    /// Where both stand.
    pub results: Results,
    /// By name.
    pub secrets: BTreeMap<String, Vec<u8>>,
}

/// A question, and until when it may wait.
#[derive(Debug)]
struct Question {
    poll: Poll,
    answer: oneshot::Sender<Orders>,
    until: Instant,
}

/// The job that is out.
#[derive(Debug)]
struct JobHere {
    id: JobId,
    fence: Fence,
    orders: Vec<Stamped>,
    /// Number of the last report taken.
    taken: u64,
    ended: bool,
}

impl Conduct {
    /// For a machine to which nothing was told yet.
    pub fn new(machine: Run, about: About, kept: Keeping, show: Box<dyn Show>) -> Conduct {
        Conduct {
            id: RunId(Uuid::now_v7()),
            machine,
            about,
            images: Vec::new(),
            job: None,
            past: Vec::new(),
            kept,
            show,
            poll: None,
            idle: true,
        }
    }

    /// The run.
    pub fn machine(&self) -> &Run {
        &self.machine
    }

    /// What people see.
    pub fn show(&mut self) -> &mut dyn Show {
        &mut *self.show
    }

    /// Opens what can open.
    pub fn begin(&mut self) {
        self.tell(Utc::now(), &Event::Begin);
    }

    /// Is everything over that a runner has to do with?
    pub fn over(&self) -> bool {
        self.machine.over() && (self.idle || self.nothing_was_stopped())
    }

    /// Then nothing is under way any more once all is over: what a runner puts away is put away with the rest. A step that was
    /// stopped while it was being made may be made all the same.
    fn nothing_was_stopped(&self) -> bool {
        let ended_by_itself = |outcome: &Outcome| {
            matches!(outcome, Outcome::Passed | Outcome::Failed { .. } | Outcome::Skipped { .. } | Outcome::NotNeeded { .. })
        };
        self.machine.state().steps.iter().all(|step| step.status.ended().is_some_and(ended_by_itself))
    }

    /// Does nothing go on without a person?
    pub fn waits_for_a_person(&self) -> bool {
        !self.machine.over() && self.machine.state().job.is_none() && self.idle
    }

    /// Images resolved so far.
    pub fn images(&self) -> &[ResolvedImage] {
        &self.images
    }

    /// Time has passed, for those who look.
    pub fn tick(&mut self) {
        self.show.tick(&self.machine);
    }

    /// Nothing more comes but words.
    pub fn end(&mut self) {
        self.show.end(&self.machine);
    }

    /// The gates that wait for a click.
    pub fn gates(&self) -> Vec<GateIx> {
        let gates = self.machine.state().gates.iter().zip(0..);
        gates.filter(|(gate, _)| matches!(gate, GateState::Waiting { .. })).map(|(_, ix)| GateIx(ix)).collect()
    }

    /// A person says yes.
    pub fn click(&mut self, gate: GateIx, by: &str) {
        self.tell(Utc::now(), &Event::GateClicked { gate, by: by.to_owned() });
    }

    /// All that is not over is to stop.
    pub fn cancel(&mut self, by: &str) {
        for pipeline in self.open_pipelines() {
            self.tell(Utc::now(), &Event::CancelRequested { pipeline, by: by.to_owned() });
        }
    }

    /// When the clock must be looked at next.
    pub fn deadline(&self) -> Option<Instant> {
        let gates = self.gates().into_iter().filter_map(|gate| self.machine.gate_deadline(gate));
        let first = self.open_pipelines().into_iter().filter_map(|ix| self.machine.deadline(ix)).chain(gates).min();
        let first = first.map(|at| Instant::now() + (at - Utc::now()).to_std().unwrap_or_default());
        first.into_iter().chain(self.poll.as_ref().map(|question| question.until)).min()
    }

    /// Looks whose time is up.
    pub fn look_at_the_clock(&mut self) {
        if let Some(question) = self.poll.take_if(|question| question.until <= Instant::now()) {
            // A runner that has hung up asks again.
            drop(question.answer.send(Orders::default()));
        }
        let now = Utc::now();
        for gate in self.gates() {
            if self.machine.gate_deadline(gate).is_some_and(|at| at <= now) {
                self.tell(now, &Event::GateExpired { gate, reason: "nobody opened it in time".to_owned() });
            }
        }
        for pipeline in self.open_pipelines() {
            if self.machine.deadline(pipeline).is_some_and(|at| at <= now) {
                self.tell(now, &self.machine.time_is_up(pipeline));
            }
        }
    }

    fn open_pipelines(&self) -> Vec<PipelineIx> {
        let open = |ix: &PipelineIx| self.machine.state().pipelines[ix.index()].outcome.is_none();
        self.plan().pipelines().map(|(ix, _)| ix).filter(open).collect()
    }

    fn plan(&self) -> Arc<Plan> {
        Arc::clone(self.machine.plan())
    }

    /// What this program itself says cannot be refused, but by what happened at the same moment.
    fn tell(&mut self, at: Timestamp, event: &Event) {
        if let Err(refused) = self.apply(at, event) {
            tracing::debug!(%refused, ?event, "it does not fit any more");
        }
        self.answer_poll();
    }

    fn apply(&mut self, at: Timestamp, event: &Event) -> Result<(), dockercise_pipeline::run::Refused> {
        let applied = self.machine.apply(at, event)?;
        for effect in &applied.effects {
            match effect {
                Effect::Dispatch { fence } => {
                    self.idle = false;
                    let job = JobHere { id: JobId(Uuid::now_v7()), fence: *fence, orders: Vec::new(), taken: 0, ended: false };
                    self.past.extend(self.job.replace(job).map(|before| before.id));
                }
                Effect::Forward { fence, event } => {
                    if let Some(job) = self.job.as_mut().filter(|job| job.fence == *fence) {
                        job.orders.push(Stamped { at: Utc::now(), event: event.clone() });
                    }
                }
                // The runner's; or for those who watch a server.
                Effect::Start { .. } | Effect::Stop { .. } | Effect::Withdraw { .. } | Effect::Status { .. } | Effect::Release => {}
            }
        }
        for step in &applied.steps {
            if self.machine.state().steps[step.index()].status.ended().is_some() {
                for line in self.kept.logs.end(*step) {
                    self.show.line(&self.machine, &line);
                }
            }
        }
        self.show.changed(&self.machine, &applied);
        Ok(())
    }

    /// A runner's call.
    pub fn call(&mut self, call: Call) {
        match call {
            Call::Poll { poll, answer } => {
                self.idle = self.job.as_ref().is_none_or(|job| job.ended) && poll.jobs.is_empty();
                self.poll = Some(Question { poll, answer, until: Instant::now() + WAIT });
            }
            // Where nobody waits for an answer any more, the runner asks again.
            Call::Reports { job, reports, answer } => drop(answer.send(self.reports(job, reports))),
            Call::Log { job, fence, log, offset, bytes, answer } => drop(answer.send(self.log(job, fence, log, offset, &bytes))),
            Call::Secrets { job, ask, answer } => drop(answer.send(self.secrets(job, &ask))),
            Call::Notice { job, notice } => {
                let known = self.job.as_ref().is_some_and(|here| here.id == job && here.fence == notice.fence && !here.ended);
                if known && self.plan().steps.get(notice.step.index()).is_some() {
                    self.show.notice(&self.machine, notice.step, notice.words.as_deref());
                }
            }
        }
        self.answer_poll();
    }
}
