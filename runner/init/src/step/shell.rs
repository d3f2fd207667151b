//! A person's shell in a container like a step's: it becomes PID 1 itself, on the terminal or the pipes that the container
//! has, and nothing of it is written down.

use super::{Ready, command, prepare, spec};
use crate::signals::Signals;
use std::io;

/// Becomes the command of the spec; comes back only where that cannot be, with the exit code for it.
pub fn run() -> io::Result<i32> {
    let signals = Signals::catch()?;
    let spec = spec()?;
    let refusal = match prepare(&spec, &signals) {
        Ok(Ready::As(user)) => command::become_it(&spec, &user),
        Ok(Ready::Told(signal)) => return Ok(128 + signal),
        Err(refusal) => refusal,
    };
    eprintln!("dockercise: {}", refusal.words);
    Ok(refusal.code)
}
