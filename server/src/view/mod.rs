//! What people are shown of a run: rows turned into the types of the API.

mod connect;
mod graph;
mod people;
mod secret;
mod step;
mod types;
mod words;

pub use connect::connection;
pub use people::*;
pub use secret::{SecretView, Secrets};
pub use step::{LogHead, StepAround, step};
pub use types::*;
pub use words::{state_of, why_failed, why_not_needed, why_waiting};

use crate::db::repository::Repository;
use crate::db::run::{Listed, Stored, decode};
use dockercise_pipeline::ids::{PipelineIx, StepIx};
use dockercise_pipeline::plan::Plan;
use dockercise_pipeline::run::{PipelineState, RunState, Stop};
use dockercise_pipeline::trigger::Trigger;
use std::collections::HashMap;

/// What a view is made from, besides the run's rows.
#[derive(Debug)]
pub struct Around {
    /// The repository.
    pub repository: Repository,
    /// The pipeline's newest number.
    pub newest: i64,
    /// Numbers that repeat this one.
    pub reruns: Vec<i64>,
    /// What goes on for steps right now, in words.
    pub notices: HashMap<StepIx, String>,
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
    let plan = plan.as_deref();
    let pipeline_state = state_of(plan, &state, ix);
    let over = here.outcome.is_some();
    let trigger: Trigger = decode(&stored.row.trigger)?;
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
        cron: if let Trigger::Schedule { cron, .. } = &trigger { Some(cron.clone()) } else { None },
        pull_request: if let Trigger::PullRequest { number, .. } = &trigger { Some(*number) } else { None },
        inputs: trigger.inputs().iter().map(|(name, text)| SaidView { name: name.clone(), text: text.clone() }).collect(),
        summary: summary(number, pipeline_state, &trigger, &stored.row, here, row.rerun_of),
        file: row.file.clone(),
        plan_hash: stored.row.plan_hash.clone(),
        note: Some(stored.row.note.clone()).filter(|note| !note.is_empty()),
        diagnostics: decode(&stored.row.diagnostics)?,
        pipelines: pipelines(stored, plan, &state, ix),
        steps: plan.map(|plan| step::lines(plan, &state, &around.notices)).unwrap_or_default(),
        edges: plan.map(graph::edges).unwrap_or_default(),
        gates: plan.map(|plan| graph::gates(plan, &state, ix as u32)).unwrap_or_default(),
        stop: here.stop.as_ref().map(|stop| stopped(stop, here.stop_all.is_some())),
        can: Can {
            click: true,
            cancel: !over && here.stop.is_none(),
            cancel_clean_up: !over && here.stop.is_some() && here.stop_all.is_none(),
            rerun: over && plan.is_some(),
            rerun_failed: plan.is_some() && here.outcome.is_some_and(|outcome| !outcome.lets_others_on()),
        },
        reruns: around.reruns.clone(),
    })
}

fn stopped(stop: &Stop, all: bool) -> StopView {
    let (why, words, by) = match stop {
        Stop::Cancelled { by } => ("cancelled", format!("cancelled by {by}"), Some(by.clone())),
        Stop::TimedOut => ("timed-out", "stopped because its time was up".to_owned(), None),
        Stop::NotTaken { seconds } => ("not-taken", format!("no host took it within {}", duration(*seconds)), None),
    };
    StopView { why: why.to_owned(), words, all, by }
}

/// As a file would say it: `24h`, `90m`, `5s`.
fn duration(seconds: u64) -> String {
    match seconds {
        s if s > 0 && s % 3600 == 0 => format!("{}h", s / 3600),
        s if s > 0 && s % 60 == 0 => format!("{}m", s / 60),
        s => format!("{s}s"),
    }
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

fn pipelines(stored: &Stored, plan: Option<&Plan>, state: &RunState, this: usize) -> Vec<PipelineView> {
    let rows = stored.pipelines.iter().enumerate();
    rows.map(|(ix, row)| {
        let planned = plan.map(|p| p.pipeline(PipelineIx(ix as u32)));
        PipelineView {
            index: ix as u32,
            name: row.name.clone(),
            number: row.number,
            account: row.account.clone(),
            state: state_of(plan, state, ix),
            after: planned.map(|p| p.after.iter().map(|a| a.0).collect()).unwrap_or_default(),
            gate: planned.and_then(|p| p.gate).map(|g| g.0),
            this: ix == this,
            href: row.number.map(|n| format!("/results/{}/{}/{n}", row.account, row.slug)),
        }
    })
    .collect()
}
