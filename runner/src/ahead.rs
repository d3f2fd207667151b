//! A run's network and first holder, made before there is such a run.
//!
//! Making them takes longer than all else between a push and the first byte of its first step. So one pair is kept ready
//! under an id that no run has yet, and the server is told that id: a run that is to start at once gets it, and finds all
//! there. See docs/decisions/0006.

use crate::host::Host;
use crate::retry::Backoff;
use crate::shared::Shared;
use dockercise_pipeline::ids::RunId;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

/// The run that took the last one goes first: the next is made after so long.
const AFTER: Duration = Duration::from_secs(2);

/// See the module.
#[derive(Debug)]
pub struct Ahead<H> {
    shared: Arc<Shared<H>>,
    one: Mutex<One>,
    /// There is one to tell the server of.
    made: Notify,
    /// It is gone.
    wanted: Notify,
}

/// The one that is there, or being made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum One {
    None,
    Making(RunId),
    Ready(RunId),
}

impl<H: Host> Ahead<H> {
    /// None yet, and none ever where [`Ahead::keep`] is not called.
    pub fn new(shared: Arc<Shared<H>>) -> Ahead<H> {
        Ahead { shared, one: Mutex::new(One::None), made: Notify::new(), wanted: Notify::new() }
    }

    fn one(&self) -> MutexGuard<'_, One> {
        self.one.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The id that a run may have.
    pub fn ready(&self) -> Option<RunId> {
        if let One::Ready(run) = *self.one() { Some(run) } else { None }
    }

    /// Waits until there is one to tell of.
    pub async fn made(&self) {
        self.made.notified().await;
    }

    /// Is it this one? Nobody else knows it.
    pub fn is(&self, run: RunId) -> bool {
        matches!(*self.one(), One::Making(own) | One::Ready(own) if own == run)
    }

    /// A run has it now, or it was removed.
    pub fn gone(&self, run: RunId) {
        let mut one = self.one();
        if *one == One::Ready(run) {
            *one = One::None;
            self.wanted.notify_one();
        }
    }

    /// Keeps one ready until told to end; then removes it.
    pub async fn keep(&self, told: &CancellationToken) {
        let mut backoff = Backoff::default();
        while !told.is_cancelled() {
            let run = RunId(Uuid::now_v7());
            *self.one() = One::Making(run);
            // Not cut short: what a call that is broken off asks for would come all the same.
            match self.shared.host.open_run(run).await {
                Ok(()) => {
                    backoff.reset();
                    *self.one() = One::Ready(run);
                    self.made.notify_one();
                    told.run_until_cancelled(self.wanted.notified()).await;
                    told.run_until_cancelled(tokio::time::sleep(AFTER)).await;
                }
                Err(error) => {
                    tracing::debug!(%error, "a network cannot be made ahead; runs make their own");
                    self.remove(run).await;
                    told.run_until_cancelled(tokio::time::sleep(backoff.pause())).await;
                }
            }
        }
        let left = self.ready();
        if let Some(run) = left {
            self.remove(run).await;
        }
    }

    async fn remove(&self, run: RunId) {
        if let Err(error) = self.shared.host.close_run(run).await {
            // The next runner's reaper does.
            tracing::debug!(%run, %error, "what was made ahead cannot be removed");
        }
        *self.one() = One::None;
    }
}
