//! Deliveries become runs. The webhook's request only stored them.

use super::changes::Since;
use super::definitions::SERVER;
use super::follow::{self, Followed};
use super::{Again, Works, backoff, make, pull_requests};
use crate::db;
use crate::db::connection;
use crate::db::delivery::{self, End, Waiting};
use crate::db::repository::{self, Repository};
use crate::db::request::{self, Wanted};
use crate::db::standing;
use dockercise_event::{Asked, PullRequest, Pushed, understand};
use dockercise_pipeline::ids::{PipelineIx, RunId};
use dockercise_pipeline::run::Event;
use dockercise_pipeline::trigger::Trigger;
use tokio_util::sync::CancellationToken;

/// How often a delivery is tried before it is given up; with the longest wait this is more than three hours. A redelivery
/// tries it again.
const TRIES: i64 = 100;
/// How often where GitHub refuses. What was just pushed may not be everywhere at GitHub yet; after some seconds it is.
const REFUSALS: i64 = 4;

/// Works on deliveries until told to stop.
pub async fn run(works: Works, stop: CancellationToken) {
    loop {
        let due = match round(&works).await {
            Ok(due) => due,
            Err(e) => {
                tracing::error!(error = format!("{e:#}"), "deliveries cannot be worked on; trying again");
                Some(works.clock.now() + backoff(4))
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = works.hub.deliveries.notified() => {}
            () = tokio::time::sleep(works.until(due)) => {}
        }
    }
}

/// Works on all that is due; says when the next is.
async fn round(works: &Works) -> anyhow::Result<Option<chrono::DateTime<chrono::Utc>>> {
    loop {
        let next = delivery::next(&mut *works.db.read().await?, works.clock.now()).await?;
        let Some(waiting) = next else { break };
        if let Err(e) = one(works, &waiting).await {
            failed(works, &waiting, &e).await?;
        }
    }
    Ok(delivery::next_due(&mut *works.db.read().await?).await?)
}

async fn failed(works: &Works, waiting: &Waiting, error: &anyhow::Error) -> anyhow::Result<()> {
    let words = format!("{error:#}");
    let (until, tries) = match works.again(waiting.repository, error, waiting.attempts).await {
        Again::At(until) => (until, TRIES),
        Again::Refused(until) => (until, REFUSALS),
    };
    let hopeless = waiting.attempts >= tries;
    tracing::warn!(delivery.id = %waiting.id, delivery.attempts = waiting.attempts, error = words, hopeless, "a delivery was not carried out");
    let mut tx = works.db.write().await?;
    if hopeless {
        delivery::end(&mut tx, waiting.id, End::Failed, &words, None).await?;
    } else {
        delivery::put_off(&mut tx, waiting.id, until, &words).await?;
    }
    Ok(tx.commit().await?)
}

async fn one(works: &Works, waiting: &Waiting) -> anyhow::Result<()> {
    let known = repository::by_id(&mut *works.db.read().await?, waiting.repository).await?;
    let Some(repository) = known.filter(|r| r.disconnected_at.is_none()) else {
        return end(works, waiting, End::Failed, "the repository is not connected any more").await;
    };
    match understand(&waiting.event, &waiting.body) {
        Err(why) => end(works, waiting, End::Failed, &why).await,
        Ok(Asked::Nothing(why)) => end(works, waiting, End::Ignored, &why).await,
        Ok(Asked::Ping) => {
            let mut tx = works.db.write().await?;
            repository::verified(&mut tx, repository.id, works.clock.now()).await?;
            delivery::end(&mut tx, waiting.id, End::Done, "the webhook works", None).await?;
            request::ask(&mut tx, repository.id, &Wanted::Read, SERVER, works.clock.now()).await?;
            let waited_for = connection::pinged(&mut tx, repository.id, works.clock.now()).await?;
            tx.commit().await?;
            works.hub.requests.notify_one();
            if waited_for {
                works.hub.connections.notify_one();
            }
            works.hub.looks.notify_one();
            Ok(())
        }
        Ok(
            Asked::Deleted { repository: of, .. }
            | Asked::Repository { repository: of, .. }
            | Asked::HookGone { repository: of }
            | Asked::Pushed(Pushed { repository: of, .. })
            | Asked::PullRequest(PullRequest { repository: of, .. }),
        ) if of != repository.id => {
            end(works, waiting, End::Failed, "the event is of another repository than the one this webhook belongs to").await
        }
        Ok(Asked::Deleted { git_ref, .. }) => {
            let mut tx = works.db.write().await?;
            db::head::forget(&mut tx, repository.id, &git_ref).await?;
            tx.commit().await?;
            let cancelled = cancel_runs_of(works, &repository, &git_ref, &format!("the deletion of {git_ref}")).await?;
            end(works, waiting, End::Done, &format!("`{git_ref}` was deleted; pipelines cancelled: {cancelled}")).await
        }
        Ok(Asked::Repository { action, .. }) => changed(works, waiting, &repository, &action).await,
        Ok(Asked::HookGone { .. }) => {
            look_soon(works, &repository).await?;
            end(works, waiting, End::Done, "the webhook was removed at GitHub; it is made again").await
        }
        Ok(Asked::Pushed(pushed)) => push(works, waiting, &repository, &pushed).await,
        Ok(Asked::PullRequest(request)) => pull_requests::changed(works, waiting, &repository, &request).await,
    }
}

/// Closes a delivery that makes no run.
///
/// # Errors
/// The database's.
pub(super) async fn end(works: &Works, waiting: &Waiting, how: End, note: &str) -> anyhow::Result<()> {
    tracing::info!(delivery.id = %waiting.id, delivery.event = waiting.event, delivery.end = ?how, note, "delivery closed");
    let mut tx = works.db.write().await?;
    delivery::end(&mut tx, waiting.id, how, note, None).await?;
    Ok(tx.commit().await?)
}

/// The repository is called otherwise, or something else is to be known of it. Events come late and in any order: GitHub is
/// asked how it is now.
async fn changed(works: &Works, waiting: &Waiting, repository: &Repository, action: &str) -> anyhow::Result<()> {
    let followed = follow::follow(works, repository.id).await?;
    let mut note = format!("the repository was {}", action.escape_debug());
    if action == "deleted" && followed == Followed::OutOfReach {
        let live = db::run::live_in(&mut *works.db.read().await?, repository.id).await?;
        note = format!("{note}; pipelines cancelled: {}", cancel(works, live, "the deletion of the repository").await?);
    }
    look_soon(works, repository).await?;
    end(works, waiting, End::Done, &note).await
}

async fn look_soon(works: &Works, repository: &Repository) -> anyhow::Result<()> {
    let mut tx = works.db.write().await?;
    standing::look_at(&mut tx, repository.id, works.clock.now()).await?;
    tx.commit().await?;
    works.hub.looks.notify_one();
    Ok(())
}

async fn push(works: &Works, waiting: &Waiting, repository: &Repository, pushed: &Pushed) -> anyhow::Result<()> {
    let mut tx = works.db.write().await?;
    if db::head::take_found(&mut tx, repository.id, &pushed.git_ref, &pushed.after, works.clock.now()).await? {
        delivery::end(&mut tx, waiting.id, End::Ignored, "the commit was found by looking before this delivery came", None).await?;
        return Ok(tx.commit().await?);
    }
    drop(tx);
    let now_named = pushed.full_name.as_ref().is_some_and(|name| *name != repository.full_name());
    let moved = now_named && follow::follow(works, repository.id).await? == Followed::Moved;
    let renamed = if moved { repository::by_id(&mut *works.db.read().await?, repository.id).await? } else { None };
    let repository = renamed.as_ref().unwrap_or(repository);
    let trigger = match pushed.git_ref.split_once("refs/tags/") {
        Some((_, tag)) => Trigger::Tag { tag: tag.to_owned() },
        None => Trigger::Push { branch: pushed.git_ref.trim_start_matches("refs/heads/").to_owned() },
    };
    let at = repository;
    let mut repository = repository.clone();
    if let Some(default) = pushed.default_branch.as_ref().filter(|default| **default != at.default_branch) {
        tracing::info!(repository = at.full_name(), was = at.default_branch, is = default, "the default branch is another");
        repository.default_branch.clone_from(default);
        let mut tx = works.db.write().await?;
        repository::set_default_branch(&mut tx, at.id, default).await?;
        request::ask(&mut tx, at.id, &Wanted::Read, SERVER, works.clock.now()).await?;
        tx.commit().await?;
        works.hub.requests.notify_one();
    }
    let repository = &repository;
    // An annotated tag's `after` names the tag, not the commit.
    let sha = pushed.head.clone().unwrap_or_else(|| pushed.after.clone());
    let by = make::For::Delivery(waiting.id);
    let asked = make::Asked { since: since(repository, pushed), trigger, sha, skip: pushed.skip, by, base: None };
    make::run(works, repository, &asked).await?;
    Ok(())
}

/// What is new of a push: what was not there before; of a new branch, what the default branch does not have.
fn since(repository: &Repository, pushed: &Pushed) -> Since {
    match &pushed.before {
        Some(before) => Since::Commit(before.clone()),
        None => {
            let default = pushed.default_branch.as_ref().unwrap_or(&repository.default_branch);
            if pushed.git_ref == format!("refs/heads/{default}") { Since::Nothing } else { Since::Commit(default.clone()) }
        }
    }
}

/// Cancels what runs for a ref; returns how many pipelines.
///
/// # Errors
/// The database's.
pub(super) async fn cancel_runs_of(works: &Works, repository: &Repository, git_ref: &str, by: &str) -> anyhow::Result<usize> {
    let live = db::run::live_of(&mut *works.db.read().await?, repository.id, git_ref).await?;
    cancel(works, live.into_iter().map(|(id, _)| id).collect(), by).await
}

async fn cancel(works: &Works, live: Vec<RunId>, by: &str) -> anyhow::Result<usize> {
    let mut cancelled = 0;
    let mut conn = works.db.read().await?;
    for id in live {
        let Some(stored) = db::run::load(&mut conn, id).await? else { continue };
        for p in &stored.pipelines {
            let event = Event::CancelRequested { pipeline: PipelineIx(p.ix as u32), by: by.to_owned() };
            if works.runs.apply(id, &event).await.is_ok_and(|applied| applied.changed()) {
                cancelled += 1;
            }
        }
    }
    Ok(cancelled)
}
