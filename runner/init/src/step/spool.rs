//! The spool: where a step's output goes, frame by frame.

use dockercise_frame::{MAX_PAYLOAD, Stream, header};
use rustix::fs::{OFlags, ftruncate};
use std::fs::File;
use std::io::{self, IoSlice, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// At the latest so many bytes after the last one, the disk is told to keep them (reliability.md, rule 6).
const SYNC_BYTES: usize = 256 * 1024;
/// At the latest so long after a byte, the disk is told to keep it.
const SYNC_TIME: Duration = Duration::from_secs(1);

/// A spool that is being written.
pub struct Spool {
    file: File,
    length: u64,
    unsynced: usize,
    first_unsynced: Option<Instant>,
    lost: u64,
}

impl Spool {
    /// Opens a spool that is there, to write at its end.
    pub fn open(path: &Path) -> io::Result<Spool> {
        let file = File::options().append(true).custom_flags(OFlags::NOFOLLOW.bits() as i32).open(path)?;
        Ok(Spool { file, length: 0, unsynced: 0, first_unsynced: None, lost: 0 })
    }

    /// Writes bytes of a stream, with the time they came. Where the disk is full they are lost, counted, and a remark
    /// takes their place as soon as there is room again: the step is not to fail because its log does. False if so.
    pub fn write(&mut self, stream: Stream, micros: u64, bytes: &[u8]) -> bool {
        let mut whole = true;
        for payload in bytes.chunks(MAX_PAYLOAD) {
            self.say_what_is_lost();
            if self.lost > 0 || self.frame(stream, micros, payload).is_err() {
                self.lost += payload.len() as u64;
                whole = false;
            }
        }
        if self.unsynced >= SYNC_BYTES {
            self.sync();
        }
        whole
    }

    /// How many bytes were written, headers included.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// How long until [`Spool::sync_if_due`] has something to do.
    pub fn due_in(&self) -> Option<Duration> {
        self.first_unsynced.map(|first| SYNC_TIME.saturating_sub(first.elapsed()))
    }

    /// Has the disk keep what is older than a second.
    pub fn sync_if_due(&mut self) {
        if self.due_in() == Some(Duration::ZERO) {
            self.sync();
        }
    }

    /// The last words: a remark if bytes are lost, and the disk keeps everything.
    pub fn close(mut self) {
        self.say_what_is_lost();
        if self.unsynced > 0 {
            self.sync();
        }
    }

    fn say_what_is_lost(&mut self) {
        if self.lost > 0 {
            let words = format!("{} bytes are missing here: the disk of the docker host was full", self.lost);
            if self.frame(Stream::Remark, now_micros(), words.as_bytes()).is_ok() {
                self.lost = 0;
            }
        }
    }

    fn sync(&mut self) {
        // A failure here is one of the disk; what the runner reads back and sums up is what counts.
        let _ = self.file.sync_data();
        (self.unsynced, self.first_unsynced) = (0, None);
    }

    fn frame(&mut self, stream: Stream, micros: u64, payload: &[u8]) -> io::Result<()> {
        let head = header(stream, micros, payload.len());
        let mut written = 0;
        while written < head.len() + payload.len() {
            let parts = [IoSlice::new(&head[written.min(head.len())..]), IoSlice::new(&payload[written.saturating_sub(head.len())..])];
            match self.file.write_vectored(&parts) {
                Ok(0) => return self.undo(written, io::ErrorKind::WriteZero.into()),
                Ok(more) => written += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return self.undo(written, error),
            }
        }
        self.unsynced += written;
        self.length += written as u64;
        self.first_unsynced.get_or_insert_with(Instant::now);
        Ok(())
    }

    /// Takes back the beginning of a frame that found no room, so that the next is read as one.
    fn undo(&mut self, written: usize, error: io::Error) -> io::Result<()> {
        if written > 0 {
            let length = self.file.metadata()?.len();
            ftruncate(&self.file, length.saturating_sub(written as u64))?;
        }
        Err(error)
    }
}

/// Microseconds since 1970.
pub fn now_micros() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros() as u64)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use dockercise_frame::first;

    #[test]
    fn long_output_becomes_several_frames_and_empty_output_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spool");
        File::create(&path).unwrap();
        let mut spool = Spool::open(&path).unwrap();
        let long: Vec<u8> = (0..MAX_PAYLOAD + 5).map(|i| i as u8).collect();
        assert!(spool.write(Stream::Stdout, 7, &long) && spool.write(Stream::Stderr, 8, b"") && spool.write(Stream::Remark, 9, b"done"));
        spool.close();

        let bytes = std::fs::read(&path).unwrap();
        let (mut at, mut stdout, mut remarks) = (0, Vec::new(), Vec::new());
        while let Some((frame, length)) = first(&bytes[at..]).unwrap() {
            match frame.stream {
                Stream::Stdout => stdout.extend(frame.payload),
                Stream::Stderr => unreachable!("nothing was written there"),
                Stream::Remark => remarks.extend(frame.payload),
            }
            at += length;
        }
        assert_eq!((at, stdout, remarks), (bytes.len(), long, b"done".to_vec()));
    }

    #[test]
    fn a_full_disk_loses_bytes_and_says_so() {
        // Writing to /dev/full always fails for want of space; a real spool follows to say it in.
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spool");
        File::create(&path).unwrap();
        let mut spool = Spool::open(Path::new("/dev/full")).unwrap();
        assert!(!spool.write(Stream::Stdout, 7, b"12345") && !spool.write(Stream::Stdout, 8, b"678"));
        assert_eq!(spool.lost, 8);
        spool.file = File::options().append(true).open(&path).unwrap();
        assert!(spool.write(Stream::Stdout, 9, b"9"));
        spool.close();
        let bytes = std::fs::read(&path).unwrap();
        let (remark, length) = first(&bytes).unwrap().unwrap();
        assert_eq!(remark.payload, b"8 bytes are missing here: the disk of the docker host was full");
        assert_eq!(first(&bytes[length..]).unwrap().unwrap().0.payload, b"9");
    }
}
