//! Commit statuses.

use super::{Github, GithubError};
use serde::Serialize;

/// A commit status' state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CommitState {
    /// Not over.
    Pending,
    /// Green.
    Success,
    /// Red.
    Failure,
    /// Something around it failed.
    Error,
}

/// A commit status.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CommitStatus {
    /// Its state.
    pub state: CommitState,
    /// The run's page.
    pub target_url: String,
    /// A few words, at most 140 characters.
    pub description: String,
    /// `dockercise/{pipeline}`.
    pub context: String,
}

impl Github {
    /// Sets a status on a commit.
    ///
    /// # Errors
    /// The call failed.
    pub async fn set_status(&self, full_name: &str, sha: &str, status: &CommitStatus) -> Result<(), GithubError> {
        let what = format!("set the status of {full_name} at {sha}");
        let _: serde_json::Value = self.post(&what, &format!("repos/{full_name}/statuses/{sha}"), status).await?;
        Ok(())
    }
}
