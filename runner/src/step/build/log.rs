//! The log of a step that has no container: written into its spool from here, masked first, as a container's is by init.

use crate::engine::{AttemptKey, EngineError, LOG_CAP, Secrets};
use crate::host::Host;
use crate::job::Context;
use crate::shared::patiently;
use chrono::Utc;
use dockercise_mask::Masker;
use dockercise_pipeline::frame::{HEADER, MAX_PAYLOAD, Stream, header};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::sync::mpsc;

/// Of a log that is over its cap, so many of its last bytes are kept.
const TAIL: usize = 1024 * 1024;
/// Words that are taken together.
const TOGETHER: usize = 256;
/// Bytes that are written at once.
const PIECE: usize = 512 * 1024;

/// A log that is being written.
pub struct Log {
    secrets: Secrets,
    masker: Masker,
    /// Frames that are to be written.
    frames: Vec<u8>,
    /// Bytes that are written.
    written: u64,
    cap: u64,
    /// What came after the cap.
    tail: VecDeque<Vec<u8>>,
    tail_bytes: usize,
    dropped: usize,
}

impl Log {
    /// Without these secrets.
    pub fn new(secrets: Secrets) -> Log {
        let masker = Masker::new(&secrets);
        Log { secrets, masker, frames: Vec::new(), written: 0, cap: LOG_CAP, tail: VecDeque::new(), tail_bytes: 0, dropped: 0 }
    }

    /// Writes what is said until nobody is left who could say more. Words on stdout are the value: they are as they are.
    ///
    /// # Errors
    /// The engine's.
    pub async fn run<H: Host>(
        mut self,
        cx: Arc<Context<H>>,
        key: AttemptKey,
        mut said: mpsc::Receiver<(Stream, String)>,
    ) -> Result<(), EngineError> {
        let mut words = Vec::new();
        while said.recv_many(&mut words, TOGETHER).await > 0 {
            for (stream, text) in words.drain(..) {
                self.take(stream, &text);
            }
            self.flush(&cx, &key).await?;
        }
        self.end();
        self.flush(&cx, &key).await
    }

    fn take(&mut self, stream: Stream, text: &str) {
        match stream {
            Stream::Stderr => {
                let mut pieces = Vec::new();
                self.masker.write(text.as_bytes(), |bytes| pieces.extend_from_slice(bytes));
                self.put(&pieces);
            }
            Stream::Remark => self.frame(stream, self.secrets.mask_text(text).as_bytes()),
            Stream::Stdout => self.frame(stream, text.as_bytes()),
        }
    }

    /// Output, as far as there is room for it.
    fn put(&mut self, bytes: &[u8]) {
        let before = self.length();
        if before < self.cap {
            self.frame(Stream::Stderr, bytes);
            if self.length() >= self.cap {
                self.frame(Stream::Remark, b"the log is over its limit: of what follows only the last 1 MiB is kept");
            }
            return;
        }
        for piece in bytes.chunks(MAX_PAYLOAD) {
            self.tail_bytes += piece.len();
            self.tail.push_back(piece.to_vec());
        }
        while self.tail_bytes > TAIL
            && let Some(piece) = self.tail.pop_front()
        {
            self.tail_bytes -= piece.len();
            self.dropped += piece.len();
        }
    }

    fn length(&self) -> u64 {
        self.written + self.frames.len() as u64
    }

    fn frame(&mut self, stream: Stream, bytes: &[u8]) {
        self.frames.reserve(HEADER + bytes.len());
        for payload in bytes.chunks(MAX_PAYLOAD) {
            self.frames.extend(header(stream, u64::try_from(Utc::now().timestamp_micros()).unwrap_or(0), payload.len()));
            self.frames.extend_from_slice(payload);
        }
    }

    fn end(&mut self) {
        let mut rest = Vec::new();
        self.masker.finish(|bytes| rest.extend_from_slice(bytes));
        self.put(&rest);
        if self.dropped > 0 {
            self.frame(Stream::Remark, format!("{} bytes are missing here: the log is over its limit", self.dropped).as_bytes());
        }
        for piece in std::mem::take(&mut self.tail) {
            self.frame(Stream::Stderr, &piece);
        }
    }

    async fn flush<H: Host>(&mut self, cx: &Context<H>, key: &AttemptKey) -> Result<(), EngineError> {
        for piece in std::mem::take(&mut self.frames).chunks(PIECE) {
            patiently(|| cx.host().write_spool(key, self.written, piece)).await?;
            self.written += piece.len() as u64;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::support::server::project;

    fn text(log: &Log, stream: Stream) -> String {
        String::from_utf8_lossy(&project(&log.frames, stream)).into_owned()
    }

    #[test]
    fn s47_what_is_said_is_masked_wherever_it_is_cut() {
        let mut log = Log::new(Secrets::new(["hunter22"]).0);
        log.take(Stream::Stderr, "Step 1 : hun");
        log.take(Stream::Stderr, "ter22\n");
        log.take(Stream::Remark, "it was hunter22");
        log.take(Stream::Stdout, "sha256:00\n");
        log.end();
        assert_eq!(text(&log, Stream::Stderr), "Step 1 : ***\n");
        assert_eq!(text(&log, Stream::Remark), "it was ***");
        assert_eq!(text(&log, Stream::Stdout), "sha256:00\n");
    }

    #[test]
    fn a_log_over_its_limit_keeps_both_ends_and_says_so() {
        let mut log = Log { cap: 1000, ..Log::new(Secrets::default()) };
        for number in 0..200_000 {
            log.take(Stream::Stderr, &format!("line {number}\n"));
        }
        log.take(Stream::Stdout, "sha256:00\n");
        log.end();
        let said = text(&log, Stream::Stderr);
        assert!(said.starts_with("line 0\nline 1\n") && said.ends_with("line 199999\n") && said.len() < TAIL + 1100, "{}", said.len());
        assert!(text(&log, Stream::Remark).contains("bytes are missing here"));
        assert_eq!(text(&log, Stream::Stdout), "sha256:00\n", "the value is whole");
    }
}
