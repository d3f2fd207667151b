//! A file on its way to the server: secrets are taken out before it leaves this host.

use dockercise_mask::{Masker, Secrets};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{self, Seek as _, Write as _};
use std::path::Path;

/// A file is text where none of so many first bytes is NUL, as git and grep see it.
const LOOKED_AT: usize = 8 * 1024;

/// A file being taken in.
pub struct Sift {
    masker: Masker,
    /// None until so much has come that it is known.
    binary: Option<bool>,
    beginning: Vec<u8>,
    out: Out,
}

struct Out {
    file: io::BufWriter<File>,
    sum: Sha256,
    length: u64,
    failed: Option<io::Error>,
}

/// A file that may leave.
#[derive(Debug)]
pub struct Sifted {
    /// Its bytes, from the start. Without a name: it is gone when this is dropped.
    pub file: File,
    /// Bytes.
    pub length: u64,
    /// Lower-case hex.
    pub sha256: String,
}

impl Sift {
    /// Into a nameless file in a folder.
    ///
    /// # Errors
    /// The disk's.
    pub fn new(secrets: &Secrets, folder: &Path) -> io::Result<Sift> {
        let file = io::BufWriter::new(tempfile::tempfile_in(folder)?);
        let out = Out { file, sum: Sha256::new(), length: 0, failed: None };
        Ok(Sift { masker: Masker::new(secrets), binary: None, beginning: Vec::new(), out })
    }

    /// Takes the next bytes.
    pub fn write(&mut self, bytes: &[u8]) {
        match self.binary {
            Some(binary) => self.pass(bytes, binary),
            None => {
                self.beginning.extend_from_slice(bytes);
                if self.beginning.len() >= LOOKED_AT {
                    self.decide();
                }
            }
        }
    }

    fn decide(&mut self) -> bool {
        let beginning = std::mem::take(&mut self.beginning);
        let binary = beginning[..beginning.len().min(LOOKED_AT)].contains(&0);
        self.binary = Some(binary);
        self.pass(&beginning, binary);
        binary
    }

    fn pass(&mut self, bytes: &[u8], binary: bool) {
        let out = &mut self.out;
        if binary {
            self.masker.write(bytes, |_| {});
            out.take(bytes);
        } else {
            self.masker.write(bytes, |bytes| out.take(bytes));
        }
    }

    /// The whole file; none where it is not text and holds a secret that is known: with the secret taken out it would be
    /// another program or archive, and a broken one.
    ///
    /// # Errors
    /// The disk's.
    pub fn finish(mut self) -> io::Result<Option<Sifted>> {
        let binary = self.binary.unwrap_or_else(|| self.decide());
        let out = &mut self.out;
        if binary {
            self.masker.finish(|_| {});
            if self.masker.found_known() {
                return Ok(None);
            }
        } else {
            self.masker.finish(|bytes| out.take(bytes));
        }
        self.out.close().map(Some)
    }
}

impl Out {
    fn take(&mut self, bytes: &[u8]) {
        self.sum.update(bytes);
        self.length += bytes.len() as u64;
        if self.failed.is_none() {
            self.failed = self.file.write_all(bytes).err();
        }
    }

    fn close(self) -> io::Result<Sifted> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let mut file = self.file.into_inner().map_err(io::IntoInnerError::into_error)?;
        file.rewind()?;
        let sha256 = self.sum.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Sifted { file, length: self.length, sha256 })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::io::Read as _;

    fn sift(pieces: &[&[u8]]) -> Option<Vec<u8>> {
        let (secrets, _) = Secrets::new(["hunter22"]);
        let mut sift = Sift::new(&secrets, &std::env::temp_dir()).unwrap();
        pieces.iter().for_each(|piece| sift.write(piece));
        let mut sifted = sift.finish().unwrap()?;
        let mut bytes = Vec::new();
        sifted.file.read_to_end(&mut bytes).unwrap();
        assert_eq!((sifted.length, sifted.sha256), (bytes.len() as u64, crate::tests::support::server::sha256(&bytes)));
        Some(bytes)
    }

    #[test]
    fn s47_text_is_masked_and_a_program_that_holds_a_secret_does_not_leave() {
        assert_eq!(sift(&[b"the password is hun", b"ter22\n"]).unwrap(), b"the password is ***\n");
        assert_eq!(sift(&[]).unwrap(), b"");
        let long = [&b"x".repeat(LOOKED_AT - 3)[..], b"hunter22"].concat();
        assert_eq!(sift(&[&long]).unwrap(), [&b"x".repeat(LOOKED_AT - 3)[..], b"***"].concat());
        assert_eq!(sift(&[b"\x7fELF\0", b"hunter22"]), None);
        assert_eq!(sift(&[b"\x7fELF\0 -----BEGIN RSA PRIVATE KEY-----"]).unwrap(), b"\x7fELF\0 -----BEGIN RSA PRIVATE KEY-----");
    }
}
