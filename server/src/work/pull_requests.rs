//! Pull requests become runs. What one is, GitHub is asked; what its delivery says of itself only makes us ask (security.md A).
//! Trust is decided here, by numbers: a pull request whose commit is the tip of a branch of this very repository is its own,
//! and anything else is a fork's, also what cannot be told. A fork's waits for a person and gets nothing (`policy.rs`).

use super::changes::Since;
use super::deliveries::{cancel_runs_of, end};
use super::make::{self, Base};
use super::{Works, backoff};
use crate::db;
use crate::db::delivery::{self, End, Waiting};
use crate::db::repository::Repository;
use crate::github::Pull;
use dockercise_event::{Action, PullRequest};
use dockercise_pipeline::ids::{GateIx, RunId};
use dockercise_pipeline::run::{Event, GateState};
use dockercise_pipeline::trigger::Trigger;

/// How often GitHub is asked again where it says another commit than the delivery: one of the two is late.
const LATE: i64 = 4;

/// Acts on what became of a pull request.
///
/// # Errors
/// GitHub's or the database's; then nothing was done that cannot be done again.
pub(super) async fn changed(works: &Works, waiting: &Waiting, repository: &Repository, request: &PullRequest) -> anyhow::Result<()> {
    let number = request.number;
    let github = works.client(repository)?;
    let full_name = repository.full_name();
    let ignored = async |why: String| end(works, waiting, End::Ignored, &why).await;
    let Some(pull) = github.pull_request(&full_name, number).await? else {
        return ignored(format!("there is no pull request #{number} in {full_name}")).await;
    };
    let git_ref = format!("refs/pull/{number}/head");
    if !pull.open {
        let cancelled = cancel_runs_of(works, repository, &git_ref, &format!("the closing of pull request #{number}")).await?;
        let words = format!("pull request #{number} was closed; pipelines cancelled: {cancelled}");
        return end(works, waiting, End::Done, &words).await;
    }
    if request.action == Action::Closed {
        return ignored(format!("pull request #{number} is open again")).await;
    }
    if !pull.sha.eq_ignore_ascii_case(&request.sha) {
        let words = format!("overtaken: pull request #{number} is at another commit");
        return if waiting.attempts < LATE { put_off(works, waiting, &words).await } else { ignored(words).await };
    }
    if pull.base_repository != Some(repository.id) {
        return ignored(format!("pull request #{number} wants to go into another repository")).await;
    }
    let shown = pull.base_branch.escape_debug();
    let Some(base) = github.branch_tip(&full_name, &pull.base_branch).await? else {
        return ignored(format!("there is no branch `{shown}` for pull request #{number} to go into")).await;
    };
    let voided = void_gates(works, repository, &git_ref, number, &pull).await?;
    if voided > 0 {
        tracing::info!(pull_request.number = number, gates = voided, "gates of an older commit or base are over");
    }
    let fork = why_fork(works, repository, request, &pull).await?;
    if let Some(why) = &fork {
        tracing::info!(pull_request.number = number, git.sha = pull.sha, why, "a pull request is taken for a fork's");
    }
    let trigger = Trigger::PullRequest {
        number,
        head_branch: pull.head_branch,
        base_branch: pull.base_branch.clone(),
        // What cannot be told is no repository's.
        head_repository: if fork.is_some() {
            pull.head_repository.filter(|id| *id != repository.id).unwrap_or_default()
        } else {
            repository.id
        },
        base_repository: repository.id,
        author: pull.author,
    };
    let asked = make::Asked {
        trigger,
        sha: pull.sha,
        since: Since::Commit(base.clone()),
        skip: false,
        by: make::For::Delivery(waiting.id),
        base: Some(Base { branch: pull.base_branch, sha: base, fork: fork.is_some() }),
    };
    make::run(works, repository, &asked).await.map(drop)
}

async fn put_off(works: &Works, waiting: &Waiting, words: &str) -> anyhow::Result<()> {
    let mut tx = works.db.write().await?;
    delivery::put_off(&mut tx, waiting.id, works.clock.now() + backoff(waiting.attempts), words).await?;
    Ok(tx.commit().await?)
}

/// Why it is not from a branch of this very repository; none where it is. Delivery and GitHub must both say that it is, and the
/// branch must be at the commit: forks share one store of objects with their parent, so that the commit is there says nothing.
async fn why_fork(works: &Works, repository: &Repository, request: &PullRequest, pull: &Pull) -> anyhow::Result<Option<String>> {
    let own = Some(repository.id);
    if [request.head_repository, Some(request.base_repository), pull.head_repository, pull.base_repository].iter().any(|id| *id != own) {
        return Ok(Some("its branch is in another repository".to_owned()));
    }
    let tip = works.client(repository)?.branch_tip(&repository.full_name(), &pull.head_branch).await?;
    let shown = pull.head_branch.escape_debug();
    Ok(match tip {
        Some(tip) if tip == pull.sha && request.head_branch == pull.head_branch => None,
        Some(_) => Some(format!("branch `{shown}` is at another commit")),
        None => Some(format!("there is no branch `{shown}` here")),
    })
}

/// Nobody passes a gate any more of what the pull request was before: of an older commit, or for another base.
async fn void_gates(works: &Works, repository: &Repository, git_ref: &str, number: u64, pull: &Pull) -> anyhow::Result<usize> {
    let mut voided = 0;
    let live = db::run::live_of(&mut *works.db.read().await?, repository.id, git_ref).await?;
    for (id, sha) in live {
        let reason = if sha != pull.sha {
            format!("a newer commit was pushed to pull request #{number}")
        } else if base_of(works, id).await?.is_some_and(|base| base != pull.base_branch) {
            format!("pull request #{number} wants to go into another branch now")
        } else {
            continue;
        };
        let mut change = works.runs.change(id).await?;
        let gates = change.machine().state().gates.iter().zip(0..);
        let open: Vec<GateIx> =
            gates.filter(|(state, _)| matches!(state, GateState::Closed | GateState::Waiting { .. })).map(|(_, ix)| GateIx(ix)).collect();
        for gate in open {
            let event = Event::GateExpired { gate, reason: reason.clone() };
            // The end of one may have been the end of another.
            voided += usize::from(change.event(works.clock.now(), &event).await.is_ok_and(|applied| applied.changed()));
        }
        change.commit().await?;
    }
    Ok(voided)
}

/// The branch that the pull request of a run wanted to go into.
async fn base_of(works: &Works, id: RunId) -> anyhow::Result<Option<String>> {
    let Some(stored) = db::run::load(&mut *works.db.read().await?, id).await? else { return Ok(None) };
    Ok(stored.trigger()?.base_branch().map(str::to_owned))
}
