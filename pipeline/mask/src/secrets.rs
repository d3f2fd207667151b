//! The secrets themselves.

use crate::forms::forms;
use crate::masker::Masker;
use crate::table::Table;
use std::fmt;
use std::sync::{Arc, OnceLock};

/// The shortest secret that is masked, in bytes: Buildkite's rule (its redactor's `LengthMin`). GitLab wants eight.
pub const SHORTEST: usize = 6;
/// Only so many bytes of a secret are masked: AWS Secrets Manager keeps up to 64 KiB, GitHub 48 KB.
pub const LONGEST: usize = 1024 * 1024;

/// The secrets of a step. Cheap to clone; their forms are derived when they are first needed.
#[derive(Clone, Default)]
pub struct Secrets {
    values: Vec<Vec<u8>>,
    table: Arc<OnceLock<Table>>,
}

impl Secrets {
    /// Takes these, and says which of them it cannot or only in part.
    pub fn new(values: impl IntoIterator<Item = impl AsRef<[u8]>>) -> (Secrets, Vec<Refused>) {
        let (mut taken, mut refused) = (Vec::new(), Vec::new());
        for (index, value) in values.into_iter().enumerate() {
            let value = value.as_ref();
            let length = value.trim_ascii().len();
            if length < SHORTEST {
                refused.push(Refused { index, reason: Reason::Short { length } });
                continue;
            }
            if value.len() > LONGEST {
                refused.push(Refused { index, reason: Reason::Long { length: value.len() } });
            }
            taken.push(value[..value.len().min(LONGEST)].to_vec());
        }
        taken.sort();
        taken.dedup();
        (Secrets { values: taken, table: Arc::default() }, refused)
    }

    /// The secrets as they were given, without those that were refused: what [`Secrets::new`] takes elsewhere.
    pub fn values(&self) -> &[Vec<u8>] {
        &self.values
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// Masks something that is there as a whole.
    pub fn mask(&self, bytes: &[u8]) -> Vec<u8> {
        let (mut masker, mut out) = (Masker::new(self), Vec::with_capacity(bytes.len()));
        masker.write(bytes, |bytes| out.extend_from_slice(bytes));
        masker.finish(|bytes| out.extend_from_slice(bytes));
        out
    }

    /// Masks a text that is there as a whole.
    pub fn mask_text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.mask(text.as_bytes())).into_owned()
    }

    /// All that is looked for, sorted: for tests, and to see what a secret becomes.
    pub fn forms(&self) -> impl Iterator<Item = &[u8]> {
        self.table().forms()
    }

    pub(crate) fn table(&self) -> &Table {
        self.table.get_or_init(|| Table::new(self.values.iter().flat_map(|value| forms(value))))
    }
}

impl fmt::Debug for Secrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secrets({})", self.values.len())
    }
}

/// A secret that is not masked, or not all of it. It says nothing of what the secret is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refused {
    /// Which of those that were given, from 0.
    pub index: usize,
    /// Why.
    pub reason: Reason,
}

/// Why a secret is not masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// It is under [`SHORTEST`], white space around it not counted: it would be found in innocent text all the time.
    Short {
        /// Bytes.
        length: usize,
    },
    /// It is over [`LONGEST`]: only its beginning is masked.
    Long {
        /// Bytes.
        length: usize,
    },
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.reason {
            Reason::Short { length: 0 } => f.write_str("an empty secret cannot be masked"),
            Reason::Short { length } => {
                let s = if length == 1 { "" } else { "s" };
                write!(f, "a secret of {length} byte{s} cannot be masked: it would be found everywhere\nuse at least {SHORTEST} bytes")
            }
            Reason::Long { length } => {
                write!(f, "a secret of {length} bytes is too long: only its first {LONGEST} bytes are masked\nkeep it in a file instead")
            }
        }
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s49_what_would_be_found_everywhere_is_refused_with_words() {
        let (secrets, refused) = Secrets::new(["", "a", "true", " true\n", "hunter22", "12345"]);
        assert_eq!(secrets.values(), [b"hunter22"]);
        let words: Vec<String> = refused.iter().map(ToString::to_string).collect();
        assert_eq!(refused.iter().map(|r| r.index).collect::<Vec<_>>(), [0, 1, 2, 3, 5]);
        assert_eq!(words[0], "an empty secret cannot be masked");
        assert_eq!(words[2], "a secret of 4 bytes cannot be masked: it would be found everywhere\nuse at least 6 bytes");
        assert_eq!(secrets.mask_text("a true story of 12345 hunter22s"), "a true story of 12345 ***s");
    }

    #[test]
    fn of_a_very_long_one_the_beginning_is_masked_and_that_is_said() {
        let long: Vec<u8> = (0..LONGEST as u64 / 8 + 1).flat_map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes()).collect();
        let (secrets, refused) = Secrets::new([&long]);
        assert_eq!(refused, [Refused { index: 0, reason: Reason::Long { length: LONGEST + 8 } }]);
        assert_eq!(secrets.mask(&long), [b"***", &long[LONGEST..]].concat());
    }

    #[test]
    fn nothing_is_said_of_what_they_are() {
        let (secrets, _) = Secrets::new(["hunter22"]);
        assert_eq!(format!("{secrets:?}"), "Secrets(1)");
    }
}
