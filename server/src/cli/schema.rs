//! `dockercise schema`: the language for editors.

use dockercise_pipeline::schema::SCHEMA;
use std::io::Write as _;
use std::process::ExitCode;

/// Prints the language of pipeline files as a JSON Schema, for editors (docs/language.md, "Editors").
#[derive(Debug, clap::Args)]
pub struct SchemaArgs {}

/// Prints it.
///
/// # Errors
/// Where standard output cannot be written.
pub fn run(SchemaArgs {}: &SchemaArgs) -> anyhow::Result<ExitCode> {
    std::io::stdout().lock().write_all(SCHEMA.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}
