//! The embedded runner: a child process of `serve` that speaks the same protocol as a remote one.
//!
//! It is started again when it ends. When the server is killed it lives on, finishes what it can and reports to the next
//! server; that one's child waits until it is gone (a lock on the runner's folder).

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio_util::sync::CancellationToken;

/// The environment variable that carries the token; never an argument, which every user of the computer can read.
pub const TOKEN: &str = "DOCKERCISE_RUNNER_TOKEN";
/// The first and the longest pause before it is started again.
const PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);
/// A child that lived this long was well.
const WELL: Duration = Duration::from_secs(30);
/// How long it may take to end when asked.
const GRACE: Duration = Duration::from_secs(5);

/// How the child is started.
#[derive(Debug)]
pub struct Embedded {
    /// This server's own address.
    pub server: String,
    /// The runner's token.
    pub token: String,
    /// The runner's folder.
    pub data: PathBuf,
    /// The engine, where it is not the usual one.
    pub docker_host: Option<String>,
}

/// Keeps a runner running until told to stop; then ends it.
pub async fn keep(embedded: Embedded, stop: CancellationToken) {
    let mut pause = PAUSE;
    loop {
        let started = tokio::time::Instant::now();
        match spawn(&embedded) {
            Ok(mut child) => {
                tracing::debug!(runner.pid = child.id(), "the runner was started");
                tokio::select! {
                    ended = child.wait() => match ended {
                        Ok(status) => tracing::warn!(runner.status = %status, "the runner ended; starting it again"),
                        Err(e) => tracing::error!(error = %e, "the runner cannot be waited for"),
                    },
                    () = stop.cancelled() => return end(child).await,
                }
            }
            Err(e) => tracing::error!(error = %e, "the runner cannot be started; trying again"),
        }
        if started.elapsed() > WELL {
            pause = PAUSE;
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = stop.cancelled() => return,
        }
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

fn spawn(embedded: &Embedded) -> std::io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("runner").arg("--server").arg(&embedded.server).arg("--data").arg(&embedded.data);
    if let Some(host) = &embedded.docker_host {
        command.arg("--docker-host").arg(host);
    }
    // A group of its own: ctrl-c at the terminal reaches the server, which ends the runner in order.
    command.env(TOKEN, &embedded.token).stdin(Stdio::null()).process_group(0).spawn()
}

async fn end(mut child: Child) {
    if let Some(pid) = child.id().and_then(|pid| rustix::process::Pid::from_raw(pid as i32)) {
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    }
    if tokio::time::timeout(GRACE, child.wait()).await.is_err() {
        tracing::warn!("the runner did not end in time and is killed; steps go on in their containers");
        let _ = child.kill().await;
    }
}
