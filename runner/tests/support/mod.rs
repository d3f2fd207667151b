//! What the tests of the runner share. Also used by the tests inside the crate.

pub mod plans;
pub mod server;
