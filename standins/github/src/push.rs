//! What a push causes: git runs under the repository's lock, then every changed ref becomes events.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use chrono::Utc;
use serde_json::{Value, json};

use crate::deliver::{self, Event};
use crate::git::{Git, Ref, RefChange, Refs, ZERO};
use crate::github::GitHub;
use crate::json::commit;
use crate::json::payload::About;
use crate::pulls;

/// A push that changes more tags than this makes no events for them.
const MAX_TAGS: usize = 3;
/// A push that changes more branches than this makes no events for them.
const MAX_BRANCHES: usize = 5000;
/// A push event lists so many commits at most: the newest ones.
const MAX_COMMITS: usize = 2048;

/// Who pushes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pusher {
    /// Number of the user; for a deploy key, of who added it.
    pub(crate) user: u64,
    /// Whether a deploy key opened the door.
    pub(crate) deploy_key: bool,
}

/// Runs `receive`, which feeds `git receive-pack`, alone on this repository, and delivers what it changed.
pub(crate) async fn receive<T>(
    github: &Arc<GitHub>,
    repository: u64,
    pusher: Pusher,
    receive: impl Future<Output = anyhow::Result<T>>,
) -> anyhow::Result<T> {
    let lock = github.push_lock(repository);
    let _alone = lock.lock().await;
    let git = github.git(repository);
    let before = git.refs().await?;
    let result = receive.await;
    let after = git.refs().await?;
    let changes = RefChange::between(&before, &after);
    if !changes.is_empty() {
        adopt_first_branch(github, &git, repository, &before, &after).await?;
        record(github, repository);
        for event in events(github, &git, repository, pusher, &before, &changes).await? {
            deliver::to_hooks(github, repository, &event);
        }
        pulls::after_push(github, repository, &changes).await?;
    }
    result
}

/// The first branch of an empty repository becomes its default branch.
async fn adopt_first_branch(github: &GitHub, git: &Git, repository: u64, before: &Refs, after: &Refs) -> anyhow::Result<()> {
    if before.keys().any(|name| name.starts_with("refs/heads/")) {
        return Ok(());
    }
    let Some(current) = github.world().repositories.get(&repository).map(|own| own.default_branch.clone()) else {
        return Ok(());
    };
    let mut branches = after.keys().filter_map(|name| name.strip_prefix("refs/heads/"));
    if after.contains_key(&format!("refs/heads/{current}")) {
        return Ok(());
    }
    if let Some(first) = branches.next() {
        git.set_head(first).await?;
        if let Some(own) = github.world().repositories.get_mut(&repository) {
            own.default_branch = first.to_owned();
        }
    }
    Ok(())
}

fn record(github: &GitHub, repository: u64) {
    if let Some(own) = github.world().repositories.get_mut(&repository) {
        let now = Utc::now();
        own.pushed_at = Some(now);
        own.updated_at = now;
    }
}

async fn events(
    github: &GitHub,
    git: &Git,
    repository: u64,
    pusher: Pusher,
    before: &Refs,
    changes: &[RefChange],
) -> anyhow::Result<Vec<Event>> {
    let tags = changes.iter().filter(|change| change.is_tag()).count();
    let branches = changes.len() - tags;
    let mut events = Vec::new();
    for change in changes {
        let (count, most) = if change.is_tag() { (tags, MAX_TAGS) } else { (branches, MAX_BRANCHES) };
        if count > most {
            continue;
        }
        let payload = describe(github, git, repository, before, change).await?;
        let world = github.world();
        let (Some(repository), Some(sender)) = (world.repositories.get(&repository), world.users.get(&pusher.user)) else {
            continue;
        };
        let about = About { links: &github.links, world: &world, repository, sender };
        if change.before.is_none() || change.after.is_none() {
            events.push(about.ref_event(change, pusher.deploy_key));
        }
        events.push(about.push(payload, pusher.deploy_key));
    }
    Ok(events)
}

/// The part of a push event that git knows.
async fn describe(github: &GitHub, git: &Git, repository: u64, before: &Refs, change: &RefChange) -> anyhow::Result<Value> {
    let name = {
        let world = github.world();
        world.repositories.get(&repository).map(|own| world.full_name(own)).unwrap_or_default()
    };
    let object = |side: &Option<Ref>| side.as_ref().map_or(ZERO.to_owned(), |held| held.object.clone());
    let forced = match (&change.before, &change.after) {
        (Some(old), Some(new)) => !git.is_ancestor(&old.commit, &new.commit).await?,
        _ => false,
    };
    let mut payload = json!({
        "ref": change.name,
        "before": object(&change.before),
        "after": object(&change.after),
        "created": change.before.is_none(),
        "deleted": change.after.is_none(),
        "forced": forced,
        "base_ref": base_ref(before, change),
        "compare": compare(github, &name, change),
        "commits": [],
        "head_commit": null,
    });
    let Some(after) = &change.after else {
        return Ok(payload);
    };
    let old = &change.before;
    // A new ref lists what no other ref had; a moved one what lies between its two ends.
    let known: BTreeSet<&str> = before.values().map(|held| held.commit.as_str()).collect();
    let distinct: HashSet<String> = git.commits_between(&after.commit, known.iter().copied()).await?.into_iter().collect();
    let mut shas = match old {
        Some(old) => git.commits_between(&after.commit, [old.commit.as_str()]).await?,
        None => git.commits_between(&after.commit, known.iter().copied()).await?,
    };
    if change.is_tag() {
        shas.clear();
    }
    let shas = shas.split_off(shas.len().saturating_sub(MAX_COMMITS));
    let mut wanted = shas.clone();
    if wanted.last() != Some(&after.commit) {
        wanted.push(after.commit.clone());
    }
    let paths = git.changed_paths(&wanted).await?;
    let mut written = Vec::with_capacity(wanted.len());
    for sha in &wanted {
        let commit = git.commit(sha).await?;
        let own = paths.get(sha).cloned().unwrap_or_default();
        let world = github.world();
        let is_distinct = distinct.contains(sha);
        written.push(commit::pushed(&github.links, &world, &name, &commit, &own, is_distinct));
    }
    payload["head_commit"] = written.last().cloned().unwrap_or_default();
    written.truncate(shas.len());
    payload["commits"] = Value::Array(written);
    Ok(payload)
}

/// The branch a new ref starts at, where another one points to the same commit.
fn base_ref(before: &Refs, change: &RefChange) -> Option<String> {
    let after = change.after.as_ref().filter(|_| change.before.is_none())?;
    before.iter().find(|(name, held)| name.starts_with("refs/heads/") && held.commit == after.commit).map(|(name, _)| name.clone())
}

fn compare(github: &GitHub, name: &str, change: &RefChange) -> String {
    let web = format!("{}/{name}", github.links.web);
    let short = |held: &Ref| held.object.get(..12).unwrap_or(&held.object).to_owned();
    let encoded = crate::links::encode_path(change.short().as_bytes());
    match (&change.before, &change.after) {
        (Some(old), Some(new)) => format!("{web}/compare/{}...{}", short(old), short(new)),
        (Some(old), None) => format!("{web}/compare/{}...{}", short(old), &ZERO[..12]),
        _ => format!("{web}/compare/{encoded}"),
    }
}
