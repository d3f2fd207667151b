//! What the runner and the helper binary say to each other: the command of a step, and the keeper's messages.
//!
//! ```text
//! init step     PID 1 of every step: runs the command, writes its output as frames into the spool
//! init enter    runs another command in a step's container as the step's own is run
//! init hold     holds a network namespace open, with the routes to metadata services cut
//! init keep     looks after the files in the store volume, told so on stdin (see message)
//! init look     reads a finished tree for the runner (see look)
//! init copy     copies a directory tree, to flatten a chain of layers
//! ```

pub mod look;
pub mod message;
pub mod spec;
