//! Commits, trees and blobs.

use super::{Github, GithubError, escape};
use base64::Engine as _;
use serde::Deserialize;

/// What a tree's entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A file.
    File,
    /// A symbolic link.
    Symlink,
    /// Another repository.
    Submodule,
    /// A folder.
    Folder,
}

/// An entry of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its path in the repository.
    pub path: String,
    /// What it is.
    pub kind: EntryKind,
    /// Its object's name.
    pub sha: String,
    /// A file's size in bytes.
    pub size: u64,
}

/// A commit, as much as people are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its name.
    pub sha: String,
    /// Its message.
    pub message: String,
    /// Its author's login, or name where GitHub knows none.
    pub author: String,
}

#[derive(Deserialize)]
struct Tree {
    tree: Vec<RawEntry>,
    #[serde(default)]
    truncated: bool,
}

#[derive(Deserialize)]
struct RawEntry {
    path: String,
    mode: String,
    #[serde(rename = "type")]
    kind: String,
    sha: String,
    #[serde(default)]
    size: Option<u64>,
}

#[derive(Deserialize)]
struct Blob {
    content: String,
    encoding: String,
}

#[derive(Deserialize)]
struct RawCommit {
    sha: String,
    commit: CommitBody,
    author: Option<Login>,
}

#[derive(Deserialize)]
struct CommitBody {
    message: String,
    author: Option<Named>,
}

#[derive(Deserialize)]
struct Named {
    name: Option<String>,
}

#[derive(Deserialize)]
struct Login {
    login: Option<String>,
}

/// How many folders are read one by one where a tree is too large for one answer.
const FOLDERS: usize = 2_000;

impl Github {
    /// The commit that a sha, branch or tag names.
    ///
    /// # Errors
    /// The call failed.
    pub async fn commit(&self, full_name: &str, what: &str) -> Result<Commit, GithubError> {
        let route = format!("repos/{full_name}/commits/{}", escape(what));
        let raw: RawCommit = self.get(&format!("read commit {what} of {full_name}"), &route).await?;
        let name = raw.commit.author.and_then(|a| a.name);
        let author = raw.author.and_then(|a| a.login).or(name).unwrap_or_default();
        Ok(Commit { sha: raw.sha, message: raw.commit.message, author })
    }

    /// All entries at a commit. Where the tree is too large for one answer, folder by folder.
    ///
    /// # Errors
    /// A call failed, or there are more than 2,000 folders to read one by one.
    pub async fn tree(&self, full_name: &str, sha: &str) -> Result<Vec<Entry>, GithubError> {
        let what = format!("read the tree of {full_name} at {sha}");
        let whole: Tree = self.get(&what, &format!("repos/{full_name}/git/trees/{sha}?recursive=1")).await?;
        if !whole.truncated {
            return Ok(whole.tree.into_iter().map(|e| entry("", e)).collect());
        }
        let mut entries = Vec::new();
        let mut folders = vec![(String::new(), sha.to_owned())];
        let mut read = 0;
        while let Some((prefix, sha)) = folders.pop() {
            read += 1;
            if read > FOLDERS {
                let why = format!("the repository has more than {FOLDERS} folders and GitHub does not list them in one answer");
                return Err(GithubError::new(what, why, Some(422)));
            }
            let tree: Tree = self.get(&what, &format!("repos/{full_name}/git/trees/{sha}")).await?;
            for e in tree.tree.into_iter().map(|e| entry(&prefix, e)) {
                if e.kind == EntryKind::Folder {
                    folders.push((format!("{}/", e.path), e.sha.clone()));
                }
                entries.push(e);
            }
        }
        Ok(entries)
    }

    /// A file's bytes.
    ///
    /// # Errors
    /// The call failed or the answer cannot be read.
    pub async fn blob(&self, full_name: &str, sha: &str) -> Result<Vec<u8>, GithubError> {
        let what = format!("read a file of {full_name}");
        let blob: Blob = self.get(&what, &format!("repos/{full_name}/git/blobs/{sha}")).await?;
        let text: String = blob.content.chars().filter(|c| !c.is_whitespace()).collect();
        match blob.encoding.as_str() {
            "base64" => base64::engine::general_purpose::STANDARD
                .decode(text)
                .map_err(|e| GithubError::new(what, format!("its content is not base64: {e}"), None)),
            _ => Ok(blob.content.into_bytes()),
        }
    }
}

fn entry(prefix: &str, raw: RawEntry) -> Entry {
    let kind = match (raw.kind.as_str(), raw.mode.as_str()) {
        ("commit", _) => EntryKind::Submodule,
        ("tree", _) => EntryKind::Folder,
        (_, "120000") => EntryKind::Symlink,
        _ => EntryKind::File,
    };
    Entry { path: format!("{prefix}{}", raw.path), kind, sha: raw.sha, size: raw.size.unwrap_or(0) }
}
