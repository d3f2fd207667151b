//! What goes into the engine and what comes out.

use chrono::{DateTime, Utc};
#[doc(inline)]
pub use dockercise_init::spec::LOG_CAP;
#[doc(inline)]
pub use dockercise_mask::Secrets;
use dockercise_pipeline::ids::{Attempt, Phase, RunId, StepIx};
use std::path::PathBuf;
use std::time::Duration;

/// Which engine, and as whom.
#[derive(Debug, Clone)]
pub struct EngineOptions {
    /// As `unix:///var/run/docker.sock`; `None` is `DOCKER_HOST`, or the default socket.
    pub docker_host: Option<String>,
    /// Docker's configuration with the logins of registries, as a file or the folder it is in; `None` is `DOCKER_CONFIG`,
    /// or `.docker` in the home folder.
    pub docker_config: Option<PathBuf>,
    /// Eight lower-case hex digits, the same for as long as the runner's data folder lives. Everything this engine
    /// makes carries it, and nothing without it is ever touched. Only one runner at a time may use one.
    pub host: String,
}

/// A host that lives no longer than one run.
#[derive(Debug, Clone)]
pub struct OneRun {
    /// A file that remembers what was found out about the engine, from one such host to the next.
    pub known: PathBuf,
    /// No more containers than these run at once: no network namespace is made ahead that none of them would have.
    pub containers: usize,
}

/// What is known about the engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    /// The engine's version, such as `20.10.24`.
    pub version: String,
    /// Such as `overlay2`.
    pub storage_driver: String,
    /// Do containers go on while the daemon restarts?
    pub live_restore: bool,
    /// Processors.
    pub cpus: u32,
    /// Bytes.
    pub memory: u64,
    /// Changes when the daemon starts afresh (not when containers were kept over the restart).
    pub daemon_start: String,
    /// Are working directories copy-on-write (or, where the engine's disk refuses overlayfs, copied whole)?
    pub copy_on_write: bool,
}

/// An image as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImageRef {
    /// The image's id, `sha256:…`: what [`AttemptSpec::image`] wants.
    pub id: String,
    /// The repository digest, `name@sha256:…`, if it came from a registry.
    pub digest: Option<String>,
    /// Was it pulled just now?
    pub pulled: bool,
    /// What it says of itself.
    pub config: ImageConfig,
}

/// What an image says of how it wants to be run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ImageConfig {
    /// Its entrypoint and command together: what is run where nobody says otherwise.
    pub argv: Vec<String>,
    /// Its user; empty for root.
    pub user: String,
    /// Its directory; empty for none.
    pub workdir: String,
    /// Its home folder, where its environment names one.
    pub home: Option<String>,
    /// Instructions that an image made from it begins with.
    pub on_build: Vec<String>,
}

/// One container of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AttemptKey {
    /// The run.
    pub run: RunId,
    /// The step, and which try.
    pub attempt: Attempt,
    /// Which of its two commands.
    pub phase: Phase,
    /// Which of its services, by its place in the plan; none for the step itself.
    pub service: Option<u16>,
}

impl AttemptKey {
    /// A service beside it; its phase is `run`, whichever command it is beside.
    pub fn service(&self, number: u16) -> AttemptKey {
        AttemptKey { phase: Phase::Run, service: Some(number), ..*self }
    }
}

/// What one command has written into one folder, or the source. Finished, it is never written again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Layer {
    /// The run that made it.
    pub run: RunId,
    /// Lower-case letters, digits and dashes, at most 32; unique in its run.
    pub name: String,
}

/// A folder of a working directory, and what it starts from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mounted {
    /// Relative to the working directory, clean; `.` for the working directory itself.
    pub path: String,
    /// Is it a folder outside of the working directory? Then its path is absolute, as `/root/.npm`.
    pub outside: bool,
    /// The finished layers it starts from, lowest first; none for an empty folder.
    pub chain: Vec<Layer>,
    /// The name of the new layer, of the attempt's run, that takes what is written.
    pub layer: String,
}

/// A value that an attempt reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueFile {
    /// The run that made it.
    pub run: RunId,
    /// The step whose value it is.
    pub step: StepIx,
    /// Where it is seen, below the folder of values: `{pipeline}/{step}`.
    pub path: String,
}

/// What a container may use at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Processors, in thousandths.
    pub cpus: u32,
    /// Bytes of memory. There is no swap on top.
    pub memory: u64,
}

/// What a container is to do and to have.
#[derive(Debug, Clone)]
pub struct AttemptSpec {
    /// Which.
    pub key: AttemptKey,
    /// The resolved id of [`ImageRef`].
    pub image: String,
    /// The command, such as `["sh", "-ec", script]`.
    pub argv: Vec<String>,
    /// On top of the image's own environment.
    pub env: Vec<(String, String)>,
    /// Absolute: where the command starts. Made if it is not there.
    pub cwd: String,
    /// As whom, as Docker's `USER` has it; empty for root.
    pub user: String,
    /// Run the command again after so long a pause until it ends with 0.
    pub every: Option<Duration>,
    /// What it may use.
    pub limits: Limits,
    /// Its working directory, and the folders below it that are mounted on their own: each path once, a folder before
    /// what is below it, `.` first.
    pub volume: Vec<Mounted>,
    /// The values it reads, each as the file `/dockercise/values/{pipeline}/{step}`; all of them must have been
    /// projected.
    pub values: Vec<ValueFile>,
    /// Services that it reaches by a name; they must have been created.
    pub services: Vec<(String, AttemptKey)>,
    /// What must not stand in its log.
    pub masks: Secrets,
    /// What the container credentials endpoint of AWS answers in it; none for no endpoint.
    pub aws: Option<String>,
    /// What `known_hosts` says to programs that use its ssh agent; none where it has no agent. The agent itself is
    /// [`super::Engine::serve_agent`].
    pub known_hosts: Option<String>,
    /// Is its stdout a secret? Then none of it is in the log.
    pub secret: bool,
    /// Does anybody read its value? Then it is whole however long the log is, up to 1 GiB; a longer one fails the step.
    pub value: bool,
    /// Bytes of log after which its middle is left out; [`LOG_CAP`] unless something else is wanted.
    pub log_cap: u64,
}

/// How a container ended, by the engine's `inspect`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The exit code.
    pub code: i64,
    /// Did the kernel end a process of it for want of memory?
    pub oom_killed: bool,
    /// When it began.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// What the engine says went wrong.
    pub error: Option<String>,
}

/// In what state a container was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Made, not started. After a restart of the runner call `create` again before `start`: it adopts the container
    /// and writes anew what lived in memory only.
    Created,
    /// Running.
    Running,
    /// Over.
    Exited(Ended),
}

/// What to send to a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM, to the command's process group.
    Term,
    /// SIGKILL, to all of the container.
    Kill,
}

/// A value: the projection of a spool's stdout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueInfo {
    /// Bytes.
    pub length: u64,
    /// Lower-case hex.
    pub sha256: String,
    /// The offset in the spool from which on it could not be read as frames: the step wrote into it itself.
    pub damaged_at: Option<u64>,
}

/// Length and sum of a spool, headers included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpoolSum {
    /// Bytes.
    pub length: u64,
    /// Lower-case hex.
    pub sha256: String,
}
