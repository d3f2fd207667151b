//! What steps and services wrote.

use serde::Serialize;
use utoipa::ToSchema;

/// A log.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct LogView {
    /// The attempt.
    pub attempt: u32,
    /// `run` or `done`.
    pub phase: String,
    /// The service that wrote it; none for the step's own.
    #[schema(required)]
    pub service: Option<String>,
    /// Bytes of frames so far.
    pub length: u64,
    /// No more will come.
    pub complete: bool,
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
