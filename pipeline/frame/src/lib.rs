//! A step's output: frames of (stream, time, length, bytes). The spool, the stored log and what travels between them
//! are the same bytes; the value is the projection of stdout.
//!
//! ```text
//! byte  0      stream: 1 stdout, 2 stderr, 3 a remark of dockercise's own (UTF-8)
//! bytes 1..4   zero
//! bytes 4..8   length of the payload, big endian, at most MAX_PAYLOAD
//! bytes 8..16  microseconds since 1970, big endian
//! then         the payload
//! ```

/// Length of a frame's header in bytes.
pub const HEADER: usize = 16;
/// The longest payload of one frame, in bytes.
pub const MAX_PAYLOAD: usize = 64 * 1024;

/// Where a frame's bytes came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Stream {
    /// The command's stdout: these bytes are the step's value.
    Stdout,
    /// The command's stderr.
    Stderr,
    /// A remark of dockercise's own, such as "12 bytes are missing here".
    Remark,
}

impl Stream {
    /// The byte that stands for it.
    pub fn byte(self) -> u8 {
        match self {
            Stream::Stdout => 1,
            Stream::Stderr => 2,
            Stream::Remark => 3,
        }
    }

    fn of(byte: u8) -> Option<Stream> {
        match byte {
            1 => Some(Stream::Stdout),
            2 => Some(Stream::Stderr),
            3 => Some(Stream::Remark),
            _ => None,
        }
    }
}

/// One frame, its payload borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Where the bytes came from.
    pub stream: Stream,
    /// Microseconds since 1970, by the host's clock.
    pub micros: u64,
    /// The bytes.
    pub payload: &'a [u8],
}

/// The bytes are no frame: the step wrote into its own spool, or the disk lied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Damaged;

impl std::fmt::Display for Damaged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("not a frame: the log is damaged at this place")
    }
}

impl std::error::Error for Damaged {}

/// A frame's header.
///
/// # Panics
/// If the payload is longer than [`MAX_PAYLOAD`].
pub fn header(stream: Stream, micros: u64, length: usize) -> [u8; HEADER] {
    assert!(length <= MAX_PAYLOAD, "a frame holds at most {MAX_PAYLOAD} bytes");
    let mut bytes = [0; HEADER];
    bytes[0] = stream.byte();
    bytes[4..8].copy_from_slice(&(length as u32).to_be_bytes());
    bytes[8..16].copy_from_slice(&micros.to_be_bytes());
    bytes
}

/// The first frame of `bytes` and how many bytes it takes; `None` where it is not whole yet.
///
/// # Errors
/// The bytes are no frame.
pub fn first(bytes: &[u8]) -> Result<Option<(Frame<'_>, usize)>, Damaged> {
    let Some((head, rest)) = bytes.split_at_checked(HEADER) else { return Ok(None) };
    let stream = Stream::of(head[0]).ok_or(Damaged)?;
    let length = u32::from_be_bytes([head[4], head[5], head[6], head[7]]) as usize;
    if head[1..4] != [0, 0, 0] || length > MAX_PAYLOAD {
        return Err(Damaged);
    }
    let Some(payload) = rest.get(..length) else { return Ok(None) };
    let mut micros = [0; 8];
    micros.copy_from_slice(&head[8..16]);
    Ok(Some((Frame { stream, micros: u64::from_be_bytes(micros), payload }, HEADER + length)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_frame_is_read_back_and_half_a_frame_is_waited_for() {
        let mut bytes = header(Stream::Stderr, 7, 3).to_vec();
        bytes.extend(b"abc");
        let frame = Frame { stream: Stream::Stderr, micros: 7, payload: b"abc" };
        assert_eq!(first(&bytes), Ok(Some((frame, 19))));
        for cut in 0..bytes.len() {
            assert_eq!(first(&bytes[..cut]), Ok(None));
        }
    }

    #[test]
    fn what_is_no_frame_is_said_to_be_none() {
        assert_eq!(first(b"hello, this is what a step wrote"), Err(Damaged));
        let mut long = header(Stream::Stdout, 0, 0);
        long[4] = 0xff;
        assert_eq!(first(&long), Err(Damaged));
    }

    proptest! {
        #[test]
        fn nothing_panics(bytes in proptest::collection::vec(any::<u8>(), 0..64)) {
            let _ = first(&bytes);
        }
    }
}
