//! This process's own terminal, or its pipes, joined to a shell's.

use crate::engine::{AttemptKey, Engine, Seen, Shell};
use anyhow::Context as _;
use futures_util::StreamExt as _;
use rustix::stdio;
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcgetwinsize, tcsetattr};
use std::io::{self, IsTerminal as _, Read as _, Write as _};
use tokio::io::AsyncWriteExt as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

/// Bytes that are typed at once at most.
const PIECE: usize = 16 * 1024;

/// Is there a person at a terminal?
pub fn is_one() -> bool {
    io::stdin().is_terminal() && io::stdout().is_terminal()
}

/// The terminal as it was, put back when this is dropped.
struct Raw(Termios);

impl Raw {
    fn enter() -> io::Result<Raw> {
        let before = tcgetattr(stdio::stdin())?;
        let mut raw = before.clone();
        raw.make_raw();
        tcsetattr(stdio::stdin(), OptionalActions::Now, &raw)?;
        Ok(Raw(before))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        // There is nobody to tell: the terminal itself is gone.
        let _ = tcsetattr(stdio::stdin(), OptionalActions::Now, &self.0);
    }
}

/// Joins them until the shell is over; `Some` is the code of a signal that told this process to end before.
///
/// # Errors
/// The terminal or the engine's connection fails.
pub async fn join(engine: &Engine, key: &AttemptKey, shell: Shell, terminal: bool) -> anyhow::Result<Option<u8>> {
    let Shell { mut input, mut output } = shell;
    let mut resized = signal(SignalKind::window_change())?;
    let mut term = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let _raw = if terminal { Some(Raw::enter().context("cannot take over the terminal")?) } else { None };
    if terminal {
        resize(engine, key).await;
    }
    let mut typed = typed();
    let mut open = true;
    loop {
        tokio::select! {
            seen = output.next() => match seen {
                Some(seen) => show(&seen?).context("cannot show what the shell says")?,
                None => return Ok(None),
            },
            bytes = typed.recv(), if open => {
                let given = match bytes {
                    Some(bytes) => input.write_all(&bytes).await,
                    None => {
                        open = false;
                        input.shutdown().await
                    }
                };
                // It has ended, and its output says so.
                open &= given.is_ok();
            }
            _ = resized.recv(), if terminal => resize(engine, key).await,
            _ = term.recv() => return Ok(Some(143)),
            _ = hangup.recv() => return Ok(Some(129)),
            _ = interrupt.recv() => return Ok(Some(130)),
        }
    }
}

async fn resize(engine: &Engine, key: &AttemptKey) {
    let Ok(size) = tcgetwinsize(stdio::stdout()) else { return };
    if let Err(error) = engine.resize(key, size.ws_row, size.ws_col).await {
        tracing::debug!(%error, "the shell's terminal keeps its size");
    }
}

fn show(seen: &Seen) -> io::Result<()> {
    match seen {
        Seen::Out(bytes) => {
            let mut out = io::stdout().lock();
            out.write_all(bytes)?;
            out.flush()
        }
        Seen::Err(bytes) => io::stderr().lock().write_all(bytes),
    }
}

/// What comes on stdin, read by a thread of its own: it may wait for ever, and nobody waits for it.
fn typed() -> mpsc::Receiver<Vec<u8>> {
    let (give, take) = mpsc::channel(16);
    std::thread::spawn(move || {
        let mut buffer = vec![0; PIECE];
        loop {
            match io::stdin().lock().read(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Ok(0) | Err(_) => return,
                Ok(length) => {
                    if give.blocking_send(buffer[..length].to_vec()).is_err() {
                        return;
                    }
                }
            }
        }
    });
    take
}
