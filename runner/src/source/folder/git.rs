//! What git says of a person's own checkout. Unlike in the mirrors, their own settings count: what they ignore everywhere
//! is ignored here too.

use super::super::words;
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use tokio::process::Command;

/// The commit that is checked out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// 40 hex digits.
    pub sha: String,
    /// The branch; none where HEAD is detached.
    pub branch: Option<String>,
    /// A tag of the commit, the first by name.
    pub tag: Option<String>,
    /// `owner/name` of the remote `origin`, where it has that form.
    pub repository: Option<String>,
    /// The address of the remote `origin`, without user and password where it has them.
    pub origin: Option<String>,
    /// Does what is there differ from the commit?
    pub changed: bool,
}

/// What HEAD is; none before the first commit.
pub async fn head(root: &Path) -> Result<Option<Head>, String> {
    // Asked for itself: a git that refuses to look must not pass for a folder without commits.
    run(root, &["rev-parse", "--git-dir"]).await?;
    let (sha, branch, tags, origin, changes) = tokio::join!(
        run(root, &["rev-parse", "--verify", "--quiet", "HEAD^{commit}"]),
        run(root, &["symbolic-ref", "--quiet", "--short", "HEAD"]),
        run(root, &["tag", "--points-at", "HEAD"]),
        run(root, &["config", "--get", "remote.origin.url"]),
        run(root, &["status", "--porcelain", "-z", "--ignore-submodules=dirty"]),
    );
    let text = |bytes: Result<Vec<u8>, String>| bytes.ok().and_then(|b| String::from_utf8(b).ok()).map(|t| t.trim().to_owned());
    let Some(sha) = text(sha).filter(|sha| !sha.is_empty()) else { return Ok(None) };
    let origin = text(origin).filter(|url| !url.starts_with('-'));
    Ok(Some(Head {
        sha,
        branch: text(branch),
        tag: text(tags).and_then(|tags| tags.lines().next().map(str::to_owned)),
        repository: origin.as_deref().and_then(repository),
        origin: origin.as_deref().map(bare),
        changed: changes.is_ok_and(|changes| !changes.is_empty()),
    }))
}

/// The files that git knows or would take up and that are there.
pub async fn files(root: &Path) -> Result<Vec<PathBuf>, String> {
    let listed = run(root, &["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).await?;
    // A file in conflict is listed for each side. A repository within, which git does not know, ends with a slash.
    let names: BTreeSet<&[u8]> = listed.split(|b| *b == 0).filter(|name| !name.is_empty() && !name.ends_with(b"/")).collect();
    let paths = names.into_iter().map(|name| PathBuf::from(OsStr::from_bytes(name)));
    // Deleted, and not yet committed so.
    Ok(paths.filter(|path| root.join(path).symlink_metadata().is_ok()).collect())
}

/// The same with the files of the submodules that are checked out, and of theirs.
pub async fn with_submodules(root: &Path, mut todo: Vec<PathBuf>) -> Result<Vec<PathBuf>, String> {
    let mut all = BTreeSet::new();
    while let Some(path) = todo.pop() {
        let is_one = |at: PathBuf| at.symlink_metadata().is_ok_and(|found| found.is_dir()) && at.join(".git").symlink_metadata().is_ok();
        if is_one(root.join(&path)) {
            todo.extend(files(&root.join(&path)).await?.into_iter().map(|file| path.join(file)));
        }
        all.insert(path);
    }
    Ok(all.into_iter().collect())
}

/// `owner/name`, the last two parts of a remote's address.
fn repository(url: &str) -> Option<String> {
    let path = url.trim_end_matches('/').trim_end_matches(".git");
    let mut parts = path.rsplit(['/', ':']).filter(|part| !part.is_empty());
    let (name, owner) = (parts.next()?, parts.next()?);
    let plain = |part: &str| part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c)) && !part.starts_with('.');
    (plain(name) && plain(owner)).then(|| format!("{owner}/{name}"))
}

/// An address without what may be a credential; ssh's user stays, it is none.
fn bare(url: &str) -> String {
    let Some((protocol, rest)) = url.split_once("://").filter(|(protocol, _)| protocol.starts_with("http")) else { return url.to_owned() };
    let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    let host = authority.rsplit('@').next().unwrap_or_default();
    format!("{protocol}://{host}{path}")
}

/// Runs git there.
pub async fn run(root: &Path, args: &[&str]) -> Result<Vec<u8>, String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(root)
        // Looking must not run anything.
        .args(["-c", "core.fsmonitor=false"])
        .args(args)
        .envs([("LC_ALL", "C"), ("GIT_OPTIONAL_LOCKS", "0"), ("GIT_TERMINAL_PROMPT", "0")])
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|e| words::not_run(&e))?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(words::of_git(&String::from_utf8_lossy(&output.stderr), output.status))
}

#[cfg(test)]
mod tests {
    use super::{bare, repository};

    #[test]
    fn an_address_is_handed_on_without_a_credential() {
        assert_eq!(bare("https://anna:secret@host:8443/octo/app.git"), "https://host:8443/octo/app.git");
        assert_eq!(bare("https://token@github.com/octo/app"), "https://github.com/octo/app");
        assert_eq!(bare("git@github.com:octo/app.git"), "git@github.com:octo/app.git");
        assert_eq!(bare("https://host"), "https://host");
    }

    #[test]
    fn a_remotes_address_names_the_repository() {
        for url in [
            "git@github.com:octo/app.git",
            "https://github.com/octo/app",
            "ssh://git@github.com/octo/app.git/",
            "https://x:token@host:8443/octo/app.git",
        ] {
            assert_eq!(repository(url).as_deref(), Some("octo/app"), "{url}");
        }
        for url in ["", "app", "/", "../..", "git@host:a b/c"] {
            assert_eq!(repository(url), None, "{url}");
        }
    }
}
