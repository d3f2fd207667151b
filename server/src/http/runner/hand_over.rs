//! A job as a runner is given it.

use super::super::{App, Fault};
use crate::db::job::JobRow;
use crate::db::repository::{self, Repository, Secret};
use crate::db::run::Stored;
use crate::db::{self, Conn};
use axum::http::StatusCode;
use dockercise_pipeline::ids::{Attempt, Fence, JobId, RunId, StepIx};
use dockercise_pipeline::wire::{About, Job, Kept, Numbered, ResolvedImage, Source};
use std::sync::Arc;
use uuid::Uuid;

/// May the run's steps have secrets, credentials and caches? Runs of forks' pull requests are not made yet; one would have
/// none.
pub fn trusted(stored: &Stored) -> bool {
    stored.trigger().is_ok_and(|trigger| trigger.is_own(stored.row.repository))
}

/// The job of a row; none where its run is gone or never had a plan, which no job is made for.
pub async fn job(app: &App, conn: &mut Conn, row: &JobRow) -> Result<Option<Job>, Fault> {
    let Some(stored) = db::run::load(conn, RunId(row.run)).await? else { return Ok(None) };
    let Some(repository) = repository::by_id(conn, stored.row.repository).await? else { return Ok(None) };
    let images = db::run::images(conn, stored.id()).await?;
    let Some(job) = assemble(&stored, &repository, &app.public_url, images)? else { return Ok(None) };
    let key = app.seal.open_text(&Repository::row(repository.id, Secret::DeployKey), &repository.deploy_key).map_err(|e| {
        tracing::error!(repository = repository.full_name(), error = format!("{e:#}"), "the deploy key cannot be opened");
        Fault::new(StatusCode::SERVICE_UNAVAILABLE, "the server cannot open the repository's deploy key", None)
    })?;
    let source = Source { deploy_key: key, ..job.source };
    Ok(Some(Job { id: JobId(row.id), fence: Fence(row.fence as u64), source, ..job }))
}

/// All of a job that follows from the run as it stands: without an id, a lease and the deploy key. None where the run never
/// had a plan.
///
/// # Errors
/// A row is damaged.
pub fn assemble(stored: &Stored, repository: &Repository, public_url: &str, images: Vec<ResolvedImage>) -> sqlx::Result<Option<Job>> {
    let Some(plan) = stored.plan()? else { return Ok(None) };
    let trigger = stored.trigger()?;
    let pipelines = stored.pipelines.iter().map(|p| Numbered {
        number: p.number.unwrap_or(0) as u64,
        url: p.number.map_or_else(String::new, |n| format!("{public_url}/results/{}/{}/{n}", p.account, p.slug)),
    });
    let state = stored.state()?;
    let kept = state.steps.iter().zip(0..).filter_map(|(step, ix)| {
        let from = step.kept?;
        let step = StepIx(ix);
        Some(Kept { step, run: from.run, attempt: Attempt { step, number: from.attempt } })
    });
    let kept = kept.collect();
    Ok(Some(Job {
        id: JobId(Uuid::nil()),
        fence: Fence(0),
        run: stored.id(),
        state,
        about: About {
            repository: repository.full_name(),
            sha: stored.row.sha.clone(),
            git_ref: trigger.git_ref(),
            branch: trigger.branch(),
            tag: trigger.tag(),
            event: trigger.word().to_owned(),
            inputs: trigger.inputs().to_vec(),
            pipelines: pipelines.collect(),
        },
        source: Source {
            repository_id: repository.id as u64,
            url: repository.ssh_url.clone(),
            sha: stored.row.sha.clone(),
            git_ref: stored.row.git_ref.clone(),
            deploy_key: String::new(),
            known_hosts: repository.known_hosts.clone(),
        },
        plan: Arc::unwrap_or_clone(plan),
        trusted: trusted(stored),
        images,
        kept,
    }))
}
