//! Sums of files, and the projection of a spool's stdout.

use crate::files::Roots;
use dockercise_frame::{HEADER, MAX_PAYLOAD, Stream, first};
use dockercise_init::message::{Place, Reply};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Read, Write};

const BUFFER: usize = 4 * (HEADER + MAX_PAYLOAD);

/// Length and sha256 of a file.
pub fn of_file(mut file: File) -> io::Result<Reply> {
    let mut summed = Summed::default();
    let mut buffer = vec![0; BUFFER];
    loop {
        let length = file.read(&mut buffer)?;
        if length == 0 {
            return Ok(summed.reply(None));
        }
        summed.add(&buffer[..length]);
    }
}

/// Writes the stdout of a spool as a file, on the disk before it has its name.
pub fn project(roots: &Roots, from: &Place, to: &Place) -> io::Result<Reply> {
    let spool = roots.file(from)?;
    let mut reply = Reply::Done;
    roots.write(to, 0o444, |value| {
        reply = copy_stdout(spool, &mut *value)?;
        value.sync_data()
    })?;
    Ok(reply)
}

fn copy_stdout(mut spool: impl Read, mut value: impl Write) -> io::Result<Reply> {
    let mut summed = Summed::default();
    let (mut buffer, mut filled, mut offset) = (vec![0; BUFFER], 0, 0);
    loop {
        let length = spool.read(&mut buffer[filled..])?;
        filled += length;
        let mut used = 0;
        let damaged = loop {
            match first(&buffer[used..filled]) {
                Ok(Some((frame, length))) => {
                    if frame.stream == Stream::Stdout {
                        summed.add(frame.payload);
                        value.write_all(frame.payload)?;
                    }
                    used += length;
                }
                Ok(None) => break false,
                Err(_) => break true,
            }
        };
        offset += used as u64;
        buffer.copy_within(used..filled, 0);
        filled -= used;
        if damaged || (length == 0 && filled > 0) {
            return Ok(summed.reply(Some(offset)));
        }
        if length == 0 {
            return Ok(summed.reply(None));
        }
    }
}

#[derive(Default)]
struct Summed {
    hash: Sha256,
    length: u64,
}

impl Summed {
    fn add(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.length += bytes.len() as u64;
    }

    fn reply(self, damaged_at: Option<u64>) -> Reply {
        let sha256 = self.hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        Reply::Sum { length: self.length, sha256, damaged_at }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use dockercise_frame::header;

    fn spool(frames: &[(Stream, &[u8])]) -> Vec<u8> {
        frames.iter().flat_map(|(stream, payload)| [&header(*stream, 1, payload.len())[..], payload].concat()).collect()
    }

    #[test]
    fn only_stdout_is_the_value() {
        let long = vec![b'x'; MAX_PAYLOAD];
        let frames: Vec<(Stream, &[u8])> =
            vec![(Stream::Stdout, b"a\n"), (Stream::Stderr, b"no"), (Stream::Stdout, &long), (Stream::Remark, b"no")];
        let mut value = Vec::new();
        let reply = copy_stdout(&spool(&frames.repeat(9))[..], &mut value).unwrap();
        assert_eq!(value, [b"a\n", &long[..]].concat().repeat(9));
        assert_eq!(reply, of_bytes(&value, None));
    }

    #[test]
    fn what_is_no_frame_ends_the_value_and_is_told() {
        for tail in [&b"this is no frame at all"[..], b"\x01\x00\x00"] {
            let mut bytes = spool(&[(Stream::Stdout, b"abc")]);
            let whole = bytes.len() as u64;
            bytes.extend(tail);
            assert_eq!(copy_stdout(&bytes[..], Vec::new()).unwrap(), of_bytes(b"abc", Some(whole)));
        }
    }

    fn of_bytes(bytes: &[u8], damaged_at: Option<u64>) -> Reply {
        let mut summed = Summed::default();
        summed.add(bytes);
        summed.reply(damaged_at)
    }
}
