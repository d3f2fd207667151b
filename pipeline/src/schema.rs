//! The language as a JSON Schema (draft 2020-12), for editors.
//!
//! Kept by hand beside the parser, and held to it by tests: whatever the parser takes the schema takes, and what the schema
//! takes the parser refuses only for what a schema cannot say (`BEYOND` in the tests lists that).

/// The schema's text.
pub const SCHEMA: &str = include_str!("schema/dockercise.schema.json");

#[cfg(test)]
mod tests;
