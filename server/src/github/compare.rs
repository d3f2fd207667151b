//! What lies between two commits, and where branches are.

use super::{Github, GithubError, escape, next, read};
use serde::Deserialize;

/// What changed between two commits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Compared {
    /// The last commit that both have.
    pub merge_base: String,
    /// The paths that changed since, old and new names of what was renamed. None: too many for one answer.
    pub paths: Option<Vec<String>>,
}

/// A branch and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Branch {
    /// Its name.
    pub name: String,
    /// Its commit.
    pub sha: String,
}

/// So many pages of branches are read, of a hundred each: more cannot be told from one push (GitHub sends no event for more
/// than 5,000 branches).
const PAGES: usize = 100;

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
struct Tip {
    #[serde(default)]
    name: String,
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
        match self.get::<Tip>(&format!("read branch {branch} of {full_name}"), &route).await {
            Ok(branch) => Ok(Some(branch.commit.sha)),
            Err(e) if e.not_found() => Ok(None),
            Err(e) => Err(e),
        }
    }

    /// All branches.
    ///
    /// # Errors
    /// A call failed, or there are more than 10,000.
    pub async fn branches(&self, full_name: &str) -> Result<Vec<Branch>, GithubError> {
        let what = format!("list the branches of {full_name}");
        let mut all = Vec::new();
        for page in 1..=PAGES {
            let answer = self.ask(&what, &format!("repos/{full_name}/branches?per_page=100&page={page}")).await?;
            let tips: Vec<Tip> = read(&what, &answer)?;
            all.extend(tips.into_iter().map(|tip| Branch { name: tip.name, sha: tip.commit.sha }));
            if next(&answer.headers, "page").is_none() {
                return Ok(all);
            }
        }
        Err(GithubError::new(what, format!("there are more than {}", PAGES * 100), Some(422)))
    }
}
