//! Which paths an event changed, for the filters that ask.

use crate::db::repository::Repository;
use crate::github::{Entry, EntryKind, Github, GithubError};
use std::collections::HashMap;

/// What a commit is compared with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Since {
    /// Another commit, or a branch: from where the two parted.
    Commit(String),
    /// Nothing: it is not known what is new.
    Nothing,
}

/// The paths that changed up to a commit; none where that is not known, and then nothing is kept out for it.
///
/// # Errors
/// GitHub's, where it makes sense to ask again.
pub async fn paths(github: &Github, repository: &Repository, since: &Since, sha: &str) -> Result<Option<Vec<String>>, GithubError> {
    let Since::Commit(base) = since else { return Ok(None) };
    match between(github, &repository.full_name(), base, sha).await {
        Ok(paths) => Ok(Some(paths)),
        Err(e) if e.transient() => Err(e),
        Err(e) => {
            tracing::info!(repository = repository.full_name(), git.sha = sha, error = %e, "which paths changed is not known; no filter on paths keeps anything out");
            Ok(None)
        }
    }
}

async fn between(github: &Github, full_name: &str, base: &str, sha: &str) -> Result<Vec<String>, GithubError> {
    let compared = github.compare(full_name, base, sha).await?;
    if let Some(paths) = compared.paths {
        return Ok(paths);
    }
    // Too many for GitHub to list: the two trees say it.
    let (old, new) = tokio::try_join!(github.tree(full_name, &compared.merge_base), github.tree(full_name, sha))?;
    Ok(differing(&old, &new))
}

/// The paths at which two trees differ.
fn differing(old: &[Entry], new: &[Entry]) -> Vec<String> {
    fn files(entries: &[Entry]) -> HashMap<&str, (&str, EntryKind)> {
        let files = entries.iter().filter(|e| e.kind != EntryKind::Folder);
        files.map(|e| (e.path.as_str(), (e.sha.as_str(), e.kind))).collect()
    }
    let (old, new) = (files(old), files(new));
    let changed = new.iter().filter(|(path, is)| old.get(*path) != Some(is)).map(|(path, _)| *path);
    let gone = old.keys().filter(|path| !new.contains_key(*path)).copied();
    let mut paths: Vec<String> = changed.chain(gone).map(str::to_owned).collect();
    paths.sort();
    paths
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trees_differ_where_a_file_is_new_gone_or_another() {
        let entry = |path: &str, sha: &str, kind| Entry { path: path.into(), kind, sha: sha.into(), size: 0 };
        let file = |path: &str, sha: &str| entry(path, sha, EntryKind::File);
        let old = [file("same", "1"), file("changed", "1"), file("gone", "1"), file("link", "1"), entry("dir", "1", EntryKind::Folder)];
        let new = [
            file("same", "1"),
            file("changed", "2"),
            file("new", "1"),
            entry("link", "1", EntryKind::Symlink),
            entry("dir", "2", EntryKind::Folder),
        ];
        assert_eq!(differing(&old, &new), ["changed", "gone", "link", "new"]);
    }
}
