//! A folder as a tar stream: files, folders and links as links, all owned by root, times kept.

use bytes::Bytes;
use futures_util::Stream;
use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use tar::{Builder, EntryType, Header, HeaderMode};
use tempfile::TempDir;
use tokio::sync::mpsc;

/// Bytes handed over at once.
const CHUNK: usize = 256 * 1024;

/// Reads the folder on a thread of its own, no faster than the stream is read; removes it at the end.
pub fn stream(dir: TempDir) -> impl Stream<Item = io::Result<Bytes>> + Send + 'static {
    let (send, mut receive) = mpsc::channel(4);
    tokio::task::spawn_blocking(move || {
        let mut out = Chunks { send, buffer: Vec::with_capacity(CHUNK) };
        if let Err(e) = write(dir.path(), &mut out) {
            // Nobody reads any more: then there is nobody to tell.
            drop(out.send.blocking_send(Err(e)));
        }
        if let Err(error) = dir.close() {
            tracing::warn!(%error, "a temporary working tree cannot be removed");
        }
    });
    futures_util::stream::poll_fn(move |cx| receive.poll_recv(cx))
}

fn write(dir: &Path, out: &mut Chunks) -> io::Result<()> {
    let mut tar = Builder::new(&mut *out);
    folder(&mut tar, dir, Path::new(""))?;
    tar.finish()?;
    drop(tar);
    out.flush()
}

fn folder(tar: &mut Builder<&mut Chunks>, dir: &Path, name: &Path) -> io::Result<()> {
    let mut entries = fs::read_dir(dir)?.collect::<io::Result<Vec<_>>>()?;
    entries.sort_by_key(fs::DirEntry::file_name);
    for entry in entries {
        let (path, name) = (entry.path(), name.join(entry.file_name()));
        // Of the entry itself: a link is never followed.
        let metadata = fs::symlink_metadata(&path)?;
        let mut header = Header::new_gnu();
        header.set_metadata_in_mode(&metadata, HeaderMode::Complete);
        header.set_uid(0);
        header.set_gid(0);
        let kind = metadata.file_type();
        if kind.is_dir() {
            header.set_mode(0o755);
            header.set_size(0);
            tar.append_data(&mut header, &name, io::empty())?;
            folder(tar, &path, &name)?;
        } else if kind.is_symlink() {
            header.set_entry_type(EntryType::Symlink);
            header.set_size(0);
            header.set_mode(0o777);
            tar.append_link(&mut header, &name, fs::read_link(&path)?)?;
        } else if kind.is_file() {
            // As git knows them; this process's umask is nobody's business.
            header.set_mode(if metadata.permissions().mode() & 0o111 == 0 { 0o644 } else { 0o755 });
            tar.append_data(&mut header, &name, File::open(&path)?)?;
        }
    }
    Ok(())
}

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
