//! Tells GitHub where pipelines stand. What is sent is the state at the moment of sending, so the last one always gets out
//! and none is overtaken.

use super::{Works, backoff, github_error};
use crate::db::effect::{self, Due};
use crate::db::{self, repository};
use crate::github::{CommitState, CommitStatus};
use crate::view;
use anyhow::Context as _;
use dockercise_pipeline::ids::RunId;
use serde::Deserialize;
use tokio_util::sync::CancellationToken;

/// How many are sent in one round.
const BATCH: i64 = 32;

#[derive(Deserialize)]
struct Payload {
    run: RunId,
    pipeline: usize,
}

/// Sends until told to stop.
pub async fn run(works: Works, stop: CancellationToken) {
    loop {
        let due = match round(&works).await {
            Ok(due) => due,
            Err(e) => {
                tracing::error!(error = format!("{e:#}"), "statuses cannot be sent; trying again");
                Some(works.clock.now() + backoff(4))
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = works.hub.effects.notified() => {}
            () = tokio::time::sleep(works.until(due)) => {}
        }
    }
}

async fn round(works: &Works) -> anyhow::Result<Option<chrono::DateTime<chrono::Utc>>> {
    loop {
        let due = effect::due(&mut *works.db.read().await?, works.clock.now(), BATCH).await?;
        if due.is_empty() {
            break;
        }
        for one in due {
            let sent = send(works, &one).await;
            let mut tx = works.db.write().await?;
            match sent {
                Ok(()) => effect::done(&mut tx, &one).await?,
                // GitHub will never take it (the repository or the commit is gone): saying so once is all that is left.
                Err(e) if github_error(&e).is_some_and(|e| !e.transient()) => {
                    tracing::warn!(effect.key = one.key, error = format!("{e:#}"), "GitHub refuses the status; it is not sent again");
                    effect::done(&mut tx, &one).await?;
                }
                Err(e) => {
                    let words = format!("{e:#}");
                    tracing::warn!(
                        effect.key = one.key,
                        effect.attempts = one.attempts,
                        error = words,
                        "the status was not sent; trying again"
                    );
                    effect::put_off(&mut tx, &one.key, works.clock.now() + backoff(one.attempts), &words).await?;
                }
            }
            tx.commit().await?;
        }
    }
    Ok(effect::next_due(&mut *works.db.read().await?).await?)
}

async fn send(works: &Works, due: &Due) -> anyhow::Result<()> {
    let payload: Payload = serde_json::from_str(&due.payload).context("the effect's payload is damaged")?;
    let (stored, repository) = {
        let mut conn = works.db.read().await?;
        let stored = db::run::load(&mut conn, payload.run).await?.context("the run is gone")?;
        let repository = repository::by_id(&mut conn, stored.row.repository).await?.context("the repository is not connected any more")?;
        (stored, repository)
    };
    let Some(row) = stored.pipelines.get(payload.pipeline) else { return Ok(()) };
    // A tag on a failed commit must not turn it green: what was not needed is said only where nothing else was.
    if row.number.is_none() && db::run::ran_at(&mut *works.db.read().await?, stored.row.repository, &row.name, &stored.row.sha).await? {
        return Ok(());
    }
    let state = view::state_of(stored.plan()?.as_deref(), &stored.state()?, payload.pipeline);
    let (commit_state, words) = match state.word() {
        "passed" => (CommitState::Success, "passed".to_owned()),
        "not-needed" => (CommitState::Success, view::why_not_needed(&stored, payload.pipeline)?),
        "queued" => (CommitState::Pending, "queued".to_owned()),
        "running" => (CommitState::Pending, "running".to_owned()),
        "waiting" => (CommitState::Pending, view::why_waiting(&stored)?.to_owned()),
        "failed" => (CommitState::Failure, view::why_failed(&stored, payload.pipeline)?),
        "cancelled" => (CommitState::Error, "cancelled".to_owned()),
        other => (CommitState::Error, format!("{other}: {}", view::why_failed(&stored, payload.pipeline)?)),
    };
    let target_url = match row.number {
        Some(number) => format!("{}/results/{}/{}/{number}", works.public_url, row.account, row.slug),
        None => works.public_url.clone(),
    };
    let description: String = words.chars().take(140).collect();
    let status = CommitStatus { state: commit_state, target_url, description, context: format!("dockercise/{}", row.name) };
    works.client(&repository)?.set_status(&repository.full_name(), &stored.row.sha, &status).await?;
    Ok(())
}
