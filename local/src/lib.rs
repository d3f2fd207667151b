//! A folder's pipelines on this computer's Docker engine, without a server: `dockercise run`.
//!
//! ```text
//! folder ──▶ plan ──▶ choose ──▶ conduct ◀──calls── door ◀──unix socket── runner ──▶ engine ──▶ Docker
//!                                   │  the machine: one line of events
//!                       show ◀──────┴──────▶ logs ──▶ results
//! ```
//! Planner, machine, runner and engine are a server's. What is left of a server is the door and the one place that
//! answers there, [`conduct`]; no database, nothing to set up.

pub mod choose;
mod conduct;
mod door;
mod ending;
mod gate;
mod home;
mod incoming;
mod logs;
pub mod plan;
mod record;
pub mod results;
mod run;
pub mod secrets;
pub mod show;

pub use ending::Ending;
pub use gate::Gates;
pub use run::{Options, Shows, Signals, run};
