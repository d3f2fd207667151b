//! The kept bare mirrors: a shallow commit for each run's sha, under `refs/dockercise/`.

use super::git::Git;
use super::words;
use crate::disk;
use crate::retry::Backoff;
use dockercise_pipeline::wire::Source;
use std::collections::HashMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::OwnedMutexGuard;

/// Tries in all, where only the way there fails.
const TRIES: u32 = 4;
/// What a git that was killed leaves behind; nobody else works in the folder.
const STALE: [&str; 5] = ["shallow.lock", "HEAD.lock", "config.lock", "packed-refs.lock", "index.lock"];
/// A mirror of so many commits is tidied, and keeps the newest of them.
const MANY: usize = 30;
const KEPT: usize = 10;
/// How far back the ref is fetched where the commit itself cannot be asked for: first so far, then all of it.
const DEPTHS: [&str; 2] = ["--depth=50", "--depth=2147483647"];

/// All mirrors of this host.
#[derive(Debug)]
pub struct Mirrors {
    root: PathBuf,
    locks: Mutex<HashMap<String, Arc<tokio::sync::Mutex<()>>>>,
}

/// One mirror, as long as nobody else works in it.
#[derive(Debug)]
pub struct Mirror {
    path: PathBuf,
    _lock: OwnedMutexGuard<()>,
}

impl Mirrors {
    /// In a folder of their own.
    pub fn new(root: PathBuf) -> Mirrors {
        Mirrors { root, locks: Mutex::default() }
    }

    /// Waits for the mirror of a repository, by a name of letters and digits.
    pub async fn lock(&self, repository: &str) -> Mirror {
        let lock = {
            let mut locks = self.locks.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(locks.entry(repository.to_owned()).or_default())
        };
        Mirror { path: self.root.join(format!("{repository}.git")), _lock: lock.lock_owned().await }
    }
}

impl Mirror {
    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Sees to it that the commit is here.
    pub async fn fetch(&self, git: &Git, source: &Source, tmp: &Path) -> Result<(), String> {
        match self.fetch_once(git, source, tmp).await {
            Err(e) if self.path.exists() && !words::is_network(&e) && !words::is_refusal(&e) => {
                // Perhaps the mirror is damaged: it can be had again.
                tracing::warn!(repository = source.repository_id, error = %e, "a mirror does not work and is made anew");
                disk::remove_dir(&self.path).map_err(|e| words::disk(&self.path, &e))?;
                self.fetch_once(git, source, tmp).await
            }
            other => other,
        }
    }

    /// Forgets old commits, which can be fetched again, where there are many.
    pub async fn tidy(&self, git: &Git) {
        if let Err(error) = self.forget_old(git).await {
            tracing::warn!(mirror = %self.path.display(), error, "a mirror cannot be tidied");
        }
    }

    async fn forget_old(&self, git: &Git) -> Result<(), String> {
        let refs = git.local(&self.path, ["for-each-ref", "--sort=-committerdate", "--format=%(refname)", "refs/dockercise/"]).await?;
        if refs.lines().count() < MANY {
            return Ok(());
        }
        for old in refs.lines().skip(KEPT) {
            git.local(&self.path, ["update-ref", "-d", old]).await?;
        }
        git.local(&self.path, ["gc", "--quiet", "--prune=now"]).await.map(|_| ())
    }

    async fn fetch_once(&self, git: &Git, source: &Source, tmp: &Path) -> Result<(), String> {
        self.prepare(git, tmp).await?;
        if self.has(git, &source.sha).await {
            return Ok(());
        }
        let key = Key::write(source, tmp)?;
        let mut backoff = Backoff::default();
        for left in (0..TRIES).rev() {
            match self.fetch_over(git, source, key.path()).await {
                Err(e) if left > 0 && words::is_network(&e) => {
                    tracing::info!(repository = source.repository_id, error = %e, "fetching the source failed and is tried again");
                    tokio::time::sleep(backoff.pause()).await;
                }
                other => return other,
            }
        }
        Ok(())
    }

    async fn prepare(&self, git: &Git, tmp: &Path) -> Result<(), String> {
        let at = |e: std::io::Error| words::disk(&self.path, &e);
        if self.path.exists() {
            return STALE.iter().try_for_each(|name| disk::remove(&self.path.join(name))).map_err(at);
        }
        let new = tempfile::Builder::new().prefix("mirror-").tempdir_in(tmp).map_err(at)?;
        git.local(tmp, [OsString::from("init"), "--quiet".into(), "--bare".into(), "--template=".into(), "--".into(), new.path().into()])
            .await?;
        std::fs::rename(new.keep(), &self.path).map_err(at)
    }

    /// Is the whole commit here? A ref is made at the end of a fetch only.
    async fn has(&self, git: &Git, sha: &str) -> bool {
        git.local(&self.path, ["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("refs/dockercise/{sha}^{{commit}}")])
            .await
            .is_ok()
    }

    /// Asks for the commit itself; where the other side does not give out single commits, for the ref that should hold it.
    async fn fetch_over(&self, git: &Git, source: &Source, dir: &Path) -> Result<(), String> {
        let Source { sha, url, git_ref, .. } = source;
        let exact = self.git_fetch(git, dir, "--depth=1", url, &format!("+{sha}:refs/dockercise/{sha}")).await;
        let Err(first) = exact else { return Ok(()) };
        if words::is_network(&first) || first.contains("Permission denied") || first.contains("Host key") {
            return Err(first);
        }
        for depth in DEPTHS {
            self.git_fetch(git, dir, depth, url, &format!("+{git_ref}:refs/dockercise/hint")).await?;
            if git.local(&self.path, ["cat-file", "-e", &format!("{sha}^{{commit}}")]).await.is_ok() {
                return git.local(&self.path, ["update-ref", &format!("refs/dockercise/{sha}"), sha]).await.map(|_| ());
            }
        }
        Err(format!("commit {sha} is not in {git_ref} (any more)\nwas the branch pushed over?"))
    }

    async fn git_fetch(&self, git: &Git, dir: &Path, depth: &str, url: &str, what: &str) -> Result<(), String> {
        let mut git_dir = OsString::from("--git-dir=");
        git_dir.push(&self.path);
        let options = ["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules", depth, "--", url, what];
        git.remote(dir, std::iter::once(git_dir).chain(options.iter().map(OsString::from))).await.map(|_| ())
    }
}

/// The deploy key on disk, for as long as a fetch takes.
#[derive(Debug)]
pub struct Key {
    dir: tempfile::TempDir,
}

impl Key {
    /// Writes it, with the host keys that may be believed.
    pub fn write(source: &Source, tmp: &Path) -> Result<Key, String> {
        let write = || -> std::io::Result<Key> {
            // The folder is private from the start: 0700.
            let dir = tempfile::Builder::new().prefix("key-").tempdir_in(tmp)?;
            let mut key = source.deploy_key.trim_end().to_owned();
            key.push('\n');
            disk::write(&dir.path().join("key"), key.as_bytes())?;
            disk::write(&dir.path().join("known_hosts"), source.known_hosts.as_bytes())?;
            Ok(Key { dir })
        };
        write().map_err(|e| words::disk(tmp, &e))
    }

    /// The folder with the files `key` and `known_hosts`.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }
}
