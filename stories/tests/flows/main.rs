//! What pipelines do, from a push to its results.
#![expect(clippy::unwrap_used, reason = "tests")]

mod ahead;
mod by_hand;
mod bytes;
mod ends;
mod files;
mod gates;
mod graph;
mod rules;
mod source;
mod stop;
