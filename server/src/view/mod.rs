//! What people are shown of a run: rows turned into the types of the API.

mod secret;
mod types;
mod words;

pub use secret::{SecretView, Secrets};
pub use types::*;
pub use words::{reason_of, state_of, why_failed, why_not_needed};

use crate::db::repository::Repository;
use crate::db::run::{Listed, Stored, decode};
use dockercise_pipeline::ids::{Attempt, Phase, PipelineIx, StepIx};
use dockercise_pipeline::plan::{EnvValue, Guarded, Plan, VolumeFrom};
use dockercise_pipeline::run::{GateState, PipelineState, RunState, StepStatus, Stop};
use dockercise_pipeline::trigger::Trigger;
use dockercise_pipeline::wire::Record;

/// What a view is made from, besides the run's rows.
#[derive(Debug)]
pub struct Around {
    /// The repository.
    pub repository: Repository,
    /// The pipeline's newest number.
    pub newest: i64,
    /// Numbers that repeat this one.
    pub reruns: Vec<i64>,
    /// How long the logs are: by step, attempt and phase.
    pub lengths: Vec<(StepIx, Attempt, Phase, u64)>,
}

/// The view of one pipeline's number.
///
/// # Errors
/// A row is damaged.
pub fn run(stored: &Stored, ix: usize, around: &Around) -> sqlx::Result<RunView> {
    let row = &stored.pipelines[ix];
    let plan = stored.plan()?;
    let state = stored.state()?;
    let here = &state.pipelines[ix];
    let number = row.number.unwrap_or(0);
    let pipeline_state = state_of(stored, ix)?;
    let over = here.outcome.is_some();
    let repository_url = around.repository.web_url.clone();
    Ok(RunView {
        account: row.account.clone(),
        pipeline: row.slug.clone(),
        number,
        newest: around.newest,
        version: stored.row.version,
        commit: CommitView {
            sha: stored.row.sha.clone(),
            url: format!("{repository_url}/commit/{}", stored.row.sha),
            title: title(&stored.row.message),
            message: stored.row.message.clone(),
            author: stored.row.author.clone(),
        },
        repository: RepositoryView { name: around.repository.full_name(), url: repository_url },
        summary: summary(number, pipeline_state, &decode(&stored.row.trigger)?, &stored.row, here, row.rerun_of),
        file: row.file.clone(),
        diagnostics: decode(&stored.row.diagnostics)?,
        pipelines: pipelines(stored, plan.as_ref(), ix)?,
        steps: plan.as_ref().map_or_else(|| Ok(Vec::new()), |plan| steps(stored, plan, &state, around))?,
        edges: plan.as_ref().map(edges).unwrap_or_default(),
        gates: plan.as_ref().map(|plan| gates(plan, &state)).unwrap_or_default(),
        stop: here.stop.as_ref().map(|stop| match stop {
            Stop::Cancelled { by } => StopView { why: "cancelled".into(), by: Some(by.clone()) },
            Stop::TimedOut | Stop::NotTaken { .. } => StopView { why: "timed-out".into(), by: None },
        }),
        can: Can { cancel: !over && here.stop.is_none(), rerun: over && plan.is_some() },
        reruns: around.reruns.clone(),
    })
}

/// A row of a list of runs.
///
/// # Errors
/// The row is damaged.
pub fn listed(row: &Listed) -> sqlx::Result<RunSummary> {
    let state: PipelineState = decode(&row.state)?;
    let shown = words::shown(&state, row.waits);
    let trigger: Trigger = decode(&row.trigger)?;
    Ok(RunSummary {
        number: row.number,
        state: shown,
        event: trigger.word().to_owned(),
        git_ref: row.git_ref.clone(),
        branch: trigger.branch(),
        tag: trigger.tag(),
        sha: row.sha.clone(),
        title: title(&row.message),
        author: row.author.clone(),
        created_at: row.created_at,
        started_at: state.started_at,
        ended_at: state.ended_at,
        busy_ms: busy(&state),
        rerun_of: row.rerun_of,
    })
}

fn summary(
    number: i64,
    shown: PipelineShown,
    trigger: &Trigger,
    run: &crate::db::run::RunRow,
    state: &PipelineState,
    rerun_of: Option<i64>,
) -> RunSummary {
    RunSummary {
        number,
        state: shown,
        event: trigger.word().to_owned(),
        git_ref: run.git_ref.clone(),
        branch: trigger.branch(),
        tag: trigger.tag(),
        sha: run.sha.clone(),
        title: title(&run.message),
        author: run.author.clone(),
        created_at: run.created_at,
        started_at: state.started_at,
        ended_at: state.ended_at,
        busy_ms: busy(state),
        rerun_of,
    }
}

/// Busy time up to the last stop; the page adds what has run since.
fn busy(state: &PipelineState) -> u64 {
    state.busy_ms
}

fn title(message: &str) -> String {
    message.lines().next().unwrap_or_default().to_owned()
}

fn pipelines(stored: &Stored, plan: Option<&Plan>, this: usize) -> sqlx::Result<Vec<PipelineView>> {
    let rows = stored.pipelines.iter().enumerate();
    rows.map(|(ix, row)| {
        let planned = plan.map(|p| p.pipeline(PipelineIx(ix as u32)));
        Ok(PipelineView {
            index: ix as u32,
            name: row.name.clone(),
            number: row.number,
            account: row.account.clone(),
            state: state_of(stored, ix)?,
            after: planned.map(|p| p.after.iter().map(|a| a.0).collect()).unwrap_or_default(),
            gate: planned.and_then(|p| p.gate).map(|g| g.0),
            this: ix == this,
            href: row.number.map(|n| format!("/results/{}/{}/{n}", row.account, row.slug)),
        })
    })
    .collect()
}

fn steps(stored: &Stored, plan: &Plan, state: &RunState, around: &Around) -> sqlx::Result<Vec<StepView>> {
    plan.steps()
        .zip(&stored.steps)
        .map(|((ix, step), row)| {
            let now = &state.steps[ix.index()];
            let record: Option<Record> = row.record.as_deref().map(decode).transpose()?;
            let outcome = now.status.outcome();
            let logs = around.lengths.iter().filter(|(s, ..)| *s == ix).map(|(_, attempt, phase, length)| LogView {
                attempt: attempt.number,
                phase: phase.word().to_owned(),
                length: *length,
                complete: outcome.is_some() && matches!(now.status, StepStatus::Ended { .. }),
            });
            Ok(StepView {
                index: ix.0,
                name: step.name.clone(),
                pipeline: step.pipeline.0,
                line: step.line,
                image: step.image_text(plan),
                image_id: row.image_id.clone(),
                run: step.text().to_owned(),
                done: step.done.as_ref().map(|d| d.text.clone()),
                uses_source: step.volume_root() == Some(VolumeFrom::Source),
                volume_from: step.volume_root().map(|v| match v {
                    VolumeFrom::Source => "source".to_owned(),
                    VolumeFrom::Step { step } => plan.full_name(step),
                }),
                env: step.env.iter().map(env).collect(),
                state: words::step_word(plan, state, ix).to_owned(),
                code: match outcome {
                    Some(dockercise_pipeline::outcome::Outcome::Failed { code }) => Some(*code),
                    _ => None,
                },
                reason: reason_of(plan, state, ix),
                note: now.note.clone(),
                attempt: now.attempt,
                started_at: now.started_at,
                done_started_at: now.done_started_at,
                finished_at: now.finished_at,
                value: record.map(|r| ValueView { length: r.value_length, sha256: r.value_sha256 }),
                logs: logs.collect(),
            })
        })
        .collect()
}

fn env(e: &dockercise_pipeline::plan::EnvPlan) -> EnvView {
    match &e.value {
        EnvValue::Literal { text } => EnvView { name: e.name.clone(), from: None, literal: Some(text.clone()) },
        EnvValue::Step { step } => EnvView { name: e.name.clone(), from: Some(step.0), literal: None },
        EnvValue::Secret { .. } | EnvValue::Ssm { .. } | EnvValue::Secretsmanager { .. } => {
            EnvView { name: e.name.clone(), from: None, literal: None }
        }
    }
}

fn edges(plan: &Plan) -> Vec<EdgeView> {
    use std::collections::BTreeMap;
    let mut edges: BTreeMap<(u32, u32), Vec<&str>> = BTreeMap::new();
    let mut add = |from: StepIx, to: StepIx, kind: &'static str| {
        let kinds = edges.entry((from.0, to.0)).or_default();
        if !kinds.contains(&kind) {
            kinds.push(kind);
        }
    };
    for (ix, step) in plan.steps() {
        for value in &step.values {
            add(*value, ix, "value");
        }
        if let Some(VolumeFrom::Step { step }) = step.volume_root() {
            add(step, ix, "volume");
        }
        for e in &step.env {
            if let EnvValue::Step { step } = e.value {
                add(step, ix, "env");
            }
        }
        for after in &step.after {
            add(*after, ix, "order");
        }
    }
    edges.into_iter().map(|((from, to), kinds)| EdgeView { from, to, kinds: kinds.into_iter().map(str::to_owned).collect() }).collect()
}

fn gates(plan: &Plan, state: &RunState) -> Vec<GateView> {
    plan.gates
        .iter()
        .zip(&state.gates)
        .enumerate()
        .map(|(ix, (gate, now))| {
            let (word, since, open) = match now {
                GateState::Closed => ("closed", None, None),
                GateState::Waiting { since } => ("waiting", Some(*since), None),
                GateState::Open { by, at } => ("open", None, Some((by.clone(), *at))),
                GateState::Expired { .. } | GateState::Void => ("void", None, None),
            };
            let (by, at) = open.unzip();
            let (pipeline, step) = match gate.guards {
                Guarded::Pipeline { pipeline } => (pipeline.0, None),
                Guarded::Step { step } => (plan.step(step).pipeline.0, Some(step.0)),
            };
            GateView { index: ix as u32, pipeline, step, state: word.to_owned(), since, by, at, note: gate.note.clone() }
        })
        .collect()
}
