//! Starting the command.

use super::Running;
use crate::signals::unblock_in;
use dockercise_frame::Stream;
use dockercise_init::spec::Spec;
use rustix::process::Pid;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// Why the command cannot be run, for the person who wrote it.
pub struct Refusal {
    /// The exit code: 127 where it was not found, 126 where it cannot be run.
    pub code: i32,
    /// In words.
    pub words: String,
}

/// Starts the command in a process group of its own, with an empty stdin.
pub fn start(spec: &Spec) -> Result<Running, Refusal> {
    let Some((program, arguments)) = spec.argv.split_first() else {
        return Err(Refusal { code: 126, words: "there is no command to run".to_owned() });
    };
    std::env::set_current_dir(&spec.cwd)
        .map_err(|error| Refusal { code: 126, words: format!("the directory `{}` cannot be entered: {}", spec.cwd, words(&error)) })?;
    let started = unblock_in(&mut Command::new(program))
        .args(arguments)
        .envs(spec.env.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn();
    let mut child = started.map_err(|error| refusal(program, &error))?;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    let (Some(pid), Some(stdout), Some(stderr)) = (pid, child.stdout.take(), child.stderr.take()) else {
        return Err(Refusal { code: 126, words: format!("`{program}` was started without its pipes") });
    };
    Ok(Running { pid, pipes: [(Stream::Stdout, Some(stdout.into())), (Stream::Stderr, Some(stderr.into()))] })
}

fn refusal(program: &str, error: &io::Error) -> Refusal {
    if error.kind() == io::ErrorKind::NotFound {
        Refusal { code: 127, words: format!("`{program}` was not found in the image") }
    } else {
        Refusal { code: 126, words: format!("`{program}` cannot be run: {}", words(error)) }
    }
}

/// The system's words without the number that Rust adds.
fn words(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}
