//! Steps: a line of each for the graph, everything about one for who looks at it.

use super::LogView;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

/// A step as the graph shows it.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StepLine {
    /// Position in the plan.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Its pipeline's position.
    pub pipeline: u32,
    /// `run`: a command; `image`: an image's own command; `build`: makes an image.
    pub kind: String,
    /// `waiting`, `at-gate`, `ready`, `running`, `running-done`, `recording`, or an outcome's word.
    pub state: String,
    /// Exit code, where it failed with one.
    #[schema(required)]
    pub code: Option<i64>,
    /// Why it ended so, in words.
    #[schema(required)]
    pub reason: Option<String>,
    /// A failure of it does not make the pipeline fail.
    pub allow_failure: bool,
    /// The attempt that runs or ran last; 0 before the first.
    pub attempt: u32,
    /// When `run` started.
    #[schema(required)]
    pub started_at: Option<DateTime<Utc>>,
    /// When `done` started.
    #[schema(required)]
    pub done_started_at: Option<DateTime<Utc>>,
    /// When its end was known.
    #[schema(required)]
    pub finished_at: Option<DateTime<Utc>>,
    /// What goes on for it right now, such as pulling its image.
    #[schema(required)]
    pub notice: Option<String>,
}

/// Everything about a step.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StepView {
    /// As in the graph; its `reason` also says what a waiting step waits for.
    pub step: StepLine,
    /// Its line in the pipeline's file.
    pub line: u32,
    /// The pipeline's file.
    pub file: String,
    /// The command, as the file has it; empty where an image's own is run, or an image made.
    pub run: String,
    /// The second command.
    #[schema(required)]
    pub done: Option<DoneView>,
    /// The image it makes.
    #[schema(required)]
    pub build: Option<BuildView>,
    /// The image it runs in.
    #[schema(required)]
    pub image: Option<ImageView>,
    /// What its working directory starts as; empty for an empty directory.
    pub volume: Vec<MountView>,
    /// Its environment.
    pub env: Vec<EnvView>,
    /// Steps whose values it reads as files.
    pub values: Vec<u32>,
    /// Steps that are before it, with nothing taken from them.
    pub after: Vec<u32>,
    /// Pipelines that are before it.
    pub after_pipelines: Vec<u32>,
    /// Which events need it.
    #[schema(required)]
    pub when: Option<WhenView>,
    /// How what it rests on must have ended: `success`, `failure` or `always`.
    pub status: String,
    /// Its value is a secret, and is not shown.
    pub secret: bool,
    /// Globs of files that are kept.
    pub results: Vec<String>,
    /// Containers that run beside it.
    pub services: Vec<ServiceView>,
    /// Folders kept from run to run.
    #[schema(required)]
    pub cache: Option<CacheView>,
    /// Seconds for `run`.
    #[schema(required)]
    pub timeout_seconds: Option<u64>,
    /// Processors, in thousandths, where the file says so.
    #[schema(required)]
    pub cpus: Option<u32>,
    /// Bytes of memory, where the file says so.
    #[schema(required)]
    pub memory: Option<u64>,
    /// The user, where the file says so.
    #[schema(required)]
    pub user: Option<String>,
    /// The directory it starts in, where the file says so.
    #[schema(required)]
    pub workdir: Option<String>,
    /// A remark of the host's, such as "out of memory".
    #[schema(required)]
    pub note: Option<String>,
    /// Its value, once recorded.
    #[schema(required)]
    pub value: Option<ValueView>,
    /// Files that it left for people.
    pub files: Vec<FileView>,
    /// What `results` name and was not kept.
    pub left_out: Vec<LeftOutView>,
    /// Its logs.
    pub logs: Vec<LogView>,
}

/// The second command.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct DoneView {
    /// As the file has it.
    pub run: String,
    /// Seconds between two tries, where it is tried until it ends with 0.
    #[schema(required)]
    pub every_seconds: Option<u64>,
    /// Seconds it may take, all tries together.
    #[schema(required)]
    pub timeout_seconds: Option<u64>,
}

/// An image.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ImageView {
    /// As the file names it; the step's name in braces where a step makes it.
    pub name: String,
    /// The step that makes it.
    #[schema(required)]
    pub step: Option<u32>,
    /// The engine's id, once it was resolved.
    #[schema(required)]
    pub id: Option<String>,
    /// `name@sha256:…`, where it came from a registry.
    #[schema(required)]
    pub digest: Option<String>,
}

/// An image to be made.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BuildView {
    /// The folder that is sent, relative to the working directory.
    pub context: String,
    /// The Dockerfile, relative to that.
    pub file: String,
    /// Its `ARG`s.
    pub args: Vec<EnvView>,
    /// The image's names.
    pub tags: Vec<String>,
    /// Are they pushed?
    pub push: bool,
}

/// What a folder of the working directory starts as.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct MountView {
    /// Relative to the working directory; `.` is that itself.
    pub path: String,
    /// A copy of this step's; none: the repository at the commit.
    #[schema(required)]
    pub step: Option<u32>,
}

/// A variable of an environment.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EnvView {
    /// Its name.
    pub name: String,
    /// The step whose value it is.
    #[schema(required)]
    pub from: Option<u32>,
    /// The text, where the file has one.
    #[schema(required)]
    pub literal: Option<String>,
    /// The store that its value, which is a secret, is read from.
    #[schema(required)]
    pub store: Option<StoreView>,
}

/// Where a secret is.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StoreView {
    /// `secret`, `ssm` or `secretsmanager`.
    pub kind: String,
    /// Its name there.
    pub name: String,
}

/// Which events need a step. Each list is whole-string globs; empty for any.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct WhenView {
    /// Of the branch.
    pub branches: Vec<String>,
    /// Of the tag.
    pub tags: Vec<String>,
    /// Of one of the changed paths.
    pub paths: Vec<String>,
    /// The events' words.
    pub events: Vec<String>,
}

/// A container beside a step.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ServiceView {
    /// Its name, which the step reaches it by.
    pub name: String,
    /// Its image, as the file names it.
    pub image: String,
    /// Its environment.
    pub env: Vec<EnvView>,
    /// The command that says when it is ready.
    #[schema(required)]
    pub ready: Option<String>,
}

/// Folders kept from run to run.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CacheView {
    /// The folders.
    pub paths: Vec<String>,
    /// What they are found by.
    pub key: String,
    /// Files whose content is part of that.
    pub files: Vec<String>,
    /// Beginnings of keys that will do.
    pub fallback: Vec<String>,
}

/// A value's size and sum.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ValueView {
    /// Bytes.
    pub length: u64,
    /// Lower-case hex sha256; empty where it is a secret.
    pub sha256: String,
}

/// A file that a step left for people.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FileView {
    /// Its path in the working directory; text of the step's, to be shown and not to be used.
    pub path: String,
    /// Bytes.
    pub length: u64,
    /// Lower-case hex: what it is asked for by.
    pub sha256: String,
}

/// A file that was not kept.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LeftOutView {
    /// Its path.
    pub path: String,
    /// Why, in words.
    pub why: String,
}
