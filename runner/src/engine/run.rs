//! A run on this host: its network and holders, and their end.

use super::holders::Holders;
use super::names::{self, RUN};
use super::{Engine, EngineError, Inner};
use bollard::models::NetworkCreateRequest;
use bollard::query_parameters::{ListContainersOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder, RemoveVolumeOptions};
use dockercise_init::message::{Place, Reply, Request, Root};
use dockercise_pipeline::ids::RunId;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// How many containers are removed at once.
const REMOVALS: usize = 4;
/// How often the removal of what is still in use is tried, and the pauses between, which double.
const REMOVE_TRIES: u32 = 6;
const REMOVE_PAUSE: Duration = Duration::from_millis(50);

/// What an engine says of a volume that it believes to be in use.
const STUCK: &str = "active mounts";

impl Engine {
    /// Makes the run's network and first holder, or adopts what is there.
    pub async fn open_run(&self, run: RunId) -> Result<(), EngineError> {
        self.holders(run).await.map(drop)
    }

    /// Removes everything of the run: containers, network, volumes, directories. May be called again.
    pub async fn close_run(&self, run: RunId) -> Result<(), EngineError> {
        let inner = &self.inner;
        self.rest_run(run).await?;
        inner.remove_images(Some(run)).await?;
        for at in [names::run_go(run), names::run_dir(run)] {
            inner.keeper.ask(Request::Remove { at }).await?;
        }
        Ok(())
    }

    /// Removes what costs something while a run waits, at a gate for example: containers, network, volumes. Layers,
    /// values and spools stay, and [`Engine::open_run`] goes on with them. None of its steps may be running.
    pub async fn rest_run(&self, run: RunId) -> Result<(), EngineError> {
        let inner = &self.inner;
        if let Some(holders) = inner.known(run) {
            *holders.closed.write().await = true;
        }
        inner.remove_strays(run, None).await?;
        inner.remove_containers(run).await?;
        inner.try_to_remove(|| inner.remove_networks(run)).await?;
        Inner::or_stuck(inner.try_to_remove(|| inner.remove_volumes(run)).await)?;
        inner.fresh().retain(|key| key.run != run);
        inner.runs.lock().unwrap_or_else(PoisonError::into_inner).remove(&run);
        Ok(())
    }

    /// Bytes that the run's layers and values take on the disk. What a later step shares with an earlier one counts once.
    pub async fn run_size(&self, run: RunId) -> Result<u64, EngineError> {
        match self.inner.keeper.ask(Request::Size { at: names::run_dir(run) }).await?.0 {
            Reply::Size { bytes } => Ok(bytes),
            other => Err(EngineError::Keeper { doing: "tell a size".to_owned(), words: format!("it answered {other:?}") }),
        }
    }

    /// The runs (their ids as text) of which anything is left on this host.
    pub async fn runs(&self) -> Result<Vec<String>, EngineError> {
        let mut runs = self.inner.labelled_runs().await?;
        runs.extend(self.inner.runs_with_files().await?);
        Ok(runs.into_iter().collect())
    }

    /// The run's holders, opened.
    pub(super) async fn holders(&self, run: RunId) -> Result<Arc<Holders>, EngineError> {
        let holders = {
            let mut runs = self.inner.runs.lock().unwrap_or_else(PoisonError::into_inner);
            runs.entry(run).or_insert_with(|| Arc::new(Holders::new(run))).clone()
        };
        holders.opened.get_or_try_init(|| self.inner.open(&holders)).await?;
        Ok(holders)
    }
}

impl Inner {
    /// The runs of which anything is left but files.
    pub(super) async fn labelled_runs(&self) -> Result<BTreeSet<String>, EngineError> {
        let filters = self.names.filter(&[]);
        let containers = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
        let networks = ListNetworksOptionsBuilder::default().filters(&filters).build();
        let volumes = ListVolumesOptionsBuilder::default().filters(&filters).build();
        let (containers, networks, volumes) = tokio::try_join!(
            self.docker.list_containers(Some(containers)),
            self.docker.list_networks(Some(networks)),
            self.docker.list_volumes(Some(volumes)),
        )
        .map_err(self.error("list what is labelled"))?;
        let labels = containers.into_iter().filter_map(|container| container.labels);
        let labels = labels.chain(networks.into_iter().filter_map(|network| network.labels));
        let labels = labels.chain(volumes.volumes.unwrap_or_default().into_iter().map(|volume| volume.labels));
        Ok(labels.filter_map(|mut labels| labels.remove(RUN)).collect())
    }

    pub(super) fn known(&self, run: RunId) -> Option<Arc<Holders>> {
        self.runs.lock().unwrap_or_else(PoisonError::into_inner).get(&run).cloned()
    }

    async fn open(&self, holders: &Holders) -> Result<(), EngineError> {
        let run = holders.run;
        let mark = Request::Write { at: names::run_mark(run), mode: 0o444, text: run.to_string() };
        let dir = |name: &str| Request::MakeDir { at: names::below(&names::run_dir(run), name), mode: 0o755, like: None };
        let files = vec![dir("l"), dir("w"), dir("s"), dir("a"), dir("v"), mark];
        let network = async {
            tokio::try_join!(self.make_network(run), self.adopt_holders(holders))?;
            if holders.is_empty() { self.make_first_holder(holders).await } else { Ok(()) }
        };
        // A keeper may have to be started first: that takes as long as a holder.
        tokio::try_join!(self.keeper.all(files), network).map(drop)
    }

    async fn networks(&self, run: RunId) -> Result<Vec<String>, EngineError> {
        let options = ListNetworksOptionsBuilder::default().filters(&self.names.run_filter(run)).build();
        let found = self.docker.list_networks(Some(options)).await.map_err(self.error("list networks"))?;
        Ok(found.into_iter().filter_map(|network| network.id).collect())
    }

    async fn make_network(&self, run: RunId) -> Result<(), EngineError> {
        // Older engines make a second of the same name, so look first. Nobody else makes networks of this host.
        if !self.networks(run).await?.is_empty() {
            return Ok(());
        }
        let name = self.names.network(run);
        let request = NetworkCreateRequest {
            name: name.clone(),
            driver: Some("bridge".to_owned()),
            labels: Some(self.names.run_labels("network", run)),
            options: Some(HashMap::new()),
            ..NetworkCreateRequest::default()
        };
        self.docker.create_network(request).await.map_err(self.error(format!("create network {name}")))?;
        Ok(())
    }

    async fn remove_containers(&self, run: RunId) -> Result<(), EngineError> {
        // Again, until none is listed: a removal that was under way already is not waited for by the engine.
        for pause in [Duration::ZERO; 2].into_iter().chain(pauses()) {
            tokio::time::sleep(pause).await;
            let found: Vec<String> = self.containers(run).await?.into_iter().filter_map(|c| c.id).collect();
            if found.is_empty() {
                return Ok(());
            }
            let removals = stream::iter(found.iter().map(Ok));
            removals.try_for_each_concurrent(REMOVALS, |id| self.remove_container(id)).await?;
        }
        Err(EngineError::Refused {
            doing: format!("remove the containers of run {run}"),
            status: 0,
            words: "some are still there".to_owned(),
        })
    }

    async fn remove_networks(&self, run: RunId) -> Result<(), EngineError> {
        for id in self.networks(run).await? {
            let removed = self.docker.remove_network(&id).await;
            self.or_gone(removed, || format!("remove network {id}"))?;
        }
        Ok(())
    }

    async fn remove_volumes(&self, run: RunId) -> Result<(), EngineError> {
        let options = ListVolumesOptionsBuilder::default().filters(&self.names.run_filter(run)).build();
        let found = self.docker.list_volumes(Some(options)).await.map_err(self.error("list volumes"))?;
        let mut outcome = Ok(());
        for volume in found.volumes.unwrap_or_default() {
            outcome = outcome.and(self.remove_volume(&volume.name).await);
        }
        outcome
    }

    pub(super) async fn remove_volume(&self, name: &str) -> Result<(), EngineError> {
        let removed = self.docker.remove_volume(name, None::<RemoveVolumeOptions>).await;
        self.or_gone(removed, || format!("remove volume {name}"))
    }

    fn or_gone(&self, outcome: Result<(), bollard::errors::Error>, doing: impl FnOnce() -> String) -> Result<(), EngineError> {
        match outcome.map_err(|error| EngineError::of(&self.address, doing(), error)) {
            Err(error) if error.status() == Some(404) => Ok(()),
            outcome => outcome,
        }
    }

    /// After a restart that kept containers, an engine may count their mounts for ever: nothing is left in such a volume, and
    /// it goes when it is removed again after the engine's next start.
    pub(super) fn or_stuck(removed: Result<(), EngineError>) -> Result<(), EngineError> {
        match removed {
            Err(EngineError::Refused { words, .. }) if words.contains(STUCK) => {
                tracing::warn!(words, "a volume stays until the engine is restarted");
                Ok(())
            }
            outcome => outcome,
        }
    }

    /// Tries again while the engine says that something is in use ("active mounts", "active endpoints").
    pub(super) async fn try_to_remove<F: Future<Output = Result<(), EngineError>>>(
        &self,
        remove: impl Fn() -> F,
    ) -> Result<(), EngineError> {
        for pause in pauses() {
            match remove().await {
                Err(EngineError::Refused { words, .. }) => {
                    tracing::debug!(words, "removing is tried again");
                    tokio::time::sleep(pause).await;
                }
                outcome => return outcome,
            }
        }
        remove().await
    }

    async fn runs_with_files(&self) -> Result<Vec<String>, EngineError> {
        let top = Place { root: Root::Store, path: String::new() };
        let (Reply::Names { names }, _) = self.keeper.ask(Request::List { at: top }).await? else {
            return Ok(Vec::new());
        };
        let marks = names.into_iter().map(|name| async move {
            let at = Place { root: Root::Store, path: format!("{name}/run") };
            let read = self.keeper.ask(Request::Read { at, offset: 0, limit: 64 }).await.ok()?;
            String::from_utf8(read.1.to_vec()).ok()
        });
        Ok(stream::iter(marks).buffered(16).filter_map(|mark| async { mark }).collect().await)
    }
}

fn pauses() -> impl Iterator<Item = Duration> {
    (0..REMOVE_TRIES).map(|n| REMOVE_PAUSE * 2u32.pow(n))
}
