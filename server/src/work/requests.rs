//! Requests become runs: of persons, of times, and those of this server to itself.

use super::changes::Since;
use super::make::{self, Asked, For};
use super::{Again, Works, backoff, definitions, github_error};
use crate::db::delivery::End;
use crate::db::repository::{self, Repository};
use crate::db::request::{self, Waiting, Wanted};
use crate::db::standing;
use dockercise_pipeline::trigger::Trigger;
use tokio_util::sync::CancellationToken;

/// How often a request is tried before it is given up; with the longest wait this is more than three hours.
const TRIES: i64 = 100;

/// Works on requests until told to stop.
pub async fn run(works: Works, stop: CancellationToken) {
    loop {
        let due = match round(&works).await {
            Ok(due) => due,
            Err(e) => {
                tracing::error!(error = format!("{e:#}"), "requests cannot be worked on; trying again");
                Some(works.clock.now() + backoff(4))
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = works.hub.requests.notified() => {}
            () = tokio::time::sleep(works.until(due)) => {}
        }
    }
}

async fn round(works: &Works) -> anyhow::Result<Option<chrono::DateTime<chrono::Utc>>> {
    loop {
        let next = request::next(&mut *works.db.read().await?, works.clock.now()).await?;
        let Some(waiting) = next else { break };
        if let Err(e) = one(works, &waiting).await {
            failed(works, &waiting, &e).await?;
        }
        works.hub.answered.send_modify(|count| *count += 1);
    }
    Ok(request::next_due(&mut *works.db.read().await?).await?)
}

async fn failed(works: &Works, waiting: &Waiting, error: &anyhow::Error) -> anyhow::Result<()> {
    let words = format!("{error:#}");
    let refused = github_error(error).is_some_and(|e| !e.transient());
    let (until, in_vain) = match works.again(waiting.repository, error, waiting.attempts).await {
        // A person waits for an answer; what is asked for by time or by ourselves can wait for one who mends it.
        Again::At(until) => (until, refused && until > works.clock.now() && matches!(waiting.wanted, Wanted::Start { .. })),
        Again::Refused(until) => (until, true),
    };
    let hopeless = in_vain || waiting.attempts >= TRIES;
    tracing::warn!(request.id = %waiting.id, request.attempts = waiting.attempts, error = words, hopeless, "a request was not carried out");
    let mut tx = works.db.write().await?;
    if hopeless {
        request::end(&mut tx, waiting.id, End::Failed, &words, None).await?;
    } else {
        request::put_off(&mut tx, waiting.id, until, &words).await?;
    }
    Ok(tx.commit().await?)
}

async fn one(works: &Works, waiting: &Waiting) -> anyhow::Result<()> {
    let known = repository::by_id(&mut *works.db.read().await?, waiting.repository).await?;
    let Some(repository) = known.filter(|r| r.disconnected_at.is_none()) else {
        return end(works, waiting, End::Failed, "the repository is not connected any more").await;
    };
    match &waiting.wanted {
        Wanted::Read => {
            let words = definitions::look(works, &repository).await?;
            end(works, waiting, End::Done, &words).await
        }
        Wanted::Found { git_ref, sha, before } => {
            let branch = git_ref.trim_start_matches("refs/heads/").to_owned();
            let since = match before {
                Some(before) => Since::Commit(before.clone()),
                None if branch == repository.default_branch => Since::Nothing,
                None => Since::Commit(repository.default_branch.clone()),
            };
            let trigger = Trigger::Push { branch };
            let asked = Asked { trigger, sha: sha.clone(), since, skip: false, base: None, by: For::Found(waiting.id) };
            make::run(works, &repository, &asked).await.map(drop)
        }
        Wanted::Time { .. } if !runs(works, &repository).await? => {
            end(works, waiting, End::Failed, "the repository cannot be reached, or is archived").await
        }
        Wanted::Time { pipeline, cron } => {
            let branch = repository.default_branch.clone();
            let tip = works.client(&repository)?.branch_tip(&repository.full_name(), &branch).await?;
            let Some(sha) = tip else {
                return end(works, waiting, End::Failed, &format!("there is no branch `{}` any more", branch.escape_debug())).await;
            };
            let trigger = Trigger::Schedule { cron: cron.clone(), branch, pipeline: pipeline.clone() };
            make(works, waiting, &repository, trigger, sha).await
        }
        Wanted::Start { pipeline, git_ref, inputs } => {
            let said = git_ref.as_deref().unwrap_or(&repository.default_branch);
            let Some((git_ref, sha)) = resolve(works, &repository, said).await? else {
                let words = format!("there is no branch or tag `{}` in {}", said.escape_debug(), repository.full_name());
                return end(works, waiting, End::Failed, &words).await;
            };
            let trigger = Trigger::Manual { git_ref, pipeline: Some(pipeline.clone()), inputs: inputs.clone() };
            make(works, waiting, &repository, trigger, sha).await
        }
    }
}

async fn runs(works: &Works, repository: &Repository) -> anyhow::Result<bool> {
    let stands = standing::of(&mut *works.db.read().await?, repository.id).await?;
    Ok(stands.is_some_and(|stands| stands.standing().runs()))
}

async fn end(works: &Works, waiting: &Waiting, how: End, note: &str) -> anyhow::Result<()> {
    tracing::info!(request.id = %waiting.id, request.end = ?how, note, "request closed");
    let mut tx = works.db.write().await?;
    request::end(&mut tx, waiting.id, how, note, None).await?;
    Ok(tx.commit().await?)
}

async fn make(works: &Works, waiting: &Waiting, repository: &Repository, trigger: Trigger, sha: String) -> anyhow::Result<()> {
    let asked = Asked { trigger, sha, since: Since::Nothing, skip: false, by: For::Request(waiting.id), base: None };
    make::run(works, repository, &asked).await.map(drop)
}

/// The full ref that a person means, and its commit: a branch before a tag.
async fn resolve(works: &Works, repository: &Repository, said: &str) -> anyhow::Result<Option<(String, String)>> {
    if !is_name(said) {
        return Ok(None);
    }
    let github = works.client(repository)?;
    let full_name = repository.full_name();
    let kinds = [("heads", said.strip_prefix("refs/heads/")), ("tags", said.strip_prefix("refs/tags/"))];
    let plain = !said.starts_with("refs/");
    for (kind, named) in kinds {
        let Some(name) = named.or(plain.then_some(said)) else { continue };
        match github.commit(&full_name, &format!("{kind}/{name}")).await {
            Ok(commit) => return Ok(Some((format!("refs/{kind}/{name}"), commit.sha))),
            // Which of these GitHub answers hangs on what the name looks like.
            Err(e) if matches!(e.status, Some(404 | 409 | 422)) => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(None)
}

/// Can this be the name of a ref (git's check-ref-format)? GitHub would understand more: `main~1`, `@{0}`.
fn is_name(text: &str) -> bool {
    let part = |part: &str| !part.is_empty() && !part.starts_with('.') && !part.ends_with(".lock");
    !text.starts_with('-')
        && text.split('/').all(part)
        && !text.ends_with('.')
        && text != "@"
        && !["..", "@{"].iter().any(|bad| text.contains(bad))
        && !text.chars().any(|c| c.is_control() || " ~^:?*[\\".contains(c))
}

#[cfg(test)]
mod tests {
    use super::is_name;

    #[test]
    fn only_what_git_takes_for_a_ref_is_one() {
        for good in ["main", "release/1.x", "refs/tags/v1", "feature#7", "ü", "a@b", "HEAD"] {
            assert!(is_name(good), "{good}");
        }
        let bad = [
            "", "-x", "main~1", "a..b", "a:b", "@", "@{0}", "a@{1}", "a b", "a\n", "/a", "a/", "a//b", ".a", "a/.b", "a.lock", "a.", "a*",
            "a^{}", "a\\b",
        ];
        for bad in bad {
            assert!(!is_name(bad), "{bad:?}");
        }
    }
}
