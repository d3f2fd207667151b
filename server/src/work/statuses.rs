//! Tells GitHub where pipelines stand: one sequence for each commit and context. What is sent is the state at the moment of
//! sending, of the newest run there, so the last one always gets out and none is overtaken. Several contexts are sent side by
//! side, one never twice at once.

use super::{Again, Works, backoff, follow, github_error};
use crate::db::effect::{self, Due};
use crate::db::run::Stored;
use crate::db::standing::Standing;
use crate::db::{self, repository};
use crate::github::{CommitState, CommitStatus};
use crate::runs::{StatusOf, want_status};
use crate::view;
use anyhow::Context as _;
use dockercise_pipeline::ids::{PipelineIx, RunId};
use serde::Deserialize;
use std::collections::HashMap;
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

/// How many are sent side by side.
const AT_ONCE: usize = 8;
/// How often one is tried where only a person can help, which is once an hour: after that nobody will.
const TRIES: i64 = 400;

/// Sends until told to stop.
pub async fn run(works: Works, stop: CancellationToken) {
    let (mut sending, mut keys) = (JoinSet::new(), HashMap::new());
    loop {
        let due = match begin(&works, &mut sending, &mut keys).await {
            Ok(due) => due,
            Err(e) => {
                tracing::error!(error = format!("{e:#}"), "statuses cannot be sent; trying again");
                Some(works.clock.now() + backoff(4))
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            Some(ended) = sending.join_next_with_id() => {
                let id = match &ended {
                    Ok((id, ())) => *id,
                    Err(e) => e.id(),
                };
                keys.remove(&id);
            }
            () = works.hub.effects.notified() => {}
            () = tokio::time::sleep(works.until(due)) => {}
        }
    }
}

/// Begins to send what is due and is not being sent, as far as there is room; says when the next one is due.
async fn begin(
    works: &Works,
    sending: &mut JoinSet<()>,
    keys: &mut HashMap<Id, String>,
) -> anyhow::Result<Option<chrono::DateTime<chrono::Utc>>> {
    let now = works.clock.now();
    let room = AT_ONCE - keys.len();
    let due = effect::due(&mut *works.db.read().await?, now, (AT_ONCE + keys.len()) as i64).await?;
    let waiting: Vec<Due> = due.into_iter().filter(|due| !keys.values().any(|key| *key == due.key)).take(room).collect();
    for due in waiting {
        let (works, key) = (works.clone(), due.key.clone());
        let task = sending.spawn(async move {
            if let Err(e) = carry(&works, &due).await {
                tracing::error!(
                    effect.key = due.key,
                    error = format!("{e:#}"),
                    "what became of a status cannot be noted; it is sent again"
                );
                tokio::time::sleep(backoff(4).to_std().unwrap_or_default()).await;
            }
        });
        keys.insert(task.id(), key);
    }
    Ok(effect::next_due(&mut *works.db.read().await?, now).await?)
}

/// Sends one and notes what came of it.
async fn carry(works: &Works, due: &Due) -> anyhow::Result<()> {
    if due.kind == OLD {
        return renew(works, due).await;
    }
    let of: StatusOf = serde_json::from_str(&due.payload).context("the effect's payload is damaged")?;
    let error = match send(works, &of, &due.sent).await {
        Ok(sent) => {
            let mut tx = works.db.write().await?;
            effect::done(&mut tx, due, &sent).await?;
            return Ok(tx.commit().await?);
        }
        Err(error) => error,
    };
    let words = format!("{error:#}");
    let again = works.again(of.repository, &error, due.attempts).await;
    let again = match again {
        // The person whose token it is may read, and not say anything any more.
        Again::Refused(_) if github_error(&error).is_some_and(|e| e.status == Some(403)) => {
            if let Some(repository) = repository::by_id(&mut *works.db.read().await?, of.repository).await? {
                follow::stands(works, &repository, Standing::Refused, &format!("GitHub refuses what this server reports: {words}")).await?;
            }
            Again::At(works.clock.now() + super::MENDED_BY_A_PERSON)
        }
        other => other,
    };
    let mut tx = works.db.write().await?;
    match again {
        Again::At(until) if due.attempts < TRIES => {
            tracing::warn!(effect.key = due.key, effect.attempts = due.attempts, until = %until, error = words, "the status was not sent; trying again");
            effect::put_off(&mut tx, &due.key, until, &words).await?;
        }
        // GitHub will never take it: the commit is gone, or it has a thousand already. Said once.
        _ => {
            tracing::warn!(effect.key = due.key, error = words, "GitHub refuses the status; it is not sent again");
            effect::give_up(&mut tx, due, &words).await?;
        }
    }
    Ok(tx.commit().await?)
}

/// Sends it, unless GitHub has the same already; returns what GitHub has then.
async fn send(works: &Works, of: &StatusOf, had: &str) -> anyhow::Result<String> {
    let (stored, ix, repository) = {
        let mut conn = works.db.read().await?;
        let newest = db::run::newest_of_commit(&mut conn, of.repository, &of.sha, &of.pipeline).await?;
        let Some((run, ix)) = newest else { return Ok(String::new()) };
        let stored = db::run::load(&mut conn, run).await?.context("the run is gone")?;
        let repository = repository::by_id(&mut conn, of.repository).await?.context("the repository is gone")?;
        (stored, ix, repository)
    };
    // Nobody is left to say it for.
    if repository.disconnected_at.is_some() {
        return Ok(String::new());
    }
    let status = status(works, &stored, ix)?;
    let text = serde_json::to_string(&status)?;
    if text != had {
        works.client(&repository)?.set_status(&repository.full_name(), &of.sha, &status).await?;
    }
    Ok(text)
}

fn status(works: &Works, stored: &Stored, ix: usize) -> anyhow::Result<CommitStatus> {
    let row = &stored.pipelines[ix];
    let plan = stored.plan()?;
    let run = stored.state()?;
    let shown = view::state_of(plan.as_deref(), &run, ix);
    let (state, words) = match shown.word() {
        "passed" => (CommitState::Success, "passed".to_owned()),
        "not-needed" => (CommitState::Success, view::why_not_needed(stored, ix)?),
        "queued" => (CommitState::Pending, "queued".to_owned()),
        "running" => (CommitState::Pending, "running".to_owned()),
        "waiting" => (CommitState::Pending, view::why_waiting(stored, ix)?),
        "failed" => (CommitState::Failure, view::why_failed(stored, ix)?),
        "cancelled" => (CommitState::Error, "cancelled".to_owned()),
        other => (CommitState::Error, format!("{other}: {}", view::why_failed(stored, ix)?)),
    };
    let target_url = match row.number {
        Some(number) => format!("{}/results/{}/{}/{number}", works.public_url, row.account, row.slug),
        None => works.public_url.clone(),
    };
    Ok(CommitStatus { state, target_url, description: short(&words), context: format!("dockercise/{}", row.name) })
}

/// As long as GitHub takes a description, which is 140 characters.
fn short(words: &str) -> String {
    const LONGEST: usize = 140;
    if words.chars().count() <= LONGEST {
        return words.to_owned();
    }
    words.chars().take(LONGEST - 1).chain(['…']).collect()
}

/// What versions before this one wanted: a status of a run, not of a commit.
const OLD: &str = "status";

#[derive(Deserialize)]
struct OldPayload {
    run: RunId,
    pipeline: PipelineIx,
}

async fn renew(works: &Works, due: &Due) -> anyhow::Result<()> {
    let old: OldPayload = serde_json::from_str(&due.payload).context("the effect's payload is damaged")?;
    let mut tx = works.db.write().await?;
    want_status(&mut tx, old.run, old.pipeline, works.clock.now()).await?;
    effect::done(&mut tx, due, "").await?;
    Ok(tx.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::short;

    #[test]
    fn a_long_description_is_cut_where_it_is_seen() {
        assert_eq!(short(&"ü".repeat(140)), "ü".repeat(140));
        assert_eq!(short(&"ü".repeat(141)), format!("{}…", "ü".repeat(139)));
    }
}
