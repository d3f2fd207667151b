//! Connecting: the helper image, the host's volumes, the keeper.

use super::config::{self, VolumeKind};
use super::image::Logins;
use super::keeper::{Blueprint, Keeper};
use super::names::{KIND, Names};
use super::{Engine, EngineError, EngineOptions, Inner, OneRun};
use bollard::models::{ContainerCreateBody, HostConfig, VolumeCreateRequest};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, CreateImageOptionsBuilder, ListVolumesOptionsBuilder, RemoveContainerOptionsBuilder,
    StartContainerOptions,
};
use bollard::{API_DEFAULT_VERSION, Docker};
use dockercise_init::message::{Place, Reply, Request, Root};
use dockercise_pipeline::ids::RunId;
use futures_util::StreamExt;
use sha2::{Digest, Sha256};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

/// The helper binary; see build.rs.
const BINARY: &[u8] = include_bytes!(env!("DOCKERCISE_INIT"));
/// Where Docker's socket is unless somebody says otherwise.
const DEFAULT_ADDRESS: &str = "unix:///var/run/docker.sock";
/// What the host's volume is called that is on disk.
const STORE: &str = "store";
/// What the one is called that is in memory.
pub(super) const GO: &str = "go";
/// Seconds after which a call is given up; what takes its time (pull, upload) sets its own.
const CALL_SECONDS: u64 = 120;
/// Room for specs and the helper binary. A spec holds a step's environment.
const GO_OPTIONS: &str = "size=256m,mode=0711";

impl Engine {
    /// Connects; makes the helper image, the volumes and the keeper; ends stale keepers of this host.
    pub async fn connect(options: EngineOptions) -> Result<Engine, EngineError> {
        Engine::connect_as(options, None, false).await
    }

    /// As [`Engine::connect`], for a host that lives no longer than one run.
    pub async fn connect_for_one_run(options: EngineOptions, one: OneRun) -> Result<Engine, EngineError> {
        Engine::connect_as(options, Some(one), false).await
    }

    /// As [`Engine::connect`], in another process than the runner's: its keeper is left alone. Only for runs that the runner
    /// does not touch.
    pub async fn connect_beside(options: EngineOptions) -> Result<Engine, EngineError> {
        Engine::connect_as(options, None, true).await
    }

    async fn connect_as(options: EngineOptions, one: Option<OneRun>, beside: bool) -> Result<Engine, EngineError> {
        let names = Names::new(&options.host)?;
        let (docker, address) = reach(options.docker_host).await?;
        let setup = Setup { docker, address, names };
        let (helper, store, go) =
            tokio::try_join!(setup.helper_image(), setup.volume(STORE, None), setup.volume(GO, Some(VolumeKind::memory(GO_OPTIONS))),)?;
        let Setup { docker, address, names } = setup;
        let blueprint = Blueprint {
            docker: docker.clone(),
            address: address.clone(),
            names: names.clone(),
            image: helper.clone(),
            volumes: [store.0, go.0],
            beside,
        };
        let inner = Inner {
            docker,
            address,
            names,
            helper,
            keeper: Keeper::new(blueprint),
            logins: Logins::new(options.docker_config),
            store_path: store.1,
            go_path: go.1,
            copy_on_write: AtomicBool::new(true),
            flattening: tokio::sync::Mutex::default(),
            runs: Mutex::default(),
            fresh: Mutex::default(),
            building: tokio::sync::RwLock::default(),
            most_holders: one.as_ref().map_or(usize::MAX, |one| one.containers),
        };
        let overlay = match one {
            Some(one) => inner.can_overlay_as_known(&one.known).await?,
            None => inner.can_overlay().await?,
        };
        inner.copy_on_write.store(overlay, Ordering::Relaxed);
        Ok(Engine { inner: Arc::new(inner) })
    }

    /// From here on working directories are copied whole, as where the engine's disk refuses overlayfs. Layers of both
    /// kinds do not mix: for a run from its beginning.
    pub fn copy_whole(&self) {
        self.inner.copy_on_write.store(false, Ordering::Relaxed);
    }

    /// Removes all that is there for this host: its runs, the keeper, the store. What is asked of it after that makes
    /// keeper and store anew.
    pub async fn clear(&self) -> Result<(), EngineError> {
        let inner = &self.inner;
        // Their files go with the store.
        let runs = async {
            for run in inner.labelled_runs().await? {
                let run = run.parse().map_err(|_| EngineError::Unusable(format!("`{run}` is not the id of a run")))?;
                self.rest_run(RunId(run)).await?;
            }
            Ok(())
        };
        let (runs, ()) = tokio::join!(runs, inner.keeper.end());
        runs?;
        inner.remove_images(None).await?;
        let filters = inner.names.filter(&[(KIND, "store")]);
        let options = ListVolumesOptionsBuilder::default().filters(&filters).build();
        let found = inner.docker.list_volumes(Some(options)).await.map_err(inner.error("list volumes"))?;
        for volume in found.volumes.unwrap_or_default() {
            // The keeper may be on its way out still.
            Inner::or_stuck(inner.try_to_remove(|| inner.remove_volume(&volume.name)).await)?;
        }
        Ok(())
    }
}

/// The engine that is meant, and its address.
pub(super) async fn reach(docker_host: Option<String>) -> Result<(Docker, String), EngineError> {
    let address = docker_host.or_else(|| std::env::var("DOCKER_HOST").ok()).unwrap_or(DEFAULT_ADDRESS.to_owned());
    let docker = open(&address).await.map_err(|error| EngineError::of(&address, "say its version", error))?;
    Ok((docker, address))
}

async fn open(address: &str) -> Result<Docker, bollard::errors::Error> {
    let docker = if address.starts_with('/') {
        Docker::connect_with_unix(address, CALL_SECONDS, API_DEFAULT_VERSION)?
    } else {
        Docker::connect_with_host(address)?
    };
    docker.negotiate_version().await
}

struct Setup {
    docker: Docker,
    address: String,
    names: Names,
}

impl Setup {
    fn error(&self, doing: String) -> impl FnOnce(bollard::errors::Error) -> EngineError {
        let address = self.address.clone();
        move |error| EngineError::of(&address, doing, error)
    }

    /// Makes the helper image unless it is there, and gives its name.
    async fn helper_image(&self) -> Result<String, EngineError> {
        let sum: String = Sha256::digest(BINARY).iter().map(|byte| format!("{byte:02x}")).collect();
        let tag = &sum[..12];
        let name = format!("dockercise/init:{tag}");
        if self.docker.inspect_image(&name).await.is_ok() {
            return Ok(name);
        }
        let tar = helper_tar().map_err(|e| EngineError::Unusable(format!("the helper image cannot be packed: {e}")))?;
        let options = CreateImageOptionsBuilder::default().from_src("-").repo("dockercise/init").tag(tag).build();
        let mut progress = self.docker.create_image(Some(options), Some(bollard::body_full(tar.into())), None);
        while let Some(step) = progress.next().await {
            step.map_err(self.error(format!("import {name}")))?;
        }
        Ok(name)
    }

    /// Makes a volume of the host unless it is there, and gives its name and the engine's path to it.
    async fn volume(&self, name: &str, kind: Option<VolumeKind>) -> Result<(String, String), EngineError> {
        let name = self.names.of(name);
        let request = VolumeCreateRequest {
            name: Some(name.clone()),
            driver: Some("local".to_owned()),
            driver_opts: kind.map(VolumeKind::driver_options),
            labels: Some(self.names.labels("store")),
            ..VolumeCreateRequest::default()
        };
        let made = self.docker.create_volume(request).await.map_err(self.error(format!("create volume {name}")))?;
        Ok((name, made.mountpoint))
    }
}

/// A tar with the helper binary and the folders that volumes are mounted at.
fn helper_tar() -> std::io::Result<Vec<u8>> {
    let mut tar = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_mode(0o755);
    header.set_size(BINARY.len() as u64);
    tar.append_data(&mut header, "init", BINARY)?;
    tar.into_inner()
}

/// The file that remembers that overlayfs works here.
const PROBED: &str = "overlay-works";

impl Inner {
    /// As [`Inner::can_overlay`], asked once for an engine and not for each store.
    async fn can_overlay_as_known(&self, known: &std::path::Path) -> Result<bool, EngineError> {
        let version = self.docker.version().await.map_err(self.error("say its version"))?;
        // Another engine, another kernel, another disk: then it is asked again.
        let disk = self.store_path.replace(&self.names.of(""), "");
        let words = [version.version, version.kernel_version, Some(self.address.clone()), Some(disk)];
        let this = words.into_iter().flatten().collect::<Vec<_>>().join("\n");
        if std::fs::read_to_string(known).is_ok_and(|known| known == this) {
            return Ok(true);
        }
        let works = self.can_overlay().await?;
        // Not remembered, it is asked again.
        if works && let Err(error) = std::fs::write(known, this) {
            tracing::debug!(%error, "what the engine can do is not remembered");
        }
        Ok(works)
    }

    /// Does the engine mount overlayfs over its volumes, with the options we need? Asked once for a store.
    async fn can_overlay(&self) -> Result<bool, EngineError> {
        let place = |path: &str| Place { root: Root::Store, path: path.to_owned() };
        if let (Reply::Stat { kind: Some(_), .. }, _) = self.keeper.ask(Request::Stat { at: place(PROBED) }).await? {
            return Ok(true);
        }
        let dir = |path| Request::MakeDir { at: place(path), mode: 0o755, like: None };
        self.keeper.all(vec![dir("probe/l"), dir("probe/u"), dir("probe/w")]).await?;
        let path = |path| self.path(&place(path));
        let kind = VolumeKind::overlay(&[path("probe/l")], &path("probe/u"), &path("probe/w"));
        let works = match self.try_mount(kind).await? {
            Ok(()) => true,
            Err(error @ (EngineError::Unreachable { .. } | EngineError::Disk { .. })) => return Err(error),
            Err(error) => {
                tracing::warn!(%error, "the engine's disk refuses overlayfs: working directories are copied whole");
                false
            }
        };
        let mut after = vec![Request::Remove { at: place("probe") }];
        if works {
            after.push(Request::Write { at: place(PROBED), mode: 0o444, text: String::new() });
        }
        self.keeper.all(after).await?;
        Ok(works)
    }

    /// Starts a helper that does nothing, with a volume of this kind, and says how that went.
    async fn try_mount(&self, kind: VolumeKind) -> Result<Result<(), EngineError>, EngineError> {
        let name = self.names.of("probe");
        let mounts = vec![config::own_volume(kind, "/probe", self.names.labels("probe"))];
        let body = ContainerCreateBody {
            image: Some(self.helper.clone()),
            entrypoint: Some(vec![config::INIT.to_owned()]),
            labels: Some(self.names.labels("probe")),
            host_config: Some(HostConfig { network_mode: Some("none".to_owned()), mounts: Some(mounts), ..config::helper(&[]) }),
            ..ContainerCreateBody::default()
        };
        let options = RemoveContainerOptionsBuilder::default().force(true).v(true).build();
        let _ = self.docker.remove_container(&name, Some(options.clone())).await;
        let create = CreateContainerOptionsBuilder::default().name(&name).build();
        self.docker.create_container(Some(create), body).await.map_err(self.error("create the probe"))?;
        let started = self.docker.start_container(&name, None::<StartContainerOptions>).await;
        let removed = self.docker.remove_container(&name, Some(options)).await;
        removed.map_err(self.error("remove the probe"))?;
        Ok(started.map_err(self.error("start the probe")))
    }
}
