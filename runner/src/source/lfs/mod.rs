//! What Git LFS keeps elsewhere, for pipelines that ask for it: fetched by what it is (SHA-256), kept on this host for the
//! repository, and put where its pointers stand.
//!
//! Git's own program for it is not used: it would have to be installed, reads settings that the repository holds, and has
//! written through links before (CVE-2025-26625). All that is needed of it is in here.

mod pointer;
mod server;

use super::git::Git;
use super::words;
use crate::disk;
use crate::retry::Backoff;
use dockercise_pipeline::wire::Source;
use pointer::{Object, Pointer};
use server::{BATCH, Server};
use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs::File;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// No more is fetched for a run, in bytes.
const MOST_BYTES: u64 = 10 << 30;
/// Tries in all, where only the way there fails.
const TRIES: u32 = 4;
/// What no run has used for so long goes.
const UNUSED: Duration = Duration::from_secs(14 * 24 * 60 * 60);

/// Puts the files in place of their pointers in a working tree.
///
/// # Errors
/// In words.
pub async fn fill(git: &Git, source: &Source, dir: &Path, store: &Path, tmp: &Path) -> Result<(), String> {
    let of = |words: String| format!("Git LFS: {words}");
    let pointers = pointers(git, dir).await?;
    let wanted: BTreeSet<&Object> = pointers.iter().map(|pointer| &pointer.object).collect();
    let bytes: u64 = wanted.iter().map(|object| object.size).fold(0, u64::saturating_add);
    if bytes > MOST_BYTES {
        return Err(of(format!("the files are {bytes} bytes together\n{MOST_BYTES} is the most")));
    }
    let store = Store { root: store };
    let missing: Vec<Object> = wanted.into_iter().filter(|object| !store.has(object)).cloned().collect();
    if !missing.is_empty() {
        let server = Server::of(source, tmp).await.map_err(of)?;
        for batch in missing.chunks(BATCH) {
            fetch(&server, batch, &store, tmp).await.map_err(of)?;
        }
    }
    for pointer in &pointers {
        store.put(pointer, dir).map_err(of)?;
    }
    store.tidy();
    Ok(())
}

/// Fetches objects into the store, again what is missing where only the way there failed.
async fn fetch(server: &Server, objects: &[Object], store: &Store<'_>, tmp: &Path) -> Result<(), String> {
    let mut backoff = Backoff::default();
    for left in (0..TRIES).rev() {
        let missing: Vec<Object> = objects.iter().filter(|object| !store.has(object)).cloned().collect();
        match server.fetch(&missing, tmp, |object, file| store.add(object, file.into_temp_path())).await {
            Err(failed) if failed.passing && left > 0 => {
                tracing::info!(error = failed.words, "fetching from Git LFS failed and is tried again");
                tokio::time::sleep(backoff.pause()).await;
            }
            done => return done.map_err(|failed| failed.words),
        }
    }
    Ok(())
}

/// The pointers that the commit has, whatever its attributes say: so does git-lfs.
async fn pointers(git: &Git, dir: &Path) -> Result<Vec<Pointer>, String> {
    let tree = git.local_bytes(dir, ["ls-tree", "-r", "-l", "-z", "--full-tree", "HEAD"]).await?;
    let mut pointers = Vec::new();
    for (path, executable) in tree.split(|byte| *byte == 0).filter_map(small_file) {
        let at = dir.join(path);
        // As it stands in the tree: a folder of it is no link, and what is none of these is no pointer.
        let there = at.symlink_metadata().is_ok_and(|found| found.is_file() && found.len() <= pointer::LONGEST);
        if let (true, Ok(text)) = (there, std::fs::read_to_string(&at))
            && through_no_link(dir, path)
            && let Some(object) = pointer::parse(&text)
        {
            pointers.push(Pointer { path: path.to_owned(), executable, object });
        }
    }
    Ok(pointers)
}

/// Is a path's folder what its name says?
fn through_no_link(dir: &Path, path: &Path) -> bool {
    let folder = path.parent().unwrap_or(Path::new(""));
    let (root, found) = (dir.canonicalize(), dir.join(folder).canonicalize());
    matches!((root, found), (Ok(root), Ok(found)) if found == root.join(folder))
}

/// `{mode} blob {id} {size}\t{path}` of a regular file that may be a pointer: its path, and whether it may be run.
fn small_file(entry: &[u8]) -> Option<(&Path, bool)> {
    let tab = entry.iter().position(|byte| *byte == b'\t')?;
    let mut words = std::str::from_utf8(&entry[..tab]).ok()?.split_ascii_whitespace();
    let executable = match words.next()? {
        "100644" => false,
        "100755" => true,
        _ => return None,
    };
    let size: u64 = words.nth(2)?.parse().ok()?;
    (size <= pointer::LONGEST).then(|| (Path::new(OsStr::from_bytes(&entry[tab + 1..])), executable))
}

/// The files of a repository that are here, each by its sum.
struct Store<'a> {
    root: &'a Path,
}

impl Store<'_> {
    fn path(&self, object: &Object) -> PathBuf {
        self.root.join(&object.oid[..2]).join(&object.oid)
    }

    /// Is it here, whole? It is used then.
    fn has(&self, object: &Object) -> bool {
        let Ok(file) = File::open(self.path(object)) else { return false };
        let whole = file.metadata().is_ok_and(|found| found.len() == object.size);
        if whole && let Err(error) = file.set_modified(SystemTime::now()) {
            tracing::debug!(%error, "when a file of Git LFS was used cannot be noted");
        }
        whole
    }

    fn add(&self, object: &Object, file: tempfile::TempPath) -> Result<(), String> {
        let path = self.path(object);
        let at = |e: std::io::Error| words::disk(&path, &e);
        disk::make_dir(path.parent().unwrap_or(self.root)).map_err(at)?;
        file.persist(&path).map_err(|e| at(e.error))
    }

    /// In place of its pointer. As another name where it can be: nobody writes to what stands here.
    fn put(&self, pointer: &Pointer, dir: &Path) -> Result<(), String> {
        let (from, to) = (self.path(&pointer.object), dir.join(&pointer.path));
        let put = || {
            std::fs::remove_file(&to)?;
            if pointer.executable || std::fs::hard_link(&from, &to).is_err() {
                std::fs::copy(&from, &to)?;
                std::fs::set_permissions(&to, std::fs::Permissions::from_mode(if pointer.executable { 0o700 } else { 0o600 }))?;
            }
            Ok(())
        };
        put().map_err(|e| words::disk(&to, &e))
    }

    /// Removes what has not been used for long.
    fn tidy(&self) {
        let old = SystemTime::now() - UNUSED;
        for folder in std::fs::read_dir(self.root).into_iter().flatten().flatten() {
            for file in std::fs::read_dir(folder.path()).into_iter().flatten().flatten() {
                let unused = file.metadata().and_then(|found| found.modified()).is_ok_and(|used| used < old);
                if unused && let Err(error) = disk::remove(&file.path()) {
                    tracing::warn!(%error, "an old file of Git LFS stays");
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn small_regular_files_may_be_pointers() {
        let of = |text: &str| small_file(text.as_bytes()).map(|(path, run)| (path.to_str().unwrap().to_owned(), run));
        let sha = "0123456789abcdef0123456789abcdef01234567";
        assert_eq!(of(&format!("100644 blob {sha}     130\ta\tb c")), Some(("a\tb c".to_owned(), false)));
        assert_eq!(of(&format!("100755 blob {sha}     130\tx")), Some(("x".to_owned(), true)));
        for bad in [
            format!("100644 blob {sha}    1025\tx"),
            format!("120000 blob {sha}   9\tx"),
            format!("160000 commit {sha}       -\tx"),
            String::new(),
        ] {
            assert_eq!(of(&bad), None, "{bad}");
        }
    }

    #[test]
    fn what_was_not_used_for_long_goes() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store { root: dir.path() };
        let object = |n: u8| Object { oid: format!("{n:02x}").repeat(32), size: 1 };
        for n in [1, 2] {
            let file = tempfile::NamedTempFile::new_in(dir.path()).unwrap();
            std::fs::write(file.path(), "x").unwrap();
            store.add(&object(n), file.into_temp_path()).unwrap();
            File::open(store.path(&object(n))).unwrap().set_modified(SystemTime::now() - 2 * UNUSED).unwrap();
        }
        assert!(store.has(&object(2)));
        assert!(!store.has(&Object { size: 2, ..object(2) }), "not whole");
        store.tidy();
        assert_eq!((store.has(&object(1)), store.has(&object(2))), (false, true));
    }
}
