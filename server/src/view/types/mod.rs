//! The types of the API. The page's own are made from these (`web/src/api/schema.ts`).

mod connect;
mod diagnostic;
mod log;
mod repository;
mod run;
mod start;
mod step;

pub use connect::{ConnectLine, ConnectStep, Connectable, ConnectionView, FoundView};
pub use diagnostic::{DiagnosticView, RelatedView, SpanView};
pub use log::{FrameView, LogPage, LogView};
pub use repository::{Repositories, RepositoryLine};
pub use run::{
    Can, CommitView, EdgeView, GateView, PipelineLine, PipelineShown, PipelineView, Pipelines, RepositoryView, RunList, RunSummary,
    RunView, StopView,
};
pub use start::{InputView, SaidView, StartView};
pub use step::{
    BuildView, CacheView, DoneView, EnvView, FileView, ImageView, LeftOutView, MountView, ServiceView, StepLine, StepView, StoreView,
    ValueView, WhenView,
};

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

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
