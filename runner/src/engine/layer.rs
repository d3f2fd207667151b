//! Layers: what a step's working directory is made of.
//!
//! A finished layer is never written again. A step writes into a layer of its own, over those it starts from. The
//! options of a mount are one page, so a long chain is made flat every [`FLATTEN`] layers.

use super::config::{self, VolumeKind, own_volume};
use super::names;
use super::{AttemptKey, Engine, EngineError, Inner, Mounted};
use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, StartContainerOptions, UploadToContainerOptionsBuilder,
    WaitContainerOptionsBuilder,
};
use bytes::Bytes;
use dockercise_init::message::{Kind, Place, Reply, Request};
use dockercise_pipeline::ids::RunId;
use dockercise_pipeline::plan::WORKDIR;
use futures_util::{Stream, StreamExt};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// After so many layers the chain is copied into one.
const FLATTEN: usize = 30;
/// The kernel takes a page of mount options.
const OPTIONS_PAGE: usize = 4095;
/// How long an upload may take.
const UPLOAD: Duration = Duration::from_secs(60 * 60);
/// Every image's own user may write here; nobody but steps gets here.
pub(super) const OPEN: u32 = 0o777;

impl Engine {
    /// Extracts a tar stream as the content of a new finished layer; the layer is there whole or not at all.
    pub async fn fill_layer(
        &self,
        run: RunId,
        layer: &str,
        tar: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    ) -> Result<(), EngineError> {
        let inner = &self.inner;
        let place = names::layer(run, layer)?;
        if self.has_layer(run, layer).await? {
            return Ok(());
        }
        let new = names::unfinished_layer(&place);
        let open = Request::MakeDir { at: new.clone(), mode: OPEN, like: None };
        inner.keeper.all(vec![Request::Remove { at: new.clone() }, open.clone()]).await?;
        let options = UploadToContainerOptionsBuilder::default().path(&format!("/store/{}", new.path)).build();
        let keeper = inner.keeper.container().await?;
        let (tar, failure) = watched(tar);
        let docker = inner.docker.clone().with_timeout(UPLOAD);
        let uploaded = docker.upload_to_container(&keeper, Some(options), bollard::body_try_stream(tar)).await;
        if let Some(source) = failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(EngineError::Input { doing: format!("layer {layer}"), source: source.into() });
        }
        uploaded.map_err(inner.error(format!("fill layer {layer}")))?;
        // The archive's own root may have narrowed the mode.
        inner.keeper.all(vec![open, Request::Rename { from: new, to: place }]).await
    }

    /// Is the layer there?
    pub async fn has_layer(&self, run: RunId, layer: &str) -> Result<bool, EngineError> {
        self.inner.is_there(&names::layer(run, layer)?).await
    }
}

/// A new layer, and what lies below it, highest first.
struct Over {
    upper: Place,
    lower: Vec<Place>,
}

/// The innermost folder mounted so far that a path lies in, and the path from there.
fn innermost<'a, 'p>(outer: &'a [(&str, Over)], path: &'p str) -> Option<(&'a Over, &'p str)> {
    outer.iter().rev().find_map(|(folder, over)| {
        let below = if *folder == "." { Some(path) } else { path.strip_prefix(folder)?.strip_prefix('/') };
        Some((over, below?))
    })
}

/// May something be mounted there, outside of the working directory? Not where the container has its own.
pub fn is_free(path: &str) -> bool {
    const TAKEN: [&str; 5] = ["dev", "dockercise", "proc", "sys", "work"];
    path.strip_prefix('/').is_some_and(|below| is_clean(below) && !below.split('/').next().is_some_and(|first| TAKEN.contains(&first)))
}

/// Is it a path of names alone? It is used below a folder of ours.
fn is_clean(path: &str) -> bool {
    path.split('/').all(|name| !["", ".", ".."].contains(&name) && !name.contains('\0'))
}

/// The error of a stream that failed.
pub(super) type Failure = Arc<Mutex<Option<std::io::Error>>>;

/// A stream and, if it fails, its error: the Docker client would only say that the request failed.
pub(super) fn watched(
    tar: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static,
) -> (impl Stream<Item = std::io::Result<Bytes>> + Send + 'static, Failure) {
    let failure = Failure::default();
    let seen = failure.clone();
    let tar = tar.map(move |piece| {
        piece.map_err(|error| {
            let told = std::io::Error::new(error.kind(), error.to_string());
            *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            told
        })
    });
    (tar, failure)
}

impl Inner {
    pub(super) async fn is_there(&self, place: &Place) -> Result<bool, EngineError> {
        let (reply, _) = self.keeper.ask(Request::Stat { at: place.clone() }).await?;
        Ok(matches!(reply, Reply::Stat { kind: Some(Kind::Directory), .. }))
    }

    /// How an attempt's working directory and the folders mounted in it are made, each with where it is mounted, and
    /// what the keeper must make for them.
    pub(super) async fn working_directory(
        &self,
        key: &AttemptKey,
        volume: &[Mounted],
    ) -> Result<(Vec<(String, VolumeKind)>, Vec<Request>), EngineError> {
        let (mut kinds, mut requests) = (Vec::new(), Vec::new());
        let mut outer: Vec<(&str, Over)> = Vec::new();
        for (number, mounted) in volume.iter().enumerate() {
            let path = mounted.path.as_str();
            let (kind, over) = self.mounted(key, number, mounted, &mut requests).await?;
            let target = if path == "." && number == 0 {
                WORKDIR.to_owned()
            } else if mounted.outside && is_free(path) {
                path.to_owned()
            } else if let Some((Over { upper, lower }, below)) = innermost(&outer, path).filter(|_| is_clean(path) && !mounted.outside) {
                requests.push(Request::MountPoint { at: upper.clone(), path: below.to_owned(), over: lower.clone() });
                format!("{WORKDIR}/{path}")
            } else {
                return Err(EngineError::Unusable(format!("`{path}` cannot be mounted in a working directory")));
            };
            outer.push((path, over));
            kinds.push((target, kind));
        }
        Ok((kinds, requests))
    }

    /// One folder: how it is mounted, and its layers.
    async fn mounted(
        &self,
        key: &AttemptKey,
        number: usize,
        mounted: &Mounted,
        requests: &mut Vec<Request>,
    ) -> Result<(VolumeKind, Over), EngineError> {
        let upper = names::layer(key.run, &mounted.layer)?;
        let chain = mounted.chain.iter().map(|layer| names::layer(layer.run, &layer.name)).collect::<Result<Vec<_>, _>>()?;
        let Some(top) = chain.last().cloned() else {
            requests.push(Request::MakeDir { at: upper.clone(), mode: OPEN, like: None });
            return Ok((VolumeKind::directory(self.path(&upper)), Over { upper, lower: Vec::new() }));
        };
        if !self.copy_on_write.load(Ordering::Relaxed) {
            self.copy_layer(&top, &upper).await?;
            return Ok((VolumeKind::directory(self.path(&upper)), Over { upper, lower: Vec::new() }));
        }
        let work = names::workdir(key, number);
        let mut lower = self.shortened(chain).await?;
        lower.reverse();
        let paths: Vec<String> = lower.iter().map(|place| self.path(place)).collect();
        let kind = VolumeKind::overlay(&paths, &self.path(&upper), &self.path(&work));
        if kind.options_length() > OPTIONS_PAGE {
            let words = format!("{} layers of `{}` do not fit into the options of a mount", paths.len(), self.store_path);
            return Err(EngineError::Unusable(words));
        }
        // What stands above decides who owns the directory itself.
        requests.push(Request::MakeDir { at: upper.clone(), mode: OPEN, like: Some(top) });
        requests.push(Request::MakeDir { at: work, mode: 0o700, like: None });
        Ok((kind, Over { upper, lower }))
    }

    /// The same content in fewer layers: the lowest ones, as many as make whole bundles, as one.
    pub(super) async fn shortened(&self, mut chain: Vec<Place>) -> Result<Vec<Place>, EngineError> {
        let bundled = (chain.len() - 1) / FLATTEN * FLATTEN;
        let _alone = if bundled > 0 { Some(self.flattening.lock().await) } else { None };
        let mut flat: Option<Place> = None;
        for bundle in chain.get(..bundled).unwrap_or_default().chunks(FLATTEN) {
            let Some(top) = bundle.last() else { continue };
            let below: Vec<Place> = flat.into_iter().chain(bundle.iter().cloned()).collect();
            let place = names::flat_layer(top);
            if !self.is_there(&place).await? {
                self.flatten(&below, top, &place).await?;
            }
            flat = Some(place);
        }
        let rest = chain.split_off(bundled);
        Ok(flat.into_iter().chain(rest).collect())
    }

    /// Copies what several layers together are into one, by a helper that sees them mounted.
    pub(super) async fn flatten(&self, chain: &[Place], top: &Place, to: &Place) -> Result<(), EngineError> {
        let new = names::unfinished_layer(to);
        let open = Request::MakeDir { at: new.clone(), mode: OPEN, like: Some(top.clone()) };
        self.keeper.all(vec![Request::Remove { at: new.clone() }, open]).await?;
        let lower: Vec<String> = chain.iter().rev().map(|place| self.path(place)).collect();
        let labels = self.names.labels("copy");
        let mounts = vec![
            own_volume(VolumeKind::overlay_to_read(&lower), "/from", labels.clone()),
            own_volume(VolumeKind::directory(self.path(&new)), "/to", labels.clone()),
        ];
        let name = self.names.of(&format!("copy-{}", &uuid::Uuid::new_v4().simple().to_string()[..8]));
        let body = ContainerCreateBody {
            image: Some(self.helper.clone()),
            entrypoint: Some([config::INIT, "copy", "/from", "/to"].map(str::to_owned).to_vec()),
            user: Some("0:0".to_owned()),
            labels: Some(labels),
            host_config: Some(HostConfig {
                network_mode: Some("none".to_owned()),
                mounts: Some(mounts),
                ..config::helper(&["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID"])
            }),
            ..ContainerCreateBody::default()
        };
        let copied = self.run_helper(&name, body).await;
        self.remove_container(&name).await?;
        copied?;
        self.keeper.all(vec![Request::Rename { from: new, to: to.clone() }]).await
    }

    async fn run_helper(&self, name: &str, body: ContainerCreateBody) -> Result<(), EngineError> {
        let error = |doing: &str| self.error(format!("{doing} {name}"));
        let options = CreateContainerOptionsBuilder::default().name(name).build();
        self.docker.create_container(Some(options), body).await.map_err(error("create"))?;
        self.docker.start_container(name, None::<StartContainerOptions>).await.map_err(error("start"))?;
        let options = WaitContainerOptionsBuilder::default().condition("not-running").build();
        let _ = self.docker.wait_container(name, Some(options)).next().await;
        let inspected = self.docker.inspect_container(name, None::<InspectContainerOptions>).await;
        let state = inspected.map_err(error("inspect"))?.state.unwrap_or_default();
        if state.exit_code == Some(0) && state.running == Some(false) {
            return Ok(());
        }
        let words = format!("it ended with {:?} {}", state.exit_code, state.error.unwrap_or_default());
        Err(EngineError::Refused { doing: format!("copy layers with {name}"), status: 0, words })
    }

    /// In place of copy-on-write: every layer is whole.
    async fn copy_layer(&self, from: &Place, to: &Place) -> Result<(), EngineError> {
        if self.is_there(to).await? {
            return Ok(());
        }
        let new = names::unfinished_layer(to);
        let open = Request::MakeDir { at: new.clone(), mode: OPEN, like: None };
        self.keeper.all(vec![Request::Remove { at: new.clone() }, open]).await?;
        self.keeper.ask(Request::Copy { from: from.clone(), to: new.clone() }).await?;
        self.keeper.all(vec![Request::Rename { from: new, to: to.clone() }]).await
    }
}
