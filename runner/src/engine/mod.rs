//! Everything that touches the Docker engine: images, containers, networks, volumes, and the files in them.
//!
//! All over the Docker API, by names and labels that are found again after a restart; no state lives only in memory.
//!
//! | of | in Docker | files, by the keeper |
//! |---|---|---|
//! | host | containers `keeper`, volumes `store`, `go` | |
//! | run | a network, its holders | `{run}/` in both volumes |
//! | attempt | a container with volumes of its own, or the image it makes | spool, workdir and links to values; spec in memory |
//! | cache | | `cache/{name}` |
//! | layer, value | | `l/{layer}`, `v/{step}` of the run |

mod about;
mod agent;
mod attempt;
mod build;
mod cache;
mod config;
mod connect;
mod end;
mod enter;
mod error;
mod follow;
mod holders;
mod image;
mod keeper;
mod layer;
mod names;
mod run;
mod shell;
mod spool;
mod tree;
mod types;

pub use about::{Glimpse, glimpse};
pub use agent::{Answers, Serving};
pub use build::{BuildSpec, Built, Say};
pub use error::EngineError;
pub use follow::Follow;
pub use image::Tell;
pub use shell::{Seen, Shell};
pub use tree::{Folder, Opened, Tree};
pub use types::{
    About, AttemptKey, AttemptSpec, Ended, EngineOptions, Found, ImageConfig, ImageRef, LOG_CAP, Layer, Limits, Mounted, OneRun, Secrets,
    Signal, SpoolSum, ValueFile, ValueInfo,
};

use bollard::Docker;
use dockercise_init::message::{Place, Root};
use dockercise_pipeline::ids::RunId;
use holders::Holders;
use keeper::Keeper;
use names::Names;
use std::collections::{HashMap, HashSet};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// One Docker engine, as one host of ours. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    inner: Arc<Inner>,
}

struct Inner {
    docker: Docker,
    address: String,
    names: Names,
    /// The helper image's name.
    helper: String,
    keeper: Keeper,
    logins: image::Logins,
    /// Where the engine's host has the volumes, as the engine says.
    store_path: String,
    go_path: String,
    copy_on_write: AtomicBool,
    /// Held while a chain of layers is made flat: two readers of one chain want the same.
    flattening: tokio::sync::Mutex<()>,
    /// The runs that are open here. What they hold is read from labels when they are opened.
    runs: Mutex<HashMap<RunId, Arc<Holders>>>,
    /// Containers made here and not told to start since. Of every other one it must be asked first: the engine starts
    /// one that is over a second time.
    fresh: Mutex<HashSet<AttemptKey>>,
    /// Held by each build; alone by who removes what builds have left.
    building: tokio::sync::RwLock<()>,
    /// No holder is made ahead where a run has so many.
    most_holders: usize,
}

impl Inner {
    fn fresh(&self) -> MutexGuard<'_, HashSet<AttemptKey>> {
        self.fresh.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a failed call of the Docker client becomes.
    fn error(&self, doing: impl Into<String>) -> impl FnOnce(bollard::errors::Error) -> EngineError {
        let (address, doing) = (self.address.clone(), doing.into());
        move |error| EngineError::of(&address, doing, error)
    }

    /// A place as the engine's host sees it: only for the engine's own mounts.
    fn path(&self, place: &Place) -> String {
        let root = match place.root {
            Root::Store => &self.store_path,
            Root::Go => &self.go_path,
        };
        format!("{root}/{}", place.path)
    }
}
