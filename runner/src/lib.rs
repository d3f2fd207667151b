//! Runs one job on one Docker host.

pub mod engine;
