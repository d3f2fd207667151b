//! Reads and compiles the pipeline files at a commit.

use crate::db::repository::Repository;
use crate::github::{EntryKind, Github};
use dockercise_pipeline::compile::{Compiled, compile};
use dockercise_pipeline::discover::{self, TreeEntry};
use dockercise_pipeline::source::SourceFile;

/// Reads and compiles the pipeline files at a commit.
///
/// # Errors
/// GitHub's.
pub async fn files(github: &Github, repository: &Repository, sha: &str) -> anyhow::Result<Compiled> {
    let full_name = repository.full_name();
    let entries = github.tree(&full_name, sha).await?;
    let tree = entries.iter().filter_map(|e| {
        let kind = match e.kind {
            EntryKind::File => discover::EntryKind::File,
            EntryKind::Symlink => discover::EntryKind::Symlink,
            EntryKind::Submodule => discover::EntryKind::Submodule,
            EntryKind::Folder => return None,
        };
        Some(TreeEntry { path: e.path.clone(), kind })
    });
    let found = discover::discover(&repository.name, tree);
    let mut files = Vec::new();
    for file in &found.files {
        let Some(entry) = entries.iter().find(|e| e.path == file.path) else { continue };
        // Neither one too many nor one too large is fetched: the compiler says so from count and size alone.
        let text = if found.files.len() > discover::MAX_FILES {
            Vec::new()
        } else if entry.size > discover::MAX_FILE_BYTES {
            vec![b' '; discover::MAX_FILE_BYTES as usize + 1]
        } else {
            github.blob(&full_name, &entry.sha).await?
        };
        files.push(SourceFile { path: file.path.clone(), text });
    }
    let name = repository.name.clone();
    Ok(tokio::task::spawn_blocking(move || compile(&name, files)).await?)
}
