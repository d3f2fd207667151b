//! What is left of runs that nobody needs any more.

use crate::ahead::Ahead;
use crate::host::Host;
use crate::shared::{Shared, patiently};
use crate::shell::marks;
use dockercise_pipeline::ids::RunId;
use std::collections::{BTreeSet, HashSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use uuid::Uuid;

/// How often the host is compared with the data folder.
const EVERY: Duration = Duration::from_secs(300);

/// See the module.
#[derive(Debug)]
pub struct Reaper<H> {
    shared: Arc<Shared<H>>,
    ahead: Arc<Ahead<H>>,
    /// Runs being closed.
    closing: Mutex<HashSet<RunId>>,
}

impl<H: Host> Reaper<H> {
    /// For a host and its data folder.
    pub fn new(shared: Arc<Shared<H>>, ahead: Arc<Ahead<H>>) -> Reaper<H> {
        Reaper { shared, ahead, closing: Mutex::default() }
    }

    /// Is the run being forgotten?
    pub fn is_closing(&self, run: RunId) -> bool {
        self.closing().contains(&run)
    }

    /// Forgets a run that is kept: its volumes, values and network, then that it was there. Not waited for. False where
    /// that is under way, or has to wait for a person's shell; the server says it again.
    pub fn release(self: &Arc<Self>, run: RunId) -> bool {
        // From now on named as nothing to go on from.
        if self.shared.store.keeps(run)
            && let Err(error) = self.shared.store.keep_run(run)
        {
            tracing::warn!(%run, %error, "a run that is put away cannot be marked as such");
        }
        if self.looked_at().is_none_or(|used| used.contains(&run)) || !self.closing().insert(run) {
            return false;
        }
        let this = Arc::clone(self);
        tokio::spawn(async move {
            this.close(run).await;
            this.closing().remove(&run);
        });
        true
    }

    /// What people's shells use; none where that cannot be told.
    fn looked_at(&self) -> Option<BTreeSet<RunId>> {
        let used = marks::in_use(self.shared.store.root());
        used.inspect_err(|error| tracing::warn!(%error, "the marks of open shells cannot be read: nothing is removed")).ok()
    }

    fn closing(&self) -> std::sync::MutexGuard<'_, HashSet<RunId>> {
        self.closing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn close(&self, run: RunId) {
        // Named as kept until it is gone: the server says it again where this fails.
        match self.shared.host.close_run(run).await {
            Ok(()) => match self.shared.store.forget_run(run) {
                Ok(()) => {
                    self.ahead.gone(run);
                    tracing::info!(%run, "run released");
                }
                Err(error) => tracing::warn!(%run, %error, "a run that is over cannot be forgotten yet"),
            },
            Err(error) => tracing::warn!(%run, %error, "what is left of a run cannot be removed yet"),
        }
    }

    /// Removes caches that a process before this one has not finished or not forgotten.
    async fn sweep_caches(&self) {
        let host = &self.shared.host;
        let found = match patiently(|| host.caches()).await {
            Ok(found) => self.shared.caches.strangers(found),
            Err(error) => return tracing::warn!(%error, "the host's caches cannot be listed"),
        };
        for name in found {
            match patiently(|| host.forget_cache(&name)).await {
                Ok(()) => tracing::info!(name, "removed a cache that nobody knows"),
                Err(error) => tracing::warn!(%error, name, "a cache that nobody knows cannot be removed"),
            }
        }
    }

    /// Now and then removes what is on the host of runs that are not kept.
    pub async fn sweep_for_ever(&self) {
        let mut caches_swept = false;
        let mut ticks = tokio::time::interval(EVERY);
        loop {
            ticks.tick().await;
            // Listed before it is compared: a run is kept before anything of it is made.
            match self.shared.host.runs().await {
                Ok(runs) => {
                    let Some(used) = self.looked_at() else { continue };
                    let runs = runs.iter().filter_map(|r| Uuid::parse_str(r).ok()).map(RunId);
                    for run in runs.filter(|r| !self.ahead.is(*r) && !used.contains(r)) {
                        // First said, then looked: from now on no job of it is taken.
                        let first = self.closing().insert(run);
                        if first && !self.shared.store.keeps(run) {
                            tracing::info!(%run, "removing what is left of a run that nobody knows");
                            self.close(run).await;
                        }
                        if first {
                            self.closing().remove(&run);
                        }
                    }
                }
                Err(error) => tracing::warn!(%error, "the host's runs cannot be listed"),
            }
            // Later none is left but what is made here.
            if !std::mem::replace(&mut caches_swept, true) {
                self.sweep_caches().await;
            }
        }
    }
}
