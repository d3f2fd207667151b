//! Runs, and what of their graph is the same for all steps.

use super::{SaidView, StepLine};
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
    /// `push`, `pull_request`, `tag`, `schedule` or `manual`.
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
    /// The time that it was started at, as its file has it.
    #[schema(required)]
    pub cron: Option<String>,
    /// The number of the pull request that it was started for.
    #[schema(required)]
    pub pull_request: Option<u64>,
    /// What the person said who started it.
    pub inputs: Vec<SaidView>,
    /// Path of the pipeline's file.
    pub file: String,
    /// Lower-case hex sha256 over the whole graph: `dockercise run --graph` gives the same at the same commit. None where the
    /// files have errors.
    pub plan_hash: Option<String>,
    /// What is to be said of how it came to be.
    pub note: Option<String>,
    /// What the compiler said about the files at this commit.
    #[schema(value_type = Vec<super::DiagnosticView>)]
    pub diagnostics: Vec<Diagnostic>,
    /// All pipelines of the merged run.
    pub pipelines: Vec<PipelineView>,
    /// All steps of the merged run.
    pub steps: Vec<StepLine>,
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

/// What flows from one step to another.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct EdgeView {
    /// From this step.
    pub from: u32,
    /// To this one.
    pub to: u32,
    /// `value`, `volume`, `env`, `image`, `order`.
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
    /// `closed`, `waiting`, `open`, `expired`, `void`.
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
    /// Why it cannot be clicked any more.
    #[schema(required)]
    pub reason: Option<String>,
    /// Who may click: logins and teams; empty for whoever may click at all.
    pub allowed: Vec<String>,
    /// When it cannot be clicked any more.
    #[schema(required)]
    pub expires_at: Option<DateTime<Utc>>,
}

/// Why it is being stopped.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StopView {
    /// `cancelled`, `timed-out` or `not-taken`.
    pub why: String,
    /// In words.
    pub words: String,
    /// Clean-up is being stopped too.
    pub all: bool,
    /// Who cancelled it.
    #[schema(required)]
    pub by: Option<String>,
}

/// What can be done now.
#[derive(Debug, Clone, Default, Serialize, ToSchema)]
pub struct Can {
    /// Click at what waits, as far as the rights in the repository go: a gate may name who.
    pub click: bool,
    /// Cancel it.
    pub cancel: bool,
    /// Cancel what it still does to clean up.
    pub cancel_clean_up: bool,
    /// Run it again.
    pub rerun: bool,
    /// Run again what did not pass, and keep what did.
    pub rerun_failed: bool,
}
