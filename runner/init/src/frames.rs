//! Reading a spool back.

use dockercise_frame::{HEADER, MAX_PAYLOAD, Stream, first};
use std::io::{self, Read};

const BUFFER: usize = 4 * (HEADER + MAX_PAYLOAD);

/// Gives the stdout of a spool, piece by piece; says where it stops being readable as frames, if it does.
pub fn each_stdout(mut spool: impl Read, mut take: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<Option<u64>> {
    let (mut buffer, mut filled, mut offset) = (vec![0; BUFFER], 0, 0);
    loop {
        let length = spool.read(&mut buffer[filled..])?;
        filled += length;
        let mut used = 0;
        let damaged = loop {
            match first(&buffer[used..filled]) {
                Ok(Some((frame, length))) => {
                    if frame.stream == Stream::Stdout {
                        take(frame.payload)?;
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
            return Ok(Some(offset));
        }
        if length == 0 {
            return Ok(None);
        }
    }
}
