//! The dockercise server: webhooks in, runs decided, pages and API out.
//!
//! ```text
//! http ──> db <── work ──> github          http: requests; db: SQL; work: the only place that joins them
//!   └──> runs <──┘                         runs: the only place that changes a run
//!   ├──> people ──> github                 people: who asks, and what they may, which only GitHub knows
//!   └──> view, store                       view: rows as people see them; store: the local account's folder
//!   └──> secrets, seal                     secrets: what people give to steps, sealed
//! ```

pub mod child;
pub mod cli;
pub mod clock;
pub mod db;
pub mod github;
pub mod http;
pub mod hub;
pub mod people;
pub mod runs;
pub mod seal;
pub mod secrets;
pub mod settings;
pub mod store;
pub mod view;
pub mod work;
