//! PID 1 of a step: runs the command, writes its output into the spool, passes signals on, ends when it ends.

mod agent;
mod aws;
mod command;
pub mod enter;
mod log;
mod output;
mod own;
pub mod shell;
mod spool;
mod user;
mod value;

use crate::signals::Signals;
use command::Refusal;
use dockercise_frame::{MAX_PAYLOAD, Stream};
use dockercise_init::spec::{GO, SPEC_FILE, SPOOL, Spec};
use output::Output;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::Timespec;
use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, wait};
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};
use user::User;

/// Runs the step and gives its exit code: the command's own, 128 and the signal's number where one ended it, 127
/// where there is no such command, 126 where it cannot be run.
pub fn run() -> io::Result<i32> {
    let signals = Signals::catch()?;
    let mut spec = spec()?;
    let mut output = Output::open(Path::new(SPOOL), &spec)?;
    if spec.aws {
        let endpoint = aws::serve()?;
        spec.env.extend(endpoint.env);
        output.mask_too(endpoint.given);
    }
    if spec.agent {
        agent::tell(&mut spec.env, |name| std::env::var_os(name).is_some());
    }
    let code = match prepare(&spec, &signals) {
        Ok(Ready::As(user)) => repeat(&spec, &user, &signals, &mut output)?,
        Ok(Ready::Told(signal)) => 128 + signal,
        Err(refusal) => {
            output.remark(&refusal.words);
            refusal.code
        }
    };
    Ok(output.close(code))
}

fn spec() -> io::Result<Spec> {
    let text = std::fs::read(Path::new(GO).join(SPEC_FILE))?;
    Ok(serde_json::from_slice(&text)?)
}

/// What preparing came to.
enum Ready {
    /// The command may run as this user.
    As(User),
    /// By this signal it was told to end before it had begun.
    Told(i32),
}

/// Finds the user, gives it the volume, and enters the directory.
fn prepare(spec: &Spec, signals: &Signals) -> Result<Ready, Refusal> {
    let user = user::find(&spec.user)?;
    for folder in &spec.volume {
        let mut told = None;
        let given = own::give(folder, &user, || {
            told = told.or(ending(signals)?);
            Ok(told.is_some())
        });
        let words = |error| format!("the files of `{folder}` cannot be given to the user {}: {}", user.uid, command::words(&error));
        given.map_err(|error| Refusal { code: 126, words: words(error) })?;
        if let Some(signal) = told {
            return Ok(Ready::Told(signal));
        }
    }
    command::enter(&spec.cwd, &user)?;
    Ok(Ready::As(user))
}

/// Runs the command, again where that is wanted and it has not ended with 0.
fn repeat(spec: &Spec, user: &User, signals: &Signals, output: &mut Output) -> io::Result<i32> {
    let mut said = false;
    loop {
        let (code, told) = match command::start(spec, user) {
            Ok(running) => watch(signals, running, output)?,
            Err(refusal) => {
                output.remark(&refusal.words);
                return Ok(refusal.code);
            }
        };
        let Some(pause) = spec.every_ms.map(Duration::from_millis).filter(|_| code != 0 && !told) else { return Ok(code) };
        if !said {
            output.remark(&format!("it ended with {code}, and is run again every {} s until it ends with 0", pause.as_secs_f64()));
            said = true;
        }
        if let Some(signal) = rest(pause, signals, output)? {
            return Ok(128 + signal);
        }
    }
}

/// Waits, unless a signal says that this is to end.
fn rest(pause: Duration, signals: &Signals, output: &mut Output) -> io::Result<Option<i32>> {
    let end = Instant::now() + pause;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(None);
        }
        let timeout = Timespec::try_from(output.due_in().map_or(left, |due| due.min(left))).ok();
        match poll(&mut [PollFd::new(signals, PollFlags::IN)], timeout.as_ref()) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        output.sync_if_due();
        if let Some(signal) = ending(signals)? {
            return Ok(Some(signal));
        }
    }
}

/// Where no command runs: reaps what is left of earlier ones, and gives the signal that says that this is to end.
fn ending(signals: &Signals) -> io::Result<Option<i32>> {
    let mut told = None;
    while let Some(number) = signals.next()? {
        if number == Signal::CHILD.as_raw() {
            while reaped()?.is_some() {}
        } else if is_end(number) {
            told = Some(number);
        }
    }
    Ok(told)
}

/// Does this signal ask a program to end?
fn is_end(number: i32) -> bool {
    [Signal::TERM, Signal::INT, Signal::HUP, Signal::QUIT].map(Signal::as_raw).contains(&number)
}

/// A command that was started.
pub struct Running {
    /// It, and the process group it leads.
    pub pid: Pid,
    /// The reading ends of its stdout and stderr; none once they are closed.
    pub pipes: [(Stream, Option<OwnedFd>); 2],
}

/// Sees a command out: its code, and whether it was told to end.
fn watch(signals: &Signals, mut running: Running, output: &mut Output) -> io::Result<(i32, bool)> {
    let mut told = false;
    let mut buffer = vec![0; MAX_PAYLOAD];
    loop {
        let timeout = output.due_in().and_then(|due| Timespec::try_from(due).ok());
        let [signalled, readable @ ..] = wait_for_any(signals, &running, timeout.as_ref())?;
        output.sync_if_due();
        for (ready, (stream, pipe)) in readable.into_iter().zip(&mut running.pipes) {
            let mut wanted = true;
            if ready && (read_once(pipe, &mut buffer, |bytes| wanted = output.write(*stream, bytes))? == 0 || !wanted) {
                // Its end, or nobody wants more of it: who writes on is told by SIGPIPE.
                *pipe = None;
            }
        }
        if signalled && let Some(code) = handle(signals, running.pid, &mut told)? {
            drain(running, &mut buffer, output)?;
            return Ok((code, told));
        }
    }
}

/// Which of signals, stdout and stderr have something?
fn wait_for_any(signals: &Signals, running: &Running, timeout: Option<&Timespec>) -> io::Result<[bool; 3]> {
    let [(_, stdout), (_, stderr)] = &running.pipes;
    let sources = [Some(signals.as_fd()), stdout.as_ref().map(AsFd::as_fd), stderr.as_ref().map(AsFd::as_fd)];
    let mut places = Vec::with_capacity(sources.len());
    let mut fds = Vec::with_capacity(sources.len());
    for (place, source) in sources.iter().enumerate() {
        if let Some(source) = source {
            places.push(place);
            fds.push(PollFd::new(source, PollFlags::IN));
        }
    }
    match poll(&mut fds, timeout) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let mut ready = [false; 3];
    for (place, fd) in places.into_iter().zip(&fds) {
        ready[place] = !fd.revents().is_empty();
    }
    Ok(ready)
}

/// Reads what is there, once, and says how much; 0 at the end.
fn read_once(pipe: &Option<OwnedFd>, buffer: &mut [u8], mut take: impl FnMut(&[u8])) -> io::Result<usize> {
    let Some(pipe) = pipe else { return Ok(0) };
    loop {
        match rustix::io::read(pipe, &mut *buffer) {
            Ok(length) => {
                take(&buffer[..length]);
                return Ok(length);
            }
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Passes signals on and reaps; gives the exit code once the command itself is over.
fn handle(signals: &Signals, command: Pid, told: &mut bool) -> io::Result<Option<i32>> {
    let mut code = None;
    while let Some(number) = signals.next()? {
        if number == Signal::CHILD.as_raw() {
            while let Some((pid, status)) = reaped()? {
                if pid == command {
                    let signal = status.terminating_signal().map(|number| 128 + number);
                    code = status.exit_status().or(signal);
                }
            }
        } else if let Some(signal) = Signal::from_named_raw(number) {
            *told |= is_end(number);
            // It may be over already: then there is nobody to tell.
            let _ = kill_process_group(command, signal);
        }
    }
    Ok(code)
}

fn reaped() -> io::Result<Option<(Pid, rustix::process::WaitStatus)>> {
    match wait(WaitOptions::NOHANG) {
        Ok(found) => Ok(found),
        Err(rustix::io::Errno::CHILD) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Takes what is in the pipes at this moment and no more: a child left in the background may hold them open, or go
/// on writing, for ever (reliability.md, R33).
fn drain(running: Running, buffer: &mut [u8], output: &mut Output) -> io::Result<()> {
    for (stream, pipe) in running.pipes {
        let mut left = match &pipe {
            Some(pipe) => rustix::io::ioctl_fionread(pipe)? as usize,
            None => 0,
        };
        while left > 0 {
            let part = left.min(buffer.len());
            let mut wanted = true;
            let length = read_once(&pipe, &mut buffer[..part], |bytes| wanted = output.write(stream, bytes))?;
            if length == 0 || !wanted {
                break;
            }
            left -= length;
        }
    }
    Ok(())
}
