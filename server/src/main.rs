//! The `dockercise` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    dockercise_server::cli::main()
}
