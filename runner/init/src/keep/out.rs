//! The keeper's answers, one after the other.

use dockercise_init::message::{Answer, encode};
use std::fs::File;
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex};

/// Where answers go; cheap to clone.
#[derive(Clone)]
pub struct Out {
    file: Arc<Mutex<File>>,
}

impl Out {
    /// Stdout.
    pub fn to_stdout() -> io::Result<Out> {
        Ok(Out::to(io::stdout().as_fd().try_clone_to_owned()?.into()))
    }

    /// Any file.
    pub fn to(file: File) -> Out {
        Out { file: Arc::new(Mutex::new(file)) }
    }

    /// Sends one answer.
    pub fn send(&self, answer: &Answer, body: &[u8]) -> io::Result<()> {
        let bytes = encode(answer, body).map_err(io::Error::other)?;
        let mut file = self.file.lock().map_err(|_| io::Error::other("a thread of the keeper failed"))?;
        file.write_all(&bytes)
    }
}
