//! A working tree with a small `.git`: one commit, detached, the repository's address without any credential.

use super::git::Git;
use dockercise_pipeline::wire::Source;
use std::path::Path;

/// Makes it in an empty folder.
pub async fn make(git: &Git, mirror: &Path, source: &Source, dir: &Path) -> Result<(), String> {
    let sha = source.sha.as_str();
    let mirror = mirror.to_str().ok_or("the path of the mirror is not UTF-8")?;
    git.local(dir, ["init", "--quiet", "--template="]).await?;
    let what = format!("+refs/dockercise/{sha}:refs/dockercise/{sha}");
    let from = format!("file://{mirror}");
    git.local(dir, ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--depth=1", "--", &from, &what]).await?;
    git.local(dir, ["checkout", "--quiet", "--force", "--detach", sha]).await?;
    // The commit is held by HEAD now; what is left names nothing of this host.
    git.local(dir, ["update-ref", "-d", &format!("refs/dockercise/{sha}")]).await?;
    git.local(dir, ["remote", "add", "--", "origin", &source.url]).await?;
    Ok(())
}
