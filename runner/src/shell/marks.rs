//! Which shells are open on this host: a file each, locked by the process that has it open. So what a shell uses stays
//! while it is open, and what is left of one that was killed goes.

use crate::disk;
use dockercise_pipeline::ids::RunId;
use rustix::fs::{FlockOperation, flock};
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use uuid::Uuid;

const FOLDER: &str = "shells";

/// A shell that is open, for as long as this lives.
#[derive(Debug)]
pub struct Mark {
    path: PathBuf,
    _file: File,
}

impl Drop for Mark {
    fn drop(&mut self) {
        if let Err(error) = disk::remove(&self.path) {
            tracing::debug!(%error, "the mark of a shell stays until the runner looks");
        }
    }
}

/// Says that a shell is open which is called `own` and looks at these runs.
///
/// # Errors
/// The file cannot be made.
pub fn hold(data_dir: &Path, own: RunId, uses: &BTreeSet<RunId>) -> io::Result<Mark> {
    let folder = data_dir.join(FOLDER);
    disk::make_dir(&folder)?;
    let new = folder.join(format!("{own}.new"));
    let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&new)?;
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    serde_json::to_writer(&mut file, uses)?;
    // Under its name it is locked and whole.
    let path = folder.join(own.to_string());
    std::fs::rename(new, &path)?;
    Ok(Mark { path, _file: file })
}

/// The runs that open shells are, or look at. What is left of others is removed.
///
/// # Errors
/// The folder cannot be read.
pub fn in_use(data_dir: &Path) -> io::Result<BTreeSet<RunId>> {
    let folder = data_dir.join(FOLDER);
    let names = match disk::names(&folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        names => names?,
    };
    let mut used = BTreeSet::new();
    for name in names {
        let Ok(own) = Uuid::parse_str(&name) else { continue };
        let path = folder.join(&name);
        match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
            Ok(file) => match flock(&file, FlockOperation::NonBlockingLockShared) {
                Ok(()) => disk::remove(&path)?,
                Err(rustix::io::Errno::WOULDBLOCK) => {
                    used.insert(RunId(own));
                    used.extend(serde_json::from_reader::<_, BTreeSet<RunId>>(file)?);
                }
                Err(error) => return Err(error.into()),
            },
        }
    }
    Ok(used)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_a_shell_uses_is_in_use_while_it_is_open() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(in_use(dir.path()).unwrap(), BTreeSet::new());
        let [own, other] = [1, 2].map(|n| RunId(Uuid::from_u128(n)));
        let mark = hold(dir.path(), own, &BTreeSet::from([other])).unwrap();
        assert_eq!(in_use(dir.path()).unwrap(), BTreeSet::from([own, other]));
        // As after kill -9: the file is there, the lock is not.
        let path = mark.path.clone();
        let text = std::fs::read(&path).unwrap();
        drop(mark);
        std::fs::write(&path, text).unwrap();
        assert_eq!(in_use(dir.path()).unwrap(), BTreeSet::new());
        assert!(!path.exists());
    }
}
