//! From the command's pipes to log and value: masked on the way, before anything is written.

use super::log::{Log, Size};
use super::spool::Spool;
use super::value::{Failure, Value};
use dockercise_frame::Stream;
use dockercise_init::spec::{LONGEST_VALUE, SPOOL_FILE, Spec, VALUE_FILE};
use dockercise_mask::{Masker, Secrets};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::Receiver;
use std::time::Duration;

/// All that a step puts out.
pub struct Output {
    spool: PathBuf,
    log: Log,
    value: Value,
    /// Is its stdout a secret?
    secret: bool,
    secrets: Secrets,
    stdout: Masker,
    stderr: Masker,
    /// What a masker gives of one piece.
    masked: Vec<u8>,
    /// Secrets that have come since, and all that are masked.
    more: Option<Receiver<[String; 3]>>,
    masks: Vec<Vec<u8>>,
}

impl Output {
    /// Into the files of a folder, which are there.
    pub fn open(folder: &Path, spec: &Spec) -> io::Result<Output> {
        // What cannot be masked was told to whoever made the plan.
        let (secrets, _) = Secrets::new(&spec.masks);
        let (spool, value) = (folder.join(SPOOL_FILE), folder.join(VALUE_FILE));
        Ok(Output {
            log: Log::new(Spool::open(&spool)?, spec.log_cap),
            spool,
            value: if spec.secret { Value::hidden(value, spec.value) } else { Value::in_spool(value, spec.value) },
            secret: spec.secret,
            stdout: Masker::new(&secrets),
            stderr: Masker::new(&secrets),
            secrets,
            masked: Vec::new(),
            more: None,
            masks: spec.masks.clone(),
        })
    }

    /// Masks what comes there, from when it has come.
    pub fn mask_too(&mut self, more: Receiver<[String; 3]>) {
        self.more = Some(more);
    }

    /// Takes up secrets that have come since. What the maskers hold back is judged by what they knew.
    fn learn(&mut self) {
        let Some(more) = &self.more else { return };
        let new: Vec<Vec<u8>> = more.try_iter().flatten().map(String::into_bytes).filter(|s| !self.masks.contains(s)).collect();
        if new.is_empty() {
            return;
        }
        self.masks.extend(new);
        let (secrets, _) = Secrets::new(&self.masks);
        let mut rest = Vec::new();
        std::mem::replace(&mut self.stdout, Masker::new(&secrets)).finish(|piece| rest.extend_from_slice(piece));
        self.stdout_masked(&rest);
        rest.clear();
        std::mem::replace(&mut self.stderr, Masker::new(&secrets)).finish(|piece| rest.extend_from_slice(piece));
        self.log(Stream::Stderr, &rest);
        self.secrets = secrets;
    }

    /// Takes bytes of a stream; false where no more of it is of any use.
    pub fn write(&mut self, stream: Stream, bytes: &[u8]) -> bool {
        self.learn();
        match stream {
            Stream::Stdout if self.secret => self.value.write(bytes),
            Stream::Stdout => {
                let mut masked = std::mem::take(&mut self.masked);
                self.stdout.write(bytes, |piece| masked.extend_from_slice(piece));
                self.stdout_masked(&masked);
                self.give_back(masked);
            }
            Stream::Stderr => {
                let mut masked = std::mem::take(&mut self.masked);
                self.stderr.write(bytes, |piece| masked.extend_from_slice(piece));
                self.log(stream, &masked);
                self.give_back(masked);
            }
            Stream::Remark => {
                let masked = self.secrets.mask(bytes);
                self.log(stream, &masked);
            }
        }
        stream != Stream::Stdout || self.value.failure() != Some(&Failure::TooLong)
    }

    /// A remark of dockercise's own.
    pub fn remark(&mut self, words: &str) {
        self.write(Stream::Remark, words.as_bytes());
    }

    /// How long until [`Output::sync_if_due`] has something to do.
    pub fn due_in(&self) -> Option<Duration> {
        self.log.spool.due_in()
    }

    /// Has the disk keep what is older than a second.
    pub fn sync_if_due(&mut self) {
        self.log.spool.sync_if_due();
    }

    /// Nothing more comes. Gives the code to end with: another than the command's own where the value is not what
    /// somebody waits for.
    pub fn close(mut self, code: i32) -> i32 {
        let mut rest = Vec::new();
        self.stdout.finish(|piece| rest.extend_from_slice(piece));
        self.stdout_masked(&rest);
        rest.clear();
        self.stderr.finish(|piece| rest.extend_from_slice(piece));
        self.log(Stream::Stderr, &rest);
        self.log.end();
        self.last_words();
        let failed = self.value.failure().map(|failure| match failure {
            Failure::TooLong => 1,
            Failure::Disk(_) => crate::OWN_FAILURE,
        });
        self.log.spool.close();
        if code == 0 { failed.unwrap_or(0) } else { code }
    }

    fn last_words(&mut self) {
        if self.secret {
            self.log.remark(&format!("stdout is secret: {} bytes are not shown", self.value.length()));
        }
        let recognised = self.stdout.recognised();
        if self.value.is_wanted() && !recognised.is_empty() {
            let names = recognised.join(", ");
            self.log.remark(&format!(
                "stdout had something that looks like a secret ({names}): it is masked in the value too\nsay `secret: true` if other steps need it as it is"
            ));
        }
        match self.value.failure() {
            None => {}
            Some(Failure::TooLong) => self.log.remark(&format!(
                "stdout is over {}, the most that a value can be\nother steps use it: hand large things on as files in the working directory",
                Size(LONGEST_VALUE)
            )),
            Some(Failure::Disk(words)) => {
                let words = format!("the value is not whole, and other steps use it: {words}");
                self.log.remark(&words);
            }
        }
    }

    fn give_back(&mut self, mut masked: Vec<u8>) {
        masked.clear();
        self.masked = masked;
    }

    fn stdout_masked(&mut self, bytes: &[u8]) {
        // First: where the log is cut now, the value is copied from what the spool has, these bytes included.
        self.value.write(bytes);
        if !self.log(Stream::Stdout, bytes) {
            self.value.lost("the disk of the docker host was full");
        }
    }

    fn log(&mut self, stream: Stream, bytes: &[u8]) -> bool {
        let cut = self.log.is_cut();
        let whole = self.log.write(stream, bytes);
        if self.log.is_cut() && !cut {
            self.value.leave(&self.spool);
        }
        whole
    }
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;
    use dockercise_frame::first;
    use std::fs::File;

    struct Rig {
        folder: tempfile::TempDir,
        spec: Spec,
    }

    fn rig() -> Rig {
        let folder = tempfile::tempdir().unwrap();
        for name in [SPOOL_FILE, VALUE_FILE] {
            File::create(folder.path().join(name)).unwrap();
        }
        let masks = vec![b"hunter22".to_vec()];
        let spec = Spec {
            argv: vec![],
            env: vec![],
            cwd: String::new(),
            user: String::new(),
            volume: vec![],
            aws: false,
            agent: false,
            every_ms: None,
            masks,
            secret: false,
            value: true,
            log_cap: 1 << 20,
        };
        Rig { folder, spec }
    }

    impl Rig {
        fn run(&self, pieces: &[(Stream, &[u8])]) -> i32 {
            let mut output = Output::open(self.folder.path(), &self.spec).unwrap();
            pieces.iter().for_each(|(stream, bytes)| {
                output.write(*stream, bytes);
            });
            output.close(0)
        }

        fn value(&self) -> Vec<u8> {
            std::fs::read(self.folder.path().join(VALUE_FILE)).unwrap()
        }

        /// Stdout, stderr and remarks of the log.
        fn log(&self) -> [String; 3] {
            let (bytes, mut at, mut texts) = (std::fs::read(self.folder.path().join(SPOOL_FILE)).unwrap(), 0, [const { Vec::new() }; 3]);
            while let Some((frame, length)) = first(&bytes[at..]).unwrap() {
                texts[usize::from(frame.stream.byte()) - 1].extend_from_slice(frame.payload);
                at += length;
            }
            texts.map(|text| String::from_utf8(text).unwrap())
        }
    }

    #[test]
    fn each_stream_is_masked_by_itself() {
        let rig = rig();
        let code = rig.run(&[
            (Stream::Stdout, b"out hunt"),
            (Stream::Stderr, b"err hunter"),
            (Stream::Stdout, b"er22 out\n"),
            (Stream::Stderr, b"22"),
            (Stream::Remark, b"the directory `hunter22` cannot be entered"),
            (Stream::Stdout, b"hunter2"),
        ]);
        let [stdout, stderr, remarks] = rig.log();
        assert_eq!((stdout.as_str(), stderr.as_str(), code), ("out *** out\nhunter2", "err ***", 0));
        assert_eq!(remarks, "the directory `***` cannot be entered");
        assert_eq!(rig.value(), b"");
    }

    #[test]
    fn secret_stdout_is_the_value_to_the_byte_and_not_in_the_log() {
        let mut rig = rig();
        rig.spec.secret = true;
        let key = ["AK", "IAIOSFODNN7EXAMPLE\n"].concat();
        let code = rig.run(&[(Stream::Stdout, b"hunter22 \0\xff"), (Stream::Stdout, key.as_bytes()), (Stream::Stderr, key.as_bytes())]);
        assert_eq!(code, 0);
        assert_eq!(rig.value(), [b"hunter22 \0\xff", key.as_bytes()].concat());
        assert_eq!(rig.log(), ["", "***\n", "stdout is secret: 32 bytes are not shown"]);
    }

    #[test]
    fn of_a_long_log_the_value_is_still_whole_and_masked() {
        let rig = rig();
        let lines: Vec<Vec<u8>> = (0..100_000).map(|i| format!("{i:040} hunter22\n").into_bytes()).collect();
        let pieces: Vec<(Stream, &[u8])> = lines.iter().map(|line| (Stream::Stdout, line.as_slice())).collect();
        assert_eq!(rig.run(&pieces), 0);
        let whole = String::from_utf8(lines.concat()).unwrap().replace("hunter22", "***");
        assert!(rig.value() == whole.as_bytes(), "{} bytes of {}", rig.value().len(), whole.len());
        let [stdout, _, remarks] = rig.log();
        assert!(stdout.len() < 2 << 20 && whole.ends_with(&stdout[stdout.len() - 500_000..]));
        assert!(remarks.contains("bytes are missing here: the log is over 1 MiB"), "{remarks}");
    }

    #[test]
    fn what_nobody_reads_is_not_kept() {
        for secret in [false, true] {
            let mut rig = rig();
            (rig.spec.value, rig.spec.secret) = (false, secret);
            let bytes = vec![b'x'; 3 << 20];
            assert_eq!(rig.run(&[(Stream::Stdout, &bytes)]), 0);
            assert_eq!(rig.value(), b"");
        }
    }

    #[test]
    fn what_is_recognised_is_masked_and_its_kind_is_told() {
        let rig = rig();
        rig.run(&[(Stream::Stdout, ["AK", "IAIOSFODNN7EXAMPLE"].concat().as_bytes())]);
        let [stdout, _, remarks] = rig.log();
        assert_eq!(stdout, "***");
        assert!(remarks.contains("looks like a secret (AWS access key id)") && remarks.contains("secret: true"), "{remarks}");
    }
}
