//! Compares where branches are with what was decided for them. What is missing is asked for in the transaction that notes it,
//! so that it runs once, whenever this process dies and however late its delivery comes.

use super::Works;
use super::definitions::SERVER;
use super::deliveries::cancel_runs_of;
use crate::db::repository::{self, Repository};
use crate::db::request::{self, Wanted};
use crate::db::standing;
use crate::db::{Tx, head};
use chrono::{DateTime, TimeDelta, Utc};

/// For so long a redelivery that GitHub was asked for is waited for.
const COMES: TimeDelta = TimeDelta::seconds(60);
/// How often it is looked whether it has come.
const AGAIN: TimeDelta = TimeDelta::seconds(1);

/// Looks at the branches of a repository; says when to look once more, if that is before the next hour.
///
/// # Errors
/// GitHub's or the database's.
pub(super) async fn look(works: &Works, id: i64) -> anyhow::Result<Option<DateTime<Utc>>> {
    let now = works.clock.now();
    let (repository, known, before) = {
        let mut conn = works.db.read().await?;
        let Some(repository) = repository::by_id(&mut conn, id).await? else { return Ok(None) };
        if !standing::of(&mut conn, id).await?.is_some_and(|stands| stands.standing().runs()) {
            return Ok(None);
        }
        if head::comes_yet(&mut conn, id, now - COMES).await? {
            return Ok(Some(now + AGAIN));
        }
        // Before GitHub is asked: what is decided meanwhile is not mistaken for what is gone.
        (repository, head::known(&mut conn, id).await?, head::all(&mut conn, id).await?)
    };
    let branches = works.client(&repository)?.branches(&repository.full_name()).await?;
    let tips: Vec<(String, String)> = branches.into_iter().map(|b| (format!("refs/heads/{}", b.name), b.sha)).collect();
    if !known {
        let mut tx = works.db.write().await?;
        head::remember(&mut tx, id, &tips).await?;
        tx.commit().await?;
        return Ok(None);
    }
    let mut tx = works.db.write().await?;
    let mut found = 0;
    for (git_ref, sha) in &tips {
        if before.get(git_ref) != Some(sha) && missing(works, &mut tx, &repository, git_ref, sha).await? {
            found += 1;
        }
    }
    tx.commit().await?;
    if found > 0 {
        tracing::warn!(repository = repository.full_name(), branches = found, "commits were found by looking: their deliveries never came");
        works.hub.requests.notify_one();
    }
    for git_ref in before.keys().filter(|git_ref| !tips.iter().any(|(there, _)| there == *git_ref)) {
        gone(works, &repository, git_ref).await?;
    }
    Ok(None)
}

/// Asks for a branch's tip to be run, unless something was decided for it meanwhile.
async fn missing(works: &Works, tx: &mut Tx, repository: &Repository, git_ref: &str, sha: &str) -> sqlx::Result<bool> {
    let was = head::at(tx, repository.id, git_ref).await?;
    if was.as_deref() == Some(sha) {
        return Ok(false);
    }
    head::forget(tx, repository.id, git_ref).await?;
    head::decided(tx, repository.id, git_ref, sha, was.as_deref().unwrap_or_default()).await?;
    head::note_found(tx, repository.id, git_ref, sha, works.clock.now()).await?;
    let wanted = Wanted::Found { git_ref: git_ref.to_owned(), sha: sha.to_owned(), before: was };
    request::ask(tx, repository.id, &wanted, SERVER, works.clock.now()).await?;
    Ok(true)
}

/// A branch that is not listed any more is asked for by name: pages shift while they are read.
async fn gone(works: &Works, repository: &Repository, git_ref: &str) -> anyhow::Result<()> {
    let branch = git_ref.trim_start_matches("refs/heads/");
    if works.client(repository)?.branch_tip(&repository.full_name(), branch).await?.is_some() {
        return Ok(());
    }
    let mut tx = works.db.write().await?;
    head::forget(&mut tx, repository.id, git_ref).await?;
    tx.commit().await?;
    let cancelled = cancel_runs_of(works, repository, git_ref, &format!("the deletion of {git_ref}")).await?;
    tracing::info!(repository = repository.full_name(), git.r#ref = git_ref, cancelled, "a branch is gone; its delivery never came");
    Ok(())
}
