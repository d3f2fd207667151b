//! What crosses between server and runner: jobs and commands down, reports and bytes up. All over HTTP, the runner
//! calling; also where the runner is a child of the server.
//!
//! ```text
//! POST /runner/v1/poll                                     Poll -> Orders        (waits up to 25 s for something to do)
//! POST /runner/v1/jobs/{job}/reports                       Reports -> Taken      (409: the fence is over; 422: one is refused;
//!                                                                                 412: a record is not what the server has)
//! POST /runner/v1/jobs/{job}/log/{step}/{attempt}/{phase}?fence=F&offset=N   frames -> Have   (409 with Have: not the next byte)
//! POST /runner/v1/jobs/{job}/secrets                       AskSecrets -> Secrets
//! POST /runner/v1/jobs/{job}/notices                       Notice             (shown live, kept nowhere)
//! PUT  /runner/v1/jobs/{job}/results/{step}/{attempt}/{sha256}?fence=F   a file that a step leaves (200: it is stored, or was)
//! ```
//! A service's log is at `.../log/{step}/{attempt}/{phase}?fence=F&offset=N&service=NAME`.
//! With 412 nothing of the request was taken: send the log again from what the server says it has, then the reports.
//! Every call carries `Authorization: Bearer {token}`; the host is known from the token alone.

use crate::ids::{Attempt, Fence, JobId, Phase, RunId, StepIx};
use crate::plan::Plan;
use crate::run::{Event, RunState, Stamped};
use serde::{Deserialize, Serialize};

/// A runner's question for work: what it has, and up to where it has carried out what it was told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Poll {
    /// The runner's version, `CARGO_PKG_VERSION`.
    pub version: String,
    /// The jobs it has, each with the last order number carried out.
    pub jobs: Vec<HeldJob>,
    /// Runs whose volumes and values it still keeps.
    pub kept: Vec<KeptRun>,
    /// Ids that no run has yet, for which network and first holder stand ready: a run that is to start at once may have one.
    #[serde(default)]
    pub ready: Vec<RunId>,
    /// Will it take another job?
    pub wants_job: bool,
}

/// A run of which the runner still has something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeptRun {
    /// Which.
    pub run: RunId,
    /// What its volumes and values take on the disk. None: the runner cannot tell, or cannot go on from them in another
    /// run; then the server has the run put away as soon as it is over.
    pub bytes: Option<u64>,
}

/// A job that the runner has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HeldJob {
    /// Which.
    pub job: JobId,
    /// Its lease.
    pub fence: Fence,
    /// Number of the last order carried out; 0 for none.
    pub orders_done: u64,
}

/// The answer to a [`Poll`].
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Orders {
    /// New jobs. One is sent again until a poll names it as held.
    pub jobs: Vec<Job>,
    /// What to feed to the machines of jobs held, in order of their numbers; sent again until done.
    pub orders: Vec<Order>,
    /// Jobs of the poll that are not the runner's any more: end their containers without a report.
    pub lost: Vec<JobId>,
    /// Runs of the poll that are over and that nobody will go on from: forget their volumes, values and networks.
    pub released: Vec<RunId>,
}

/// Something that a job's machine must be told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    /// The job.
    pub job: JobId,
    /// Its number, from 1, per job.
    pub number: u64,
    /// What happened: a click, a cancel, a timeout.
    pub stamped: Stamped,
}

/// The part of a run that can go on without a person, on one host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Its lease; every report carries it.
    pub fence: Fence,
    /// The run it is part of.
    pub run: RunId,
    /// The whole graph.
    pub plan: Plan,
    /// Where the run stood when the job was made.
    pub state: RunState,
    /// What every step is told about the run.
    pub about: About,
    /// Where the source comes from.
    pub source: Source,
    /// May its steps have secrets, credentials and caches? A fork's may not.
    pub trusted: bool,
    /// Images that an earlier job of the run has resolved: the same name stays the same image for the whole run.
    pub images: Vec<ResolvedImage>,
    /// Steps that passed in an earlier run and are not run again: their values and volumes are there.
    pub kept: Vec<Kept>,
}

/// An image's name and what it was when the run first asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResolvedImage {
    /// As the file has it.
    pub name: String,
    /// The engine's id, `sha256:…`.
    pub id: String,
    /// `name@sha256:…`, where it came from a registry.
    pub digest: Option<String>,
}

/// A step of this run whose value and volume are those of an earlier run's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Kept {
    /// The step here.
    pub step: StepIx,
    /// The run that it passed in.
    pub run: RunId,
    /// The attempt there that passed.
    pub attempt: Attempt,
}

/// A runner's question for secrets that steps of its job name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskSecrets {
    /// The job's lease.
    pub fence: Fence,
    /// The names, as the plan has them.
    pub names: Vec<String>,
}

/// The answer: what is there of what was asked for. Held in memory only, by both.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Secrets {
    /// Name and value, the value in base64. A name that is missing has no secret.
    pub secrets: Vec<(String, String)>,
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.secrets.iter().map(|(name, _)| name)).finish()
    }
}

/// What a step is at before its container runs, such as pulling an image: shown live, kept nowhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Notice {
    /// The job's lease.
    pub fence: Fence,
    /// The step.
    pub step: StepIx,
    /// In words for people; none when that is over.
    pub words: Option<String>,
}

/// What every step is told about its run, as `DOCKERCISE_*` variables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// `owner/name`.
    pub repository: String,
    /// The commit, 40 hex digits.
    pub sha: String,
    /// The full ref.
    pub git_ref: String,
    /// The branch, if the ref is one.
    pub branch: Option<String>,
    /// The tag, if the ref is one.
    pub tag: Option<String>,
    /// `push`, `pull_request`, `tag`, `schedule`, `manual`.
    pub event: String,
    /// What the person who started it said: environment of every step of the pipelines whose `manual` names it.
    pub inputs: Vec<(String, String)>,
    /// For each pipeline of the plan: its number (0 where it is not needed) and the address of its results page.
    pub pipelines: Vec<Numbered>,
}

/// A pipeline's number and address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Numbered {
    /// The number in `/results/{account}/{pipeline}/{number}`; 0 where it has none.
    pub number: u64,
    /// The full address of the page.
    pub url: String,
}

/// Where the repository at the run's commit comes from.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Source {
    /// The repository's numeric id at GitHub: the mirror's name on the host.
    pub repository_id: u64,
    /// As `ssh://git@github.com/owner/name.git`.
    pub url: String,
    /// The commit, 40 hex digits.
    pub sha: String,
    /// The full ref that holds it, a hint for the fetch.
    pub git_ref: String,
    /// The repository's read-only deploy key, OpenSSH private key format. Never shown.
    pub deploy_key: String,
    /// Lines for a `known_hosts` file: the host keys that are accepted.
    pub known_hosts: String,
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Source").field("url", &self.url).field("sha", &self.sha).finish_non_exhaustive()
    }
}

/// What happened on the host, in order. Sent again until taken.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reports {
    /// The job's lease.
    pub fence: Fence,
    /// In order of their numbers.
    pub reports: Vec<Report>,
}

/// One event on the host.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Its number, from 1, per job.
    pub number: u64,
    /// What and when.
    pub stamped: Stamped,
    /// With [`Event::StepRecorded`]: what the server must have before it believes it.
    pub record: Option<Record>,
    /// With [`Event::StepStarted`]: the image as it was resolved.
    pub image: Option<ResolvedImage>,
}

/// What was stored of an attempt. The server compares it with what it has.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// A log for each phase that ran.
    pub logs: Vec<StoredLog>,
    /// Length in bytes of the value (`run`'s stdout).
    pub value_length: u64,
    /// Lower-case hex sha256 of the value; empty where the value is a secret.
    pub value_sha256: String,
    /// Files that the step's `results` name, stored by their sums.
    pub results: Vec<StoredFile>,
    /// What `results` name and was not kept, and why.
    pub left_out: Vec<LeftOut>,
}

/// A file that a step left for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredFile {
    /// Its path in the working directory. Bytes that are no UTF-8 are replaced: the name is for people, never for a disk.
    pub path: String,
    /// Bytes.
    pub length: u64,
    /// Lower-case hex: what it is stored under.
    pub sha256: String,
}

/// A file that was not kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// Its path, as in [`StoredFile`].
    pub path: String,
    /// Why, in words.
    pub why: String,
}

/// A log as it was stored, in frames.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StoredLog {
    /// Whose.
    pub attempt: Attempt,
    /// Of which command.
    pub phase: Phase,
    /// Of which of its services; none for the step's own.
    pub service: Option<String>,
    /// Length in bytes of all frames, headers included.
    pub length: u64,
    /// Lower-case hex sha256 of the same bytes.
    pub sha256: String,
}

/// The answer to [`Reports`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taken {
    /// Number of the last report taken.
    pub up_to: u64,
}

/// How many bytes of a log the server has; the next must start there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Have {
    /// Bytes.
    pub length: u64,
}

/// Is this an event that a runner may report?
pub fn reportable(event: &Event) -> bool {
    matches!(
        event,
        Event::StepStarted { .. }
            | Event::StepFinished { .. }
            | Event::StepRecorded { .. }
            | Event::RecordFailed { .. }
            | Event::StopTaken { .. }
            | Event::GateExpiryTaken { .. }
            | Event::JobEnded { .. }
    )
}
