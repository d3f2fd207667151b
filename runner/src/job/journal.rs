//! A job's journal: everything that happened to it, in the one order in which its machine was told, a JSON line each.
//! What stands here happened; what does not may have to be found out from the engine.

use dockercise_pipeline::run::Stamped;
use dockercise_pipeline::wire::{Report, ResolvedImage};
use serde::{Deserialize, Serialize};
use std::fs::{File, OpenOptions};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// One line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Entry {
    /// Something that happened on this host.
    Report {
        /// As it goes to the server.
        report: Report,
    },
    /// Something the server told.
    Order {
        /// Its number.
        number: u64,
        /// What.
        stamped: Stamped,
    },
    /// The server has the reports up to this number.
    Taken {
        /// The number.
        up_to: u64,
    },
}

impl Entry {
    /// The image that a step was started with.
    pub fn image(&self) -> Option<&ResolvedImage> {
        match self {
            Entry::Report { report } => report.image.as_ref(),
            Entry::Order { .. } | Entry::Taken { .. } => None,
        }
    }
}

/// The open file.
#[derive(Debug)]
pub struct Journal {
    file: File,
    /// Up to here the file holds whole lines.
    good: u64,
}

impl Journal {
    /// Opens the journal, or begins it, and gives back what stands in it. A last line that is not whole was being written
    /// when the process died: it never counted and is cut off.
    ///
    /// # Errors
    /// The disk's; or a line in the middle is damaged.
    pub fn open(path: &Path) -> io::Result<(Journal, Vec<Entry>)> {
        let mut file = OpenOptions::new().create(true).truncate(false).read(true).write(true).mode(0o600).open(path)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let whole = text.iter().rposition(|b| *b == b'\n').map_or(0, |i| i + 1);
        let entries = text[..whole]
            .split_inclusive(|b| *b == b'\n')
            .map(serde_json::from_slice)
            .collect::<Result<Vec<Entry>, _>>()
            .map_err(|e| io::Error::new(io::ErrorKind::InvalidData, format!("{} is damaged: {e}", path.display())))?;
        let mut journal = Journal { file, good: whole as u64 };
        journal.cut()?;
        Ok((journal, entries))
    }

    /// Writes lines and waits until they are on disk. After an error none of them counts.
    ///
    /// # Errors
    /// The disk's.
    pub fn append(&mut self, lines: &[u8]) -> io::Result<()> {
        let written = self.file.write_all(lines).and_then(|()| self.file.sync_data());
        match written {
            Ok(()) => self.good += lines.len() as u64,
            Err(_) => self.cut()?,
        }
        written
    }

    fn cut(&mut self) -> io::Result<()> {
        self.file.set_len(self.good)?;
        self.file.seek(SeekFrom::Start(self.good)).map(|_| ())
    }
}

/// An entry as a line.
pub fn line(entry: &Entry) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(entry)?;
    line.push(b'\n');
    Ok(line)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn half_a_line_never_counted_and_a_damaged_one_is_an_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("journal.jsonl");
        let (mut journal, none) = Journal::open(&path).unwrap();
        assert!(none.is_empty());
        journal.append(&line(&Entry::Taken { up_to: 1 }).unwrap()).unwrap();
        journal.append(&line(&Entry::Taken { up_to: 22222 }).unwrap()[..9]).unwrap();
        let (mut journal, entries) = Journal::open(&path).unwrap();
        assert_eq!(entries, [Entry::Taken { up_to: 1 }]);
        journal.append(&line(&Entry::Taken { up_to: 3 }).unwrap()).unwrap();
        assert_eq!(Journal::open(&path).unwrap().1, [Entry::Taken { up_to: 1 }, Entry::Taken { up_to: 3 }]);
        std::fs::write(&path, "{\"entry\":\"tak\n{\"entry\":\"taken\",\"up_to\":1}\n").unwrap();
        assert!(Journal::open(&path).is_err());
    }
}
