//! Makes a volume the user's own.
//!
//! A volume's folder tells whose it is: where its owner is the step's user, everything in it is (what else could have
//! written there but steps of that user?). A step of root takes the folder alone, as root may write everywhere; so the
//! next step of another user looks again. Copy-on-write costs no content: with `metacopy` owners alone are copied.
//!
//! This runs before any program of the step's: nobody moves anything meanwhile. No link is followed, and no other mount
//! entered.

use super::user::User;
use crate::files::names_in;
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Uid, chownat, fchown, fstat, open, openat, statat};
use std::ffi::CString;
use std::io;

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// Gives a folder, and where it was somebody else's all that is in it, to the user. `told` is asked now and then whether
/// to stop; then it says so by `false`.
pub fn give(folder: &str, user: &User, mut told: impl FnMut() -> io::Result<bool>) -> io::Result<bool> {
    let top = open(folder, DIRECTORY, Mode::empty())?;
    let found = fstat(&top)?;
    if found.st_uid == user.uid {
        return Ok(true);
    }
    let (uid, gid) = (Uid::from_raw(user.uid), Gid::from_raw(user.gid));
    let device = found.st_dev;
    // As many are open as the tree is deep.
    let mut todo: Vec<(OwnedFd, Vec<CString>)> = Vec::new();
    if user.uid != 0 {
        todo.push((top.try_clone()?, names_in(&top)?));
    }
    while let Some((directory, names)) = todo.last_mut() {
        let Some(name) = names.pop() else {
            todo.pop();
            continue;
        };
        let stat = statat(&*directory, &name, AtFlags::SYMLINK_NOFOLLOW)?;
        let below = match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => Some(openat(&*directory, &name, DIRECTORY, Mode::empty())?),
            _ => None,
        };
        // Another folder of the volume may be mounted here, and is seen to by itself.
        if below.as_ref().map(fstat).transpose()?.is_some_and(|found| found.st_dev != device) {
            continue;
        }
        if stat.st_uid != user.uid {
            chownat(&*directory, &name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
        }
        if let Some(below) = below {
            if told()? {
                return Ok(false);
            }
            let names = names_in(&below)?;
            todo.push((below, names));
        }
    }
    // Last: what was not seen through is seen through again by the next.
    fchown(&top, Some(uid), Some(gid))?;
    Ok(true)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, symlink};

    #[test]
    fn everything_is_given_and_links_are_not_followed() {
        if !rustix::process::geteuid().is_root() {
            eprintln!("SKIPPED: giving files away takes root");
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let at = |path: &str| folder.path().join(path);
        std::fs::create_dir_all(at("v/a/b")).unwrap();
        std::fs::write(at("outside"), "").unwrap();
        std::fs::write(at("v/a/b/file"), "").unwrap();
        symlink(at("outside"), at("v/link")).unwrap();
        let user = User { uid: 1000, gid: 7, ..User::default() };
        let volume = at("v").to_str().unwrap().to_owned();
        assert!(!give(&volume, &user, || Ok(true)).unwrap());
        let owner = |path: &str| at(path).symlink_metadata().map(|found| (found.uid(), found.gid())).unwrap();
        assert_eq!(owner("v"), (0, 0), "it is not done");
        assert!(give(&volume, &user, || Ok(false)).unwrap());
        for path in ["v", "v/a", "v/a/b", "v/a/b/file", "v/link"] {
            assert_eq!(owner(path), (1000, 7), "{path}");
        }
        assert_eq!(owner("outside"), (0, 0));

        give(&volume, &User::default(), || Ok(false)).unwrap();
        assert_eq!((owner("v"), owner("v/a")), ((0, 0), (1000, 7)), "root needs the folder alone");
        std::fs::write(at("v/roots"), "").unwrap();
        give(&volume, &user, || Ok(false)).unwrap();
        assert_eq!(owner("v/roots"), (1000, 7));
    }
}
