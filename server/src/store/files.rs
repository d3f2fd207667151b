//! The files that steps leave for people, under their sums: `{step}/files/{sha256}`. What they were called stands in the
//! step's record and is never a name on this disk.

use super::{LogName, Store, blocking, hex};
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use sha2::{Digest as _, Sha256};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::time::Duration;

/// The largest file that is kept, in bytes; the runner's own limit is the same.
pub const LARGEST: u64 = 1 << 30;
/// So long the next bytes of a file may take to come.
const IDLE: Duration = Duration::from_secs(30);

/// A file's place.
#[derive(Debug, Clone)]
pub struct FileName {
    /// The account.
    pub account: String,
    /// The pipeline's slug.
    pub slug: String,
    /// The run's number.
    pub number: i64,
    /// The step's name.
    pub step: String,
    /// Lower-case hex: 64 digits.
    pub sha256: String,
}

/// What came of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Put {
    /// It is there, and safe.
    Stored,
    /// Its bytes are not what its name says.
    Differs,
    /// It is over [`LARGEST`].
    TooLarge,
    /// Whoever sends it stopped before its end.
    BrokenOff,
}

impl FileName {
    /// A file of the step that a log is of; none where that is no sum.
    pub fn beside(log: &LogName, sha256: &str) -> Option<FileName> {
        let digits = sha256.len() == 64 && sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        let LogName { account, slug, number, step, .. } = log.clone();
        digits.then(|| FileName { account, slug, number, step, sha256: sha256.to_owned() })
    }
}

impl Store {
    fn file_path(&self, file: &FileName) -> PathBuf {
        self.root.join(&file.account).join(&file.slug).join(file.number.to_string()).join(&file.step).join("files").join(&file.sha256)
    }

    /// Takes a file in, whole or not at all. One that is there already is not written again.
    ///
    /// # Errors
    /// The disk's.
    pub async fn put_file<E>(&self, name: &FileName, bytes: impl Stream<Item = Result<Bytes, E>> + Send) -> io::Result<Put> {
        let path = self.file_path(name);
        let Some(folder) = path.parent().map(PathBuf::from) else { return Err(io::Error::other("a file without a folder")) };
        let at = folder.clone();
        let mut new = blocking(move || {
            std::fs::create_dir_all(&at)?;
            // Removed when it is dropped: whatever breaks off, nothing stays.
            tempfile::Builder::new().prefix(".new-").tempfile_in(&at)
        })
        .await?;
        let (mut sum, mut length) = (Sha256::new(), 0u64);
        let mut bytes = std::pin::pin!(bytes);
        loop {
            let piece = match tokio::time::timeout(IDLE, bytes.next()).await {
                Ok(None) => break,
                Ok(Some(Ok(piece))) => piece,
                Ok(Some(Err(_))) | Err(_) => return Ok(Put::BrokenOff),
            };
            length += piece.len() as u64;
            if length > LARGEST {
                return Ok(Put::TooLarge);
            }
            sum.update(&piece);
            new = blocking(move || new.write_all(&piece).map(|()| new)).await?;
        }
        if hex(&sum.finalize()) != name.sha256 {
            return Ok(Put::Differs);
        }
        blocking(move || {
            new.as_file().sync_all()?;
            new.persist(&path)?;
            // The name too.
            std::fs::File::open(&folder)?.sync_all()
        })
        .await?;
        Ok(Put::Stored)
    }

    /// How long a file is; none where it is not here.
    ///
    /// # Errors
    /// The disk's.
    pub async fn file_length(&self, name: &FileName) -> io::Result<Option<u64>> {
        let path = self.file_path(name);
        blocking(move || match std::fs::metadata(&path) {
            Ok(data) => Ok(Some(data.len())),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        })
        .await
    }

    /// A file, open for reading; none where it is not here.
    ///
    /// # Errors
    /// The disk's.
    pub async fn open_file(&self, name: &FileName) -> io::Result<Option<std::fs::File>> {
        let path = self.file_path(name);
        blocking(move || match std::fs::File::open(&path) {
            Ok(file) => Ok(Some(file)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(e),
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use dockercise_pipeline::ids::Phase;
    use futures_util::stream;

    fn log() -> LogName {
        LogName { account: "local".into(), slug: "a".into(), number: 1, step: "s".into(), attempt: 1, phase: Phase::Run, service: None }
    }

    fn pieces(text: &[&'static str]) -> impl Stream<Item = Result<Bytes, ()>> + Send + use<> {
        stream::iter(text.iter().map(|t| Ok(Bytes::from_static(t.as_bytes()))).collect::<Vec<_>>())
    }

    #[tokio::test]
    async fn s37_a_file_is_stored_by_its_sum_alone_and_whole_or_not_at_all() {
        let dir = tempfile::tempdir().unwrap();
        let store = Store::new(dir.path().to_owned());
        let sum = hex(&Sha256::digest("report"));
        let name = FileName::beside(&log(), &sum).unwrap();
        assert_eq!(store.file_length(&name).await.unwrap(), None);
        assert_eq!(store.put_file(&name, pieces(&["rep", "orx"])).await.unwrap(), Put::Differs);
        assert_eq!(store.put_file(&name, stream::iter([Ok(Bytes::from_static(b"rep")), Err(())])).await.unwrap(), Put::BrokenOff);
        assert!(store.open_file(&name).await.unwrap().is_none());
        for _ in 0..2 {
            assert_eq!(store.put_file(&name, pieces(&["rep", "ort"])).await.unwrap(), Put::Stored);
        }
        assert_eq!(store.file_length(&name).await.unwrap(), Some(6));
        let folder = dir.path().join("local/a/1/s/files");
        let names: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        assert_eq!(names, std::slice::from_ref(&sum));
        for bad in ["", "../../x", &sum[1..], &sum.to_uppercase(), &format!("{sum}0"), "/etc/passwd"] {
            assert!(FileName::beside(&log(), bad).is_none(), "{bad}");
        }
    }
}
