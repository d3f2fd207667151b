//! What the tests of the runner share. Also used by the tests inside the crate.
#![expect(dead_code, reason = "each of the two uses a part of it")]

pub mod plans;
pub mod server;
pub mod sshd;
