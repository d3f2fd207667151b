//! All files below a folder that is no checkout.

use super::super::words;
use std::path::{Path, PathBuf};

/// Files and links, by their paths from the root, in order. Links are not followed.
pub fn files(root: &Path) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(folder) = folders.pop() {
        let at = root.join(&folder);
        let entries = std::fs::read_dir(&at).and_then(Iterator::collect::<Result<Vec<_>, _>>).map_err(|e| words::disk(&at, &e))?;
        for entry in entries {
            let path = folder.join(entry.file_name());
            let kind = entry.file_type().map_err(|e| words::disk(&entry.path(), &e))?;
            if kind.is_dir() {
                // A repository within goes along as the files it has.
                if entry.file_name() != ".git" && path != Path::new(super::OWN) {
                    folders.push(path);
                }
            } else if kind.is_file() || kind.is_symlink() {
                found.push(path);
            }
        }
    }
    found.sort();
    Ok(found)
}
