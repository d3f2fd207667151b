//! The run's state machine: [`Run::apply`] is the only writer of run and step state.
//!
//! ```text
//! step:      waiting ──> running(run) ──> running(done) ──> finished(outcome) ──> ended(outcome)
//!               └── skipped, not-needed, cancelled, timed-out ───────────────────────^
//! gate:      closed ──> waiting ──click──> open      (void, where what it guards is over without a click)
//! pipeline:  going ──stop──> clean-up only ──stop all──> nothing more
//! job:       none ──dispatch──> out ──job ended, host lost, not taken in time──> none
//! ```
//!
//! The same machine runs in two places. The server's is the authority: it gives out jobs and forwards clicks. The
//! runner that has a job keeps a replica, feeds it what happens on its host, starts what becomes ready without asking,
//! and sends the same events to the server in the same order. While a job is out, what has not begun belongs to the
//! runner: the server asks it to stop ([`Event::CancelRequested`] forwarded) and ends waiting steps only when the runner
//! says that it has taken notice ([`Event::StopTaken`]) or that the job is over.

mod apply;
mod derive;
mod event;
mod gates;
pub(crate) mod links;
mod selection;
mod settle;
mod state;
mod stop;
#[cfg(test)]
mod tests;

pub use event::{Applied, Effect, Event, Refused, Stamped};
pub use gates::may_click;
pub use selection::Selection;
pub use state::{GateState, KeptFrom, PipelineState, RunState, StepState, StepStatus, Stop, StopTaken, Timestamp};
pub use stop::in_words;

use crate::ids::{PipelineIx, StepIx};
use crate::plan::Plan;
use links::Links;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How long what a stopped pipeline runs as clean-up may take, in seconds.
pub const CLEAN_UP_SECONDS: i64 = 10 * 60;

/// Which of the two machines this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The authority, which gives out jobs.
    Server,
    /// The replica of a runner that has a job.
    Host,
}

/// A run: its plan, its state, and what follows from both.
#[derive(Debug)]
pub struct Run {
    plan: Arc<Plan>,
    state: RunState,
    role: Role,
    links: Links,
    /// For each step: needs that are not met.
    unmet: Vec<u32>,
    /// For each pipeline: pipelines before it that are not over.
    pipeline_unmet: Vec<u32>,
    /// For each pipeline: may its steps start?
    open: Vec<bool>,
    /// For each pipeline: steps not ended.
    remaining: Vec<u32>,
    /// For each pipeline: steps with a container that may be running.
    running: Vec<u32>,
    /// For each pipeline: steps not ended that its last steps come after.
    rest_left: Vec<u32>,
    /// For each pipeline where there are none left: what they came to.
    rest: Vec<Option<Rest>>,
    /// Steps of the whole run that are finished and not recorded.
    unrecorded: u32,
    /// Steps that may start now.
    ready: BTreeSet<StepIx>,
}

/// What several steps came to, for one that looks at them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Rest {
    /// One of them did not pass.
    failed: bool,
    /// One of them began.
    began: bool,
}

impl Run {
    /// A new run of the server's: all of the plan, but for what the selection leaves out. Apply [`Event::Begin`] next.
    pub fn new(plan: Arc<Plan>, selection: &Selection) -> Run {
        let state = selection.begin(&plan);
        Run::restore(plan, state, Role::Server)
    }

    /// The machine for a state saved earlier, or handed over with a job.
    pub fn restore(plan: Arc<Plan>, state: RunState, role: Role) -> Run {
        let links = Links::new(&plan);
        let mut run = Run {
            unmet: links.needs.clone(),
            pipeline_unmet: plan.pipelines.iter().map(|p| p.after.iter().collect::<BTreeSet<_>>().len() as u32).collect(),
            open: vec![false; plan.pipelines.len()],
            remaining: vec![0; plan.pipelines.len()],
            running: vec![0; plan.pipelines.len()],
            rest_left: vec![0; plan.pipelines.len()],
            rest: vec![None; plan.pipelines.len()],
            unrecorded: 0,
            ready: BTreeSet::new(),
            links,
            plan,
            state,
            role,
        };
        run.derive();
        run
    }

    /// The plan.
    pub fn plan(&self) -> &Arc<Plan> {
        &self.plan
    }

    /// The state, to save or to show.
    pub fn state(&self) -> &RunState {
        &self.state
    }

    /// Steps that may start now and have not.
    pub fn ready(&self) -> impl Iterator<Item = StepIx> + '_ {
        self.ready.iter().copied()
    }

    /// May the step start now, and has not?
    pub fn is_ready(&self, step: StepIx) -> bool {
        self.ready.contains(&step)
    }

    /// For a runner: is there nothing left to do without a person? Then the job is over.
    pub fn idle(&self) -> bool {
        self.ready.is_empty() && self.unrecorded == 0 && self.running.iter().all(|n| *n == 0)
    }

    /// What is to be told when the pipeline's [`Run::deadline`] has come.
    pub fn time_is_up(&self, pipeline: PipelineIx) -> Event {
        match self.state.pipelines[pipeline.index()].stop {
            None => Event::PipelineTimedOut { pipeline },
            Some(_) => Event::CleanUpStopped { pipeline, by: None },
        }
    }

    /// Are all pipelines over?
    pub fn over(&self) -> bool {
        self.state.pipelines.iter().all(|p| p.outcome.is_some())
    }

    /// Milliseconds that the pipeline has been running at a moment; waiting for a person or a host does not count.
    pub fn busy_ms(&self, pipeline: PipelineIx, now: Timestamp) -> u64 {
        let p = &self.state.pipelines[pipeline.index()];
        p.busy_ms + p.busy_since.map_or(0, |since| (now - since).num_milliseconds().max(0) as u64)
    }

    /// When the pipeline's time will be up if it goes on as it does: while it runs, or while it is stopped but for its
    /// clean-up, which has [`CLEAN_UP_SECONDS`].
    pub fn deadline(&self, pipeline: PipelineIx) -> Option<Timestamp> {
        let state = &self.state.pipelines[pipeline.index()];
        if state.outcome.is_some() || state.stop_all.is_some() {
            return None;
        }
        if state.stop.is_some() {
            return state.stopped_at?.checked_add_signed(chrono::Duration::seconds(CLEAN_UP_SECONDS));
        }
        let left = (self.plan.pipeline(pipeline).timeout_seconds.saturating_mul(1000)).saturating_sub(state.busy_ms);
        state.busy_since?.checked_add_signed(chrono::Duration::milliseconds(i64::try_from(left).ok()?))
    }
}
