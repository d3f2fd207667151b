//! `dockercise completions`: what a shell needs to complete the command.

use super::paths::Outputs;
use clap_complete::Shell;
use std::process::ExitCode;

/// Print what a shell needs to complete this command: source <(dockercise completions bash)
#[derive(Debug, clap::Args)]
pub struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Prints it.
///
/// # Errors
/// Where standard output cannot be written.
pub fn run(args: &CompletionsArgs, mut command: clap::Command) -> anyhow::Result<ExitCode> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, "dockercise", &mut script);
    Outputs::standard().out(&String::from_utf8_lossy(&script))?;
    Ok(ExitCode::SUCCESS)
}
