//! Runs jobs on one Docker host.

pub mod engine;

mod client;
mod disk;
mod host;
mod job;
mod lock;
mod retry;
mod source;
mod store;
