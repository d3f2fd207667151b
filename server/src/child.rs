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
const GRACE: Duration = Duration::from_secs(10);

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
    /// How much of steps' caches is kept, in bytes.
    pub cache_bytes: u64,
    /// The AWS profile whose credentials steps get.
    pub aws_profile: Option<String>,
    /// Where the logins of registries are, where that is not the usual place.
    pub docker_config: Option<PathBuf>,
}

/// How long a runner whose server was killed looks for a new one. It starts nothing new after that (reliability.md, rule 4);
/// what runs goes on in its containers, and the next runner takes it up.
const ALONE: Duration = Duration::from_secs(600);
/// How often it looks.
const LOOK: Duration = Duration::from_millis(250);

/// For the embedded runner: ends when its server has been killed and either another one answers at the address, whose own
/// runner stands by for this one's folder, or none did for ten minutes.
pub async fn superseded(server: &str, parent: i32) {
    if let Err(e) = parent_died(parent).await {
        tracing::debug!(error = %e, "the server's process cannot be watched");
        return std::future::pending().await;
    }
    tracing::warn!("the server's process is gone; going on and looking for the next one");
    let client = reqwest::Client::new();
    let found = async {
        // What another process begins has no event for us.
        while client.get(format!("{server}/healthz")).timeout(Duration::from_secs(2)).send().await.is_err() {
            tokio::time::sleep(LOOK).await;
        }
    };
    match tokio::time::timeout(ALONE, found).await {
        Ok(()) => tracing::info!("a new server answers; its own runner takes over"),
        Err(_) => tracing::warn!("no server for ten minutes; ending, containers go on"),
    }
}

/// Waits for the end of the process that started this one. On a thread of its own, which waits for nothing else.
async fn parent_died(parent: i32) -> std::io::Result<()> {
    use rustix::event::{PollFd, PollFlags, poll};
    use rustix::process::{PidfdFlags, getppid, pidfd_open};
    // It may have died before this process could look.
    let Some(parent) = getppid().filter(|now| now.as_raw_pid() == parent) else { return Ok(()) };
    let watched = pidfd_open(parent, PidfdFlags::empty())?;
    let wait = move || loop {
        match poll(&mut [PollFd::new(&watched, PollFlags::IN)], None) {
            Err(rustix::io::Errno::INTR) => {}
            ended => return ended.map(drop),
        }
    };
    Ok(tokio::task::spawn_blocking(wait).await??)
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
    // This very program, even where another version was put in its place since.
    let own = PathBuf::from("/proc/self/exe");
    let program = if own.exists() { own } else { std::env::current_exe()? };
    let mut command = Command::new(program);
    command.arg0("dockercise");
    command
        .arg("runner")
        .arg("--server")
        .arg(&embedded.server)
        .arg("--data")
        .arg(&embedded.data)
        .arg("--embedded")
        .arg(std::process::id().to_string());
    command.arg("--cache-bytes").arg(embedded.cache_bytes.to_string());
    if let Some(host) = &embedded.docker_host {
        command.arg("--docker-host").arg(host);
    }
    if let Some(profile) = &embedded.aws_profile {
        command.arg("--aws-profile").arg(profile);
    }
    if let Some(path) = &embedded.docker_config {
        command.arg("--docker-config").arg(path);
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
