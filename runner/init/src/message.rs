//! The keeper's messages, over its stdin and stdout.
//!
//! ```text
//! bytes 0..4   length of the head, big endian
//! bytes 4..8   length of the body, big endian
//! then         the head: JSON of an Ask or an Answer
//! then         the body: bytes, empty but for Reply::Bytes, Reply::Heard and Request::Say
//! ```
//! Asks are numbered by the runner; answers come in any order. A follow is answered by many [`Reply::Bytes`], never
//! more than its credit, and a last [`Reply::Done`]; a socket by one [`Reply::Listening`] and a [`Reply::Heard`] for each
//! message that comes.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Length in bytes of what stands before the head.
pub const PREFIX: usize = 8;
/// The longest head.
pub const MAX_HEAD: usize = 8 * 1024 * 1024;
/// The longest body.
pub const MAX_BODY: usize = 1024 * 1024;

/// Where a path begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Root {
    /// The store volume: layers, values, spools. On disk.
    Store,
    /// The volume for what must not touch a disk. In memory.
    Go,
}

/// A file or directory, by its path below a root: names and single slashes, no `.` nor `..`, no link on the way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Place {
    /// Where the path begins.
    pub root: Root,
    /// Such as `0a1b2c3d/l/source`.
    pub path: String,
}

/// What the runner asks, with the number that the answer carries.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    /// The number.
    pub id: u64,
    /// What.
    pub request: Request,
}

/// What is asked of the keeper.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Request {
    /// All of these in their order, up to the first that fails. None of them may be a follow or what steers one.
    Batch {
        /// What.
        requests: Vec<Request>,
    },
    /// Makes a directory and what is missing above it; one that is there gets the mode.
    MakeDir {
        /// Where.
        at: Place,
        /// Permission bits, where `like` is absent.
        mode: u32,
        /// Take owner and permissions from this directory instead.
        like: Option<Place>,
    },
    /// Makes a directory that something is to be mounted at, with what is missing above it, in a layer that lies over
    /// others. What is no directory there gives way; each directory takes owner and permissions from what the layers
    /// below have there, or else from the one it is in.
    MountPoint {
        /// The layer.
        at: Place,
        /// Below it.
        path: String,
        /// The layers below, highest first.
        over: Vec<Place>,
    },
    /// Writes a file whole: under another name first, then renamed.
    Write {
        /// Where.
        at: Place,
        /// Permission bits.
        mode: u32,
        /// The content.
        text: String,
    },
    /// Writes bytes into a file that is there, from an offset on: the same again changes nothing.
    WriteAt {
        /// The file.
        at: Place,
        /// From this byte on.
        offset: u64,
        /// The bytes, in base64.
        base64: String,
    },
    /// Makes an empty file, unless there is a file already.
    Touch {
        /// Where.
        at: Place,
        /// Permission bits.
        mode: u32,
    },
    /// Gives a file a second name; well where that name is the same file already.
    Link {
        /// The file.
        from: Place,
        /// The new name.
        to: Place,
    },
    /// Renames; what has the new name already is lost if it is a file, an error if it is a directory with content.
    Rename {
        /// The old name.
        from: Place,
        /// The new name.
        to: Place,
    },
    /// Removes a file or a whole tree; well where there is nothing. Follows no link.
    Remove {
        /// What.
        at: Place,
    },
    /// Copies a directory's content into another, both below a root.
    Copy {
        /// The directory.
        from: Place,
        /// Another, which is there.
        to: Place,
    },
    /// Makes a directory's content again in another, both below a root: directories anew, everything in them by a second
    /// name. Whoever writes into a file of either must make a new one first, as overlayfs does.
    LinkTree {
        /// The directory.
        from: Place,
        /// Another, which is there and empty.
        to: Place,
    },
    /// What is there? Answered by [`Reply::Stat`].
    Stat {
        /// Where.
        at: Place,
    },
    /// Reads a part of a file. Answered by one [`Reply::Bytes`].
    Read {
        /// The file.
        at: Place,
        /// From this byte on.
        offset: u64,
        /// At most so many bytes, and at most [`MAX_BODY`].
        limit: u32,
    },
    /// The names in a directory. Answered by [`Reply::Names`].
    List {
        /// The directory.
        at: Place,
    },
    /// Length and sha256 of a file. Answered by [`Reply::Sum`].
    Sum {
        /// The file.
        at: Place,
    },
    /// Makes a step's value: what is in `own`, or else the stdout of a spool's frames. Answered by [`Reply::Sum`].
    Project {
        /// The spool.
        from: Place,
        /// The value as the step left it, where that is not in the spool; may be empty or absent.
        own: Place,
        /// The file to make, whole or not at all.
        to: Place,
    },
    /// What a directory and all in it takes on the disk. Answered by [`Reply::Size`].
    Size {
        /// The directory.
        at: Place,
    },
    /// Room on a root's disk. Answered by [`Reply::Free`].
    Free {
        /// Which.
        root: Root,
    },
    /// Sends a file's bytes as they come.
    Follow {
        /// The file.
        at: Place,
        /// From this byte on.
        offset: u64,
        /// How many bytes may be sent before more credit comes.
        credit: u64,
    },
    /// More bytes may be sent. Not answered.
    Credit {
        /// The follow's number.
        follow: u64,
        /// So many.
        bytes: u64,
    },
    /// Nothing more is written: the follow ends at the end of the file. Not answered by itself.
    Finish {
        /// The follow's number.
        follow: u64,
    },
    /// The follow, or the socket, is over at once. Not answered.
    Cancel {
        /// The follow's number, or the socket's.
        follow: u64,
    },
    /// Makes a socket that anybody who sees it may speak to. What is said there are messages: four bytes of length, big
    /// endian, then so many. Each must be answered by a [`Request::Say`] before the next of its connection is heard.
    Listen {
        /// Where; what is there goes.
        at: Place,
    },
    /// Answers on a connection to a socket with the body as a message. Not answered.
    Say {
        /// The socket's number.
        socket: u64,
        /// The connection's.
        connection: u64,
    },
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    /// The ask's number; 0 for the first message, which the keeper sends by itself.
    pub id: u64,
    /// What.
    pub reply: Reply,
}

/// What the keeper answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Reply {
    /// It is done; of a follow: it is over.
    Done,
    /// It failed.
    Failed {
        /// In what way.
        kind: Failure,
        /// In words.
        words: String,
    },
    /// The body holds bytes of a file.
    Bytes,
    /// The socket is there.
    Listening,
    /// The body is a message that came on a socket.
    Heard {
        /// Where to answer.
        connection: u64,
    },
    /// What is there.
    Stat {
        /// `None` where nothing is there.
        kind: Option<Kind>,
        /// Bytes.
        length: u64,
    },
    /// The names in a directory, sorted.
    Names {
        /// The names.
        names: Vec<String>,
    },
    /// A file's length and sum.
    Sum {
        /// Bytes.
        length: u64,
        /// Lower-case hex.
        sha256: String,
        /// Of a projection: where the spool stops being readable as frames.
        damaged_at: Option<u64>,
    },
    /// What a tree takes on the disk.
    Size {
        /// Bytes.
        bytes: u64,
    },
    /// Room on a disk.
    Free {
        /// Bytes for everybody.
        bytes: u64,
        /// Files that can still be made.
        files: u64,
    },
}

impl Reply {
    /// May other answers to the same ask follow?
    pub fn is_one_of_many(&self) -> bool {
        matches!(self, Reply::Bytes | Reply::Listening | Reply::Heard { .. })
    }
}

/// In what way something failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    /// It is not there.
    Absent,
    /// The disk is full.
    NoSpace,
    /// Another.
    Other,
}

/// What a name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A link, device, pipe or socket.
    Other,
}

/// The bytes are no message.
#[derive(Debug)]
pub struct Malformed(pub String);

impl std::fmt::Display for Malformed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "not a message of the keeper: {}", self.0)
    }
}

impl std::error::Error for Malformed {}

/// A message as bytes.
///
/// # Errors
/// Head or body are too long.
pub fn encode<T: Serialize>(head: &T, body: &[u8]) -> Result<Vec<u8>, Malformed> {
    let head = serde_json::to_vec(head).map_err(|e| Malformed(e.to_string()))?;
    if head.len() > MAX_HEAD || body.len() > MAX_BODY {
        return Err(Malformed(format!("{} and {} bytes are too many", head.len(), body.len())));
    }
    let mut bytes = Vec::with_capacity(PREFIX + head.len() + body.len());
    bytes.extend((head.len() as u32).to_be_bytes());
    bytes.extend((body.len() as u32).to_be_bytes());
    bytes.extend(&head);
    bytes.extend(body);
    Ok(bytes)
}

/// Lengths of head and body.
///
/// # Errors
/// One of them is more than allowed.
pub fn lengths(prefix: [u8; PREFIX]) -> Result<(usize, usize), Malformed> {
    let [a, b, c, d, e, f, g, h] = prefix;
    let (head, body) = (u32::from_be_bytes([a, b, c, d]) as usize, u32::from_be_bytes([e, f, g, h]) as usize);
    if head > MAX_HEAD || body > MAX_BODY {
        return Err(Malformed(format!("{head} and {body} bytes are too many")));
    }
    Ok((head, body))
}

/// A message's head.
///
/// # Errors
/// It is not what was expected.
pub fn decode<T: DeserializeOwned>(head: &[u8]) -> Result<T, Malformed> {
    serde_json::from_slice(head).map_err(|e| Malformed(e.to_string()))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_read_back() {
        let ask = Ask { id: 7, request: Request::Remove { at: Place { root: Root::Store, path: "a/b".to_owned() } } };
        let bytes = encode(&ask, b"xyz").unwrap();
        let (head, body) = lengths(bytes[..PREFIX].try_into().unwrap()).unwrap();
        assert_eq!(decode::<Ask>(&bytes[PREFIX..PREFIX + head]).unwrap(), ask);
        assert_eq!((&bytes[PREFIX + head..], body), (&b"xyz"[..], 3));
    }

    #[test]
    fn what_is_too_long_is_refused_before_it_is_read() {
        assert!(lengths([0xff, 0, 0, 0, 0, 0, 0, 0]).is_err());
        assert!(lengths([0, 0, 0, 0, 0xff, 0, 0, 0]).is_err());
    }
}
