//! PID 1 of a step: runs the command, writes its output into the spool, passes signals on, ends when it ends.

mod command;
mod log;
mod output;
mod spool;
mod value;

use crate::signals::Signals;
use dockercise_frame::{MAX_PAYLOAD, Stream};
use dockercise_init::spec::{GO, SPEC_FILE, SPOOL, Spec};
use output::Output;
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::Timespec;
use rustix::process::{Pid, Signal, WaitOptions, kill_process_group, wait};
use std::io;
use std::path::Path;

/// Runs the step and gives its exit code: the command's own, 128 and the signal's number where one ended it, 127
/// where there is no such command, 126 where it cannot be run.
pub fn run() -> io::Result<i32> {
    let signals = Signals::catch()?;
    let spec = std::fs::read(Path::new(GO).join(SPEC_FILE))?;
    let spec: Spec = serde_json::from_slice(&spec)?;
    let mut output = Output::open(Path::new(SPOOL), &spec)?;
    let code = match command::start(&spec) {
        Ok(running) => watch(&signals, running, &mut output)?,
        Err(refusal) => {
            output.remark(&refusal.words);
            refusal.code
        }
    };
    Ok(output.close(code))
}

/// A command that was started.
pub struct Running {
    /// It, and the process group it leads.
    pub pid: Pid,
    /// The reading ends of its stdout and stderr; none once they are closed.
    pub pipes: [(Stream, Option<OwnedFd>); 2],
}

fn watch(signals: &Signals, mut running: Running, output: &mut Output) -> io::Result<i32> {
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
        if signalled && let Some(code) = handle(signals, running.pid)? {
            drain(running, &mut buffer, output)?;
            return Ok(code);
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
fn handle(signals: &Signals, command: Pid) -> io::Result<Option<i32>> {
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
