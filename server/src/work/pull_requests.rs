//! Pull requests become runs, where they may. Trust is decided here, by numbers that GitHub gives and by asking it where the
//! branch is: what a pull request says of itself counts for nothing (security.md A).

use super::changes::Since;
use super::deliveries::{cancel_runs_of, end};
use super::{Works, make};
use crate::db;
use crate::db::delivery::{End, Waiting};
use crate::db::repository::Repository;
use dockercise_event::{Action, PullRequest};
use dockercise_pipeline::ids::GateIx;
use dockercise_pipeline::run::{Event, GateState};
use dockercise_pipeline::trigger::Trigger;

/// Acts on what became of a pull request.
///
/// # Errors
/// GitHub's or the database's; then nothing was done that cannot be done again.
pub(super) async fn changed(works: &Works, waiting: &Waiting, repository: &Repository, request: &PullRequest) -> anyhow::Result<()> {
    let trigger = Trigger::PullRequest {
        number: request.number,
        head_branch: request.head_branch.clone(),
        base_branch: request.base_branch.clone(),
        head_repository: request.head_repository.unwrap_or_default(),
        base_repository: request.base_repository,
    };
    if request.action == Action::Closed {
        let by = format!("the closing of pull request #{}", request.number);
        let cancelled = cancel_runs_of(works, repository, &trigger.git_ref(), &by).await?;
        return end(works, waiting, End::Done, &format!("pull request #{} was closed; pipelines cancelled: {cancelled}", request.number))
            .await;
    }
    let voided = void_gates(works, repository, &trigger.git_ref(), request).await?;
    if voided > 0 {
        tracing::info!(pull_request.number = request.number, gates = voided, "gates of an older commit are over");
    }
    if let Err(why) = trusted(works, repository, request).await? {
        return end(works, waiting, End::Ignored, &why).await;
    }
    let asked = make::Asked {
        trigger,
        sha: request.sha.clone(),
        since: Since::Commit(request.base_branch.clone()),
        skip: false,
        by: make::For::Delivery(waiting.id),
    };
    make::run(works, repository, &asked).await.map(drop)
}

/// Is it from a branch of this very repository? Anything else is a fork, also what cannot be told.
async fn trusted(works: &Works, repository: &Repository, request: &PullRequest) -> anyhow::Result<Result<(), String>> {
    let ids = (request.head_repository, request.base_repository);
    if ids != (Some(repository.id), repository.id) {
        let why = "it is from a fork: forks are refused until this server can be told whom to trust with what";
        return Ok(Err(why.to_owned()));
    }
    // Forks share one store of objects with their parent: that the commit is there says nothing.
    let tip = works.client(repository)?.branch_tip(&repository.full_name(), &request.head_branch).await?;
    let shown = request.head_branch.escape_debug();
    Ok(match tip {
        Some(tip) if tip == request.sha => Ok(()),
        Some(_) => Err(format!("branch `{shown}` is at another commit by now: it is taken for a fork's, or overtaken")),
        None => Err(format!("there is no branch `{shown}` here: it is taken for a fork's")),
    })
}

/// Nobody passes a gate of an older commit of the pull request any more.
async fn void_gates(works: &Works, repository: &Repository, git_ref: &str, request: &PullRequest) -> anyhow::Result<usize> {
    let mut voided = 0;
    let live = db::run::live_of(&mut *works.db.read().await?, repository.id, git_ref).await?;
    for (id, sha) in live {
        if sha == request.sha {
            continue;
        }
        let mut change = works.runs.change(id).await?;
        let gates = change.machine().state().gates.iter().zip(0..);
        let open: Vec<GateIx> =
            gates.filter(|(state, _)| matches!(state, GateState::Closed | GateState::Waiting { .. })).map(|(_, ix)| GateIx(ix)).collect();
        for gate in open {
            let event = Event::GateExpired { gate, reason: format!("a newer commit was pushed to pull request #{}", request.number) };
            // The end of one may have been the end of another.
            voided += usize::from(change.event(works.clock.now(), &event).await.is_ok_and(|applied| applied.changed()));
        }
        change.commit().await?;
    }
    Ok(voided)
}
