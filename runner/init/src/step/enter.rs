//! `init enter PROGRAM ARGUMENT...`: becomes another command in a container of ours, with the environment and as the user of
//! the container's own, in the same directory.

use super::{command, user};
use dockercise_init::spec::{GO, SPEC_FILE, Spec};
use std::io;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Stdio;

/// Gives an exit code only where the command cannot be run.
pub fn run(argv: &[&str]) -> io::Result<i32> {
    let spec = std::fs::read(Path::new(GO).join(SPEC_FILE))?;
    let mut spec: Spec = serde_json::from_slice(&spec)?;
    spec.argv = argv.iter().map(|&word| word.to_owned()).collect();
    let refused = |refusal: command::Refusal| {
        eprintln!("{}", refusal.words);
        Ok(refusal.code)
    };
    let user = match user::find(&spec.user) {
        Ok(user) => user,
        Err(refusal) => return refused(refusal),
    };
    if let Err(refusal) = command::enter(&spec.cwd, &user) {
        return refused(refusal);
    }
    match command::of(&spec, &user) {
        Ok(mut command) => {
            let error = command.stdin(Stdio::null()).exec();
            refused(command::refusal(&spec.argv[0], &error))
        }
        Err(refusal) => refused(refusal),
    }
}
