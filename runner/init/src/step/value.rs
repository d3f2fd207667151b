//! The step's value, where the log has not all of it: a file of its own.

use crate::frames::each_stdout;
use dockercise_init::spec::LONGEST_VALUE;
use rustix::fs::OFlags;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// The value as it comes.
pub struct Value {
    path: PathBuf,
    length: u64,
    state: State,
}

enum State {
    /// Nobody reads it.
    Unwanted,
    /// So far it is the spool's stdout.
    InSpool,
    /// It is in its own file.
    Own(File),
    /// It cannot be had whole.
    Failed(Failure),
}

/// Why there is no whole value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It is over [`LONGEST_VALUE`].
    TooLong,
    /// The disk refused it; in its words.
    Disk(String),
}

impl Value {
    /// A value that the spool has.
    pub fn in_spool(path: PathBuf, wanted: bool) -> Value {
        Value { path, length: 0, state: if wanted { State::InSpool } else { State::Unwanted } }
    }

    /// A value that nobody but the runner may see.
    pub fn hidden(path: PathBuf, wanted: bool) -> Value {
        let mut value = Value::in_spool(path, wanted);
        if wanted {
            value.begin(|_| Ok(()));
        }
        value
    }

    /// Takes more of it, which the spool has taken already or not.
    pub fn write(&mut self, bytes: &[u8]) {
        self.length += bytes.len() as u64;
        if matches!(self.state, State::Unwanted | State::Failed(_)) {
            return;
        }
        if self.length > LONGEST_VALUE {
            return self.fail(Failure::TooLong);
        }
        if let State::Own(file) = &mut self.state
            && let Err(error) = file.write_all(bytes)
        {
            self.fail(Failure::Disk(error.to_string()));
        }
    }

    /// From here on the spool does not have all of it.
    pub fn leave(&mut self, spool: &Path) {
        if matches!(self.state, State::InSpool) {
            self.begin(|file| match each_stdout(File::open(spool)?, |bytes| file.write_all(bytes))? {
                None => Ok(()),
                Some(_) => Err(io::Error::other("the step has written into its own spool")),
            });
        }
    }

    /// The spool has lost some of it.
    pub fn lost(&mut self, words: &str) {
        if matches!(self.state, State::InSpool) {
            self.fail(Failure::Disk(words.to_owned()));
        }
    }

    /// How many bytes came.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Does anybody read it?
    pub fn is_wanted(&self) -> bool {
        !matches!(self.state, State::Unwanted)
    }

    /// Why it is not whole.
    pub fn failure(&self) -> Option<&Failure> {
        match &self.state {
            State::Failed(failure) => Some(failure),
            _ => None,
        }
    }

    fn begin(&mut self, fill: impl FnOnce(&mut File) -> io::Result<()>) {
        let flags = OFlags::NOFOLLOW.bits() as i32;
        let opened = File::options().append(true).custom_flags(flags).open(&self.path);
        match opened.and_then(|mut file| fill(&mut file).map(|()| file)) {
            Ok(file) => self.state = State::Own(file),
            Err(error) => self.fail(Failure::Disk(error.to_string())),
        }
    }

    /// What there is of it is of no use to anybody.
    fn fail(&mut self, failure: Failure) {
        if let State::Own(file) = &self.state {
            let _ = file.set_len(0);
        }
        self.state = State::Failed(failure);
    }
}
