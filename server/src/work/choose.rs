//! Which pipelines of a plan an event starts: its own filters, what the commit's message says, and what ran already.

use super::make::{Asked, Found};
use crate::db::repository::Repository;
use crate::db::run::Newest;
use crate::db::{self, Tx};
use dockercise_pipeline::ids::{PipelineIx, RunId};
use dockercise_pipeline::outcome::{Outcome, PipelineOutcome};
use dockercise_pipeline::plan::{Manual, Plan};
use dockercise_pipeline::run::{PipelineState, Selection};
use dockercise_pipeline::trigger::Trigger;

/// What takes part; or why no run is made at all.
///
/// # Errors
/// The database's.
pub async fn choose(
    tx: &mut Tx,
    repository: &Repository,
    asked: &Asked,
    found: &Found,
    plan: &Plan,
) -> sqlx::Result<Result<Selection, String>> {
    if let Err(why) = fits(&asked.trigger, plan) {
        return Ok(Err(why));
    }
    let mut selection = asked.trigger.select(plan, found.changed.as_deref());
    let mut ran_already = false;
    let skip = asked.skips(&found.commit);
    for (ix, pipeline) in plan.pipelines() {
        if selection.why_not_needed(ix).is_some() {
            continue;
        }
        let filter = if skip {
            Some("the commit's message says [skip ci]".to_owned())
        } else if asked.once() {
            let ran = ran(tx, repository, asked, &found.commit.sha, plan, &selection, (ix, &pipeline.name)).await?;
            ran_already |= ran.is_some();
            ran
        } else {
            None
        };
        if let Some(filter) = filter {
            selection.pipelines.insert(ix, Outcome::NotNeeded { filter });
        }
    }
    // What only filters keep out becomes a run without numbers, so that GitHub is told: not needed. What ran already has
    // its own statuses; so has a pull request, whose commits were pushed.
    let told = ran_already || matches!(asked.trigger, Trigger::PullRequest { .. });
    if told && plan.pipelines().all(|(ix, _)| selection.why_not_needed(ix).is_some()) {
        let why = plan.pipelines().filter_map(|(ix, p)| Some(format!("{}: {}", p.name, selection.why_not_needed(ix)?)));
        return Ok(Err(format!("no pipeline is needed: {}", why.collect::<Vec<_>>().join("; "))));
    }
    Ok(Ok(selection))
}

/// Are pipeline, time and inputs those of the files at this commit?
fn fits(trigger: &Trigger, plan: &Plan) -> Result<(), String> {
    let Some(wanted) = trigger.asked_for() else { return Ok(()) };
    let found = plan.pipelines.iter().find(|p| p.name == wanted);
    let pipeline = found.ok_or_else(|| format!("there is no pipeline `{}` at this commit", wanted.escape_debug()))?;
    match trigger {
        Trigger::Schedule { cron, .. } if !pipeline.on.schedule.iter().any(|time| time.cron == *cron) => {
            Err(format!("`{wanted}` is not started at `{cron}` any more"))
        }
        Trigger::Manual { inputs, .. } => pipeline.on.manual.as_ref().unwrap_or(&Manual::default()).check(inputs),
        _ => Ok(()),
    }
}

/// The words for a pipeline that ran for this already.
async fn ran(
    tx: &mut Tx,
    repository: &Repository,
    asked: &Asked,
    sha: &str,
    plan: &Plan,
    selection: &Selection,
    (ix, name): (PipelineIx, &str),
) -> sqlx::Result<Option<String>> {
    let newest = db::run::newest_at(tx, repository.id, &asked.trigger.git_ref(), name).await?;
    let known = newest.as_ref().map_or(0, |newest| newest.number);
    if let Some(newest) = newest.filter(|newest| newest.sha == sha)
        && !is_over_with(tx, asked, &newest).await?
    {
        return Ok(Some(format!("its newest run, number {}, is at this commit already", newest.number)));
    }
    if let Trigger::Push { branch } = &asked.trigger {
        return pull_request_did(tx, repository, (branch, sha, known), plan, selection, (ix, name)).await;
    }
    // Nothing stands for a fork's but what was run as a fork's.
    let Some(head_branch) = asked.trigger.own_head(repository.id) else { return Ok(None) };
    let pushed = db::run::newest_at(tx, repository.id, &format!("refs/heads/{head_branch}"), name).await?;
    match pushed.filter(|pushed| pushed.sha == sha) {
        Some(pushed) if did_as_much(tx, RunId(pushed.run), selection, ix).await? => {
            Ok(Some(format!("the push's run, number {}, stands for it", pushed.number)))
        }
        _ => Ok(None),
    }
}

/// Has what a run was made for become something else? A pull request's that was closed and is open again, or that has another
/// base by now, runs again.
async fn is_over_with(tx: &mut Tx, asked: &Asked, newest: &Newest) -> sqlx::Result<bool> {
    let Some(base) = asked.trigger.base_branch() else { return Ok(false) };
    if stopped(&newest.state)? {
        return Ok(true);
    }
    let Some(stored) = db::run::load(tx, RunId(newest.run)).await? else { return Ok(true) };
    let was = stored.trigger()?;
    let trust = |trigger: &Trigger| trigger.is_own(stored.row.repository);
    Ok(was.base_branch() != Some(base) || trust(&was) != trust(&asked.trigger))
}

/// The words for a push whose pull request ran before it was heard of: with the same plan, and with all that the push starts.
async fn pull_request_did(
    tx: &mut Tx,
    repository: &Repository,
    (branch, sha, known): (&str, &str, i64),
    plan: &Plan,
    selection: &Selection,
    (ix, name): (PipelineIx, &str),
) -> sqlx::Result<Option<String>> {
    let Some(newest) = db::run::newest_pull_at(tx, repository.id, name, sha).await? else { return Ok(None) };
    // The branch has been elsewhere since, or what ran there did not get to its end.
    if newest.number < known || stopped(&newest.state)? {
        return Ok(None);
    }
    let Some(stored) = db::run::load(tx, RunId(newest.run)).await? else { return Ok(None) };
    let own = stored.trigger()?.own_head(repository.id).is_some_and(|head| head == branch);
    let latest = db::run::newest_at(tx, repository.id, &stored.row.git_ref, name).await?;
    if !own
        || latest != Some(newest.clone())
        || stored.row.plan_hash != Some(plan.hash())
        || !did_as_much(tx, stored.id(), selection, ix).await?
    {
        return Ok(None);
    }
    Ok(Some(format!("the pull request's run, number {}, stands for it", newest.number)))
}

/// Was it cancelled, or is it being? So was that of a pull request which was closed: opened again, it runs again.
fn stopped(state: &str) -> sqlx::Result<bool> {
    let PipelineState { outcome, stop, .. } = db::run::decode(state)?;
    Ok(outcome.map_or(stop.is_some(), |outcome| outcome == PipelineOutcome::Cancelled))
}

/// Did the other run of the same files do all that this one would?
async fn did_as_much(tx: &mut Tx, run: RunId, selection: &Selection, ix: PipelineIx) -> sqlx::Result<bool> {
    let Some(stored) = db::run::load(tx, run).await? else { return Ok(false) };
    let (Some(plan), Some(other)) = (stored.plan()?, stored.selection()?) else { return Ok(false) };
    if plan.pipelines.len() <= ix.index() {
        return Ok(false);
    }
    Ok(plan.pipeline(ix).steps.iter().all(|step| !other.steps.contains_key(step) || selection.steps.contains_key(step)))
}
