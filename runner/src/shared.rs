//! What all jobs of this process share.

use crate::admission::{Admission, Capacity};
use crate::aws::Profile;
use crate::caches::Caches;
use crate::client::Client;
use crate::engine::EngineError;
use crate::host::Host;
use crate::retry::Backoff;
use crate::source::Sources;
use crate::store::Store;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;

/// So long a call to the engine is repeated while nobody answers there.
const ENGINE_PATIENCE: Duration = Duration::from_secs(60);

/// How many steps' containers are removed at once: the engine's time is the next steps' first.
const REMOVALS: usize = 1;

/// How much is kept from run to run where nobody says otherwise.
pub const CACHE_BYTES: u64 = 10_000_000_000;

/// See the module.
#[derive(Debug)]
pub struct Shared<H> {
    /// The Docker host.
    pub host: H,
    /// The server.
    pub client: Client,
    /// The data folder.
    pub store: Store,
    /// Where sources come from.
    pub sources: Sources,
    /// What steps reserve of the host.
    pub admission: Arc<Admission>,
    /// A permit for each job that may be in work: each has a network, of which an engine has few.
    pub jobs: Arc<Semaphore>,
    /// A permit for each step whose containers may be removed now.
    pub removals: Semaphore,
    /// Where the AWS credentials of steps come from, if they get any.
    pub aws: Option<Profile>,
    /// What is kept from run to run.
    pub caches: Arc<Caches>,
    /// How many jobs may be in work at once.
    pub slots: usize,
}

impl<H: Host> Shared<H> {
    /// For a host that has so much to give; as many jobs may be in work as steps may run.
    pub fn new(host: H, client: Client, store: Store, capacity: Capacity) -> Shared<H> {
        let sources = Sources::new(store.mirrors(), store.tmp());
        let slots = capacity.steps;
        let (admission, jobs) = (Admission::new(capacity), Arc::new(Semaphore::new(slots)));
        let caches = Arc::new(Caches::open(store.caches(), CACHE_BYTES));
        let removals = Semaphore::new(REMOVALS);
        Shared { host, client, store, sources, admission, jobs, removals, aws: None, caches, slots }
    }

    /// As many bytes of caches are kept as this at most.
    pub fn keep_caches(&mut self, bytes: u64) {
        self.caches = Arc::new(Caches::open(self.store.caches(), bytes));
    }
}

/// Makes a call that may be made twice, again while the engine does not answer.
pub async fn patiently<T, F: Future<Output = Result<T, EngineError>>>(mut call: impl FnMut() -> F) -> Result<T, EngineError> {
    let begun = Instant::now();
    let mut backoff = Backoff::default();
    loop {
        match call().await {
            Err(e) if e.is_connection() && begun.elapsed() < ENGINE_PATIENCE => {
                let pause = backoff.pause().min(Duration::from_secs(2));
                tracing::warn!(error = %e, "the docker engine does not answer; trying again");
                tokio::time::sleep(pause).await;
            }
            other => return other,
        }
    }
}
