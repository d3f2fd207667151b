//! Making images, by the engine's own builder through its API: no step ever has the engine's socket.
//!
//! What a Dockerfile runs joins a holder's network namespace, so the walls of steps hold for it too; the builder gives no
//! way to drop capabilities there, so it has Docker's own set (docs/decisions/0008).
//!
//! An image is called after its attempt, so it goes with its run unless somebody gave it another name.

use super::config::build_limits;
use super::image::{PAUSES, may_pass};
use super::layer::watched;
use super::names::{self, HOST, KIND, RUN};
use super::{AttemptKey, Engine, EngineError, Inner, Limits, Mounted};
use bollard::models::{BuildInfo, ImageSummary};
use bollard::query_parameters::{
    BuildImageOptionsBuilder, ListContainersOptionsBuilder, ListImagesOptionsBuilder, PushImageOptionsBuilder, RemoveImageOptions,
    TagImageOptionsBuilder,
};
use bytes::Bytes;
use dockercise_init::message::Request;
use dockercise_pipeline::frame::Stream as Said;
use dockercise_pipeline::ids::RunId;
use futures_util::{Stream, StreamExt as _};
use std::collections::{HashMap, HashSet};
use std::sync::PoisonError;
use std::time::Duration;
use tokio::sync::mpsc;

/// A build may be silent for so long; the step's own limits are shorter.
const LONGEST: Duration = Duration::from_secs(24 * 60 * 60);
/// What the builder says of a command that failed, before the code.
const CODE: &str = "returned a non-zero code: ";

/// Where what the engine says goes, as it comes.
pub type Say = mpsc::Sender<(Said, String)>;

/// What is to be made.
#[derive(Debug, Clone)]
pub struct BuildSpec {
    /// For which attempt.
    pub key: AttemptKey,
    /// The Dockerfile, relative to the context.
    pub file: String,
    /// `ARG`s.
    pub args: Vec<(String, String)>,
    /// Images that it names: the logins of their registries are handed to the engine.
    pub from: Vec<String>,
    /// What a `RUN` may use.
    pub limits: Limits,
}

/// How a build ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Built {
    /// The image's id, `sha256:…`.
    Image(String),
    /// It failed: a command's exit code, where that was it, and the engine's words.
    Failed(Option<i64>, String),
}

impl Engine {
    /// Makes the layers of a build's volume, which it writes nothing into, and the spool that its output goes into. May be
    /// repeated.
    pub async fn prepare_build(&self, key: &AttemptKey, volume: &[Mounted]) -> Result<(), EngineError> {
        self.make_layers(key, volume).await?;
        let dir = Request::MakeDir { at: names::spool_dir(key), mode: 0o755, like: None };
        self.inner.keeper.all(vec![dir, Request::Touch { at: names::spool(key), mode: 0o600 }]).await
    }

    /// Writes into an attempt's spool at an offset. May be repeated.
    pub async fn write_spool(&self, key: &AttemptKey, offset: u64, bytes: &[u8]) -> Result<(), EngineError> {
        use base64::Engine as _;
        let base64 = base64::prelude::BASE64_STANDARD.encode(bytes);
        self.inner.keeper.ask(Request::WriteAt { at: names::spool(key), offset, base64 }).await.map(drop)
    }

    /// Makes an image. It is given up when nobody waits for it any more; then call [`Engine::end_build`].
    pub async fn build(
        &self,
        spec: &BuildSpec,
        context: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static,
        say: &Say,
    ) -> Result<Built, EngineError> {
        let inner = &self.inner;
        let holders = self.holders(spec.key.run).await?;
        let holder = inner.take_holder(&holders, &spec.key, &[]).await?;
        let _building = inner.building.read().await;
        let limits = build_limits(spec.limits);
        let mut options = BuildImageOptionsBuilder::default()
            .dockerfile(&spec.file)
            .t(&inner.names.image(&spec.key))
            .rm(true)
            .forcerm(true)
            .networkmode(&format!("container:{holder}"))
            .buildargs(&spec.args.iter().cloned().collect::<HashMap<_, _>>())
            .labels(&inner.names.labels("image"))
            .cpuperiod(limits.period)
            .cpuquota(limits.quota);
        if let Some(memory) = limits.memory {
            options = options.memory(memory).memswap(memory);
        }
        let mut logins = HashMap::new();
        for image in &spec.from {
            if let Some(login) = inner.logins.of(image).await? {
                logins.insert(login.serveraddress.clone().unwrap_or_default(), login);
            }
        }
        let (context, failure) = watched(context);
        let docker = inner.docker.clone().with_timeout(LONGEST);
        let mut told = docker.build_image(options.build(), (!logins.is_empty()).then_some(logins), Some(bollard::body_try_stream(context)));
        let mut id = None;
        while let Some(next) = told.next().await {
            if let Some(source) = failure.lock().unwrap_or_else(PoisonError::into_inner).take() {
                return Err(EngineError::Input { doing: "the image's context".to_owned(), source: source.into() });
            }
            let info: BuildInfo = match next {
                Ok(info) => info,
                Err(error) => return failed(EngineError::of(&inner.address, "make the image", error)),
            };
            id = info.aux.and_then(|image| image.id).or(id);
            let words = info.stream.or_else(|| status(info.id, info.status, info.progress_detail.is_some()));
            tell(say, words.unwrap_or_default()).await?;
        }
        self.gave_up_holder(&spec.key);
        Ok(id.map_or_else(|| Built::Failed(None, "the engine made no image".to_owned()), Built::Image))
    }

    /// Sees to it that nothing runs any more of a build that nobody waits for.
    pub async fn end_build(&self, key: &AttemptKey) -> Result<(), EngineError> {
        let holder = self.holders(key.run).await?.of(key);
        self.inner.remove_strays(key.run, holder.as_deref()).await
    }

    /// Gives an image a name, as `registry.example/app:1.2`.
    pub async fn name_image(&self, id: &str, name: &str) -> Result<(), EngineError> {
        let (repository, tag) = split_tag(name);
        let options = TagImageOptionsBuilder::default().repo(repository).tag(tag).build();
        let named = self.inner.docker.tag_image(id, Some(options)).await;
        named.map_err(self.inner.error(format!("name the image {name}")))
    }

    /// Pushes an image by its name, again where what failed may pass.
    pub async fn push_image(&self, name: &str, say: &Say) -> Result<(), EngineError> {
        let mut pauses = PAUSES.into_iter();
        loop {
            match self.inner.push_once(name, say).await {
                Err(EngineError::Refused { words, .. }) if may_pass(&words) && pauses.len() > 0 => {
                    tell(say, format!("pushing {name}: {words}; trying again\n")).await?;
                    tokio::time::sleep(pauses.next().unwrap_or_default()).await;
                }
                outcome => return outcome,
            }
        }
    }
}

impl Inner {
    async fn push_once(&self, name: &str, say: &Say) -> Result<(), EngineError> {
        let login = self.logins.of(name).await?;
        let (repository, tag) = split_tag(name);
        let options = PushImageOptionsBuilder::default().tag(tag).build();
        let docker = self.docker.clone().with_timeout(LONGEST);
        let mut told = docker.push_image(repository, Some(options), login);
        while let Some(next) = told.next().await {
            let info = next.map_err(self.error(format!("push {name}")))?;
            tell(say, status(None, info.status, info.progress_detail.is_some()).unwrap_or_default()).await?;
        }
        Ok(())
    }

    /// Removes containers of the builder's own in the network of a run, or of one holder. (The engine ends a build that
    /// nobody waits for, in a moment; one that was restarted leaves its container.)
    pub(super) async fn remove_strays(&self, run: RunId, of: Option<&str>) -> Result<(), EngineError> {
        let options = ListContainersOptionsBuilder::default().all(true).build();
        let all = self.docker.list_containers(Some(options)).await.map_err(self.error("list containers"))?;
        let run = run.to_string();
        let mut holders = HashSet::new();
        for container in &all {
            let label = |name| container.labels.as_ref().and_then(|labels| labels.get(name)).map(String::as_str);
            let names = || container.names.iter().flatten().map(|name| name.trim_start_matches('/'));
            let named = of.is_none_or(|of| names().any(|name| name == of));
            if named && label(RUN) == Some(&run) && label(KIND) == Some("holder") {
                holders.extend(names().chain(container.id.as_deref()));
            }
        }
        for container in &all {
            let mode = container.host_config.as_ref().and_then(|config| config.network_mode.as_deref());
            let joined = mode.and_then(|mode| mode.strip_prefix("container:")).is_some_and(|holder| holders.contains(holder));
            let ours = container.labels.as_ref().is_some_and(|labels| labels.contains_key(HOST));
            if let Some(id) = container.id.as_deref().filter(|_| joined && !ours) {
                self.remove_container(id).await?;
            }
        }
        Ok(())
    }

    /// Takes away our names of the images that a run has made, or that all runs have; the images go unless they have
    /// others. Then those of this host that lost their name to a newer one.
    pub(super) async fn remove_images(&self, run: Option<RunId>) -> Result<(), EngineError> {
        let repository = self.names.images(run);
        for (_, names) in self.images(HashMap::from([("reference".to_owned(), vec![repository.clone()])])).await? {
            // It may have names of other people's too.
            for name in names.iter().filter(|name| name.starts_with(repository.trim_end_matches('*'))) {
                self.remove_image(name).await?;
            }
        }
        // An image has no name for a moment when it is made.
        let Ok(_alone) = self.building.try_write() else { return Ok(()) };
        let mut unnamed = self.names.filter(&[(KIND, "image")]);
        unnamed.insert("dangling".to_owned(), vec!["true".to_owned()]);
        for (id, _) in self.images(unnamed).await? {
            self.remove_image(&id).await?;
        }
        Ok(())
    }

    async fn images(&self, filters: HashMap<String, Vec<String>>) -> Result<Vec<(String, Vec<String>)>, EngineError> {
        let options = ListImagesOptionsBuilder::default().filters(&filters).build();
        let found = self.docker.list_images(Some(options)).await.map_err(self.error("list images"))?;
        // What somebody knows by its digest has a name, though the engine counts it among the dangling ones.
        let known = |digest: &String| !digest.starts_with("<none>");
        let named = |image: &ImageSummary| !image.repo_tags.is_empty() || !image.repo_digests.iter().any(known);
        Ok(found.into_iter().filter(named).map(|image| (image.id, image.repo_tags)).collect())
    }

    async fn remove_image(&self, name: &str) -> Result<(), EngineError> {
        let removed = self.docker.remove_image(name, None::<RemoveImageOptions>, None).await;
        match removed.map_err(self.error(format!("remove the image {name}"))) {
            // Another image is made from it, or somebody's container uses it: it stays for another time.
            Err(error) if matches!(error.status(), Some(404 | 409)) => {
                tracing::debug!(%error, name, "an image that a run has made stays");
                Ok(())
            }
            outcome => outcome.map(drop),
        }
    }
}

async fn tell(say: &Say, words: String) -> Result<(), EngineError> {
    if words.is_empty() {
        return Ok(());
    }
    let sent = say.send((Said::Stderr, words)).await;
    sent.map_err(|_| EngineError::Unusable("nobody writes down what the builder says".to_owned()))
}

/// A word of the engine's about one layer. Progress alone is not told: it comes many times a second.
fn status(id: Option<String>, status: Option<String>, progress: bool) -> Option<String> {
    let status = status.filter(|status| !progress && !status.is_empty())?;
    Some(match id {
        Some(id) => format!("{id}: {status}\n"),
        None => format!("{status}\n"),
    })
}

/// Refusals are about the build; anything else is about the engine.
fn failed(error: EngineError) -> Result<Built, EngineError> {
    match error {
        EngineError::Refused { words, .. } => Ok(Built::Failed(code(&words), words)),
        error => Err(error),
    }
}

/// A command's exit code, from the builder's words.
fn code(words: &str) -> Option<i64> {
    let (_, code) = words.rsplit_once(CODE)?;
    code.trim().parse().ok().filter(|code| *code != 0)
}

/// The name and its tag. (A colon before the last slash belongs to a port.)
fn split_tag(name: &str) -> (&str, &str) {
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, tag),
        _ => (name, "latest"),
    }
}

#[cfg(test)]
mod tests {
    use super::{code, split_tag};

    #[test]
    fn a_name_without_a_tag_is_the_latest() {
        assert_eq!(split_tag("app:1.2"), ("app", "1.2"));
        assert_eq!(split_tag("127.0.0.1:5000/app"), ("127.0.0.1:5000/app", "latest"));
        assert_eq!(split_tag("127.0.0.1:5000/a/app:x"), ("127.0.0.1:5000/a/app", "x"));
    }

    #[test]
    fn the_code_of_a_command_is_in_the_builders_words() {
        assert_eq!(code("The command '/bin/sh -c exit 7' returned a non-zero code: 7"), Some(7));
        assert_eq!(code("dockerfile parse error line 1: unknown instruction: X"), None);
    }
}
