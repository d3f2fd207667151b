//! A folder as a tar stream: files, folders and links as links, all owned by root, times kept.

use bytes::Bytes;
use futures_util::Stream;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use tar::{Builder, EntryType, Header, HeaderMode};
use tempfile::TempDir;
use tokio::sync::mpsc;

/// Bytes handed over at once.
const CHUNK: usize = 256 * 1024;

/// Reads the folder on a thread of its own, no faster than the stream is read; removes it at the end.
pub fn stream(dir: TempDir) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    packed(move |tar| {
        let written = folder(tar, dir.path(), Path::new(""));
        if let Err(error) = dir.close() {
            tracing::warn!(%error, "a temporary working tree cannot be removed");
        }
        written
    })
}

/// Reads these files below a root, likewise, and the `.git` of another folder, which is removed at the end; the folders that
/// files stand in come before them.
pub fn stream_files(root: PathBuf, files: Vec<PathBuf>, git: Option<TempDir>) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    packed(move |tar| {
        if let Some(git) = git {
            let (path, name) = (git.path().join(".git"), Path::new(".git"));
            entry(tar, &path, name)?;
            folder(tar, &path, name)?;
            if let Err(error) = git.close() {
                tracing::warn!(%error, "a temporary .git cannot be removed");
            }
        }
        let mut last: Option<&Path> = None;
        for file in &files {
            let parent = file.parent().unwrap_or(Path::new(""));
            let above: Vec<&Path> = parent.ancestors().take_while(|a| !a.as_os_str().is_empty()).collect();
            // In order, a folder's files stand together, and with those of the folders below it.
            for folder in above.iter().rev().filter(|f| last.is_none_or(|last| !last.starts_with(f))) {
                entry(tar, &root.join(folder), folder)?;
            }
            last = Some(parent);
            entry(tar, &root.join(file), file).map(drop).map_err(|e| io::Error::new(e.kind(), format!("{}: {e}", file.display())))?;
        }
        Ok(())
    })
}

fn packed(write: impl FnOnce(&mut Tar) -> io::Result<()> + Send + 'static) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let (send, mut receive) = mpsc::channel(4);
    tokio::task::spawn_blocking(move || {
        let tell = send.clone();
        let mut tar = Builder::new(Chunks { send, buffer: Vec::with_capacity(CHUNK) });
        let written = write(&mut tar).and_then(|()| tar.into_inner()).and_then(|mut out| out.flush());
        if let Err(e) = written {
            // Nobody reads any more: then there is nobody to tell.
            drop(tell.blocking_send(Err(e)));
        }
    });
    futures_util::stream::poll_fn(move |cx| receive.poll_recv(cx))
}

fn folder(tar: &mut Tar, dir: &Path, name: &Path) -> io::Result<()> {
    let mut entries = fs::read_dir(dir)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for each in entries {
        let (path, name) = (each.path(), name.join(each.file_name()));
        if entry(tar, &path, &name)?.is_dir() {
            folder(tar, &path, &name)?;
        }
    }
    Ok(())
}

/// One entry, of a folder without what is in it.
fn entry(tar: &mut Tar, path: &Path, name: &Path) -> io::Result<fs::FileType> {
    // Of the entry itself: a link is never followed.
    let metadata = fs::symlink_metadata(path)?;
    let mut header = Header::new_gnu();
    header.set_metadata_in_mode(&metadata, HeaderMode::Complete);
    header.set_uid(0);
    header.set_gid(0);
    let kind = metadata.file_type();
    if kind.is_dir() {
        header.set_mode(0o755);
        header.set_size(0);
        tar.append_data(&mut header, name, io::empty())?;
    } else if kind.is_symlink() {
        header.set_entry_type(EntryType::Symlink);
        header.set_size(0);
        header.set_mode(0o777);
        tar.append_link(&mut header, name, fs::read_link(path)?)?;
    } else if kind.is_file() {
        // As git knows them; this process's umask is nobody's business.
        header.set_mode(if metadata.permissions().mode() & 0o111 == 0 { 0o644 } else { 0o755 });
        let mut content = Whole { left: metadata.len(), file: File::open(path)? };
        tar.append_data(&mut header, name, &mut content)?;
    }
    Ok(kind)
}

/// As many bytes of a file as were announced: somebody may be writing it.
struct Whole {
    left: u64,
    file: File,
}

impl Read for Whole {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let read = self.file.read(&mut buffer[..room])?;
        if read == 0 && room > 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "it became shorter while it was read"));
        }
        self.left -= read as u64;
        Ok(read)
    }
}

type Tar = Builder<Chunks>;

/// Hands over what is written in pieces.
struct Chunks {
    send: mpsc::Sender<io::Result<Bytes>>,
    buffer: Vec<u8>,
}

impl Write for Chunks {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= CHUNK {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() {
            return Ok(());
        }
        let full = std::mem::replace(&mut self.buffer, Vec::with_capacity(CHUNK));
        self.send.blocking_send(Ok(full.into())).map_err(|_| io::Error::new(io::ErrorKind::BrokenPipe, "nobody reads the tar"))
    }
}
