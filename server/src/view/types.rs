//! The types of the API. The page's own are made from these (`web/src/api/schema.ts`).

use chrono::{DateTime, Utc};
use dockercise_pipeline::diagnostic::Diagnostic;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Where a pipeline of a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PipelineShown {
    /// Nothing of it has begun.
    Queued,
    /// Steps run, or are about to.
    Running,
    /// Nothing goes on until a person clicks.
    Waiting,
    /// Green.
    Passed,
    /// A step failed, or its file is bad.
    Failed,
    /// Time was up.
    TimedOut,
    /// Something around a step failed.
    Infra,
    /// A person cancelled it.
    Cancelled,
    /// Kept out by its own filter.
    NotNeeded,
}

impl PipelineShown {
    /// The one word for people and addresses.
    pub fn word(self) -> &'static str {
        match self {
            PipelineShown::Queued => "queued",
            PipelineShown::Running => "running",
            PipelineShown::Waiting => "waiting",
            PipelineShown::Passed => "passed",
            PipelineShown::Failed => "failed",
            PipelineShown::TimedOut => "timed-out",
            PipelineShown::Infra => "infra",
            PipelineShown::Cancelled => "cancelled",
            PipelineShown::NotNeeded => "not-needed",
        }
    }
}

/// All pipelines, for the first page.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Pipelines {
    /// By account and slug.
    pub pipelines: Vec<PipelineLine>,
}

/// One pipeline and its newest runs.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PipelineLine {
    /// The account.
    pub account: String,
    /// The slug.
    pub pipeline: String,
    /// `owner/name`.
    pub repository: String,
    /// Newest first.
    pub runs: Vec<RunSummary>,
}

/// A page of a pipeline's runs.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RunList {
    /// The account.
    pub account: String,
    /// The slug.
    pub pipeline: String,
    /// `owner/name`.
    pub repository: String,
    /// Newest first.
    pub runs: Vec<RunSummary>,
    /// There are older ones.
    pub more: bool,
}

/// A run in a list.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RunSummary {
    /// Its number.
    pub number: i64,
    /// Where it stands.
    pub state: PipelineShown,
    /// `push`, `tag` or `manual`.
    pub event: String,
    /// The full ref.
    pub git_ref: String,
    /// The branch, if the ref is one.
    #[schema(required)]
    pub branch: Option<String>,
    /// The tag, if the ref is one.
    #[schema(required)]
    pub tag: Option<String>,
    /// The commit.
    pub sha: String,
    /// First line of the commit's message.
    pub title: String,
    /// Login of the commit's author, or the name.
    pub author: String,
    /// When the run was made.
    pub created_at: DateTime<Utc>,
    /// When its first step started.
    #[schema(required)]
    pub started_at: Option<DateTime<Utc>>,
    /// When its last step was over.
    #[schema(required)]
    pub ended_at: Option<DateTime<Utc>>,
    /// Milliseconds in which a step ran, up to the last moment in which none did.
    pub busy_ms: u64,
    /// The number it repeats.
    #[schema(required)]
    pub rerun_of: Option<i64>,
}

/// Everything about one number of a pipeline.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RunView {
    /// The account.
    pub account: String,
    /// The slug.
    pub pipeline: String,
    /// The number.
    pub number: i64,
    /// The pipeline's newest number.
    pub newest: i64,
    /// Grows with every change.
    pub version: i64,
    /// The repository.
    pub repository: RepositoryView,
    /// The commit.
    pub commit: CommitView,
    /// As in lists.
    pub summary: RunSummary,
    /// Path of the pipeline's file.
    pub file: String,
    /// What the compiler said about the files at this commit.
    #[schema(value_type = Vec<DiagnosticView>)]
    pub diagnostics: Vec<Diagnostic>,
    /// All pipelines of the merged run.
    pub pipelines: Vec<PipelineView>,
    /// All steps of the merged run.
    pub steps: Vec<StepView>,
    /// What flows between them.
    pub edges: Vec<EdgeView>,
    /// All gates of the merged run.
    pub gates: Vec<GateView>,
    /// It is being stopped, or was.
    #[schema(required)]
    pub stop: Option<StopView>,
    /// What can be done to it now.
    pub can: Can,
    /// Numbers that repeat this one.
    pub reruns: Vec<i64>,
}

/// A repository.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct RepositoryView {
    /// `owner/name`.
    pub name: String,
    /// Its page at GitHub.
    pub url: String,
}

/// A commit.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct CommitView {
    /// Its name.
    pub sha: String,
    /// Its page at GitHub.
    pub url: String,
    /// First line of its message.
    pub title: String,
    /// The whole message.
    pub message: String,
    /// Login of its author, or the name.
    pub author: String,
}

/// A pipeline of the merged run.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct PipelineView {
    /// Position in the plan.
    pub index: u32,
    /// Its name in the repository.
    pub name: String,
    /// Its number; none where it is not needed.
    #[schema(required)]
    pub number: Option<i64>,
    /// The account.
    pub account: String,
    /// Where it stands.
    pub state: PipelineShown,
    /// Pipelines before it.
    pub after: Vec<u32>,
    /// The gate in front of it.
    #[schema(required)]
    pub gate: Option<u32>,
    /// It is the one of this page.
    pub this: bool,
    /// Its page.
    #[schema(required)]
    pub href: Option<String>,
}

/// A step.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StepView {
    /// Position in the plan.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Its pipeline's position.
    pub pipeline: u32,
    /// Its line in the pipeline's file.
    pub line: u32,
    /// The image, as the file names it.
    pub image: String,
    /// The image, as it was resolved.
    #[schema(required)]
    pub image_id: Option<String>,
    /// The command, as the file has it.
    pub run: String,
    /// The second command.
    #[schema(required)]
    pub done: Option<String>,
    /// Its working directory starts as the repository.
    pub uses_source: bool,
    /// What its working directory starts as: `source`, or `pipeline/step`.
    #[schema(required)]
    pub volume_from: Option<String>,
    /// Its environment.
    pub env: Vec<EnvView>,
    /// `waiting`, `at-gate`, `ready`, `running`, `running-done`, `recording`, or an outcome's word.
    pub state: String,
    /// Exit code, where it failed with one.
    #[schema(required)]
    pub code: Option<i64>,
    /// Why it is where it is, in words.
    #[schema(required)]
    pub reason: Option<String>,
    /// A remark of the host's, such as "out of memory".
    #[schema(required)]
    pub note: Option<String>,
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
    /// Its value, once recorded.
    #[schema(required)]
    pub value: Option<ValueView>,
    /// Its logs.
    pub logs: Vec<LogView>,
}

/// A variable of a step's environment.
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
}

/// A value's size and sum.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ValueView {
    /// Bytes.
    pub length: u64,
    /// Lower-case hex sha256.
    pub sha256: String,
}

/// A log.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LogView {
    /// The attempt.
    pub attempt: u32,
    /// `run` or `done`.
    pub phase: String,
    /// Bytes of frames so far.
    pub length: u64,
    /// No more will come.
    pub complete: bool,
}

/// What flows from one step to another.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EdgeView {
    /// From this step.
    pub from: u32,
    /// To this one.
    pub to: u32,
    /// `value`, `volume`, `env`, `order`.
    pub kinds: Vec<String>,
}

/// A gate.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct GateView {
    /// Position in the plan.
    pub index: u32,
    /// The pipeline it stands in.
    pub pipeline: u32,
    /// The step it guards; none: the whole pipeline.
    #[schema(required)]
    pub step: Option<u32>,
    /// `closed`, `waiting`, `open`, `void`.
    pub state: String,
    /// Since when it waits.
    #[schema(required)]
    pub since: Option<DateTime<Utc>>,
    /// Who clicked.
    #[schema(required)]
    pub by: Option<String>,
    /// When.
    #[schema(required)]
    pub at: Option<DateTime<Utc>>,
    /// What the file says to the person who clicks.
    #[schema(required)]
    pub note: Option<String>,
}

/// Why it is being stopped.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StopView {
    /// `cancelled` or `timed-out`.
    pub why: String,
    /// Who cancelled it.
    #[schema(required)]
    pub by: Option<String>,
}

/// What can be done now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Can {
    /// Cancel it.
    pub cancel: bool,
    /// Run it again.
    pub rerun: bool,
}

/// A page of a log.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LogPage {
    /// In order.
    pub frames: Vec<FrameView>,
    /// Ask for this offset next.
    pub next: u64,
    /// How long the log is now.
    pub length: u64,
    /// No more will come after `length`.
    pub complete: bool,
}

/// A piece of output.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FrameView {
    /// Milliseconds since 1970.
    pub at: u64,
    /// `stdout`, `stderr` or `remark`.
    pub stream: String,
    /// The bytes, base64.
    pub data: String,
    /// The frame's offset in the log.
    pub offset: u64,
}

/// Where a thing is now.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Place {
    /// The account.
    pub account: String,
    /// The slug.
    pub pipeline: String,
    /// The number.
    pub number: i64,
    /// Its page.
    pub href: String,
}

/// What went wrong, and what to do.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// What failed, on what.
    pub error: String,
    /// What to do.
    #[schema(required)]
    pub help: Option<String>,
}

/// A problem in a pipeline file. Made by `dockercise_pipeline::diagnostic`, described here.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what another crate serialises")]
pub struct DiagnosticView {
    /// `error` or `warning`.
    severity: String,
    /// What failed and on what.
    message: String,
    /// The file's path in the repository.
    file: String,
    /// Line, from 1.
    line: u32,
    /// Column in characters, from 1.
    column: u32,
    span: SpanView,
    /// The line's text, or the part around the caret where it is long.
    text: String,
    /// How many characters of the line were cut off in front of `text`.
    cut: u32,
    /// What to do.
    #[schema(required)]
    help: Option<String>,
    related: Vec<RelatedView>,
}

/// Another place that a problem is about.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what another crate serialises")]
pub struct RelatedView {
    /// What is there.
    label: String,
    file: String,
    line: u32,
    column: u32,
    span: SpanView,
    text: String,
    cut: u32,
}

/// A piece of a file's text, in bytes.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes what another crate serialises")]
pub struct SpanView {
    offset: u32,
    len: u32,
}
