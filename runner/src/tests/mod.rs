//! The walk of jobs against a host that is not there and a server that is strict, by the dozen: random graphs, a runner
//! that dies again and again, calls that fail.
#![expect(clippy::unwrap_used, reason = "tests")]

mod ahead;
mod builds;
mod caches;
mod fake;
mod kept;
mod walks;

#[path = "../../tests/support/mod.rs"]
pub mod support;
