//! What a tree takes on the disk.

use super::names_in;
use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, fstat, openat, statat};
use rustix::io::Errno;
use std::collections::HashSet;
use std::io;

/// Bytes of a block as `stat` counts them, whatever the disk's own are.
const BLOCK: u64 = 512;

/// The bytes that all in a directory takes, and the directory itself. A file with several names counts once; no link is
/// followed, and what goes meanwhile is not counted.
pub fn of(top: OwnedFd) -> io::Result<u64> {
    let mut bytes = blocks(fstat(&top)?.st_blocks);
    let mut seen = HashSet::new();
    // Directories that are open, each with its names still to be looked at: without recursion, for a tree may be deep.
    let names = names_in(&top)?;
    let mut open = vec![(top, names)];
    while let Some((here, names)) = open.last_mut() {
        let Some(name) = names.pop() else {
            open.pop();
            continue;
        };
        let stat = match statat(&*here, &name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => continue,
            found => found?,
        };
        if stat.st_nlink < 2 || FileType::from_raw_mode(stat.st_mode) == FileType::Directory || seen.insert((stat.st_dev, stat.st_ino)) {
            bytes += blocks(stat.st_blocks);
        }
        if FileType::from_raw_mode(stat.st_mode) == FileType::Directory {
            let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            match openat(&*here, &name, flags, Mode::empty()) {
                Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {}
                below => {
                    let below = below?;
                    let names = names_in(&below)?;
                    open.push((below, names));
                }
            }
        }
    }
    Ok(bytes)
}

fn blocks(count: i64) -> u64 {
    u64::try_from(count).unwrap_or(0) * BLOCK
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use rustix::fs::open;

    #[test]
    fn what_is_on_the_disk_counts_once_and_holes_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let size = || of(open(folder.path(), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap()).unwrap();
        let empty = size();
        let deep = folder.path().join("a/b");
        std::fs::create_dir_all(&deep).unwrap();
        std::fs::write(deep.join("file"), vec![7; 1 << 20]).unwrap();
        std::fs::hard_link(deep.join("file"), folder.path().join("again")).unwrap();
        std::os::unix::fs::symlink("/usr", deep.join("link")).unwrap();
        std::fs::File::create(deep.join("holes")).unwrap().set_len(1 << 40).unwrap();
        std::fs::File::open(deep.join("file")).unwrap().sync_all().unwrap();
        let grown = size() - empty;
        assert!((1 << 20..(1 << 20) + (1 << 18)).contains(&grown), "{grown}");
    }
}
