//! The `.git` that a step finds: one commit, detached, the address of `origin` without any credential.

use super::git::{self, Head};
use std::path::Path;
use tempfile::TempDir;

/// Makes it in a temporary folder.
pub async fn make(root: &Path, head: &Head, tmp: &Path) -> Result<TempDir, String> {
    let failed = |e: std::io::Error| format!("{}: {e}", tmp.display());
    let dir = tempfile::Builder::new().prefix("git-").tempdir_in(tmp).map_err(failed)?;
    let from = format!("file://{}", root.to_str().ok_or("the folder's path is not UTF-8")?);
    let what = format!("+HEAD:refs/dockercise/{}", head.sha);
    git::run(dir.path(), &["init", "--quiet", "--template="]).await?;
    let fetch = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", "--depth=1"];
    // Nothing that the person's settings name is to be run or asked on the way.
    let options = ["-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "protocol.file.allow=always"];
    git::run(dir.path(), &[&options[..], &fetch, &["--", &from, &what]].concat()).await?;
    git::run(dir.path(), &["update-ref", "--no-deref", "HEAD", &head.sha]).await?;
    std::fs::write(dir.path().join(".git/HEAD"), format!("{}\n", head.sha)).map_err(failed)?;
    git::run(dir.path(), &["update-ref", "-d", &format!("refs/dockercise/{}", head.sha)]).await?;
    git::run(dir.path(), &["read-tree", "HEAD"]).await?;
    if let Some(origin) = &head.origin {
        git::run(dir.path(), &["remote", "add", "--", "origin", origin]).await?;
    }
    Ok(dir)
}
