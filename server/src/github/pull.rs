//! Pull requests, as they are now.

use super::{Github, GithubError};
use serde::Deserialize;

/// A pull request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pull {
    /// Is it open?
    pub open: bool,
    /// The commit that it wants in.
    pub sha: String,
    /// The branch that this is on.
    pub head_branch: String,
    /// The numeric id of the repository that this branch is in; none where that is gone.
    pub head_repository: Option<i64>,
    /// The branch that it wants to go into.
    pub base_branch: String,
    /// The numeric id of the repository that this branch is in.
    pub base_repository: Option<i64>,
    /// The numeric id of the person who opened it; none where that account is gone.
    pub author: Option<i64>,
}

#[derive(Deserialize)]
struct Raw {
    state: String,
    user: Option<Id>,
    head: End,
    base: End,
}

#[derive(Deserialize)]
struct End {
    #[serde(rename = "ref")]
    branch: String,
    sha: String,
    repo: Option<Id>,
}

#[derive(Deserialize)]
struct Id {
    id: i64,
}

impl Github {
    /// The pull request of that number; none where there is no such one.
    ///
    /// # Errors
    /// The call failed.
    pub async fn pull_request(&self, full_name: &str, number: u64) -> Result<Option<Pull>, GithubError> {
        let what = format!("read pull request #{number} of {full_name}");
        let Raw { state, user, head, base } = match self.get(&what, &format!("repos/{full_name}/pulls/{number}")).await {
            Ok(raw) => raw,
            Err(e) if e.not_found() => return Ok(None),
            Err(e) => return Err(e),
        };
        Ok(Some(Pull {
            open: state == "open",
            sha: head.sha,
            head_branch: head.branch,
            head_repository: head.repo.map(|repo| repo.id),
            base_branch: base.branch,
            base_repository: base.repo.map(|repo| repo.id),
            author: user.map(|user| user.id),
        }))
    }
}
