//! The log: the spool, with an end to what it takes. Beyond the cap the middle is left out, and the last bytes kept.

use super::spool::{Spool, now_micros};
use dockercise_frame::{HEADER, MAX_PAYLOAD, Stream};
use std::collections::VecDeque;
use std::fmt;

/// So many of the last bytes are kept of a log that is over its cap (reliability.md, rule 6).
const TAIL: usize = 1024 * 1024;

/// A log that is being written.
pub struct Log {
    /// Where it goes.
    pub spool: Spool,
    cap: u64,
    /// What came after the cap.
    tail: Option<Tail>,
}

#[derive(Default)]
struct Tail {
    frames: VecDeque<(Stream, u64, Vec<u8>)>,
    bytes: usize,
    dropped: u64,
}

impl Log {
    /// Of so many bytes before something is left out.
    pub fn new(spool: Spool, cap: u64) -> Log {
        Log { spool, cap, tail: None }
    }

    /// Does the spool take nothing more for now?
    pub fn is_cut(&self) -> bool {
        self.tail.is_some()
    }

    /// Writes bytes of a stream; false where the disk is full.
    pub fn write(&mut self, stream: Stream, bytes: &[u8]) -> bool {
        if let Some(tail) = &mut self.tail {
            bytes.chunks(MAX_PAYLOAD).for_each(|payload| tail.push(stream, payload));
            return true;
        }
        let whole = self.spool.write(stream, now_micros(), bytes);
        if self.spool.length() >= self.cap {
            let cap = std::mem::replace(&mut self.cap, u64::MAX);
            self.remark(&format!("the log is over {}: of what follows only the last {} is kept", Size(cap), Size(TAIL as u64)));
            self.cap = cap;
            self.tail = Some(Tail::default());
        }
        whole
    }

    /// A remark of dockercise's own.
    pub fn remark(&mut self, words: &str) {
        self.write(Stream::Remark, words.as_bytes());
    }

    /// Nothing more comes: what was kept of the end is written, and how much is left out before it.
    pub fn end(&mut self) {
        let Some(tail) = self.tail.take() else { return };
        let began = tail.frames.front().map_or_else(now_micros, |(_, micros, _)| *micros);
        if tail.dropped > 0 {
            let words = format!("{} bytes are missing here: the log is over {}", tail.dropped, Size(self.cap));
            self.spool.write(Stream::Remark, began, words.as_bytes());
        }
        for (stream, micros, payload) in tail.frames {
            self.spool.write(stream, micros, &payload);
        }
        self.cap = u64::MAX;
    }
}

impl Tail {
    fn push(&mut self, stream: Stream, payload: &[u8]) {
        self.bytes += HEADER + payload.len();
        self.frames.push_back((stream, now_micros(), payload.to_vec()));
        while self.bytes > TAIL
            && let Some((_, _, payload)) = self.frames.pop_front()
        {
            self.bytes -= HEADER + payload.len();
            self.dropped += payload.len() as u64;
        }
    }
}

/// A number of bytes for people.
pub struct Size(pub u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 3] = [(1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
        match UNITS.iter().find(|(size, _)| self.0 >= *size && self.0.is_multiple_of(*size)) {
            Some((size, unit)) => write!(f, "{} {unit}", self.0 / size),
            None => write!(f, "{} bytes", self.0),
        }
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use dockercise_frame::first;
    use std::fs::File;

    /// What a log with a cap keeps of what is written: stdout, and the remarks.
    fn kept(cap: u64, pieces: &[Vec<u8>]) -> (Vec<u8>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spool");
        File::create(&path).unwrap();
        let mut log = Log::new(Spool::open(&path).unwrap(), cap);
        assert!(pieces.iter().all(|piece| log.write(Stream::Stdout, piece)));
        log.end();
        log.remark("over");
        log.spool.close();
        let (bytes, mut at, mut stdout, mut remarks) = (std::fs::read(&path).unwrap(), 0, Vec::new(), Vec::new());
        while let Some((frame, length)) = first(&bytes[at..]).unwrap() {
            match frame.stream {
                Stream::Stdout => stdout.extend(frame.payload),
                _ => remarks.push(String::from_utf8(frame.payload.to_vec()).unwrap()),
            }
            at += length;
        }
        assert_eq!(at, bytes.len());
        (stdout, remarks)
    }

    #[test]
    fn beyond_the_cap_the_middle_is_left_out_and_that_is_said() {
        let pieces: Vec<Vec<u8>> = (0..5000u32).map(|i| format!("{i:0999}\n").into_bytes()).collect();
        let all = pieces.concat();
        let (stdout, remarks) = kept(1 << 20, &pieces);
        let missing = all.len() - stdout.len();
        assert_eq!(
            remarks,
            [
                "the log is over 1 MiB: of what follows only the last 1 MiB is kept".to_owned(),
                format!("{missing} bytes are missing here: the log is over 1 MiB"),
                "over".to_owned()
            ]
        );
        let tail = TAIL / (HEADER + 1000) * 1000;
        assert!(stdout.len() > (1 << 20) - HEADER * 1100 + tail && stdout.len() < (2 << 20));
        assert_eq!(&stdout[stdout.len() - tail..], &all[all.len() - tail..]);
        assert_eq!(&stdout[..stdout.len() - tail], &all[..stdout.len() - tail]);
    }

    #[test]
    fn what_the_tail_can_hold_is_not_lost() {
        let pieces: Vec<Vec<u8>> = (0..100u8).map(|i| vec![i; 10_000]).collect();
        let (stdout, remarks) = kept(500_000, &pieces);
        assert_eq!(stdout, pieces.concat());
        assert_eq!(remarks, ["the log is over 500000 bytes: of what follows only the last 1 MiB is kept", "over"]);
    }
}
