//! What the steps of a job share.

use super::images::Images;
use super::message::Message;
use super::vault::Vault;
use crate::agent::Agent;
use crate::engine::{AttemptKey, EngineError, Folder, Serving};
use crate::host::Host;
use crate::shared::{Shared, patiently};
use dockercise_pipeline::ids::{Attempt, Phase, RunId, StepIx};
use dockercise_pipeline::plan::SourceOptions;
use dockercise_pipeline::wire::Job;
use std::collections::HashMap;
use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use tokio::sync::{OnceCell, mpsc};
use tokio_util::task::TaskTracker;

/// The layers that hold the source, each as some pipeline of the run wants it.
const SOURCE_LAYERS: [(&str, SourceOptions); 4] = [
    ("source", SourceOptions { submodules: false, lfs: false }),
    ("source-s", SourceOptions { submodules: true, lfs: false }),
    ("source-l", SourceOptions { submodules: false, lfs: true }),
    ("source-sl", SourceOptions { submodules: true, lfs: true }),
];

/// The layer that holds the source as it is wanted.
pub fn source_layer(wanted: SourceOptions) -> &'static str {
    SOURCE_LAYERS[usize::from(wanted.submodules) + 2 * usize::from(wanted.lfs)].0
}

/// Which source a layer holds; none where it holds something else.
pub fn source_in(layer: &str) -> Option<SourceOptions> {
    SOURCE_LAYERS.iter().find(|(name, _)| *name == layer).map(|(_, options)| *options)
}

/// Times that the source is unpacked where the connection breaks.
const FILL_TRIES: u32 = 3;

/// Something made once for all steps; a failure is shared too.
type Once<T> = OnceCell<Result<T, String>>;

/// See the module.
#[derive(Debug)]
pub struct Context<H> {
    /// What all jobs share.
    pub shared: Arc<Shared<H>>,
    /// What was given.
    pub job: Job,
    /// The job's line of events.
    pub line: mpsc::Sender<Message>,
    opened: Once<()>,
    /// As [`SOURCE_LAYERS`].
    sources: [Once<()>; 4],
    pub(super) images: Images,
    /// What steps have left.
    left: Mutex<HashMap<Attempt, Vec<Folder>>>,
    /// What must not be shown.
    pub vault: Vault,
    agent: OnceLock<Option<Arc<Agent>>>,
    /// Calls that the engine has not answered yet.
    calls: TaskTracker,
}

impl<H: Host> Context<H> {
    /// For a job whose loop reads the other end of `line`.
    pub fn new(shared: Arc<Shared<H>>, job: Job, line: mpsc::Sender<Message>) -> Context<H> {
        Context {
            shared,
            job,
            line,
            opened: OnceCell::new(),
            sources: Default::default(),
            images: Images::default(),
            left: Mutex::default(),
            vault: Vault::default(),
            agent: OnceLock::new(),
            calls: TaskTracker::new(),
        }
    }

    /// The Docker host.
    pub fn host(&self) -> &H {
        &self.shared.host
    }

    /// The name of a container.
    pub fn key(&self, attempt: Attempt, phase: Phase) -> AttemptKey {
        AttemptKey { run: self.job.run, attempt, phase, service: None }
    }

    /// The run that a step's value and volume are of: an earlier one's where the step was not run again.
    pub fn run_of(&self, step: StepIx) -> RunId {
        self.job.kept.iter().find(|kept| kept.step == step).map_or(self.job.run, |kept| kept.run)
    }

    /// What signs with the repository's deploy key for the steps; none for code that is not trusted.
    fn agent(&self) -> Option<&Arc<Agent>> {
        let make = || {
            let key = Some(&self.job.source.deploy_key).filter(|key| self.job.trusted && !key.is_empty())?;
            let made = Agent::new(key, format!("deploy key of {}", self.job.about.repository));
            made.inspect_err(|words| tracing::warn!(run = %self.job.run, words, "steps have no ssh agent")).ok().map(Arc::new)
        };
        self.agent.get_or_init(make).as_ref()
    }

    /// The host keys that steps with an ssh agent may believe; none where they have no agent.
    pub fn known_hosts(&self) -> Option<String> {
        self.agent().map(|_| self.job.source.known_hosts.clone())
    }

    /// Answers what an attempt asks of its ssh agent, if it has one, for as long as what this gives lives.
    pub async fn serve_agent(&self, key: &AttemptKey) -> Result<Option<Serving>, String> {
        let Some(agent) = self.agent() else { return Ok(None) };
        let answers = || {
            let agent = Arc::clone(agent);
            Arc::new(move |message: &[u8]| agent.answer(message))
        };
        let serving = patiently(|| self.host().serve_agent(key, answers())).await;
        serving.map(Some).map_err(|e| format!("the ssh agent cannot be reached: {e}"))
    }

    /// Sees to it that the run's network is there.
    pub async fn open(&self) -> Result<(), String> {
        let (shared, run) = (Arc::clone(&self.shared), self.job.run);
        let open = async || self.whole(async move { patiently(|| shared.host.open_run(run)).await }).await;
        self.opened.get_or_init(open).await.clone()
    }

    /// Makes a call that goes on when nobody waits for it any more: broken off, what it asks for would come all the same,
    /// after everything was cleared away.
    pub async fn whole<T: Send + 'static>(&self, call: impl Future<Output = Result<T, EngineError>> + Send + 'static) -> Result<T, String> {
        let answer = self.calls.spawn(call).await;
        answer.map_err(|e| e.to_string())?.map_err(|e| e.to_string())
    }

    /// Waits until the engine has answered all such calls.
    pub async fn answered(&self) {
        self.calls.close();
        self.calls.wait().await;
    }

    /// Remembers what an attempt leaves, or will leave.
    pub fn leaves(&self, attempt: Attempt, folders: Vec<Folder>) {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).insert(attempt, folders);
    }

    /// What an attempt has left.
    pub fn left(&self, attempt: Attempt) -> Option<Vec<Folder>> {
        self.left.lock().unwrap_or_else(PoisonError::into_inner).get(&attempt).cloned()
    }

    /// Sees to it that the source's layers are there, as they are wanted.
    pub async fn sources(&self, wanted: &[SourceOptions]) -> Result<(), String> {
        for wanted in wanted {
            let once = &self.sources[usize::from(wanted.submodules) + 2 * usize::from(wanted.lfs)];
            once.get_or_init(async || self.make_source(*wanted).await).await.clone()?;
        }
        Ok(())
    }

    async fn make_source(&self, wanted: SourceOptions) -> Result<(), String> {
        let (run, layer) = (self.job.run, source_layer(wanted));
        if !self.job.trusted && wanted != SourceOptions::default() {
            return Err("neither submodules nor Git LFS are fetched for this run\nits code comes from a fork".to_owned());
        }
        if patiently(|| self.host().has_layer(run, layer)).await.map_err(|e| e.to_string())? {
            return Ok(());
        }
        for _ in 0..FILL_TRIES {
            let tar = self.shared.sources.checkout(&self.job.source, wanted).await.map_err(|e| e.to_string())?;
            match self.host().fill_layer(run, layer, tar).await {
                Err(e) if e.is_connection() => tracing::warn!(error = %e, "unpacking the source broke off and is tried again"),
                Err(e) => return Err(format!("unpacking the source: {e}")),
                Ok(()) => return Ok(()),
            }
        }
        Err("unpacking the source: the connection to the docker engine broke again and again".to_owned())
    }
}
