//! One runner at a time for a data folder. A second one stands by until the first has ended.

use rustix::fs::{FlockOperation, flock};
use std::fs::{File, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// The folder is this process's as long as this lives.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

/// Waits until no other process has the folder.
///
/// # Errors
/// The file `lock` in the folder cannot be made or locked.
pub async fn take(data_dir: &Path) -> io::Result<Lock> {
    let path = data_dir.join("lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(&path)?;
    match flock(&file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => return Ok(Lock { _file: file }),
        Err(e) if e == rustix::io::Errno::WOULDBLOCK => {}
        Err(e) => return Err(e.into()),
    }
    tracing::info!(data_dir = %data_dir.display(), "another runner has this data folder: standing by until it ends");
    let (send, receive) = tokio::sync::oneshot::channel();
    // A thread of its own: the runtime would wait for one of its blocking threads when the process is told to stop.
    std::thread::Builder::new().name("standby".into()).spawn(move || {
        let result = loop {
            match flock(&file, FlockOperation::LockExclusive) {
                Err(e) if e == rustix::io::Errno::INTR => {}
                other => break other.map(|()| Lock { _file: file }),
            }
        };
        // Nobody waits any more: then the lock is dropped at once.
        drop(send.send(result));
    })?;
    match receive.await {
        Ok(result) => Ok(result?),
        Err(_) => Err(io::Error::other("the thread that waits for the lock ended")),
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use std::task::Poll;

    #[tokio::test]
    async fn the_second_waits_for_the_first() {
        let dir = tempfile::tempdir().unwrap();
        let first = take(dir.path()).await.unwrap();
        let mut second = Box::pin(take(dir.path()));
        assert!(matches!(futures_util::poll!(&mut second), Poll::Pending));
        drop(first);
        second.await.unwrap();
    }
}
