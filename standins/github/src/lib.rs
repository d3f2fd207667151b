//! A stateful GitHub for tests and the demo.
//!
//! Repositories are real bare git repositories, reached over smart HTTP and ssh; a real `git push`
//! makes the signed deliveries that GitHub would make; the REST API answers as fully as GitHub does,
//! which [`contract`] checks against GitHub's own OpenAPI description. Faults are made on demand.

// A repository's JSON has more fields than the macro's default depth.
#![recursion_limit = "256"]

mod admin;
mod api;
pub mod contract;
mod control;
mod deliver;
mod faults;
mod git;
mod github;
mod http_git;
pub mod journal;
mod json;
mod lfs;
mod links;
mod pulls;
mod push;
mod ssh;
mod start;
mod state;

pub use control::NewRepository;
pub use deliver::{Delivery, sign};
pub use faults::Fault;
pub use pulls::{NewPull, Pull};
pub use start::{Standin, StandinOptions};
pub use state::{DeployKey, FullName, Hook, Repository, Role, Status, Token, User};
