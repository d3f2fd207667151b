//! The words for where things stand.

use super::PipelineShown;
use crate::db::run::Stored;
use dockercise_pipeline::ids::{GateIx, Phase, PipelineIx, StepIx};
use dockercise_pipeline::outcome::{Outcome, PipelineOutcome};
use dockercise_pipeline::plan::{Guarded, Plan, WhenStatus};
use dockercise_pipeline::run::{GateState, PipelineState, RunState, StepStatus};

/// Where a pipeline stands, `waits` being whether a gate of it waits for a click.
pub fn shown(state: &PipelineState, waits: bool) -> PipelineShown {
    match state.outcome {
        Some(PipelineOutcome::Passed) => PipelineShown::Passed,
        Some(PipelineOutcome::Failed) => PipelineShown::Failed,
        Some(PipelineOutcome::TimedOut) => PipelineShown::TimedOut,
        Some(PipelineOutcome::Infra) => PipelineShown::Infra,
        Some(PipelineOutcome::Cancelled) => PipelineShown::Cancelled,
        Some(PipelineOutcome::NotNeeded) => PipelineShown::NotNeeded,
        None if state.busy_since.is_some() => PipelineShown::Running,
        None if waits => PipelineShown::Waiting,
        None if state.started_at.is_some() => PipelineShown::Running,
        None => PipelineShown::Queued,
    }
}

/// Where the pipeline at a position stands.
pub fn state_of(plan: Option<&Plan>, state: &RunState, ix: usize) -> PipelineShown {
    let waits = plan.is_some_and(|plan| {
        plan.gates.iter().zip(&state.gates).any(|(gate, now)| {
            let guards = match gate.guards {
                Guarded::Run => true,
                Guarded::Pipeline { pipeline } => pipeline.index() == ix,
                Guarded::Step { step } => plan.step(step).pipeline.index() == ix,
            };
            guards && matches!(now, GateState::Waiting { .. })
        })
    });
    shown(&state.pipelines[ix], waits)
}

/// A step's state in one word.
pub fn step_word(plan: &Plan, state: &RunState, ix: StepIx) -> &'static str {
    match &state.steps[ix.index()].status {
        StepStatus::Running { phase: Phase::Run } => "running",
        StepStatus::Running { phase: Phase::Done } => "running-done",
        StepStatus::Finished { outcome: Outcome::Passed } => "recording",
        StepStatus::Finished { outcome } | StepStatus::Ended { outcome } => outcome.word(),
        StepStatus::Waiting if gate_waits(plan, state, ix) => "at-gate",
        StepStatus::Waiting if Needs::of(plan, state, ix).met() => "ready",
        StepStatus::Waiting => "waiting",
    }
}

/// Which click a pipeline waits for.
fn which_click(plan: &Plan, state: &RunState, ix: usize) -> String {
    let waiting = plan.gates.iter().zip(&state.gates).filter(|(_, now)| matches!(now, GateState::Waiting { .. }));
    let steps = waiting.filter_map(|(gate, _)| match gate.guards {
        Guarded::Step { step } => Some(plan.step(step)).filter(|step| step.pipeline.index() == ix),
        _ => None,
    });
    let before: Vec<&str> = steps.map(|step| step.name.as_str()).collect();
    if before.is_empty() { CLICK.to_owned() } else { format!("{CLICK} before {}", before.join(", ")) }
}

fn gate_waits(plan: &Plan, state: &RunState, ix: StepIx) -> bool {
    gates_before(plan, ix).any(|g| matches!(state.gates[g.index()], GateState::Waiting { .. }))
}

/// The gates right in front of a step: its own, its pipeline's, its run's.
fn gates_before(plan: &Plan, ix: StepIx) -> impl Iterator<Item = GateIx> {
    let step = plan.step(ix);
    step.gate.into_iter().chain(plan.pipeline(step.pipeline).gate).chain(plan.run_gate())
}

/// What a pipeline that waits for a click waits for.
///
/// # Errors
/// A row is damaged.
pub fn why_waiting(stored: &Stored, ix: usize) -> sqlx::Result<String> {
    let Some(plan) = stored.plan()? else { return Ok(CLICK.to_owned()) };
    let state = stored.state()?;
    let run_waits = plan.run_gate().is_some_and(|gate| matches!(state.gates[gate.index()], GateState::Waiting { .. }));
    Ok(match run_waits {
        true if stored.trigger()?.is_own(stored.row.repository) => format!("{CLICK}: a pull request"),
        true => format!("{CLICK}: a fork's pull request"),
        false => which_click(&plan, &state, ix),
    })
}

/// The words for any gate.
const CLICK: &str = "waiting for a click";

/// What a waiting step still needs.
struct Needs {
    steps: Vec<StepIx>,
    pipelines: Vec<PipelineIx>,
    /// It runs last, and others have not ended.
    rest: bool,
    click: bool,
}

impl Needs {
    fn of(plan: &Plan, state: &RunState, ix: StepIx) -> Needs {
        let step = plan.step(ix);
        let late = step.status != WhenStatus::Success;
        let met = |s: &StepIx| match state.steps[s.index()].status.outcome() {
            Some(Outcome::Passed | Outcome::NotNeeded { .. }) => true,
            Some(_) => late || plan.step(*s).allow_failure,
            None => false,
        };
        let over = |p: &PipelineIx| state.pipelines[p.index()].outcome.is_some_and(|outcome| late || outcome.lets_others_on());
        let before = step.after_pipelines.iter().chain(&plan.pipeline(step.pipeline).after);
        let gates = gates_before(plan, ix);
        let last = late && step.needs().next().is_none() && step.after_pipelines.is_empty();
        let first = |s: &StepIx| plan.step(*s).status == WhenStatus::Success && state.steps[s.index()].status.ended().is_none();
        let mut steps: Vec<StepIx> = step.needs().filter(|s| !met(s)).collect();
        steps.sort_unstable();
        steps.dedup();
        Needs {
            steps,
            rest: last && plan.pipeline(step.pipeline).steps.iter().any(first),
            pipelines: before.copied().filter(|p| !over(p)).collect(),
            click: gates.into_iter().any(|g| !matches!(state.gates[g.index()], GateState::Open { .. })),
        }
    }

    fn met(&self) -> bool {
        self.steps.is_empty() && self.pipelines.is_empty() && !self.rest && !self.click
    }

    /// By name; a long list is cut.
    fn words(&self, plan: &Plan, home: PipelineIx) -> String {
        let steps = self.steps.iter().map(|s| match plan.step(*s).pipeline == home {
            true => plan.step(*s).name.clone(),
            false => plan.full_name(*s),
        });
        let pipelines = self.pipelines.iter().map(|p| format!("pipeline {}", plan.pipeline(*p).name));
        let rest = self.rest.then(|| "all the rest of its pipeline".to_owned());
        let click = self.click.then(|| "a person's click".to_owned());
        let mut named: Vec<String> = steps.chain(pipelines).take(NAMED).chain(rest).chain(click).collect();
        let left = (self.steps.len() + self.pipelines.len()).saturating_sub(NAMED);
        if left > 0 {
            named.push(format!("{left} more"));
        }
        format!("waiting for {}", named.join(", "))
    }
}

/// So many of what a step waits for are named.
const NAMED: usize = 10;

/// Why a step is where it is; none where its state says all.
pub fn reason_of(plan: &Plan, state: &RunState, ix: StepIx) -> Option<String> {
    let StepStatus::Waiting = state.steps[ix.index()].status else { return why_over(state, ix) };
    let needs = Needs::of(plan, state, ix);
    Some(if needs.met() { "waiting for a host".to_owned() } else { needs.words(plan, plan.step(ix).pipeline) })
}

/// Why a step ended as it did; none where its state says all.
pub fn why_over(state: &RunState, ix: StepIx) -> Option<String> {
    match state.steps[ix.index()].status.outcome()? {
        Outcome::Infra { reason } | Outcome::Skipped { reason } => Some(reason.clone()),
        Outcome::NotNeeded { filter } => Some(filter.clone()),
        Outcome::Failed { code } => Some(format!("the command ended with exit code {code}")),
        Outcome::TimedOut => Some("its time was up".to_owned()),
        Outcome::Passed | Outcome::Cancelled => None,
    }
}

/// The filter's words that kept a pipeline out.
///
/// # Errors
/// A row is damaged.
pub fn why_not_needed(stored: &Stored, ix: usize) -> sqlx::Result<String> {
    let (Some(plan), state) = (stored.plan()?, stored.state()?) else { return Ok("not needed".to_owned()) };
    let mut outcomes = plan.pipeline(PipelineIx(ix as u32)).steps.iter().filter_map(|s| state.steps[s.index()].status.outcome());
    Ok(match outcomes.next() {
        Some(Outcome::NotNeeded { filter }) => format!("not needed: {filter}"),
        _ => "not needed".to_owned(),
    })
}

/// A few words on why a pipeline did not pass.
///
/// # Errors
/// A row is damaged.
pub fn why_failed(stored: &Stored, ix: usize) -> sqlx::Result<String> {
    let Some(plan) = stored.plan()? else {
        let problems: Vec<dockercise_pipeline::diagnostic::Diagnostic> = crate::db::run::decode(&stored.row.diagnostics)?;
        return Ok(problems
            .first()
            .map_or_else(|| "the pipeline files have errors".to_owned(), |d| format!("{}:{}: {}", d.file, d.line, d.message)));
    };
    let state = stored.state()?;
    let known =
        plan.pipeline(PipelineIx(ix as u32)).steps.iter().filter_map(|s| Some((plan.step(*s), state.steps[s.index()].status.outcome()?)));
    let bad = known.clone().filter(|(step, _)| !step.allow_failure).filter_map(|(step, outcome)| match outcome {
        Outcome::Passed | Outcome::NotNeeded { .. } | Outcome::Skipped { .. } => None,
        Outcome::Failed { code } => Some(format!("{} failed ({code})", step.name)),
        Outcome::Infra { reason } => Some(format!("{}: {reason}", step.name)),
        other => Some(format!("{} {}", step.name, other.word())),
    });
    let bad: Vec<String> = bad.collect();
    if !bad.is_empty() {
        return Ok(bad.join(", "));
    }
    let skipped = known.filter_map(|(step, outcome)| match outcome {
        Outcome::Skipped { reason } => Some(format!("{}: {reason}", step.name)),
        _ => None,
    });
    // The first is the one that others were skipped for.
    Ok(skipped.into_iter().next().unwrap_or_else(|| "a pipeline before it did not pass".to_owned()))
}
