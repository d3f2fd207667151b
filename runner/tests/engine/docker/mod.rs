//! A host of its own for each test, on the real Docker engine; at its end nothing with its label may be left.

pub mod image;
pub mod registry;

use bytes::Bytes;
use dockercise_pipeline::frame::{Stream as Kind, first};
use dockercise_pipeline::ids::{Attempt, Phase, RunId, StepIx};
use dockercise_runner::engine::{
    AttemptKey, AttemptSpec, Ended, Engine, EngineError, EngineOptions, Found, LOG_CAP, Layer, Limits, Mounted, Secrets, ValueFile,
};
use futures_util::{Stream, StreamExt, stream};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time::timeout;

/// Set where a missing engine is to fail the tests, as in CI.
const NEED: &str = "DOCKERCISE_NEED_DOCKER";
/// No test waits for one thing longer.
pub const LONG: Duration = Duration::from_secs(60);

/// An engine, a run and an image.
pub struct Rig {
    pub engine: Engine,
    pub docker: bollard::Docker,
    pub host: String,
    pub run: RunId,
    pub image: String,
}

/// What a step wrote.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Output {
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    pub remarks: Vec<u8>,
}

/// A rig, unless no engine answers: then the test is skipped, loudly.
pub async fn rig() -> Option<Rig> {
    let docker = match bollard::Docker::connect_with_defaults() {
        Ok(docker) => docker.negotiate_version().await,
        Err(error) => Err(error),
    };
    let docker = match docker {
        Ok(docker) => docker,
        Err(error) if std::env::var(NEED).is_ok_and(|value| value == "1") => panic!("{NEED}=1, but: {error}"),
        Err(error) => {
            eprintln!("SKIPPED: no docker engine answers ({error}); set {NEED}=1 to make that a failure");
            return None;
        }
    };
    Some(rig_at(docker, None).await)
}

/// A rig on an engine that answers there.
pub async fn rig_at(docker: bollard::Docker, docker_host: Option<String>) -> Rig {
    let image = image::busybox(&docker).await;
    let host = uuid::Uuid::new_v4().simple().to_string()[..8].to_owned();
    let run = RunId(uuid::Uuid::now_v7());
    let engine = Engine::connect(EngineOptions { docker_host, docker_config: None, host: host.clone() }).await.unwrap();
    engine.open_run(run).await.unwrap();
    Rig { engine, docker, host, run, image }
}

pub async fn connect(host: &str) -> Engine {
    connect_with(host, None).await
}

/// With Docker's configuration at a place of its own.
pub async fn connect_with(host: &str, docker_config: Option<PathBuf>) -> Engine {
    Engine::connect(EngineOptions { docker_host: None, docker_config, host: host.to_owned() }).await.unwrap()
}

impl Rig {
    pub fn key(&self, step: u32) -> AttemptKey {
        AttemptKey { run: self.run, attempt: Attempt { step: StepIx(step), number: 1 }, phase: Phase::Run, service: None }
    }

    /// A step that runs a script in an empty directory; its layer is called `s{step}`.
    pub fn spec(&self, step: u32, script: &str) -> AttemptSpec {
        AttemptSpec {
            key: self.key(step),
            image: self.image.clone(),
            argv: ["sh", "-ec", script].map(str::to_owned).to_vec(),
            env: Vec::new(),
            cwd: "/work".to_owned(),
            user: String::new(),
            every: None,
            limits: Limits { cpus: 1000, memory: 1 << 30 },
            volume: vec![self.folder(".", &[], &format!("s{step}"))],
            values: Vec::new(),
            services: Vec::new(),
            masks: Secrets::default(),
            secret: false,
            value: true,
            log_cap: LOG_CAP,
            aws: None,
            known_hosts: None,
        }
    }

    /// The same on top of finished layers, lowest first.
    pub fn over(&self, step: u32, layers: &[&str], script: &str) -> AttemptSpec {
        let volume = vec![self.folder(".", layers, &format!("s{step}"))];
        AttemptSpec { volume, ..self.spec(step, script) }
    }

    /// A value of this run.
    pub fn value(&self, step: u32, path: &str) -> ValueFile {
        ValueFile { run: self.run, step: StepIx(step), path: path.to_owned() }
    }

    /// A folder of a working directory.
    pub fn folder(&self, path: &str, layers: &[&str], layer: &str) -> Mounted {
        let chain = layers.iter().map(|&name| Layer { run: self.run, name: name.to_owned() }).collect();
        Mounted { path: path.to_owned(), outside: false, chain, layer: layer.to_owned() }
    }

    pub async fn start(&self, spec: &AttemptSpec) {
        self.engine.create(spec).await.unwrap();
        self.engine.start(&spec.key).await.unwrap();
    }

    /// From creation to the last byte.
    pub async fn finish(&self, spec: &AttemptSpec) -> (Ended, Output) {
        self.start(spec).await;
        let ended = self.wait(&spec.key).await;
        (ended, self.output(&spec.key).await)
    }

    /// The exit code and what was written.
    pub async fn sh(&self, step: u32, script: &str) -> (i64, Output) {
        let (ended, output) = self.finish(&self.spec(step, script)).await;
        (ended.code, output)
    }

    pub async fn wait(&self, key: &AttemptKey) -> Ended {
        timeout(LONG, self.engine.wait(key)).await.expect("the step goes on").unwrap()
    }

    /// All that an ended step has written.
    pub async fn output(&self, key: &AttemptKey) -> Output {
        let mut follow = self.engine.follow(key, 0);
        follow.finish();
        let mut bytes = Vec::new();
        while let Some(piece) = timeout(LONG, follow.next()).await.expect("the spool goes on") {
            bytes.extend(piece.unwrap());
        }
        output(&bytes)
    }

    /// Follows a running step until its output holds some text; gives all bytes so far.
    pub async fn until(&self, key: &AttemptKey, from: u64, text: &str) -> Vec<u8> {
        let mut follow = self.engine.follow(key, from);
        let mut bytes: Vec<u8> = Vec::new();
        while !bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
            let piece: Result<Bytes, EngineError> = timeout(LONG, follow.next()).await.expect("the text does not come").unwrap();
            bytes.extend(piece.unwrap());
        }
        bytes
    }

    pub async fn is_running(&self, key: &AttemptKey) -> bool {
        self.engine.find(key).await.unwrap() == Some(Found::Running)
    }

    /// Closes the run and leaves the host; nothing may be left.
    pub async fn end(self) {
        let Rig { engine, docker, host, run, .. } = self;
        engine.close_run(run).await.unwrap();
        assert_eq!(engine.runs().await.unwrap(), Vec::<String>::new());
        engine.clear().await.unwrap();
        assert_eq!(labelled(&docker, &host).await, Vec::<String>::new());
    }
}

/// Names of all containers, networks and volumes of a host.
pub async fn labelled(docker: &bollard::Docker, host: &str) -> Vec<String> {
    use bollard::query_parameters::{ListContainersOptionsBuilder, ListNetworksOptionsBuilder, ListVolumesOptionsBuilder};
    let filters = HashMap::from([("label", vec![format!("dockercise.host={host}")])]);
    let containers = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    let networks = ListNetworksOptionsBuilder::default().filters(&filters).build();
    let volumes = ListVolumesOptionsBuilder::default().filters(&filters).build();
    let mut names = Vec::new();
    for container in docker.list_containers(Some(containers)).await.unwrap() {
        names.push(format!("container {:?}", container.names));
    }
    for network in docker.list_networks(Some(networks)).await.unwrap() {
        names.push(format!("network {:?}", network.name));
    }
    for volume in docker.list_volumes(Some(volumes)).await.unwrap().volumes.unwrap_or_default() {
        names.push(format!("volume {}", volume.name));
    }
    names
}

/// A spool's streams taken apart.
pub fn output(mut bytes: &[u8]) -> Output {
    let mut output = Output::default();
    while let Some((frame, length)) = first(bytes).unwrap() {
        match frame.stream {
            Kind::Stdout => output.stdout.extend(frame.payload),
            Kind::Stderr => output.stderr.extend(frame.payload),
            Kind::Remark => output.remarks.extend(frame.payload),
        }
        bytes = &bytes[length..];
    }
    assert!(bytes.is_empty(), "the spool ends within a frame");
    output
}

/// Waits until something holds, looking a few times a second.
pub async fn eventually<F: Future<Output = bool>>(holds: impl Fn() -> F) {
    let look = async {
        while !holds().await {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(LONG, look).await.expect("it never came true");
}

/// Makes an empty file in a running step, from outside.
pub async fn touch(rig: &Rig, key: &AttemptKey, path: &str) {
    let name = format!("dc-{}-{}-{}-1-run", rig.host, rig.run.short(), key.attempt.step);
    let config = bollard::exec::CreateExecOptions { cmd: Some(vec!["touch", path]), ..Default::default() };
    let exec = rig.docker.create_exec(&name, config).await.unwrap();
    let options = bollard::exec::StartExecOptions { detach: true, ..Default::default() };
    rig.docker.start_exec(&exec.id, Some(options)).await.unwrap();
}

/// Lower-case hex.
pub fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A tar stream with these files.
pub fn tar_of(files: &[(&str, &[u8])]) -> impl Stream<Item = std::io::Result<Bytes>> + Send + 'static {
    let mut tar = tar::Builder::new(Vec::new());
    for (name, content) in files {
        let mut header = tar::Header::new_gnu();
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, name, *content).unwrap();
    }
    let bytes = tar.into_inner().unwrap();
    let pieces: Vec<_> = bytes.chunks(1000).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    stream::iter(pieces)
}
