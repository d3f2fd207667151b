//! Runs jobs on one Docker host: takes them from the server, walks their graphs, reports what happened.
//!
//! ```text
//! poll      asks the server for jobs and orders                     one conversation a process
//! job       one loop a job: the machine, its journal, its reports   a job's only writer
//! step      one walk a step: container, log, value, record
//! source    the repository as a layer
//! engine    all that touches Docker
//! store     the data folder; what stands there survives this process
//! here      a runner inside `dockercise run`
//! shell     a person's shell in what a step had, beside the runner
//! ```
//! The process may die at any moment: containers go on without it, and the next process takes up what stands in the
//! data folder. [`run`] is all that a server's host needs.

pub mod engine;

mod admission;
mod agent;
mod ahead;
mod aws;
mod caches;
mod client;
mod disk;
pub mod here;
mod host;
mod job;
mod lock;
mod poll;
mod reap;
mod retry;
mod shared;
pub mod shell;
mod source;
mod step;
mod store;
#[cfg(test)]
mod tests;

pub use crate::source::folder;

use crate::engine::{About, Engine, EngineError, EngineOptions};
use anyhow::Context as _;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// How long a connection that is being made may take once the runner was told to end.
const FINISH: Duration = Duration::from_secs(3);

/// What a runner is told at its start.
#[derive(Clone)]
pub struct RunnerOptions {
    /// The server's base address, as `http://127.0.0.1:8080`.
    pub server: String,
    /// The host's token. Never logged.
    pub token: String,
    /// The runner's own folder; made if it is missing. One runner at a time works in it.
    pub data_dir: PathBuf,
    /// As `unix:///var/run/docker.sock`; `None` is `DOCKER_HOST`, or the default socket.
    pub docker_host: Option<String>,
    /// Docker's configuration with the logins of registries; `None` is `DOCKER_CONFIG`, or `.docker` in the home folder.
    pub docker_config: Option<PathBuf>,
    /// How many steps may run at once over all jobs; `None` is the greater of 8 and twice the processors.
    pub slots: Option<usize>,
    /// The AWS profile of this computer whose credentials steps of trusted runs get; `None` for none.
    pub aws_profile: Option<String>,
    /// How many bytes of folders are kept from run to run at most; 0 for none.
    pub cache_bytes: u64,
}

impl std::fmt::Debug for RunnerOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RunnerOptions").field("server", &self.server).field("data_dir", &self.data_dir).finish_non_exhaustive()
    }
}

/// Runs until SIGTERM or SIGINT (then containers go on, and the next runner takes them up), or until the server does
/// not know the token. Where another runner has the data folder, stands by until that one has ended.
///
/// Call it on a runtime of several threads.
///
/// # Errors
/// The data folder cannot be used, the server's address is none, or the token is refused.
pub async fn run(options: RunnerOptions) -> anyhow::Result<()> {
    let mut term = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let told = CancellationToken::new();
    let listening = async {
        tokio::select! {
            _ = term.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("told to end; containers go on");
        told.cancel();
        std::future::pending().await
    };
    tokio::select! {
        result = work(options, &told) => result,
        never = listening => never,
    }
}

async fn work(options: RunnerOptions, told: &CancellationToken) -> anyhow::Result<()> {
    let client = client::Client::new(&options.server, options.token)?;
    disk::make_dir(&options.data_dir).with_context(|| format!("cannot make the runner's folder {}", options.data_dir.display()))?;
    let Some(lock) = told.run_until_cancelled(lock::take(&options.data_dir)).await else { return Ok(()) };
    let _lock = lock.with_context(|| format!("cannot lock {}", options.data_dir.display()))?;
    let store = store::Store::open(&options.data_dir)?;
    let engine = EngineOptions { docker_host: options.docker_host, docker_config: options.docker_config, host: store.host()? };
    let Some((engine, about)) = connect(engine, told).await else { return Ok(()) };
    let slots = options.slots.unwrap_or_else(default_slots).max(1);
    let capacity = admission::Capacity::of(&about, slots);
    tracing::info!(server = options.server, slots, cpus = capacity.cpus / 1000, memory.mib = capacity.memory >> 20, "runner at work");
    let mut shared = shared::Shared::new(engine, client, store, capacity);
    shared.keep_caches(options.cache_bytes);
    shared.aws = options.aws_profile.map(aws::Profile::new);
    let shared = Arc::new(shared);
    let ahead = Arc::new(ahead::Ahead::new(Arc::clone(&shared)));
    let kept = {
        let (ahead, told) = (Arc::clone(&ahead), told.clone());
        tokio::spawn(async move { ahead.keep(&told).await })
    };
    let worked = told.run_until_cancelled(poll::Polling::with_ahead(shared, ahead).run()).await.unwrap_or(Ok(()));
    told.cancel();
    // It puts away what it has made.
    let _ = tokio::time::timeout(FINISH, kept).await;
    worked
}

/// Connects to the engine, again until it answers; none if told to end before.
async fn connect(options: EngineOptions, told: &CancellationToken) -> Option<(Engine, About)> {
    let mut backoff = retry::Backoff::default();
    loop {
        // Not cut short at once: a helper that was created and not started yet would be left behind.
        let given_up = async {
            told.cancelled().await;
            tokio::time::sleep(FINISH).await;
        };
        let connecting = async {
            let engine = Engine::connect(options.clone()).await?;
            let about = engine.about().await?;
            Ok::<_, EngineError>((engine, about))
        };
        let tried = tokio::select! {
            tried = connecting => tried,
            () = given_up => return None,
        };
        match tried {
            Ok(connected) => return Some(connected),
            Err(error) => {
                tracing::error!(%error, "the docker engine cannot be used; trying again");
                told.run_until_cancelled(tokio::time::sleep(backoff.pause())).await?;
            }
        }
    }
}

fn default_slots() -> usize {
    let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    (2 * cpus).max(8)
}
