//! The run's state machine: [`Run::apply`] is the only writer of run and step state.
//!
//! ```text
//! step:      waiting ──> running(run) ──> running(done) ──> finished(outcome) ──> ended(outcome)
//!               └── skipped, not-needed, cancelled, timed-out ───────────────────────^
//! gate:      closed ──> waiting ──click──> open      (void, where what it guards is over without a click)
//! job:       none ──dispatch──> out ──job ended, host lost──> none
//! ```
//!
//! The same machine runs in two places. The server's is the authority: it gives out jobs and forwards clicks. The
//! runner that has a job keeps a replica, feeds it what happens on its host, starts what becomes ready without asking,
//! and sends the same events to the server in the same order. While a job is out, what has not begun belongs to the
//! runner: the server asks it to stop ([`Event::CancelRequested`] forwarded) and ends waiting steps only when the runner
//! says that it has taken notice ([`Event::StopTaken`]) or that the job is over.

mod apply;
mod event;
mod links;
mod only;
mod settle;
mod state;
#[cfg(test)]
mod tests;

pub use event::{Applied, Effect, Event, Refused, Stamped};
pub use state::{GateState, PipelineState, RunState, StepState, StepStatus, Stop, Timestamp};

use crate::ids::{Fence, GateIx, PipelineIx, StepIx};
use crate::outcome::Outcome;
use crate::plan::Plan;
use links::{Links, Tie};
use std::collections::BTreeSet;
use std::sync::Arc;

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
    /// Steps of the whole run that are finished and not recorded.
    unrecorded: u32,
    /// Steps that may start now.
    ready: BTreeSet<StepIx>,
}

impl Run {
    /// A new run of the server's. `selected` holds, for each pipeline of the plan, whether the event starts it, or the
    /// words of the filter that keeps it out. Apply [`Event::Begin`] next.
    pub fn new(plan: Arc<Plan>, selected: &[Result<(), String>]) -> Run {
        let mut state = RunState::waiting(&plan);
        for (ix, pipeline) in plan.pipelines() {
            if let Some(Err(filter)) = selected.get(ix.index()) {
                for step in &pipeline.steps {
                    let outcome = Outcome::NotNeeded { filter: filter.clone() };
                    state.steps[step.index()].status = StepStatus::Ended { outcome };
                }
                let gates = pipeline.steps.iter().filter_map(|s| plan.step(*s).gate).chain(pipeline.gate);
                for gate in gates {
                    state.gates[gate.index()] = GateState::Void;
                }
            }
        }
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

    /// For a runner: is there nothing left to do without a person? Then the job is over.
    pub fn idle(&self) -> bool {
        self.ready.is_empty() && self.unrecorded == 0 && self.running.iter().all(|n| *n == 0)
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

    /// When the pipeline's time will be up if it goes on running; none while it does not run, or is being stopped.
    pub fn deadline(&self, pipeline: PipelineIx) -> Option<Timestamp> {
        let state = &self.state.pipelines[pipeline.index()];
        let since = state.busy_since.filter(|_| state.outcome.is_none() && state.stop.is_none())?;
        let left = (self.plan.pipeline(pipeline).timeout_seconds.saturating_mul(1000)).saturating_sub(state.busy_ms);
        since.checked_add_signed(chrono::Duration::milliseconds(i64::try_from(left).ok()?))
    }

    /// What counts as met, broken or still open follows from the state alone.
    fn derive(&mut self) {
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
            if let Some(outcome) = status.outcome() {
                for (next, tie) in &self.links.after_step[ix.index()] {
                    if satisfies(outcome, *tie) {
                        self.unmet[next.index()] -= 1;
                    }
                }
            }
        }
        for ix in 0..plan.pipelines.len() {
            if self.state.pipelines[ix].outcome.is_some_and(|o| o.lets_others_on()) {
                for next in &self.links.pipelines_after[ix] {
                    self.pipeline_unmet[next.index()] -= 1;
                }
                for next in &self.links.steps_after[ix] {
                    self.unmet[next.index()] -= 1;
                }
            }
        }
        for (ix, pipeline) in plan.pipelines() {
            let gate_open = pipeline.gate.is_none_or(|g| self.gate_open(g));
            self.open[ix.index()] = self.pipeline_unmet[ix.index()] == 0 && gate_open;
        }
        self.ready = plan.steps().map(|(ix, _)| ix).filter(|ix| self.can_start(*ix)).collect();
    }

    fn gate_open(&self, gate: GateIx) -> bool {
        matches!(self.state.gates[gate.index()], GateState::Open { .. })
    }

    /// Everything but the step's own gate lets it start.
    fn only_gate_missing(&self, ix: StepIx) -> bool {
        let p = self.plan.step(ix).pipeline.index();
        self.state.steps[ix.index()].status == StepStatus::Waiting
            && self.unmet[ix.index()] == 0
            && self.open[p]
            && self.state.pipelines[p].stop.is_none()
    }

    fn can_start(&self, ix: StepIx) -> bool {
        self.only_gate_missing(ix) && self.plan.step(ix).gate.is_none_or(|g| self.gate_open(g))
    }
}

/// Does this result let a step that rests on it go on?
fn satisfies(outcome: &Outcome, tie: Tie) -> bool {
    match outcome {
        Outcome::Passed => true,
        Outcome::NotNeeded { .. } => tie == Tie::Order,
        _ => false,
    }
}

impl RunState {
    /// The state in which nothing has begun.
    fn waiting(plan: &Plan) -> RunState {
        let step =
            StepState { status: StepStatus::Waiting, attempt: 0, started_at: None, done_started_at: None, finished_at: None, note: None };
        let pipeline = PipelineState { outcome: None, stop: None, started_at: None, ended_at: None, busy_ms: 0, busy_since: None };
        RunState {
            steps: vec![step; plan.steps.len()],
            pipelines: vec![pipeline; plan.pipelines.len()],
            gates: vec![GateState::Closed; plan.gates.len()],
            job: None,
            fence: Fence(0),
        }
    }
}
