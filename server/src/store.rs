//! The `local` account's folder: logs, as frames, one file an attempt and phase; and the files that steps leave.
//!
//! `{root}/{account}/{slug}/{number}/{step}/{attempt}-{phase}.log`, a service's `…-{phase}-{service}.log`. Values are projections of these and not stored again.

pub mod files;

use dockercise_pipeline::frame::{self, Stream};
use dockercise_pipeline::ids::Phase;
use sha2::{Digest as _, Sha256};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// A log's place.
#[derive(Debug, Clone)]
pub struct LogName {
    /// The account.
    pub account: String,
    /// The pipeline's slug.
    pub slug: String,
    /// The run's number.
    pub number: i64,
    /// The step's name.
    pub step: String,
    /// The attempt.
    pub attempt: u32,
    /// The phase.
    pub phase: Phase,
    /// The service that wrote it; none for the step's own.
    pub service: Option<String>,
}

/// What came of adding bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Appended {
    /// They are in; the log is this long now.
    Taken(u64),
    /// They do not start where the log ends, which is here.
    Mismatch(u64),
}

/// Frames read from a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Each frame with its offset: stream, microseconds, bytes.
    pub frames: Vec<(u64, Stream, u64, Vec<u8>)>,
    /// Where the next page starts.
    pub next: u64,
    /// How long the log is now.
    pub length: u64,
    /// The log holds something that is no frame from `next` on.
    pub damaged: bool,
}

/// The folder.
#[derive(Debug, Clone)]
pub struct Store {
    root: PathBuf,
    /// Appends check the length first; one at a time is fast enough for a local disk.
    lock: Arc<Mutex<()>>,
}

impl Store {
    /// The store in a folder, which is made on the first write.
    pub fn new(root: PathBuf) -> Store {
        Store { root, lock: Arc::default() }
    }

    fn path(&self, log: &LogName) -> PathBuf {
        let (attempt, phase) = (log.attempt, log.phase.word());
        let file = match &log.service {
            None => format!("{attempt}-{phase}.log"),
            Some(service) => format!("{attempt}-{phase}-{service}.log"),
        };
        self.root.join(&log.account).join(&log.slug).join(log.number.to_string()).join(&log.step).join(file)
    }

    /// Adds bytes at an offset.
    ///
    /// # Errors
    /// The disk's.
    pub async fn append(&self, log: &LogName, offset: u64, bytes: bytes::Bytes) -> io::Result<Appended> {
        let (path, lock) = (self.path(log), Arc::clone(&self.lock));
        blocking(move || {
            let _one = lock.lock().map_err(|_| io::Error::other("a writer died"))?;
            let length = length_of(&path)?;
            if length != offset {
                return Ok(Appended::Mismatch(length));
            }
            if let Some(folder) = path.parent() {
                std::fs::create_dir_all(folder)?;
            }
            let mut file = std::fs::OpenOptions::new().append(true).create(true).open(&path)?;
            if let Err(e) = file.write_all(&bytes) {
                // Half a frame of a full disk must not stay: the next try starts where this one did.
                file.set_len(length)?;
                return Err(e);
            }
            Ok(Appended::Taken(length + bytes.len() as u64))
        })
        .await
    }

    /// How long a log is; 0 where there is none.
    ///
    /// # Errors
    /// The disk's.
    pub async fn length(&self, log: &LogName) -> io::Result<u64> {
        let path = self.path(log);
        blocking(move || length_of(&path)).await
    }

    /// Length and sha256 (lower-case hex) of a log, after it is safe on the disk.
    ///
    /// # Errors
    /// The disk's.
    pub async fn seal(&self, log: &LogName) -> io::Result<(u64, String)> {
        let path = self.path(log);
        blocking(move || {
            let mut file = match std::fs::File::open(&path) {
                Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok((0, hex(&Sha256::digest([])))),
                file => file?,
            };
            file.sync_all()?;
            let mut sum = Sha256::new();
            let length = each_chunk(&mut file, |chunk| sum.update(chunk))?;
            Ok((length, hex(&sum.finalize())))
        })
        .await
    }

    /// Frames from an offset on, about `limit` bytes of them.
    ///
    /// # Errors
    /// The disk's.
    pub async fn page(&self, log: &LogName, from: u64, limit: usize) -> io::Result<Page> {
        let path = self.path(log);
        blocking(move || {
            let length = length_of(&path)?;
            let mut page = Page { frames: Vec::new(), next: from.min(length), length, damaged: false };
            if from >= length {
                return Ok(page);
            }
            let mut file = std::fs::File::open(&path)?;
            file.seek(SeekFrom::Start(from))?;
            let mut bytes = Vec::new();
            file.take((limit + frame::MAX_PAYLOAD + frame::HEADER) as u64).read_to_end(&mut bytes)?;
            let mut rest = &bytes[..];
            while (page.next - from) < limit as u64 {
                match frame::first(rest) {
                    Ok(Some((f, taken))) => {
                        page.frames.push((page.next, f.stream, f.micros, f.payload.to_vec()));
                        page.next += taken as u64;
                        rest = &rest[taken..];
                    }
                    Ok(None) => break,
                    Err(frame::Damaged) => {
                        page.damaged = true;
                        break;
                    }
                }
            }
            Ok(page)
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(io::Error::other)?
}

fn length_of(path: &Path) -> io::Result<u64> {
    match std::fs::metadata(path) {
        Ok(data) => Ok(data.len()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(e) => Err(e),
    }
}

fn each_chunk(file: &mut std::fs::File, mut each: impl FnMut(&[u8])) -> io::Result<u64> {
    let mut buffer = vec![0; 256 * 1024];
    let mut length = 0;
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok(length);
        }
        each(&buffer[..n]);
        length += n as u64;
    }
}

/// Lower-case hex.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, b| {
        let _ = write!(text, "{b:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn log() -> LogName {
        LogName { account: "local".into(), slug: "a".into(), number: 1, step: "s".into(), attempt: 1, phase: Phase::Run, service: None }
    }

    fn frame_of(stream: Stream, text: &[u8]) -> Vec<u8> {
        [&frame::header(stream, 5, text.len())[..], text].concat()
    }

    #[tokio::test]
    async fn bytes_are_taken_only_where_the_log_ends() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path().to_owned());
        let one = frame_of(Stream::Stdout, b"one\n");
        let two = frame_of(Stream::Stderr, b"two\n");
        assert_eq!(store.append(&log(), 0, one.clone().into()).await.unwrap(), Appended::Taken(20));
        assert_eq!(store.append(&log(), 0, one.clone().into()).await.unwrap(), Appended::Mismatch(20));
        assert_eq!(store.append(&log(), 20, two.clone().into()).await.unwrap(), Appended::Taken(40));
        let page = store.page(&log(), 0, 1000).await.unwrap();
        assert_eq!(page.frames.len(), 2);
        assert_eq!(page.frames[1], (20, Stream::Stderr, 5, b"two\n".to_vec()));
        assert_eq!((page.next, page.length, page.damaged), (40, 40, false));
        let (length, sum) = store.seal(&log()).await.unwrap();
        assert_eq!((length, sum), (40, hex(&Sha256::digest([one, two].concat()))));
    }

    #[tokio::test]
    async fn a_log_that_never_was_is_empty() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path().to_owned());
        assert_eq!(store.page(&log(), 7, 10).await.unwrap(), Page { frames: vec![], next: 0, length: 0, damaged: false });
        assert_eq!(store.seal(&log()).await.unwrap().0, 0);
    }
}
