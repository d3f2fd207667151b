//! Starting the command.

use super::Running;
use super::user::{User, become_in};
use crate::signals::unblock_in;
use dockercise_frame::Stream;
use dockercise_init::spec::Spec;
use rustix::fs::{Gid, Uid, fchown};
use rustix::process::Pid;
use std::io::{self, PipeReader, PipeWriter, pipe};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// Why the command cannot be run, for the person who wrote it.
pub struct Refusal {
    /// The exit code: 127 where it was not found, 126 where it cannot be run.
    pub code: i32,
    /// In words.
    pub words: String,
}

/// Starts the command as the user, in a process group of its own, with an empty stdin.
pub fn start(spec: &Spec, user: &User) -> Result<Running, Refusal> {
    let mut command = of(spec, user)?;
    let pipes = || Ok::<_, io::Error>([own_pipe(user)?, own_pipe(user)?]);
    let [(stdout, out), (stderr, err)] =
        pipes().map_err(|error| Refusal { code: 126, words: format!("there is no pipe for its output: {}", words(&error)) })?;
    command.stdin(Stdio::null()).stdout(out).stderr(err).process_group(0);
    let program = &spec.argv[0];
    let child = command.spawn().map_err(|error| refusal(program, &error))?;
    let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) else {
        return Err(Refusal { code: 126, words: format!("`{program}` was started without a number") });
    };
    Ok(Running { pid, pipes: [(Stream::Stdout, Some(stdout.into())), (Stream::Stderr, Some(stderr.into()))] })
}

/// The command with its environment, as the user.
pub fn of(spec: &Spec, user: &User) -> Result<Command, Refusal> {
    let Some((program, arguments)) = spec.argv.split_first() else {
        return Err(Refusal { code: 126, words: "there is no command to run".to_owned() });
    };
    let mut command = Command::new(program);
    unblock_in(&mut command).args(arguments).envs(spec.env.iter().map(|(name, value)| (name, value)));
    if !user.is_root() {
        if spec.env.iter().all(|(name, _)| name != "HOME") {
            command.env("HOME", &user.home);
        }
        become_in(&mut command, user);
    }
    Ok(command)
}

/// Becomes the command, with this program's own stdin and output; comes back only where that cannot be.
pub fn become_it(spec: &Spec, user: &User) -> Refusal {
    match of(spec, user) {
        Ok(mut command) => refusal(&spec.argv[0], &command.exec()),
        Err(refusal) => refusal,
    }
}

/// A pipe whose writing end is the user's: else opening `/dev/stdout` by its name would be forbidden.
fn own_pipe(user: &User) -> io::Result<(PipeReader, PipeWriter)> {
    let (reader, writer) = pipe()?;
    if !user.is_root() {
        fchown(&writer, Some(Uid::from_raw(user.uid)), Some(Gid::from_raw(user.gid)))?;
    }
    Ok((reader, writer))
}

/// Enters the directory that the command is to run in; one that is not there is made for the user.
pub fn enter(cwd: &str, user: &User) -> Result<(), Refusal> {
    let made = || {
        let mut missing = Vec::new();
        let mut path = Path::new(cwd);
        while !path.try_exists()? {
            missing.push(path);
            path = path.parent().ok_or(io::ErrorKind::NotFound)?;
        }
        for path in missing.into_iter().rev() {
            std::fs::create_dir(path)?;
            chown(path, Some(user.uid), Some(user.gid))?;
        }
        std::env::set_current_dir(cwd)
    };
    made().map_err(|error| Refusal { code: 126, words: format!("the directory `{cwd}` cannot be entered: {}", words(&error)) })
}

/// Why a program cannot be started.
pub fn refusal(program: &str, error: &io::Error) -> Refusal {
    if error.kind() == io::ErrorKind::NotFound {
        Refusal { code: 127, words: format!("`{program}` was not found in the image") }
    } else {
        Refusal { code: 126, words: format!("`{program}` cannot be run: {}", words(error)) }
    }
}

/// The system's words without the number that Rust adds.
pub fn words(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}
