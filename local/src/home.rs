//! What stands of this computer's local runs outside their folders: for each a host id, under which everything in Docker is
//! labelled, and the runner's own files.
//!
//! ```text
//! $XDG_STATE_HOME/dockercise/run/engine            what was found out about the engine
//! $XDG_STATE_HOME/dockercise/run/{folder}-{n}/      one for each run under way; two in one folder have two
//!     lock      held as long as the process lives
//!     host      the host id
//!     open      the engine's address, from before anything is made there until all is gone
//!     runner/   the runner's files; door: its socket
//! ```
//! A process that is killed leaves `open` behind, and its lock goes: the next run, of whatever folder, puts away what it
//! left in Docker.

use anyhow::Context as _;
use rustix::fs::{FlockOperation, flock};
use sha2::{Digest as _, Sha256};
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};

/// No more runs of one folder at a time than this.
const MOST: u32 = 64;

/// The longest path that a socket can have (108 bytes on Linux, 104 on others, the last of them a NUL).
const LONGEST_SOCKET: usize = 100;

/// One run's place, as long as this lives.
#[derive(Debug)]
pub struct Home {
    dir: PathBuf,
    host: String,
    /// Where the path is too long for a socket.
    elsewhere: Option<tempfile::TempDir>,
    _lock: File,
}

/// The folder for all of them.
pub fn state() -> PathBuf {
    let set = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = set("XDG_STATE_HOME").or_else(|| set("HOME").map(|home| home.join(".local/state")));
    let own = || std::env::temp_dir().join(format!("dockercise-{}", rustix::process::getuid().as_raw()));
    base.map_or_else(own, |base| base.join("dockercise")).join("run")
}

impl Home {
    /// A place that nobody else has, for a run of this folder.
    ///
    /// # Errors
    /// The disk's; or too many run in this folder.
    pub fn take(state: &Path, folder: &Path) -> anyhow::Result<Home> {
        let sum = Sha256::digest(folder.as_os_str().as_encoded_bytes());
        let name: String = sum.iter().take(6).map(|byte| format!("{byte:02x}")).collect();
        for n in 1..=MOST {
            let dir = state.join(format!("{name}-{n}"));
            if let Some(home) = Home::lock(&dir).with_context(|| format!("cannot use the folder {}", dir.display()))? {
                return Ok(home);
            }
        }
        anyhow::bail!("{MOST} runs of {} are under way\nhelp: wait for one of them", folder.display())
    }

    /// The places of processes that were killed. They are this process's from now on.
    ///
    /// # Errors
    /// The disk's.
    pub fn left_behind(state: &Path) -> anyhow::Result<Vec<Home>> {
        let mut found = Vec::new();
        let entries = match fs::read_dir(state) {
            Err(e) if e.kind() == ErrorKind::NotFound => return Ok(found),
            entries => entries.with_context(|| format!("cannot read the folder {}", state.display()))?,
        };
        for dir in entries.flatten().map(|entry| entry.path()).filter(|dir| dir.join("open").exists()) {
            // One that cannot be had is somebody's.
            if let Ok(Some(home)) = Home::lock(&dir) {
                found.push(home);
            }
        }
        Ok(found)
    }

    /// None where another process has it.
    fn lock(dir: &Path) -> io::Result<Option<Home>> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        let path = dir.join("lock");
        let lock = File::options().create(true).truncate(false).write(true).open(&path)?;
        match flock(&lock, FlockOperation::NonBlockingLockExclusive) {
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(None),
            locked => locked?,
        }
        // Its last owner may have removed the folder between the two calls: then the lock is nobody's.
        if fs::metadata(&path).map(|now| now.ino()).ok() != Some(lock.metadata()?.ino()) {
            return Home::lock(dir);
        }
        let host = match fs::read_to_string(dir.join("host")) {
            Ok(host) if host.len() == 8 => host,
            _ => {
                let host = format!("{:08x}", rand::random::<u32>());
                fs::write(dir.join("host"), &host)?;
                host
            }
        };
        let elsewhere = match dir.as_os_str().len() + "/door".len() > LONGEST_SOCKET {
            true => Some(tempfile::Builder::new().prefix("dockercise-").tempdir()?),
            false => None,
        };
        Ok(Some(Home { dir: dir.to_owned(), host, elsewhere, _lock: lock }))
    }

    /// The host id: eight lower-case hex digits.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// For the runner.
    pub fn runner(&self) -> PathBuf {
        self.dir.join("runner")
    }

    /// For the door.
    pub fn socket(&self) -> PathBuf {
        self.elsewhere.as_ref().map_or(self.dir.as_path(), |dir| dir.path()).join("door")
    }

    /// The address of the engine on which something was made and not put away.
    pub fn open_at(&self) -> Option<String> {
        fs::read_to_string(self.dir.join("open")).ok()
    }

    /// From now on something may be there on this engine.
    ///
    /// # Errors
    /// The disk's.
    pub fn open(&self, engine: &str) -> io::Result<()> {
        // What an earlier runner knew is nothing to the next.
        match fs::remove_dir_all(self.runner()) {
            Err(e) if e.kind() != ErrorKind::NotFound => return Err(e),
            _ => {}
        }
        fs::write(self.dir.join("open"), engine)
    }

    /// Nothing is there any more.
    ///
    /// # Errors
    /// The disk's.
    pub fn put_away(self) -> io::Result<()> {
        // Still locked: who waits for it sees that it is gone.
        fs::remove_dir_all(&self.dir)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn each_run_has_a_host_of_its_own_and_a_killed_ones_is_found() {
        let dir = tempfile::tempdir().unwrap();
        let (state, folder) = (dir.path().join("state"), dir.path().join("folder"));
        let one = Home::take(&state, &folder).unwrap();
        let two = Home::take(&state, &folder).unwrap();
        assert_ne!(one.host(), two.host());
        one.open("unix:///x").unwrap();
        two.open("unix:///y").unwrap();
        assert!(Home::left_behind(&state).unwrap().is_empty(), "both are alive");
        let host = two.host().to_owned();
        drop(two);
        let left = Home::left_behind(&state).unwrap();
        assert_eq!(left.iter().map(|h| (h.host().to_owned(), h.open_at())).collect::<Vec<_>>(), [(host, Some("unix:///y".into()))]);
        for home in left {
            home.put_away().unwrap();
        }
        one.put_away().unwrap();
        assert_eq!(fs::read_dir(&state).unwrap().count(), 0, "nothing stays");
    }
}
