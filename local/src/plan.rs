//! A folder's pipeline files, found and compiled as a server does it at a commit: among the files that git knows or would
//! take up, by their paths from the root.

use anyhow::Context as _;
use dockercise_pipeline::compile::{Compiled, compile};
use dockercise_pipeline::discover::{Discovery, EntryKind, Ignored, MAX_FILE_BYTES, MAX_FILES, TreeEntry, discover, fit};
use dockercise_pipeline::source::SourceFile;
use dockercise_runner::folder::Folder;
use std::io::Read as _;
use std::path::Path;

/// What was made of a folder.
#[derive(Debug)]
pub struct Made {
    /// The plan, or what is wrong.
    pub compiled: Compiled,
    /// What looks like a pipeline file and is none.
    pub ignored: Vec<Ignored>,
}

/// Reads and compiles a folder's pipeline files.
///
/// # Errors
/// The files cannot be listed or read.
pub async fn make(folder: &Folder) -> anyhow::Result<Made> {
    let name = repository_name(folder);
    let entries = folder.files().await?.into_iter().filter_map(|path| entry(folder.root(), &path));
    let Discovery { files, ignored } = discover(&name, entries);
    // Of too many files none is looked at.
    let read = |path: &String| if files.len() > MAX_FILES { Ok(Vec::new()) } else { read(folder.root(), path) };
    let sources: Vec<SourceFile> =
        files.iter().map(|file| Ok(SourceFile { path: file.path.clone(), text: read(&file.path)? })).collect::<anyhow::Result<_>>()?;
    Ok(Made { compiled: compile(&name, sources), ignored })
}

/// As at GitHub where that is known; else as the folder.
pub fn repository_name(folder: &Folder) -> String {
    let known = folder.head().and_then(|head| head.repository.as_ref()).and_then(|full| full.rsplit('/').next());
    known.map_or_else(|| fit(&folder.root().file_name().unwrap_or_default().to_string_lossy()), str::to_owned)
}

fn entry(root: &Path, path: &Path) -> Option<TreeEntry> {
    // A name that is no text cannot be a pipeline's.
    let name = path.to_str()?.to_owned();
    let kind = root.join(path).symlink_metadata().ok()?.file_type();
    let kind = match () {
        () if kind.is_symlink() => EntryKind::Symlink,
        () if kind.is_dir() => EntryKind::Submodule,
        () => EntryKind::File,
    };
    Some(TreeEntry { path: name, kind })
}

fn read(root: &Path, path: &str) -> anyhow::Result<Vec<u8>> {
    let mut text = Vec::new();
    let file = std::fs::File::open(root.join(path)).with_context(|| format!("cannot open {path}"))?;
    // Of one too long enough to see that it is.
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut text).with_context(|| format!("cannot read {path}"))?;
    Ok(text)
}
