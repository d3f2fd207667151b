//! The `dockercise` command: a verb a file.

pub mod check;
pub mod completions;
pub mod connect;
pub mod doctor;
pub mod graph;
pub mod login;
pub mod logs;
mod paths;
pub mod remote;
pub mod run;
pub mod runner;
pub mod runs;
pub mod schema;
pub mod secret;
pub mod serve;
pub mod shell;
mod top;
pub mod trigger;

pub use top::main;
