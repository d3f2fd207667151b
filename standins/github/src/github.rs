//! What all parts of the stand-in share: the world, its addresses, the journal, and the tasks it started.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::git::Git;
use crate::journal::Journal;
use crate::lfs::Lfs;
use crate::links::Links;
use crate::state::World;

/// Serialises pushes: one lock per repository.
type PushLock = Arc<tokio::sync::Mutex<()>>;

/// Shared by every request, ssh session and delivery.
pub(crate) struct GitHub {
    world: Mutex<World>,
    push_locks: Mutex<HashMap<u64, PushLock>>,
    lfs: Mutex<Lfs>,
    pub(crate) data_dir: PathBuf,
    pub(crate) links: Links,
    pub(crate) host_key: String,
    pub(crate) journal: Journal,
    pub(crate) client: reqwest::Client,
    /// Deliveries and ssh sessions still under way.
    pub(crate) tasks: TaskTracker,
    /// Cancelled at shutdown.
    pub(crate) stop: CancellationToken,
    /// Counts what happened, so that others can wait for it.
    pub(crate) happened: watch::Sender<u64>,
}

impl GitHub {
    pub(crate) fn new(data_dir: PathBuf, links: Links, host_key: String, journal: Journal, client: reqwest::Client) -> Self {
        Self {
            world: Mutex::new(World::new()),
            push_locks: Mutex::default(),
            lfs: Mutex::default(),
            data_dir,
            links,
            host_key,
            journal,
            client,
            tasks: TaskTracker::new(),
            stop: CancellationToken::new(),
            happened: watch::Sender::new(0),
        }
    }

    /// The world, locked. Never hold it across an await.
    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What Git LFS keeps, locked. Never hold it across an await.
    pub(crate) fn lfs(&self) -> MutexGuard<'_, Lfs> {
        self.lfs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes everybody who waits for something to happen.
    pub(crate) fn wake(&self) {
        self.happened.send_modify(|count| *count += 1);
    }

    /// Folder that holds the bare repositories.
    pub(crate) fn repositories_dir(&self) -> PathBuf {
        self.data_dir.join("repositories")
    }

    /// The bare repository with this number.
    pub(crate) fn git(&self, repository: u64) -> Git {
        Git::new(&self.repositories_dir().join(format!("{repository}.git")), self.git_home())
    }

    /// An empty home, so that no configuration of this machine reaches git.
    pub(crate) fn git_home(&self) -> &Path {
        &self.data_dir
    }

    /// The lock that makes one push wait for the other.
    pub(crate) fn push_lock(&self, repository: u64) -> PushLock {
        let mut locks = self.push_locks.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(locks.entry(repository).or_default())
    }
}

impl std::fmt::Debug for GitHub {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // The world holds tokens and secrets: only where it is reached is shown.
        formatter.debug_struct("GitHub").field("links", &self.links).finish_non_exhaustive()
    }
}
