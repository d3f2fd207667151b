//! What happened, and what of a plan it starts.

mod inputs;
mod select;
#[cfg(test)]
mod tests;

use serde::{Deserialize, Serialize};

/// The event a run is made for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Trigger {
    /// A push to a branch.
    Push {
        /// The branch, without `refs/heads/`.
        branch: String,
    },
    /// A pushed tag.
    Tag {
        /// The tag, without `refs/tags/`.
        tag: String,
    },
    /// A pull request was opened, or has a new commit.
    PullRequest {
        /// Its number.
        number: u64,
        /// The branch that its commits are on.
        head_branch: String,
        /// The branch that it wants to go into.
        base_branch: String,
        /// The numeric id of the repository that the head branch is in; 0 where it is gone or not to be believed.
        head_repository: i64,
        /// The numeric id of the repository that it is made in.
        base_repository: i64,
        /// The numeric id of the person who opened it, where that is known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        author: Option<i64>,
    },
    /// A time came.
    Schedule {
        /// The time as the file has it.
        cron: String,
        /// The default branch.
        branch: String,
        /// The pipeline whose time it is.
        pipeline: String,
    },
    /// By hand, on a ref.
    Manual {
        /// The full ref, as `refs/heads/main`.
        git_ref: String,
        /// The pipeline that is asked for; none for all.
        #[serde(default)]
        pipeline: Option<String>,
        /// What the person said, by name.
        #[serde(default)]
        inputs: Vec<(String, String)>,
    },
}

/// The words of all events, as files name them.
pub const EVENTS: [&str; 5] = ["push", "pull_request", "tag", "schedule", "manual"];

impl Trigger {
    /// The event's word, as files name it: one of [`EVENTS`].
    pub fn word(&self) -> &'static str {
        match self {
            Trigger::Push { .. } => "push",
            Trigger::PullRequest { .. } => "pull_request",
            Trigger::Tag { .. } => "tag",
            Trigger::Schedule { .. } => "schedule",
            Trigger::Manual { .. } => "manual",
        }
    }

    /// The full ref; of a pull request the one that GitHub keeps for it, `refs/pull/7/head`.
    pub fn git_ref(&self) -> String {
        match self {
            Trigger::Push { branch } | Trigger::Schedule { branch, .. } => format!("refs/heads/{branch}"),
            Trigger::Tag { tag } => format!("refs/tags/{tag}"),
            Trigger::PullRequest { number, .. } => format!("refs/pull/{number}/head"),
            Trigger::Manual { git_ref, .. } => git_ref.clone(),
        }
    }

    /// The branch that the commit is on, where it is known to be on one: of a pull request the one that it comes from.
    pub fn branch(&self) -> Option<String> {
        match self {
            Trigger::PullRequest { head_branch, .. } => Some(head_branch.clone()),
            other => other.git_ref().strip_prefix("refs/heads/").map(str::to_owned),
        }
    }

    /// The tag, where the ref is one.
    pub fn tag(&self) -> Option<String> {
        self.git_ref().strip_prefix("refs/tags/").map(str::to_owned)
    }

    /// Does the commit come from the repository itself, which `repository` is GitHub's number of? Only then a run may have what
    /// is the repository's own. Numbers tell that, never names; what cannot be told is not.
    pub fn is_own(&self, repository: i64) -> bool {
        match self {
            Trigger::Push { .. } | Trigger::Tag { .. } | Trigger::Schedule { .. } => true,
            Trigger::PullRequest { head_repository, base_repository, .. } => {
                (*head_repository, *base_repository) == (repository, repository)
            }
            Trigger::Manual { git_ref, .. } => ["refs/heads/", "refs/tags/"].iter().any(|kind| git_ref.starts_with(kind)),
        }
    }

    /// A pull request's number.
    pub fn pull_request(&self) -> Option<u64> {
        match self {
            Trigger::PullRequest { number, .. } => Some(*number),
            _ => None,
        }
    }

    /// The branch that a pull request wants to go into.
    pub fn base_branch(&self) -> Option<&str> {
        match self {
            Trigger::PullRequest { base_branch, .. } => Some(base_branch),
            _ => None,
        }
    }

    /// The branch of the repository's own that a pull request comes from; none for a fork's.
    pub fn own_head(&self, repository: i64) -> Option<&str> {
        match self {
            Trigger::PullRequest { head_branch, .. } if self.is_own(repository) => Some(head_branch),
            _ => None,
        }
    }

    /// What the person who started it said.
    pub fn inputs(&self) -> &[(String, String)] {
        match self {
            Trigger::Manual { inputs, .. } => inputs,
            _ => &[],
        }
    }

    /// The one pipeline that is asked for, where it is one.
    pub fn asked_for(&self) -> Option<&str> {
        match self {
            Trigger::Schedule { pipeline, .. } => Some(pipeline),
            Trigger::Manual { pipeline, .. } => pipeline.as_deref(),
            _ => None,
        }
    }
}
