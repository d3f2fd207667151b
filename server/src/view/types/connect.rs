//! Repositories that can be connected, and how one comes to be.

use super::{EdgeView, GateView, PipelineView, StepLine};
use chrono::{DateTime, Utc};
use dockercise_pipeline::diagnostic::Diagnostic;
use serde::Serialize;
use utoipa::ToSchema;

/// A page of repositories that the person may choose from.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Connectable {
    /// Best match, or pushed to last, first.
    pub repositories: Vec<ConnectLine>,
    /// There is another page.
    pub more: bool,
}

/// A repository to choose.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ConnectLine {
    /// GitHub's numeric id, which names its connection.
    pub id: i64,
    /// `owner/name`.
    pub name: String,
    /// Its page at GitHub.
    pub url: String,
    /// Do only some people see it?
    pub private: bool,
    /// `connected`, `connecting`, `disconnecting`, `failed`, or `none`.
    pub state: String,
    /// Why it cannot be connected; none where it can.
    #[schema(required)]
    pub error: Option<String>,
    /// What to do about it.
    #[schema(required)]
    pub help: Option<String>,
}

/// How a repository is being connected or disconnected, or was.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ConnectionView {
    /// GitHub's numeric id.
    pub id: i64,
    /// `owner/name`.
    pub name: String,
    /// Its page at GitHub.
    pub url: String,
    /// The account its runs happen in.
    pub account: String,
    /// `connect`, `undo` or `disconnect`.
    pub want: String,
    /// `doing`, `done` or `failed`.
    pub state: String,
    /// It is connected now.
    pub connected: bool,
    /// Who asked.
    pub by: String,
    /// When.
    pub began_at: DateTime<Utc>,
    /// Its steps, in their order.
    pub steps: Vec<ConnectStep>,
    /// What the files of the default branch say; none until they are read.
    #[schema(required)]
    pub found: Option<FoundView>,
}

/// A step.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ConnectStep {
    /// `find`, `key`, `hook`, `read`, `ping`, `remove-hook`, `remove-key`, `forget`.
    pub name: String,
    /// `waiting`, `doing`, `done`, `failed`, `undone`.
    pub state: String,
    /// What was done, or is waited for.
    pub words: String,
    /// What went wrong.
    #[schema(required)]
    pub error: Option<String>,
    /// What to do about it.
    #[schema(required)]
    pub help: Option<String>,
    /// Since when it stands so.
    #[schema(required)]
    pub at: Option<DateTime<Utc>>,
}

/// What the files of the default branch say.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FoundView {
    /// The branch.
    pub branch: String,
    /// Its commit; none where nothing was pushed yet.
    #[schema(required)]
    pub sha: Option<String>,
    /// What the compiler said.
    #[schema(value_type = Vec<super::DiagnosticView>)]
    pub diagnostics: Vec<Diagnostic>,
    /// All pipelines.
    pub pipelines: Vec<PipelineView>,
    /// Their steps.
    pub steps: Vec<StepLine>,
    /// What flows between them.
    pub edges: Vec<EdgeView>,
    /// Their gates.
    pub gates: Vec<GateView>,
}
