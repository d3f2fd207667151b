//! Removing trees.

use super::place::names_in;
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, Mode, OFlags, openat, unlinkat};
use rustix::io::Errno;
use rustix::path::Arg;
use std::ffi::CString;
use std::io;

/// Removes a name in a directory and all below it; well where there is none. Follows no link, and needs no more
/// memory for a deep tree than for its names: directories are walked with a list, not by recursion.
pub fn remove(parent: impl AsFd, name: impl Arg) -> io::Result<()> {
    let name = name.into_c_str()?.into_owned();
    if unlink(&parent, &name)? {
        return Ok(());
    }
    let Some(top) = enter(&parent, &name)? else { return Ok(()) };
    empty(&top)?;
    Ok(unlinkat(&parent, &name, AtFlags::REMOVEDIR)?)
}

/// Removes all in a directory, not itself.
pub fn empty(top: &OwnedFd) -> io::Result<()> {
    let mut open: Vec<(OwnedFd, CString, Vec<CString>)> = Vec::new();
    let (mut here, mut here_name) = (top.try_clone()?, CString::default());
    let mut names = names_in(&here)?;
    loop {
        if let Some(name) = names.pop() {
            if !unlink(&here, &name)?
                && let Some(below) = enter(&here, &name)?
            {
                let names_below = names_in(&below)?;
                open.push((
                    std::mem::replace(&mut here, below),
                    std::mem::replace(&mut here_name, name),
                    std::mem::replace(&mut names, names_below),
                ));
            }
            continue;
        }
        let Some((above, above_name, names_above)) = open.pop() else { return Ok(()) };
        unlinkat(&above, &here_name, AtFlags::REMOVEDIR)?;
        (here, here_name, names) = (above, above_name, names_above);
    }
}

/// Removes what is no directory; says whether that was all to do.
fn unlink(parent: impl AsFd, name: &CString) -> io::Result<bool> {
    match unlinkat(&parent, name, AtFlags::empty()) {
        Ok(()) | Err(Errno::NOENT) => Ok(true),
        Err(Errno::ISDIR | Errno::PERM) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn enter(parent: impl AsFd, name: &CString) -> io::Result<Option<OwnedFd>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    match openat(parent, name, flags, Mode::empty()) {
        Ok(directory) => Ok(Some(directory)),
        Err(Errno::NOENT) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_deep_tree_goes_and_what_its_links_point_to_stays() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("keep")).unwrap();
        std::fs::write(folder.path().join("keep/me"), "x").unwrap();
        let deep = (0..100).fold(folder.path().join("tree"), |path, i| path.join(format!("d{i}")));
        std::fs::create_dir_all(&deep).unwrap();
        std::os::unix::fs::symlink(folder.path().join("keep"), deep.join("link")).unwrap();
        std::fs::write(deep.join("file"), "y").unwrap();

        let top = rustix::fs::open(folder.path(), OFlags::RDONLY | OFlags::DIRECTORY, Mode::empty()).unwrap();
        remove(&top, "tree").unwrap();
        remove(&top, "tree").unwrap();
        assert!(!folder.path().join("tree").exists());
        assert!(folder.path().join("keep/me").exists());
    }
}
