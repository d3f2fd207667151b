//! Pull requests: opened and closed by hand, moved by pushes.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::deliver::{self, Event};
use crate::git::RefChange;
use crate::github::GitHub;
use crate::json::payload::About;
use crate::json::pull::Counted;
use crate::start::Standin;
use crate::state::{FullName, World};

/// A pull request. It hangs on the repository that it wants to go into.
#[derive(Debug, Clone)]
pub struct Pull {
    /// Number over all pull requests of GitHub.
    pub id: u64,
    /// Number within the repository.
    pub number: u64,
    /// One line about it.
    pub title: String,
    /// Number of the user who opened it.
    pub user: u64,
    /// Number of the repository that its branch is in.
    pub head_repository: u64,
    /// Its branch.
    pub head_branch: String,
    /// Where that is.
    pub head_sha: String,
    /// The branch that it wants to go into.
    pub base_branch: String,
    /// Where that was when it was opened.
    pub base_sha: String,
    /// Whether it is open.
    pub open: bool,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
    /// When it was closed, merged or not.
    pub closed_at: Option<DateTime<Utc>>,
    /// When it was merged.
    pub merged_at: Option<DateTime<Utc>>,
}

/// What a pull request is opened from.
#[derive(Debug, Clone)]
pub struct NewPull {
    /// `owner/name` of the repository that the branch is in: the same one, or a fork.
    pub head_repository: String,
    /// The branch.
    pub head: String,
    /// The branch that it wants to go into.
    pub base: String,
    /// Login of who opens it.
    pub by: String,
}

impl Standin {
    /// Opens a pull request in a repository; returns its number.
    ///
    /// # Errors
    /// When a repository, branch or user is not there, or the branch has nothing new.
    pub async fn open_pull(&self, repository: &str, new: &NewPull) -> anyhow::Result<u64> {
        open(&self.github, repository, new).await
    }

    /// Closes a pull request without merging it.
    ///
    /// # Errors
    /// When it is not there or not open.
    pub async fn close_pull(&self, repository: &str, number: u64) -> anyhow::Result<()> {
        let id = self.repository(repository)?.id;
        change(&self.github, id, number, "closed", |pull| {
            ensure!(pull.open, "it is closed already");
            (pull.open, pull.closed_at) = (false, Some(Utc::now()));
            Ok(())
        })
        .await
    }

    /// Has a pull request want to go into another branch.
    ///
    /// # Errors
    /// When it is not there, or the branch is not.
    pub async fn retarget_pull(&self, repository: &str, number: u64, base: &str) -> anyhow::Result<()> {
        let id = self.repository(repository)?.id;
        let refs = self.github.git(id).refs().await?;
        let sha = refs.get(&format!("refs/heads/{base}")).with_context(|| format!("there is no branch {base}"))?.commit.clone();
        let was = {
            let mut world = self.github.world();
            let pull =
                world.repositories.get_mut(&id).and_then(|own| own.pulls.get_mut(&number)).context("there is no such pull request")?;
            let was = json!({ "base": { "ref": { "from": pull.base_branch }, "sha": { "from": pull.base_sha } } });
            (pull.base_branch, pull.base_sha, pull.updated_at) = (base.to_owned(), sha, Utc::now());
            was
        };
        tell(&self.github, id, number, "edited", &[("changes", was)]).await
    }

    /// Opens a closed pull request again.
    ///
    /// # Errors
    /// When it is not there, or is open or merged.
    pub async fn reopen_pull(&self, repository: &str, number: u64) -> anyhow::Result<()> {
        let id = self.repository(repository)?.id;
        change(&self.github, id, number, "reopened", |pull| {
            ensure!(!pull.open && pull.merged_at.is_none(), "it is open or merged");
            (pull.open, pull.closed_at) = (true, None);
            Ok(())
        })
        .await
    }
}

fn find(world: &World, name: &str) -> anyhow::Result<u64> {
    let full: FullName = name.parse()?;
    Ok(world.repository_by_name(&full.owner, &full.name).with_context(|| format!("there is no repository {name}"))?.id)
}

async fn open(github: &Arc<GitHub>, repository: &str, new: &NewPull) -> anyhow::Result<u64> {
    let (base, head, user) = {
        let world = github.world();
        let user = world.user_by_login(&new.by).with_context(|| format!("there is no user {}", new.by))?.id;
        (find(&world, repository)?, find(&world, &new.head_repository)?, user)
    };
    let tip = async |repository: u64, branch: &str| {
        let refs = github.git(repository).refs().await?;
        let held = refs.get(&format!("refs/heads/{branch}")).with_context(|| format!("there is no branch {branch}"))?;
        anyhow::Ok(held.commit.clone())
    };
    let (head_sha, base_sha) = (tip(head, &new.head).await?, tip(base, &new.base).await?);
    let number = {
        let mut world = github.world();
        let (id, now) = (world.next_id(), Utc::now());
        let own = world.repositories.get_mut(&base).context("the repository is gone")?;
        let number = own.pulls.len() as u64 + 1;
        let pull = Pull {
            id,
            number,
            title: format!("Take in {}", new.head),
            user,
            head_repository: head,
            head_branch: new.head.clone(),
            head_sha: head_sha.clone(),
            base_branch: new.base.clone(),
            base_sha,
            open: true,
            created_at: now,
            updated_at: now,
            closed_at: None,
            merged_at: None,
        };
        own.pulls.insert(number, pull);
        number
    };
    keep(github, base, head, number, &head_sha).await?;
    change(github, base, number, "opened", |_| Ok(())).await?;
    Ok(number)
}

/// Brings the commit into the base repository, as `refs/pull/{number}/head`.
async fn keep(github: &GitHub, base: u64, head: u64, number: u64, sha: &str) -> anyhow::Result<()> {
    let from = github.git(head).dir().display().to_string();
    let refspec = format!("+{sha}:refs/pull/{number}/head");
    github.git(base).run(&["fetch", "--quiet", "--no-tags", "--", &from, &refspec]).await.map(drop)
}

/// Changes a pull request and tells the hooks of its repository.
async fn change(
    github: &Arc<GitHub>,
    repository: u64,
    number: u64,
    action: &'static str,
    how: impl FnOnce(&mut Pull) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    {
        let mut world = github.world();
        let own = world.repositories.get_mut(&repository).context("the repository is gone")?;
        let pull = own.pulls.get_mut(&number).with_context(|| format!("there is no pull request #{number}"))?;
        how(pull)?;
        pull.updated_at = Utc::now();
    }
    tell(github, repository, number, action, &[]).await
}

async fn tell(github: &Arc<GitHub>, repository: u64, number: u64, action: &str, more: &[(&str, Value)]) -> anyhow::Result<()> {
    let counted = count(github, repository, number).await?;
    let event: Option<Event> = {
        let world = github.world();
        let own = world.repositories.get(&repository);
        let pull = own.and_then(|own| own.pulls.get(&number));
        let sender = pull.and_then(|pull| world.users.get(&pull.user));
        own.zip(pull).zip(sender).map(|((own, pull), sender)| {
            let about = About { links: &github.links, world: &world, repository: own, sender };
            about.pull_request(pull, &counted, action, more)
        })
    };
    if let Some(event) = event {
        deliver::to_hooks(github, repository, &event);
    }
    Ok(())
}

/// What the long form of a pull request says of its commits.
pub(crate) async fn count(github: &GitHub, repository: u64, number: u64) -> anyhow::Result<Counted> {
    let pull = github.world().repositories.get(&repository).and_then(|own| own.pulls.get(&number).cloned());
    let pull = pull.with_context(|| format!("there is no pull request #{number}"))?;
    let git = github.git(repository);
    let from = git.merge_base(&pull.base_sha, &pull.head_sha).await?;
    let files = git.diff(from.as_deref(), &pull.head_sha).await?;
    Ok(Counted {
        commits: git.commits_between(&pull.head_sha, [pull.base_sha.as_str()]).await?.len(),
        additions: files.iter().map(|file| file.additions).sum(),
        deletions: files.iter().map(|file| file.deletions).sum(),
        files: files.len(),
    })
}

/// What a push does to pull requests: those from a moved branch move, those from a deleted one are closed, and those whose
/// commits went into their base are merged.
pub(crate) async fn after_push(github: &Arc<GitHub>, repository: u64, changes: &[RefChange]) -> anyhow::Result<()> {
    for moved in changes.iter().filter(|change| !change.is_tag()) {
        let touched: Vec<(u64, Pull)> = {
            let world = github.world();
            let open = world.repositories.values().flat_map(|own| own.pulls.values().map(|pull| (own.id, pull.clone())));
            open.filter(|(_, pull)| pull.open).collect()
        };
        for (base, pull) in touched {
            if pull.head_repository == repository && pull.head_branch == moved.short() {
                from_branch(github, base, &pull, moved).await?;
            }
            if base == repository
                && pull.base_branch == moved.short()
                && let Some(after) = &moved.after
                && github.git(base).is_ancestor(&pull.head_sha, &after.commit).await?
            {
                change(github, base, pull.number, "closed", |pull| {
                    let now = Some(Utc::now());
                    (pull.open, pull.closed_at, pull.merged_at) = (false, now, now);
                    Ok(())
                })
                .await?;
            }
        }
    }
    Ok(())
}

async fn from_branch(github: &Arc<GitHub>, base: u64, pull: &Pull, moved: &RefChange) -> anyhow::Result<()> {
    let Some(after) = &moved.after else {
        return change(github, base, pull.number, "closed", |pull| {
            (pull.open, pull.closed_at) = (false, Some(Utc::now()));
            Ok(())
        })
        .await;
    };
    keep(github, base, pull.head_repository, pull.number, &after.commit).await?;
    if let Some(own) = github.world().repositories.get_mut(&base).and_then(|own| own.pulls.get_mut(&pull.number)) {
        own.head_sha.clone_from(&after.commit);
        own.updated_at = Utc::now();
    }
    let ends = [("before", json!(pull.head_sha)), ("after", json!(after.commit))];
    tell(github, base, pull.number, "synchronize", &ends).await
}
