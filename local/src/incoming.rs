//! Files that steps leave: taken in under their sums, and given their names when the step's record says them.

use axum::body::Bytes;
use dockercise_pipeline::diagnostic::acts;
use dockercise_pipeline::wire::StoredFile;
use futures_util::{Stream, StreamExt as _};
use sha2::{Digest as _, Sha256};
use std::io;
use std::path::{Path, PathBuf};
use tokio::io::AsyncWriteExt as _;

/// The folder for files that have no name yet.
#[derive(Debug, Clone)]
pub struct Incoming {
    dir: PathBuf,
}

impl Incoming {
    /// In a folder of its own, made here and removed by [`Incoming::end`].
    ///
    /// # Errors
    /// The disk's.
    pub fn new(dir: PathBuf) -> io::Result<Incoming> {
        std::fs::create_dir_all(&dir)?;
        Ok(Incoming { dir })
    }

    /// Takes a file in, whole or not at all.
    ///
    /// # Errors
    /// The disk's; it breaks off; or its bytes are not what its sum says.
    pub async fn take<E: Into<axum::BoxError>>(&self, sha256: &str, bytes: impl Stream<Item = Result<Bytes, E>> + Send) -> io::Result<()> {
        let whole = self.place(sha256)?;
        if whole.exists() {
            return Ok(());
        }
        let part = tempfile::NamedTempFile::new_in(&self.dir)?;
        let mut file = tokio::fs::File::from_std(part.reopen()?);
        let mut sum = Sha256::new();
        let mut bytes = std::pin::pin!(bytes);
        while let Some(piece) = bytes.next().await {
            let piece = piece.map_err(io::Error::other)?;
            sum.update(&piece);
            file.write_all(&piece).await?;
        }
        file.flush().await?;
        let sum: String = sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        if sum != sha256 {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the bytes are not what their sum says"));
        }
        part.persist(whole)?;
        Ok(())
    }

    /// Is the file here?
    pub fn has(&self, file: &StoredFile) -> bool {
        self.place(&file.sha256).and_then(std::fs::metadata).is_ok_and(|there| there.len() == file.length)
    }

    /// Puts the files of a step into a folder, under their own names.
    ///
    /// # Errors
    /// The disk's.
    pub fn name(&self, files: &[StoredFile], folder: &Path) -> io::Result<()> {
        for file in files {
            let to = folder.join(name(&file.path));
            if let Some(parent) = to.parent() {
                std::fs::create_dir_all(parent)?;
            }
            let from = self.place(&file.sha256)?;
            match std::fs::remove_file(&to) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => return Err(e),
                _ => {}
            }
            // Several names may have one content, and each is a person's to change.
            std::fs::copy(from, to)?;
        }
        Ok(())
    }

    /// Nothing more comes.
    pub fn end(&self) {
        if let Err(error) = std::fs::remove_dir_all(&self.dir) {
            tracing::warn!(%error, "files that were taken in twice cannot be removed");
        }
    }

    fn place(&self, sha256: &str) -> io::Result<PathBuf> {
        let digits = sha256.len() == 64 && sha256.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if digits { Ok(self.dir.join(sha256)) } else { Err(io::Error::new(io::ErrorKind::InvalidInput, "that is no sum")) }
    }
}

/// A step chose the name: it stays below its folder, and holds nothing that a terminal acts upon.
fn name(path: &str) -> PathBuf {
    let tame = |part: &str| part.chars().map(|c| if acts(c) || c == '\\' { '_' } else { c }).collect::<String>();
    let parts = path.split('/').filter(|part| !matches!(*part, "" | "." | ".."));
    let name: PathBuf = parts.map(tame).collect();
    if name.as_os_str().is_empty() { PathBuf::from("_") } else { name }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn s37_a_name_stays_below_its_folder() {
        for (path, below) in [
            ("../../etc/passwd", "etc/passwd"),
            ("/abs/./x", "abs/x"),
            ("a\u{1b}[2J/b\nc", "a_[2J/b_c"),
            ("C:\\x", "C:_x"),
            ("..", "_"),
            ("a/b.txt", "a/b.txt"),
        ] {
            assert_eq!(name(path), Path::new(below), "{path:?}");
        }
    }

    #[tokio::test]
    async fn a_file_is_taken_whole_and_named_later() {
        let dir = tempfile::tempdir().unwrap();
        let incoming = Incoming::new(dir.path().join("in")).unwrap();
        let sha256: String = Sha256::digest(b"hello").iter().map(|b| format!("{b:02x}")).collect();
        let pieces = |pieces: &[&'static str]| {
            let pieces: Vec<_> = pieces.iter().map(|p| Ok::<_, io::Error>(Bytes::from_static(p.as_bytes()))).collect();
            futures_util::stream::iter(pieces)
        };
        assert!(incoming.take(&sha256, pieces(&["hel"])).await.is_err());
        assert!(incoming.take("../x", pieces(&[])).await.is_err());
        incoming.take(&sha256, pieces(&["hel", "lo"])).await.unwrap();
        let file = |path: &str| StoredFile { path: path.into(), length: 5, sha256: sha256.clone() };
        assert!(incoming.has(&file("a")) && !incoming.has(&StoredFile { length: 6, ..file("a") }));
        incoming.name(&[file("a"), file("deep/er/b")], &dir.path().join("files")).unwrap();
        assert_eq!(std::fs::read(dir.path().join("files/deep/er/b")).unwrap(), b"hello");
        incoming.end();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}
