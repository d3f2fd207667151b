//! Copying a tree, with owners, permissions, times, links, hard links and extended attributes.
//!
//! Used to flatten a chain of layers (from the mounted overlay, so that no whiteouts are met), and in place of
//! overlayfs where the engine's disk refuses it.

use super::place::names_in;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{
    AtFlags, FileType, Gid, Mode, OFlags, Stat, Timespec, Timestamps, Uid, chownat, fchmod, fchown, fgetxattr, flistxattr, fsetxattr,
    futimens, linkat, mkdirat, mkfifoat, openat, readlinkat, statat, symlinkat, utimensat,
};
use rustix::io::Errno;
use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::fs::File;
use std::io;

/// `init copy FROM TO`: both are mounted directories.
pub fn run(from: &str, to: &str) -> io::Result<i32> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let from = rustix::fs::open(from, flags, Mode::empty())?;
    let to = rustix::fs::open(to, flags, Mode::empty())?;
    tree(from, to)?;
    Ok(0)
}

/// Copies the content of a directory into another, then what belongs to the directory itself.
/// Devices and sockets are left out: no build has a use for them, and making a device is not allowed.
pub fn tree(from: OwnedFd, to: OwnedFd) -> io::Result<()> {
    each(from, to, How::Copied)
}

/// Makes the content of a directory again in another that is empty: what is no directory gets a second name.
pub fn links(from: OwnedFd, to: OwnedFd) -> io::Result<()> {
    each(from, to, How::Linked)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Copied,
    Linked,
}

fn each(from: OwnedFd, to: OwnedFd, how: How) -> io::Result<()> {
    let mut seen = HashMap::new();
    let root = to.try_clone()?;
    // Entering: make what is in a directory. Leaving: set its times, which the making has changed.
    let mut todo = vec![Todo::Enter(from, to, CString::default())];
    while let Some(next) = todo.pop() {
        match next {
            Todo::Leave(to, stat) => {
                own(&to, &stat)?;
                futimens(&to, &times(&stat))?;
            }
            Todo::Enter(from, to, path) => {
                let stat = rustix::fs::fstat(&from)?;
                attributes(&from, &to)?;
                todo.push(Todo::Leave(to.try_clone()?, stat));
                for name in names_in(&from)? {
                    let below = join(&path, &name)?;
                    if how == How::Linked && linked(&from, &to, &name)? {
                        continue;
                    }
                    if let Some((from, to)) = entry(&from, &to, &name, &root, below.clone(), &mut seen)? {
                        todo.push(Todo::Enter(from, to, below));
                    }
                }
            }
        }
    }
    Ok(())
}

/// Gives what is no directory a second name; false where it can have none, being a directory or having as many as the disk
/// allows.
fn linked(from: &OwnedFd, to: &OwnedFd, name: &CStr) -> io::Result<bool> {
    if FileType::from_raw_mode(statat(from, name, AtFlags::SYMLINK_NOFOLLOW)?.st_mode) == FileType::Directory {
        return Ok(false);
    }
    match linkat(from, name, to, name, AtFlags::empty()) {
        Err(Errno::MLINK) => Ok(false),
        outcome => Ok(outcome.map(|()| true)?),
    }
}

enum Todo {
    Enter(OwnedFd, OwnedFd, CString),
    Leave(OwnedFd, Stat),
}

/// Where each file with several names was copied to, below the root of the copy.
type Seen = HashMap<(u64, u64), CString>;

fn entry(
    from: &OwnedFd,
    to: &OwnedFd,
    name: &CStr,
    root: &OwnedFd,
    path: CString,
    seen: &mut Seen,
) -> io::Result<Option<(OwnedFd, OwnedFd)>> {
    let stat = statat(from, name, AtFlags::SYMLINK_NOFOLLOW)?;
    let kind = FileType::from_raw_mode(stat.st_mode);
    if kind != FileType::Directory && stat.st_nlink > 1 {
        if let Some(first) = seen.get(&(stat.st_dev, stat.st_ino)) {
            linkat(root, first, to, name, AtFlags::empty())?;
            return Ok(None);
        }
        seen.insert((stat.st_dev, stat.st_ino), path);
    }
    match kind {
        FileType::Directory => {
            match mkdirat(to, name, Mode::from_raw_mode(0o700)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            return Ok(Some((openat(from, name, flags, Mode::empty())?, openat(to, name, flags, Mode::empty())?)));
        }
        FileType::RegularFile => {
            let read = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
            let write = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let mut source: File = openat(from, name, read, Mode::empty())?.into();
            let mut target: File = openat(to, name, write, Mode::from_raw_mode(0o600))?.into();
            io::copy(&mut source, &mut target)?;
            attributes(&source, &target)?;
            own(&target, &stat)?;
            futimens(&target, &times(&stat))?;
        }
        FileType::Symlink => {
            symlinkat(readlinkat(from, name, Vec::new())?, to, name)?;
            own_at(to, name, &stat)?;
        }
        FileType::Fifo => {
            mkfifoat(to, name, Mode::from_raw_mode(stat.st_mode))?;
            own_at(to, name, &stat)?;
        }
        _ => {}
    }
    Ok(None)
}

/// Gives owner and permissions; the owner first, as a change of it clears setuid.
pub fn own(file: impl AsFd, stat: &Stat) -> io::Result<()> {
    fchown(&file, Some(Uid::from_raw(stat.st_uid)), Some(Gid::from_raw(stat.st_gid)))?;
    Ok(fchmod(&file, Mode::from_raw_mode(stat.st_mode))?)
}

fn own_at(directory: &OwnedFd, name: &CStr, stat: &Stat) -> io::Result<()> {
    let (uid, gid) = (Uid::from_raw(stat.st_uid), Gid::from_raw(stat.st_gid));
    chownat(directory, name, Some(uid), Some(gid), AtFlags::SYMLINK_NOFOLLOW)?;
    Ok(utimensat(directory, name, &times(stat), AtFlags::SYMLINK_NOFOLLOW)?)
}

fn times(stat: &Stat) -> Timestamps {
    let time = |seconds, nanos| Timespec { tv_sec: seconds, tv_nsec: nanos };
    Timestamps {
        last_access: time(stat.st_atime, stat.st_atime_nsec as i64),
        last_modification: time(stat.st_mtime, stat.st_mtime_nsec as i64),
    }
}

/// Copies the attributes a user can set. The others are the system's, or need rights that the helper has not.
fn attributes(from: impl AsFd, to: impl AsFd) -> io::Result<()> {
    let mut list = vec![0; 64 * 1024];
    let length = match flistxattr(&from, &mut list[..]) {
        Err(Errno::OPNOTSUPP) => return Ok(()),
        outcome => outcome?,
    };
    for name in list[..length].split(|byte| *byte == 0).filter(|name| name.starts_with(b"user.")) {
        let mut value = vec![0; 64 * 1024];
        let length = fgetxattr(&from, name, &mut value[..])?;
        fsetxattr(&to, name, &value[..length], rustix::fs::XattrFlags::empty())?;
    }
    Ok(())
}

fn join(path: &CStr, name: &CStr) -> io::Result<CString> {
    if path.is_empty() {
        return Ok(name.to_owned());
    }
    Ok(CString::new([path.to_bytes(), b"/", name.to_bytes()].concat())?)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};

    #[test]
    fn modes_links_and_times_are_kept() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        std::fs::create_dir_all(from.join("a/b")).unwrap();
        std::fs::create_dir(&to).unwrap();
        std::fs::write(from.join("a/b/run"), "#!").unwrap();
        std::fs::set_permissions(from.join("a/b/run"), std::fs::Permissions::from_mode(0o750)).unwrap();
        std::fs::hard_link(from.join("a/b/run"), from.join("again")).unwrap();
        symlink("/etc/passwd", from.join("link")).unwrap();
        let old = std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(1_000_000);
        File::open(from.join("a")).unwrap().set_modified(old).unwrap();

        assert_eq!(run(from.to_str().unwrap(), to.to_str().unwrap()).unwrap(), 0);

        let run = to.join("a/b/run").metadata().unwrap();
        assert_eq!(run.permissions().mode() & 0o7777, 0o750);
        assert_eq!(run.ino(), to.join("again").metadata().unwrap().ino());
        assert_eq!(std::fs::read_link(to.join("link")).unwrap().to_str(), Some("/etc/passwd"));
        assert_eq!(to.join("a").metadata().unwrap().modified().unwrap(), old);
    }

    #[test]
    fn what_is_linked_is_the_same_file_in_a_directory_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let (from, to) = (folder.path().join("from"), folder.path().join("to"));
        std::fs::create_dir_all(from.join("a")).unwrap();
        std::fs::create_dir(&to).unwrap();
        std::fs::set_permissions(&from, std::fs::Permissions::from_mode(0o700)).unwrap();
        std::fs::write(from.join("a/file"), "x").unwrap();
        symlink("/etc/passwd", from.join("a/link")).unwrap();
        let open = |path: &std::path::Path| rustix::fs::open(path, OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
        links(open(&from), open(&to)).unwrap();
        assert_eq!(to.join("a/file").metadata().unwrap().ino(), from.join("a/file").metadata().unwrap().ino());
        assert_ne!(to.join("a").metadata().unwrap().ino(), from.join("a").metadata().unwrap().ino());
        assert_eq!(std::fs::read_link(to.join("a/link")).unwrap().to_str(), Some("/etc/passwd"));
        assert_eq!(to.metadata().unwrap().permissions().mode() & 0o7777, 0o700);
        std::fs::remove_dir_all(&from).unwrap();
        assert_eq!(std::fs::read(to.join("a/file")).unwrap(), b"x");
    }
}
