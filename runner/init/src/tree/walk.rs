//! Walking a tree with no more memory than its depth: directories are read as they come, in no order.

use super::{DIRECTORY, directory, plain};
use dockercise_init::look::{Entry, EntryKind, MAX_DEPTH, MAX_PATH, paths};
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Dir, FileType, Mode, openat, readlinkat, statat};
use rustix::io::Errno;
use std::ffi::{CStr, CString};
use std::io;

/// A body is sent when it has so many bytes.
const FULL: usize = 256 * 1024;

/// Why a walk ended early.
#[derive(Debug)]
pub enum Stopped {
    /// The tree cannot be read.
    Reading(io::Error),
    /// Nobody listens any more.
    Telling(io::Error),
}

impl From<io::Error> for Stopped {
    fn from(error: io::Error) -> Stopped {
        Stopped::Reading(error)
    }
}

impl From<Errno> for Stopped {
    fn from(error: Errno) -> Stopped {
        Stopped::Reading(error.into())
    }
}

/// Tells what some paths are (the empty path is the tree itself) and what is below those that are directories, in bodies of
/// many entries. False where there was more than `most`, or deeper than [`MAX_DEPTH`]. What is not there is nothing.
pub fn list(root: &OwnedFd, under: &[u8], most: u64, tell: impl FnMut(&[u8]) -> io::Result<()>) -> Result<bool, Stopped> {
    let mut walk = Walk { left: most, whole: true, body: Vec::with_capacity(FULL + 3 * MAX_PATH), tell };
    for start in paths(under) {
        let top = match (directory(root, start), above(root, start)) {
            (Ok(top), _) => top,
            (Err(_), Ok((above, name))) => {
                walk.own(&above, &name, start.to_vec())?;
                continue;
            }
            (Err(_), Err(error)) if is_absence(&error) => continue,
            (Err(_), Err(error)) => return Err(error.into()),
        };
        walk.below(top, start)?;
    }
    walk.flush()?;
    Ok(walk.whole)
}

/// The directory that holds the last name of a path, and that name.
fn above(root: &OwnedFd, path: &[u8]) -> io::Result<(OwnedFd, CString)> {
    let (above, name) = path.iter().rposition(|byte| *byte == b'/').map_or((&path[..0], path), |at| (&path[..at], &path[at + 1..]));
    Ok((directory(root, above)?, CString::new(plain(name)?)?))
}

/// A name on the way is not there, or is no directory.
fn is_absence(error: &io::Error) -> bool {
    [Errno::NOENT, Errno::NOTDIR, Errno::LOOP].iter().any(|code| error.raw_os_error() == Some(code.raw_os_error()))
}

struct Walk<T> {
    left: u64,
    whole: bool,
    body: Vec<u8>,
    tell: T,
}

impl<T: FnMut(&[u8]) -> io::Result<()>> Walk<T> {
    fn below(&mut self, top: OwnedFd, start: &[u8]) -> Result<(), Stopped> {
        let mut open = vec![(Dir::read_from(&top)?, top, start.len())];
        let mut path = start.to_vec();
        loop {
            let depth = open.len();
            let Some((names, here, length)) = open.last_mut() else { return Ok(()) };
            path.truncate(*length);
            let Some(entry) = names.next() else {
                open.pop();
                continue;
            };
            let entry = entry?;
            let name = entry.file_name();
            if [c".", c".."].contains(&name) {
                continue;
            }
            if self.left == 0 {
                self.whole = false;
                return Ok(());
            }
            self.left -= 1;
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend(name.to_bytes());
            if self.own(here, name, path.clone())? == Some(EntryKind::Directory) {
                if depth >= MAX_DEPTH || path.len() >= MAX_PATH {
                    self.whole = false;
                    continue;
                }
                let below = openat(&*here, name, DIRECTORY, Mode::empty())?;
                open.push((Dir::read_from(&below)?, below, path.len()));
            }
        }
    }

    /// Tells one name.
    fn own(&mut self, above: &OwnedFd, name: &CStr, path: Vec<u8>) -> Result<Option<EntryKind>, Stopped> {
        let stat = match statat(above, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => return Ok(None),
            outcome => outcome?,
        };
        let kind = kind_of(FileType::from_raw_mode(stat.st_mode));
        let target = if kind == EntryKind::Link { readlinkat(above, name, Vec::new())?.into_bytes() } else { Vec::new() };
        let length = u64::try_from(stat.st_size).unwrap_or(0);
        self.put(&Entry { kind, mode: stat.st_mode & 0o7777, length, path, target })?;
        Ok(Some(kind))
    }

    fn put(&mut self, entry: &Entry) -> Result<(), Stopped> {
        entry.put(&mut self.body);
        if self.body.len() >= FULL { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), Stopped> {
        if !self.body.is_empty() {
            (self.tell)(&self.body).map_err(Stopped::Telling)?;
            self.body.clear();
        }
        Ok(())
    }
}

fn kind_of(kind: FileType) -> EntryKind {
    match kind {
        FileType::RegularFile => EntryKind::File,
        FileType::Directory => EntryKind::Directory,
        FileType::Symlink => EntryKind::Link,
        FileType::Fifo => EntryKind::Pipe,
        FileType::Socket => EntryKind::Socket,
        _ => EntryKind::Device,
    }
}
