//! What lies between two commits, and where branches are.

use super::{Github, GithubError, escape};
use serde::Deserialize;

/// What changed between two commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// The last commit that both have.
    pub merge_base: String,
    /// The paths that changed since, old and new names of what was renamed. None: too many for one answer.
    pub paths: Option<Vec<String>>,
}

/// GitHub lists so many files of a comparison and no more (its docs: "up to 300 for the entire comparison").
const LISTED: usize = 300;

#[derive(Deserialize)]
struct Comparison {
    merge_base_commit: Named,
    #[serde(default)]
    files: Vec<File>,
}

#[derive(Deserialize)]
struct File {
    filename: String,
    previous_filename: Option<String>,
}

#[derive(Deserialize)]
struct Branch {
    commit: Named,
}

#[derive(Deserialize)]
struct Named {
    sha: String,
}

impl Github {
    /// What changed from where `head` left `base`. Each is a commit's name or a branch's.
    ///
    /// # Errors
    /// The call failed; 404 where one of them is gone, or they have nothing in common.
    pub async fn compare(&self, full_name: &str, base: &str, head: &str) -> Result<Compared, GithubError> {
        let what = format!("compare {base} with {head} in {full_name}");
        // Of the commits between them one page of one is enough; the files come with it.
        let route = format!("repos/{full_name}/compare/{}...{}?per_page=1", escape(base), escape(head));
        let Comparison { merge_base_commit, files } = self.get(&what, &route).await?;
        let all = files.len() < LISTED;
        let paths = files.into_iter().flat_map(|file| [Some(file.filename), file.previous_filename]).flatten().collect();
        Ok(Compared { merge_base: merge_base_commit.sha, paths: all.then_some(paths) })
    }

    /// The commit that a branch is at; none where there is no such branch.
    ///
    /// # Errors
    /// The call failed.
    pub async fn branch_tip(&self, full_name: &str, branch: &str) -> Result<Option<String>, GithubError> {
        let route = format!("repos/{full_name}/branches/{}", escape(branch));
        match self.get::<Branch>(&format!("read branch {branch} of {full_name}"), &route).await {
            Ok(branch) => Ok(Some(branch.commit.sha)),
            Err(e) if e.not_found() => Ok(None),
            Err(e) => Err(e),
        }
    }
}
