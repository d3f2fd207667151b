//! What works on all connections: the black hole and the limit of bandwidth.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::AsyncWriteExt as _;
use tokio::sync::watch;

use crate::endpoint::Writer;

/// Bytes written at once where no limit is set.
const WHOLE: usize = 64 * 1024;
/// With a limit, bytes leave so many times a second.
const TICKS: u64 = 50;

#[derive(Debug)]
pub(crate) struct Controls {
    blackhole: watch::Sender<bool>,
    /// Bytes a second and direction; 0 is no limit.
    limit: AtomicU64,
    /// Counted up to end all connections.
    cuts: watch::Sender<u64>,
}

impl Controls {
    pub(crate) fn new() -> Self {
        Self { blackhole: watch::Sender::new(false), limit: AtomicU64::new(0), cuts: watch::Sender::new(0) }
    }

    pub(crate) fn set_blackhole(&self, on: bool) {
        self.blackhole.send_replace(on);
    }

    pub(crate) fn set_limit(&self, limit: Option<u64>) {
        self.limit.store(limit.unwrap_or(0), Ordering::Relaxed);
    }

    pub(crate) fn cut(&self) {
        self.cuts.send_modify(|count| *count += 1);
    }

    pub(crate) fn cuts(&self) -> watch::Receiver<u64> {
        self.cuts.subscribe()
    }

    /// Waits while the black hole is on.
    pub(crate) async fn open(&self) {
        // The sender lives as long as we do: this fails never.
        let _ = self.blackhole.subscribe().wait_for(|on| !on).await;
    }

    /// Writes all of `bytes`, as fast as is allowed.
    pub(crate) async fn write(&self, to: &mut Writer, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            self.open().await;
            let limit = self.limit.load(Ordering::Relaxed);
            let most = match limit {
                0 => WHOLE,
                limit => usize::try_from(limit / TICKS).unwrap_or(WHOLE).clamp(1, WHOLE),
            };
            let (now, later) = bytes.split_at(bytes.len().min(most));
            to.write_all(now).await?;
            if limit > 0 {
                tokio::time::sleep(Duration::from_secs_f64(now.len() as f64 / limit as f64)).await;
            }
            bytes = later;
        }
        to.flush().await
    }
}
