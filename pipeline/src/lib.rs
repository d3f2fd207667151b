//! The pipeline language, its graph and the run's state machine.
//!
//! Pure: no async, no clock, no disk, no network. Text goes in, a [`plan::Plan`] or a list of
//! [`diagnostic::Diagnostic`]s comes out; events go into a [`run::Run`], changes and effects come out.
//! Everything that crosses a process (job, report) is described in [`wire`].

pub use dockercise_frame as frame;

pub mod compile;
pub mod cron;
mod definition;
pub mod diagnostic;
pub mod discover;
pub mod draw;
mod file;
pub mod globs;
mod graph;
pub mod ids;
mod image;
pub mod names;
pub mod outcome;
pub mod plan;
pub mod policy;
pub mod references;
pub mod run;
pub mod schema;
pub mod source;
mod suggest;
pub mod taint;
pub mod trigger;
pub mod wire;
