//! Seals secrets before they go into the database, with a key that lies beside it in a file of its own.
//!
//! AES-256-GCM, a random nonce before the ciphertext, the row's name as associated data: a sealed value moved to another
//! row does not open.

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use anyhow::{Context as _, anyhow};
use std::path::Path;

const NONCE: usize = 12;

/// Seals and opens.
#[derive(Clone)]
pub struct Seal(Aes256Gcm);

impl std::fmt::Debug for Seal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seal")
    }
}

impl Seal {
    /// The key in that file; made with mode 0600 where there is none.
    ///
    /// # Errors
    /// The file cannot be read, made, or does not hold 32 bytes.
    pub fn open(file: &Path) -> anyhow::Result<Seal> {
        let key = match std::fs::read(file) {
            Ok(key) => key,
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => make(file)?,
            Err(e) => return Err(e).with_context(|| format!("reading the sealing key {}", file.display())),
        };
        let cipher = Aes256Gcm::new_from_slice(&key).map_err(|_| anyhow!("the sealing key {} is not 32 bytes long", file.display()))?;
        Ok(Seal(cipher))
    }

    /// Seals `plain` for the row named.
    ///
    /// # Errors
    /// Only if `plain` is absurdly long (64 GiB).
    pub fn seal(&self, row: &str, plain: &[u8]) -> anyhow::Result<Vec<u8>> {
        let nonce: [u8; NONCE] = rand::random();
        let payload = Payload { msg: plain, aad: row.as_bytes() };
        let sealed = self.0.encrypt(&nonce.into(), payload).map_err(|_| anyhow!("sealing {row} failed"))?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// Opens what was sealed for the row named.
    ///
    /// # Errors
    /// Another key, another row, or changed bytes.
    pub fn open_sealed(&self, row: &str, sealed: &[u8]) -> anyhow::Result<Vec<u8>> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE>().ok_or_else(|| anyhow!("{row} is not sealed"))?;
        let payload = Payload { msg: rest, aad: row.as_bytes() };
        self.0
            .decrypt(&(*nonce).into(), payload)
            .map_err(|_| anyhow!("{row} cannot be opened: the data folder's key is not the one it was sealed with"))
    }

    /// Opens a text.
    ///
    /// # Errors
    /// As [`Seal::open_sealed`], or it is no UTF-8.
    pub fn open_text(&self, row: &str, sealed: &[u8]) -> anyhow::Result<String> {
        String::from_utf8(self.open_sealed(row, sealed)?).with_context(|| format!("{row} is not text"))
    }
}

fn make(file: &Path) -> anyhow::Result<Vec<u8>> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let key: [u8; 32] = rand::random();
    let mut out = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .with_context(|| format!("making the sealing key {}", file.display()))?;
    out.write_all(&key)?;
    out.sync_all()?;
    Ok(key.to_vec())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn what_is_sealed_opens_in_its_row_alone() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("key");
        let sealed = Seal::open(&file).unwrap().seal("repository/1/token", b"gho_x").unwrap();
        assert!(!sealed.windows(5).any(|w| w == b"gho_x"));
        let again = Seal::open(&file).unwrap();
        assert_eq!(again.open_text("repository/1/token", &sealed).unwrap(), "gho_x");
        assert!(again.open_sealed("repository/2/token", &sealed).is_err());
        assert!(Seal::open(&dir.path().join("other")).unwrap().open_sealed("repository/1/token", &sealed).is_err());
    }
}
