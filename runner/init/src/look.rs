//! What is said to the helper that reads a finished tree (`init look DIR`), over its stdin and stdout.
//!
//! Framed as the keeper's messages are ([`crate::message`]); here both head and body carry something, in both
//! directions. One thing is asked at a time. Paths are bytes below the tree, as the step made them: they are never
//! used outside the helper's own container, where nothing but the tree is mounted.

use serde::{Deserialize, Serialize};

/// The longest path that is told; Linux takes no longer one in a call.
pub const MAX_PATH: usize = 4096;
/// A path this deep is not walked further.
pub const MAX_DEPTH: usize = 200;

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Ask {
    /// What are the paths in the body (the empty path is the tree itself), and what is below them? Answered by
    /// [`Answer::Entries`], then [`Answer::Done`].
    List {
        /// At most so many entries are looked at.
        most: u64,
    },
    /// The content of the files in the body. Answered for each, in order, by [`Answer::File`] and its bytes, or by
    /// [`Answer::Refused`]; then [`Answer::Done`].
    Send,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Answer {
    /// The body holds entries.
    Entries,
    /// The next file, of which so many bytes follow in bodies of [`Answer::Bytes`].
    File {
        /// Bytes.
        length: u64,
    },
    /// The next file cannot be read.
    Refused {
        /// Why.
        words: String,
    },
    /// The body holds bytes of the file. Fewer than were announced: it was cut short, and [`Answer::Refused`] follows.
    Bytes,
    /// That was all.
    Done {
        /// Was everything looked at?
        whole: bool,
    },
    /// What was asked failed altogether.
    Failed {
        /// Why.
        words: String,
    },
}

/// What a name in the tree stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Link,
    /// A named pipe.
    Pipe,
    /// A device.
    Device,
    /// A socket.
    Socket,
}

impl EntryKind {
    const ALL: [EntryKind; 6] =
        [EntryKind::File, EntryKind::Directory, EntryKind::Link, EntryKind::Pipe, EntryKind::Device, EntryKind::Socket];

    fn code(self) -> u8 {
        match self {
            EntryKind::File => b'f',
            EntryKind::Directory => b'd',
            EntryKind::Link => b'l',
            EntryKind::Pipe => b'p',
            EntryKind::Device => b'b',
            EntryKind::Socket => b's',
        }
    }
}

/// A name in the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// What it is.
    pub kind: EntryKind,
    /// Permission bits.
    pub mode: u32,
    /// Bytes, of a file.
    pub length: u64,
    /// Its path below the tree.
    pub path: Vec<u8>,
    /// Where a link points to.
    pub target: Vec<u8>,
}

impl Entry {
    /// Appends it to a body.
    pub fn put(&self, body: &mut Vec<u8>) {
        body.push(self.kind.code());
        body.extend(self.mode.to_be_bytes());
        body.extend(self.length.to_be_bytes());
        for bytes in [&self.path, &self.target] {
            body.extend((bytes.len().min(MAX_PATH) as u16).to_be_bytes());
            body.extend(&bytes[..bytes.len().min(MAX_PATH)]);
        }
    }

    /// Takes one off the front of a body; none where it is no such body.
    pub fn take(body: &mut &[u8]) -> Option<Entry> {
        let (&code, rest) = body.split_first()?;
        let kind = EntryKind::ALL.into_iter().find(|kind| kind.code() == code)?;
        let (mode, rest) = rest.split_first_chunk()?;
        let (length, mut rest) = rest.split_first_chunk()?;
        let mut text = || {
            let (length, after) = rest.split_first_chunk()?;
            let (text, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            rest = after;
            Some(text.to_vec())
        };
        let (path, target) = (text()?, text()?);
        *body = rest;
        Some(Entry { kind, mode: u32::from_be_bytes(*mode), length: u64::from_be_bytes(*length), path, target })
    }
}

/// Paths as the body of an ask: each ends with NUL, which no path holds.
pub fn put_paths<'a>(paths: impl IntoIterator<Item = &'a [u8]>) -> Vec<u8> {
    paths.into_iter().flat_map(|path| path.iter().copied().chain([0])).collect()
}

/// The paths in the body of an ask.
pub fn paths(body: &[u8]) -> impl Iterator<Item = &[u8]> {
    body.strip_suffix(&[0]).into_iter().flat_map(|all| all.split(|byte| *byte == 0))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn entries_and_paths_are_read_back() {
        let some = [
            Entry { kind: EntryKind::File, mode: 0o644, length: 1 << 40, path: b"a\nb/\xff".to_vec(), target: Vec::new() },
            Entry { kind: EntryKind::Link, mode: 0o777, length: 0, path: b"l".to_vec(), target: b"/etc/shadow".to_vec() },
        ];
        let mut body = Vec::new();
        some.iter().for_each(|entry| entry.put(&mut body));
        let mut rest = &body[..];
        assert_eq!([Entry::take(&mut rest).unwrap(), Entry::take(&mut rest).unwrap()], some);
        assert_eq!((rest.len(), Entry::take(&mut rest)), (0, None));
        assert_eq!(Entry::take(&mut &body[..body.len() - 1]).map(|e| e.path), Some(some[0].path.clone()));
        assert_eq!(Entry::take(&mut &b"x123"[..]), None);
        for list in [vec![], vec![&b""[..]], vec![&b"a"[..], b"", b"b/c"]] {
            assert_eq!(paths(&put_paths(list.clone())).collect::<Vec<_>>(), list);
        }
    }
}
