//! Everything that touches the Docker engine: images, containers, networks, volumes, and the files in them.
//!
//! All over the Docker API, by names and labels that are found again after a restart; no state lives only in memory.

mod error;
mod follow;
mod types;

pub use error::EngineError;
pub use follow::Follow;
pub use types::{About, AttemptKey, AttemptSpec, Ended, EngineOptions, Found, ImageRef, Signal, SpoolSum, ValueInfo};

use bytes::Bytes;
use dockercise_pipeline::ids::{RunId, StepIx};
use futures_util::Stream;

/// One Docker engine, as one host of ours. Cheap to clone.
#[derive(Clone)]
pub struct Engine {}

fn missing<T>() -> Result<T, EngineError> {
    Err(EngineError::Unusable("not there yet".to_owned()))
}

impl Engine {
    /// Connects; makes the helper image, the volumes and the keeper; ends stale keepers of this host.
    pub async fn connect(options: EngineOptions) -> Result<Engine, EngineError> {
        let _ = options;
        missing()
    }
    /// Version, storage driver and the like.
    pub async fn about(&self) -> Result<About, EngineError> {
        missing()
    }
    /// The image, from this host if it is there, else pulled. `progress` is told the engine's words while it pulls.
    pub async fn resolve_image(
        &self,
        image: &str,
        progress: &(dyn Fn(String) + Send + Sync),
    ) -> Result<ImageRef, EngineError> {
        let _ = (image, progress);
        missing()
    }
    /// Makes the run's network and first holder, or adopts what is there.
    pub async fn open_run(&self, run: RunId) -> Result<(), EngineError> {
        let _ = run;
        missing()
    }
    /// Removes everything of the run: containers, network, volumes, directories. May be called again.
    pub async fn close_run(&self, run: RunId) -> Result<(), EngineError> {
        let _ = run;
        missing()
    }
    /// The runs (their ids as text) of which anything is left on this host.
    pub async fn runs(&self) -> Result<Vec<String>, EngineError> {
        missing()
    }
    /// Removes what the host keeps between runs: keeper, store, sockets. Ends this engine.
    pub async fn leave(self) -> Result<(), EngineError> {
        missing()
    }
    /// Extracts a tar stream as the content of a new finished layer; the layer is there whole or not at all.
    pub async fn fill_layer(
        &self,
        run: RunId,
        layer: &str,
        tar: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    ) -> Result<(), EngineError> {
        let _ = (run, layer, tar);
        missing()
    }
    /// Is the layer there?
    pub async fn has_layer(&self, run: RunId, layer: &str) -> Result<bool, EngineError> {
        let _ = (run, layer);
        missing()
    }
    /// Makes the container with all it needs, or adopts it where it is there already. Does not start it.
    pub async fn create(&self, spec: &AttemptSpec) -> Result<(), EngineError> {
        let _ = spec;
        missing()
    }
    /// Starts it; well where it was started before.
    pub async fn start(&self, key: &AttemptKey) -> Result<(), EngineError> {
        let _ = key;
        missing()
    }
    /// In what state it is; `None` where there is no such container.
    pub async fn find(&self, key: &AttemptKey) -> Result<Option<Found>, EngineError> {
        let _ = key;
        missing()
    }
    /// Waits for its end, over lost connections and restarts of the daemon. The code comes from `inspect` alone.
    pub async fn wait(&self, key: &AttemptKey) -> Result<Ended, EngineError> {
        let _ = key;
        missing()
    }
    /// Sends a signal; well where it is over or gone.
    pub async fn signal(&self, key: &AttemptKey, signal: Signal) -> Result<(), EngineError> {
        let _ = (key, signal);
        missing()
    }
    /// Removes the container and its volumes, not its layer nor its spool. Not for the critical path.
    pub async fn remove(&self, key: &AttemptKey) -> Result<(), EngineError> {
        let _ = key;
        missing()
    }
    /// The bytes of its spool from an offset on.
    pub fn follow(&self, key: &AttemptKey, from: u64) -> Follow {
        let _ = (key, from);
        Follow::failed(EngineError::Unusable("not there yet".to_owned()))
    }
    /// Makes the step's value of its stdout: what later steps read. Only for [`Phase::Run`]; may be repeated.
    ///
    /// [`Phase::Run`]: dockercise_pipeline::ids::Phase::Run
    pub async fn project(&self, key: &AttemptKey) -> Result<ValueInfo, EngineError> {
        let _ = key;
        missing()
    }
    /// The first `limit` bytes of a step's value.
    pub async fn read_value(&self, run: RunId, step: StepIx, limit: u64) -> Result<Bytes, EngineError> {
        let _ = (run, step, limit);
        missing()
    }
    /// Length and sum of its spool as it is now.
    pub async fn spool_sum(&self, key: &AttemptKey) -> Result<SpoolSum, EngineError> {
        let _ = key;
        missing()
    }
    /// Removes its spool: it is stored elsewhere.
    pub async fn forget_spool(&self, key: &AttemptKey) -> Result<(), EngineError> {
        let _ = key;
        missing()
    }
}
