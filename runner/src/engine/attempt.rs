//! One container of a step: made, started, found again, told to stop, removed.

use super::config::{self, VolumeKind, own_volume};
use super::names::{self, ATTEMPT, PHASE, RUN, SERVICE, STEP};
use super::{AttemptKey, AttemptSpec, Ended, Engine, EngineError, Found, Inner, Mounted, Signal, ValueFile, end};
use bollard::models::{ContainerCreateBody, ContainerInspectResponse, ContainerSummary, Mount};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, InspectContainerOptions, KillContainerOptionsBuilder, StartContainerOptions,
};
use dockercise_init::message::{Place, Request, Root};
use dockercise_init::spec::{AWS_FILE, GO, INIT_FILE, KNOWN_HOSTS_FILE, SPEC_FILE, SPOOL, Spec};
use dockercise_pipeline::ids::{Attempt, Phase, RunId, StepIx};
use dockercise_pipeline::plan::{VALUES, WORKDIR};

/// What the engine says where a holder has ended under a step that was not yet started.
const HOLDER_ENDED: &str = "cannot join network";

/// What the helper is in a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Entry {
    /// PID 1 of a step, which writes down what the command says.
    Step,
    /// What becomes the command, with a person at its other end.
    Shell { terminal: bool },
}

impl Engine {
    /// Makes the container with all it needs, or adopts it where it is there already. Does not start it.
    pub async fn create(&self, spec: &AttemptSpec) -> Result<(), EngineError> {
        self.create_as(spec, Entry::Step).await
    }

    pub(super) async fn create_as(&self, spec: &AttemptSpec, entry: Entry) -> Result<(), EngineError> {
        let inner = &self.inner;
        let files = files_of(spec)?;
        let holders = self.holders(spec.key.run).await?;
        let (work, layer) = inner.working_directory(&spec.key, &spec.volume).await?;
        let holder = inner.take_holder(&holders, &spec.key, &spec.services).await?;
        // The directories need only be there when the container starts.
        let made = tokio::try_join!(
            inner.keeper.all([layer, files].concat()),
            inner.make_container(spec, work, format!("container:{holder}"), entry),
        );
        if made.is_err() {
            holders.give_back(&spec.key);
        }
        made.map(drop)
    }

    /// Starts it; well where it was started before.
    pub async fn start(&self, key: &AttemptKey) -> Result<(), EngineError> {
        let fresh = self.inner.fresh().remove(key);
        if !fresh && end::found(&self.inner.inspect(key).await?) != Found::Created {
            return Ok(());
        }
        match self.inner.start_once(key).await {
            Err(EngineError::Refused { words, .. }) if words.contains(HOLDER_ENDED) => {
                self.inner.revive_holder(key).await?;
                self.inner.start_once(key).await
            }
            outcome => outcome,
        }
    }

    /// In what state it is; `None` where there is no such container.
    pub async fn find(&self, key: &AttemptKey) -> Result<Option<Found>, EngineError> {
        match self.inner.inspect(key).await {
            Ok(container) => Ok(Some(end::found(&container))),
            Err(EngineError::Gone { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Gives a step that has AWS credentials newer ones.
    pub async fn renew_aws(&self, key: &AttemptKey, json: &str) -> Result<(), EngineError> {
        self.inner.keeper.ask(credentials_file(key, json)).await.map(drop)
    }

    /// Sends a signal; well where it is over or gone.
    pub async fn signal(&self, key: &AttemptKey, signal: Signal) -> Result<(), EngineError> {
        let inner = &self.inner;
        let word = match signal {
            Signal::Term => "SIGTERM",
            Signal::Kill => "SIGKILL",
        };
        let name = inner.names.step(key);
        let options = KillContainerOptionsBuilder::default().signal(word).build();
        match inner.docker.kill_container(&name, Some(options)).await.map_err(inner.error(format!("signal {name}"))) {
            Err(error) if matches!(error.status(), Some(404 | 409)) => Ok(()),
            outcome => outcome,
        }
    }

    /// Removes the container and its volumes, not its layer nor its spool. Not for the critical path.
    pub async fn remove(&self, key: &AttemptKey) -> Result<(), EngineError> {
        let inner = &self.inner;
        inner.remove_container(&inner.names.step(key)).await?;
        inner.fresh().remove(key);
        if let Some(holder) = inner.known(key.run).and_then(|holders| holders.take_away(key)) {
            inner.remove_container(&holder).await?;
        }
        for at in [names::go_dir(key), names::values_dir(key), names::workdirs(key)] {
            inner.keeper.ask(Request::Remove { at }).await?;
        }
        Ok(())
    }

    /// Its holder is free: the container is over.
    pub(super) fn gave_up_holder(&self, key: &AttemptKey) {
        if let Some(holders) = self.inner.known(key.run) {
            holders.give_back(key);
        }
    }
}

impl Inner {
    async fn start_once(&self, key: &AttemptKey) -> Result<(), EngineError> {
        let name = self.names.step(key);
        let started = self.docker.start_container(&name, None::<StartContainerOptions>).await;
        match started.map_err(self.error(format!("start {name}"))) {
            Err(error) if error.status() == Some(404) => Err(match self.inspect(key).await {
                Err(gone @ EngineError::Gone { .. }) => gone,
                _ => error,
            }),
            outcome => outcome,
        }
    }

    /// Starts the holder of an attempt again: the daemon has ended it in a restart.
    async fn revive_holder(&self, key: &AttemptKey) -> Result<(), EngineError> {
        let container = self.inspect(key).await?;
        match end::holder_of(&container) {
            Some(holder) => self.start_holder(holder).await,
            None => Err(EngineError::Gone { name: self.names.step(key) }),
        }
    }

    pub(super) async fn inspect(&self, key: &AttemptKey) -> Result<ContainerInspectResponse, EngineError> {
        let name = self.names.step(key);
        let inspected = self.docker.inspect_container(&name, None::<InspectContainerOptions>).await;
        match inspected.map_err(self.error(format!("inspect {name}"))) {
            Err(error) if error.status() == Some(404) => Err(EngineError::Gone { name }),
            // We remove no container before we know its end, so it is somebody else who is at it.
            Ok(container) if end::is_being_removed(&container) => Err(EngineError::Gone { name }),
            outcome => outcome,
        }
    }

    async fn make_container(
        &self,
        spec: &AttemptSpec,
        work: Vec<(String, VolumeKind)>,
        network: String,
        entry: Entry,
    ) -> Result<(), EngineError> {
        let key = &spec.key;
        let name = self.names.step(key);
        let labels = self.names.step_labels(key);
        let with = match entry {
            Entry::Step => None,
            Entry::Shell { terminal } => Some(terminal),
        };
        let body = ContainerCreateBody {
            image: Some(spec.image.clone()),
            entrypoint: Some(vec![format!("{GO}/{INIT_FILE}"), if with.is_some() { "shell" } else { "step" }.to_owned()]),
            tty: with,
            open_stdin: with.map(|_| true),
            stdin_once: with.map(|_| true),
            attach_stdin: with.map(|_| true),
            attach_stdout: with.map(|_| true),
            attach_stderr: with.map(|_| true),
            // The helper becomes the step's user itself (docs/decisions/0004).
            user: Some("0".to_owned()),
            working_dir: Some("/".to_owned()),
            healthcheck: Some(config::no_health_check()),
            host_config: Some(config::step(network, self.mounts(spec, work), spec.limits)),
            labels: Some(labels.clone()),
            ..ContainerCreateBody::default()
        };
        let options = CreateContainerOptionsBuilder::default().name(&name).build();
        let created = self.docker.create_container(Some(options), body).await;
        match created.map_err(self.error(format!("create container {name}"))) {
            Ok(_) => {
                self.fresh().insert(*key);
                Ok(())
            }
            Err(error) if error.status() == Some(409) => self.adopt(key).await,
            Err(error) => Err(error),
        }
    }

    /// The name is taken: by this very attempt, or by something that must not be touched.
    async fn adopt(&self, key: &AttemptKey) -> Result<(), EngineError> {
        let container = self.inspect(key).await?;
        let labels = container.config.and_then(|config| config.labels).unwrap_or_default();
        if self.names.step_labels(key).iter().all(|(name, value)| labels.get(name) == Some(value)) {
            return Ok(());
        }
        Err(EngineError::Unusable(format!("the name {} is taken by another container", self.names.step(key))))
    }

    fn mounts(&self, spec: &AttemptSpec, work: Vec<(String, VolumeKind)>) -> Vec<Mount> {
        let key = &spec.key;
        let own = |kind, target: &str| own_volume(kind, target, self.names.run_labels("step", key.run));
        let path = |place: Place| self.path(&place);
        let mut mounts: Vec<Mount> = work.into_iter().map(|(target, kind)| own(kind, &target)).collect();
        mounts.push(own(VolumeKind::directory(path(names::spool_dir(key))), SPOOL));
        mounts.push(own(VolumeKind::directory_to_read(path(names::go_dir(key))), GO));
        if !spec.values.is_empty() {
            mounts.push(own(VolumeKind::directory_to_read(path(names::values_dir(key))), VALUES));
        }
        mounts
    }
}

/// Where init finds what the endpoint answers; written whole, also over an older one.
fn credentials_file(key: &AttemptKey, json: &str) -> Request {
    Request::Write { at: names::below(&names::go_dir(key), AWS_FILE), mode: 0o400, text: json.to_owned() }
}

/// What the keeper must put in place: spool, spec, helper binary, values.
fn files_of(spec: &AttemptSpec) -> Result<Vec<Request>, EngineError> {
    let key = &spec.key;
    let (go, values) = (names::go_dir(key), names::values_dir(key));
    let below = |mounted: &Mounted| match mounted.path.as_str() {
        "." => WORKDIR.to_owned(),
        path if mounted.outside => path.to_owned(),
        path => format!("{WORKDIR}/{path}"),
    };
    let content = Spec {
        argv: spec.argv.clone(),
        env: spec.env.clone(),
        cwd: spec.cwd.clone(),
        user: spec.user.clone(),
        volume: spec.volume.iter().map(below).collect(),
        every_ms: spec.every.map(|pause| pause.as_millis() as u64),
        masks: spec.masks.values().to_vec(),
        secret: spec.secret,
        value: spec.value,
        log_cap: spec.log_cap,
        aws: spec.aws.is_some(),
        agent: spec.known_hosts.is_some(),
    };
    if spec.argv.iter().chain(spec.env.iter().flat_map(|(name, value)| [name, value])).any(|s| s.contains('\0')) {
        return Err(EngineError::Unusable("a command or its environment holds a NUL byte".to_owned()));
    }
    if let Some((name, _)) = spec.env.iter().find(|(name, _)| name.is_empty() || name.contains('=')) {
        return Err(EngineError::Unusable(format!("`{name}` cannot be the name of a variable")));
    }
    let text =
        serde_json::to_string(&content).map_err(|error| EngineError::Unusable(format!("a command cannot be written down: {error}")))?;
    let dir = |at: &Place| Request::MakeDir { at: at.clone(), mode: 0o755, like: None };
    let init = Place { root: Root::Go, path: INIT_FILE.to_owned() };
    let mut requests = vec![
        dir(&names::spool_dir(key)),
        Request::Touch { at: names::spool(key), mode: 0o600 },
        Request::Touch { at: names::own_value(key), mode: 0o600 },
        dir(&go),
        Request::Link { from: init, to: names::below(&go, INIT_FILE) },
        Request::Write { at: names::below(&go, SPEC_FILE), mode: 0o400, text },
    ];
    if let Some(text) = &spec.known_hosts {
        requests.push(Request::Write { at: names::below(&go, KNOWN_HOSTS_FILE), mode: 0o444, text: text.clone() });
    }
    if let Some(aws) = &spec.aws {
        requests.push(credentials_file(key, aws));
    }
    for ValueFile { run, step, path } in &spec.values {
        let Some((folder, _)) = path.split_once('/').filter(|(_, name)| !name.contains('/')) else {
            return Err(EngineError::Unusable(format!("`{path}` is not the name of a pipeline and a step")));
        };
        requests.push(dir(&names::below(&values, folder)));
        requests.push(Request::Link { from: names::value(*run, *step), to: names::below(&values, path) });
    }
    Ok(requests)
}

/// Whose container it is, by its labels.
pub(super) fn key_of(run: RunId, container: &ContainerSummary) -> Option<AttemptKey> {
    let labels = container.labels.as_ref()?;
    if labels.get(RUN)? != &run.to_string() {
        return None;
    }
    let phase = [Phase::Run, Phase::Done].into_iter().find(|phase| labels.get(PHASE).is_some_and(|p| p == phase.word()))?;
    let attempt = Attempt { step: StepIx(labels.get(STEP)?.parse().ok()?), number: labels.get(ATTEMPT)?.parse().ok()? };
    let service = match labels.get(SERVICE) {
        Some(number) => Some(number.parse().ok()?),
        None => None,
    };
    Some(AttemptKey { run, attempt, phase, service })
}

/// What the engine says of a container that is over.
pub(super) fn ended(container: &ContainerInspectResponse) -> Ended {
    let state = container.state.clone().unwrap_or_default();
    let time = |text: Option<String>| {
        let time = chrono::DateTime::parse_from_rfc3339(&text?).ok()?.to_utc();
        // The engine's "never" is the year 1.
        (time.timestamp() > 0).then_some(time)
    };
    Ended {
        code: state.exit_code.unwrap_or(-1),
        oom_killed: state.oom_killed.unwrap_or_default(),
        started_at: time(state.started_at),
        finished_at: time(state.finished_at),
        error: state.error.filter(|error| !error.is_empty()),
    }
}
