//! Problems in pipeline files, as another crate serialises them.

use utoipa::ToSchema;

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
