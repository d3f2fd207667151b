//! From a [`Place`] to an open file, name by name.

use dockercise_init::message::{Place, Root};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, fchmod, fstat, linkat, mkdirat, openat, renameat, statat};
use rustix::io::Errno;
use std::fs::File;
use std::io::{self, Write};

const DIRECTORY: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);

/// The directories that all places lie in.
pub struct Roots {
    store: OwnedFd,
    go: OwnedFd,
}

impl Roots {
    /// Opens both.
    pub fn open(store: &str, go: &str) -> io::Result<Roots> {
        let open = |path| rustix::fs::open(path, DIRECTORY, Mode::empty());
        Ok(Roots { store: open(store)?, go: open(go)? })
    }

    /// A root itself.
    pub fn root(&self, root: Root) -> &OwnedFd {
        match root {
            Root::Store => &self.store,
            Root::Go => &self.go,
        }
    }

    /// The directory that holds a place's last name, and that name.
    pub fn parent<'a>(&self, place: &'a Place) -> io::Result<(OwnedFd, &'a str)> {
        let mut directory = self.root(place.root).try_clone()?;
        let mut names = names(place)?;
        let Some(last) = names.pop() else { return Err(unusable(place)) };
        for name in names {
            directory = openat(&directory, name, DIRECTORY, Mode::empty())?;
        }
        Ok((directory, last))
    }

    /// Opens a directory; the empty path is the root itself.
    pub fn directory(&self, place: &Place) -> io::Result<OwnedFd> {
        if place.path.is_empty() {
            return self.root(place.root).try_clone();
        }
        let (parent, name) = self.parent(place)?;
        Ok(openat(&parent, name, DIRECTORY, Mode::empty())?)
    }

    /// Opens a regular file to read it. A step may have put something else in its place.
    pub fn file(&self, place: &Place) -> io::Result<File> {
        self.regular(place, OFlags::RDONLY)
    }

    /// Opens a regular file to write into it.
    pub fn file_to_write(&self, place: &Place) -> io::Result<File> {
        self.regular(place, OFlags::WRONLY)
    }

    fn regular(&self, place: &Place, how: OFlags) -> io::Result<File> {
        let (parent, name) = self.parent(place)?;
        let flags = how | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let file = openat(&parent, name, flags, Mode::empty())?;
        if FileType::from_raw_mode(fstat(&file)?.st_mode) != FileType::RegularFile {
            return Err(io::Error::other(format!("{} is not a file", place.path)));
        }
        Ok(file.into())
    }

    /// Makes a directory and what is missing above it.
    pub fn make_dir(&self, place: &Place, mode: u32, like: Option<&Place>) -> io::Result<()> {
        let mut directory = self.root(place.root).try_clone()?;
        for name in names(place)? {
            match mkdirat(&directory, name, Mode::from_raw_mode(0o755)) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            directory = openat(&directory, name, DIRECTORY, Mode::empty())?;
        }
        match like {
            None => Ok(fchmod(&directory, Mode::from_raw_mode(mode))?),
            Some(like) => {
                let stat = fstat(self.directory(like)?)?;
                super::copy::own(&directory, &stat)
            }
        }
    }

    /// See [`dockercise_init::message::Request::MountPoint`].
    pub fn mount_point(&self, layer: &Place, path: &str, over: &[Place]) -> io::Result<()> {
        let mut here = self.directory(layer)?;
        let mut below = over.iter().map(|layer| self.directory(layer)).collect::<io::Result<Vec<_>>>()?;
        for name in names(&Place { root: layer.root, path: path.to_owned() })? {
            let found: Vec<OwnedFd> = below.iter().map_while(|layer| layer_entry(layer, name)).flatten().collect();
            let made = match mkdirat(&here, name, Mode::from_raw_mode(0o755)) {
                Err(Errno::EXIST) => match openat(&here, name, DIRECTORY, Mode::empty()) {
                    Ok(_) => false,
                    Err(Errno::NOTDIR | Errno::LOOP) => {
                        super::tree::remove(&here, name)?;
                        mkdirat(&here, name, Mode::from_raw_mode(0o755))?;
                        true
                    }
                    Err(error) => return Err(error.into()),
                },
                outcome => outcome.map(|()| true)?,
            };
            let next = openat(&here, name, DIRECTORY, Mode::empty())?;
            if made {
                super::copy::own(&next, &fstat(found.first().unwrap_or(&here))?)?;
            }
            (here, below) = (next, found);
        }
        Ok(())
    }

    /// Writes a file whole: under another name first.
    pub fn write(&self, place: &Place, mode: u32, fill: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
        let (parent, name) = self.parent(place)?;
        let before = format!(".{name}.new");
        super::tree::remove(&parent, &before)?;
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let mut file: File = openat(&parent, &before, flags, Mode::from_raw_mode(0o600))?.into();
        let filled = fill(&mut file).and_then(|()| Ok(fchmod(&file, Mode::from_raw_mode(mode))?));
        if let Err(error) = filled.and_then(|()| file.flush()) {
            let _ = super::tree::remove(&parent, &before);
            return Err(error);
        }
        Ok(renameat(&parent, &before, &parent, name)?)
    }

    /// Makes an empty file unless there is one.
    pub fn touch(&self, place: &Place, mode: u32) -> io::Result<()> {
        let (parent, name) = self.parent(place)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = openat(&parent, name, flags, Mode::from_raw_mode(0o600))?;
        Ok(fchmod(&file, Mode::from_raw_mode(mode))?)
    }

    /// A second name for a file.
    pub fn link(&self, from: &Place, to: &Place) -> io::Result<()> {
        let (old, old_name) = self.parent(from)?;
        let (new, new_name) = self.parent(to)?;
        match linkat(&old, old_name, &new, new_name, AtFlags::empty()) {
            Err(Errno::EXIST) => {
                let stat = |parent: &OwnedFd, name| statat(parent, name, AtFlags::SYMLINK_NOFOLLOW);
                let (one, other) = (stat(&old, old_name)?, stat(&new, new_name)?);
                if (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino) {
                    return Ok(());
                }
                super::tree::remove(&new, new_name)?;
                Ok(linkat(&old, old_name, &new, new_name, AtFlags::empty())?)
            }
            outcome => Ok(outcome?),
        }
    }

    /// Renames.
    pub fn rename(&self, from: &Place, to: &Place) -> io::Result<()> {
        let (old, old_name) = self.parent(from)?;
        let (new, new_name) = self.parent(to)?;
        Ok(renameat(&old, old_name, &new, new_name)?)
    }

    /// Removes a file or tree; the empty path empties the root.
    pub fn remove(&self, place: &Place) -> io::Result<()> {
        if place.path.is_empty() {
            return super::tree::empty(self.root(place.root));
        }
        match self.parent(place) {
            Ok((parent, name)) => super::tree::remove(&parent, name),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// What a layer has of a name, for what lies over it: nothing (and those below may), or a directory; where it has anything
/// else, whatever is below is hidden: none.
#[expect(clippy::option_option, reason = "the outer one ends the search, the inner one goes on")]
fn layer_entry(layer: &OwnedFd, name: &str) -> Option<Option<OwnedFd>> {
    match openat(layer, name, DIRECTORY, Mode::empty()) {
        Ok(directory) => Some(Some(directory)),
        Err(Errno::NOENT) => Some(None),
        Err(_) => None,
    }
}

/// The names in a directory, without `.` and `..`.
pub fn names_in(directory: impl AsFd) -> io::Result<Vec<std::ffi::CString>> {
    let mut names = Vec::new();
    for entry in Dir::read_from(directory)? {
        let name = entry?.file_name().to_owned();
        if ![c".", c".."].contains(&name.as_c_str()) {
            names.push(name);
        }
    }
    Ok(names)
}

fn names(place: &Place) -> io::Result<Vec<&str>> {
    let names: Vec<&str> = place.path.split('/').collect();
    let bad = |name: &&str| ["", ".", ".."].contains(name) || name.contains('\0');
    if names.iter().any(bad) { Err(unusable(place)) } else { Ok(names) }
}

fn unusable(place: &Place) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("`{}` is not a path below the root", place.path))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn roots() -> (tempfile::TempDir, Roots) {
        let folder = tempfile::tempdir().unwrap();
        let path = |name| {
            let path = folder.path().join(name);
            std::fs::create_dir(&path).unwrap();
            path.to_str().unwrap().to_owned()
        };
        let roots = Roots::open(&path("store"), &path("go")).unwrap();
        (folder, roots)
    }

    fn store(path: &str) -> Place {
        Place { root: Root::Store, path: path.to_owned() }
    }

    #[test]
    fn no_path_leads_out() {
        let (folder, roots) = roots();
        std::fs::write(folder.path().join("secret"), "x").unwrap();
        std::os::unix::fs::symlink("..", folder.path().join("store/up")).unwrap();
        std::os::unix::fs::symlink("../secret", folder.path().join("store/link")).unwrap();
        for path in ["../secret", "up/secret", "link", "/etc/passwd", "a//b", "./x", "", "up/../up"] {
            assert!(roots.file(&store(path)).is_err(), "{path}");
        }
        roots.remove(&store("up")).unwrap();
        assert!(folder.path().join("secret").exists());
    }

    #[test]
    fn a_pipe_in_place_of_a_file_is_refused_at_once() {
        let (_folder, roots) = roots();
        rustix::fs::mkfifoat(roots.root(Root::Store), "spool", Mode::from_raw_mode(0o666)).unwrap();
        assert!(roots.file(&store("spool")).is_err());
    }

    #[test]
    fn a_mount_point_looks_like_what_it_hides() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let (folder, roots) = roots();
        let at = |path: &str| folder.path().join("store").join(path);
        for layer in ["low/a/b", "mid", "up"] {
            std::fs::create_dir_all(at(layer)).unwrap();
        }
        let mode = |path: &str, mode| std::fs::set_permissions(at(path), std::fs::Permissions::from_mode(mode)).unwrap();
        mode("low/a", 0o750);
        mode("low/a/b", 0o711);
        mode("up", 0o777);
        // The layer between has a link there: what is below it does not show.
        symlink("/etc", at("mid/link")).unwrap();
        std::fs::create_dir(at("low/link")).unwrap();
        std::fs::write(at("up/file"), "").unwrap();
        let over = [store("mid"), store("low")];
        for path in ["a/b", "link", "new/deep", "file"] {
            for _ in 0..2 {
                roots.mount_point(&store("up"), path, &over).unwrap();
            }
        }
        let modes = ["a", "a/b", "link", "new", "new/deep", "file"].map(|path| at("up").join(path).symlink_metadata().unwrap());
        assert!(modes.iter().all(|found| found.is_dir()));
        assert_eq!(modes.map(|found| found.permissions().mode() & 0o777), [0o750, 0o711, 0o777, 0o777, 0o777, 0o777]);
        for bad in ["..", "a/../b", "", "/x", "link/../../x"] {
            assert!(roots.mount_point(&store("up"), bad, &over).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_made_twice_is_made_once() {
        let (folder, roots) = roots();
        for _ in 0..2 {
            roots.make_dir(&store("a/b/c"), 0o777, None).unwrap();
            roots.write(&store("a/f"), 0o444, |file| file.write_all(b"hello")).unwrap();
            roots.touch(&store("a/s"), 0o666).unwrap();
            roots.link(&store("a/f"), &store("a/b/g")).unwrap();
        }
        assert_eq!(std::fs::read(folder.path().join("store/a/b/g")).unwrap(), b"hello");
        roots.remove(&store("a")).unwrap();
        roots.remove(&store("a")).unwrap();
        assert!(!folder.path().join("store/a").exists());
    }
}
