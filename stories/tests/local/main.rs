//! `dockercise run`: pipelines of a folder, without a server.
#![expect(clippy::unwrap_used, reason = "tests")]

mod choice;
mod folder;
mod gates;
mod same;
mod stop;
