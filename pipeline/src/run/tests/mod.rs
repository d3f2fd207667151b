//! What holds for every run: told step by step, and under random plans and random luck.

#![expect(clippy::unwrap_used, reason = "tests")]

mod basics;
mod clean_up;
mod left_out;
mod luck;
mod plans;
mod policy;
mod shapes;
mod status;
mod world;

use super::*;
use crate::ids::{Attempt, Fence, GateIx, Phase};
use crate::outcome::{Outcome, PipelineOutcome};
use crate::plan::{GatePlan, Guarded, MountPlan, PipelinePlan, StepPlan, WhenStatus, Work};
use chrono::{TimeZone as _, Utc};

fn at(second: i64) -> Timestamp {
    Utc.timestamp_opt(1_800_000_000 + second, 0).unwrap()
}

fn step(pipeline: u32, name: &str) -> StepPlan {
    StepPlan::new(name, PipelineIx(pipeline), Work::shell("busybox", "true"))
}

fn pipeline(name: &str, steps: &[u32]) -> PipelinePlan {
    PipelinePlan {
        timeout_seconds: 60,
        steps: steps.iter().map(|s| StepIx(*s)).collect(),
        ..PipelinePlan::new(name, &format!("{name}.dockercise.yaml"))
    }
}

fn begun(plan: Plan) -> Run {
    let mut run = Run::new(Arc::new(plan), &Selection::default());
    run.apply(at(0), &Event::Begin).unwrap();
    run
}

fn first(step: u32) -> Attempt {
    Attempt { step: StepIx(step), number: 1 }
}

fn started(step: u32) -> Event {
    Event::StepStarted { attempt: first(step), phase: Phase::Run }
}

fn finished(step: u32, outcome: Outcome) -> Event {
    Event::StepFinished { attempt: first(step), outcome, note: None }
}

fn recorded(step: u32) -> Event {
    Event::StepRecorded { attempt: first(step) }
}

/// a -> b -> c by value, d alone.
fn chain() -> Plan {
    let mut steps = vec![step(0, "a"), step(0, "b"), step(0, "c"), step(0, "d")];
    steps[1].values = vec![StepIx(0)];
    steps[2].volume = vec![MountPlan::of(StepIx(1))];
    Plan { pipelines: vec![pipeline("p", &[0, 1, 2, 3])], steps, gates: vec![] }
}

fn outcome_of(run: &Run, step: usize) -> Option<&Outcome> {
    run.state().steps[step].status.ended()
}

/// A plan of one pipeline, `p`.
fn alone(steps: Vec<StepPlan>) -> Plan {
    let all: Vec<u32> = (0..steps.len() as u32).collect();
    Plan { pipelines: vec![pipeline("p", &all)], steps, gates: vec![] }
}

/// Runs a step from its start to its record.
fn walk(run: &mut Run, step: u32, outcome: Outcome) {
    for event in [started(step), finished(step, outcome), recorded(step)] {
        run.apply(at(5), &event).unwrap();
    }
}

/// Walks each step as soon as it is ready, until none is.
fn walk_all(run: &mut Run) {
    while let Some(step) = ready(run).first() {
        walk(run, *step, Outcome::Passed);
    }
}

fn ready(run: &Run) -> Vec<u32> {
    run.ready().map(|step| step.0).collect()
}

fn not_needed(filter: &str) -> Outcome {
    Outcome::NotNeeded { filter: filter.into() }
}
