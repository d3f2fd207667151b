//! The real server: the `dockercise` binary as a process, in a data folder of its own.

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How the server reaches GitHub.
#[derive(Debug, Clone)]
pub struct GithubAt {
    /// REST base.
    pub api: String,
    /// Pages.
    pub web: String,
    /// `HOST:PORT` of ssh.
    pub ssh: String,
}

/// A server.
#[derive(Debug)]
pub struct Server {
    data: PathBuf,
    port: u16,
    github: GithubAt,
    docker_host: Option<String>,
    child: Option<Child>,
    log: PathBuf,
    /// Environment beyond the usual.
    pub env: Vec<(String, String)>,
}

/// How long a server may take to answer after its start.
const READY: Duration = Duration::from_secs(20);

impl Server {
    /// A server that is not started. It keeps its port over restarts.
    ///
    /// # Errors
    /// No free port.
    pub fn new(data: &Path, github: GithubAt, docker_host: Option<String>) -> anyhow::Result<Server> {
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        std::fs::create_dir_all(data)?;
        Ok(Server { data: data.to_owned(), port, github, docker_host, child: None, log: data.join("serve.log"), env: Vec::new() })
    }

    /// The `dockercise` binary beside this program.
    ///
    /// # Errors
    /// It was not built.
    pub fn binary() -> anyhow::Result<PathBuf> {
        let here = std::env::current_exe()?;
        let found = here.ancestors().skip(1).map(|dir| dir.join("dockercise")).find(|p| p.is_file());
        found.context("there is no `dockercise` beside this program\nhelp: cargo build --workspace")
    }

    /// Uses another port, as 8080 for the demo, where it is free.
    pub fn prefer_port(&mut self, port: u16) {
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            self.port = port;
        }
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its data folder.
    pub fn data(&self) -> &Path {
        &self.data
    }

    /// The process.
    pub fn pid(&self) -> Option<u32> {
        self.child.as_ref().map(Child::id)
    }

    /// What it has said so far.
    pub fn said(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    /// The code that claims it, from what it has said.
    ///
    /// # Errors
    /// It has said none.
    pub fn claim_code(&self) -> anyhow::Result<String> {
        let said = self.said();
        let code = said.lines().rev().find_map(|line| line.split("with the code ").nth(1));
        Ok(code.context("the server has printed no code")?.trim().to_owned())
    }

    fn command(&self) -> anyhow::Result<Command> {
        let mut command = Command::new(Self::binary()?);
        command
            .env("DOCKERCISE_DATA", &self.data)
            .env("DOCKERCISE_PUBLIC_URL", self.url())
            .env("DOCKERCISE_GITHUB_API", &self.github.api)
            .env("DOCKERCISE_GITHUB_WEB", &self.github.web)
            .env("DOCKERCISE_GITHUB_SSH", &self.github.ssh)
            // Stories look for leftovers; those about what is kept say so themselves.
            .env("DOCKERCISE_KEEP_FOR", "0s")
            .env("NO_COLOR", "1")
            .envs(self.env.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        Ok(command)
    }

    /// Starts it and waits until it answers.
    ///
    /// # Errors
    /// It ends or does not answer in time; its words are in the error.
    pub async fn start(&mut self) -> anyhow::Result<()> {
        let log = std::fs::OpenOptions::new().create(true).append(true).open(&self.log)?;
        let mut command = self.command()?;
        command.arg("serve").arg("--listen").arg(format!("127.0.0.1:{}", self.port));
        if let Some(host) = &self.docker_host {
            command.arg("--docker-host").arg(host);
        }
        let child = command.stdout(log.try_clone()?).stderr(log).spawn()?;
        self.child = Some(child);
        let client = reqwest::Client::new();
        let started = Instant::now();
        loop {
            if client.get(format!("{}/healthz", self.url())).send().await.is_ok_and(|r| r.status().is_success()) {
                return Ok(());
            }
            if let Some(status) = self.child.as_mut().and_then(|c| c.try_wait().ok().flatten()) {
                bail!("the server ended at its start ({status}):\n{}", self.said());
            }
            if started.elapsed() > READY {
                bail!("the server does not answer:\n{}", self.said());
            }
            // Another process has no event to await but its answer.
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// `dockercise connect`, as a person would call it.
    ///
    /// # Errors
    /// It fails; its words are in the error.
    pub fn connect(&self, repository: &str, token: &str) -> anyhow::Result<String> {
        let out = self.command()?.arg("connect").arg(repository).env("DOCKERCISE_GITHUB_TOKEN", token).output()?;
        if !out.status.success() {
            bail!("{}", String::from_utf8_lossy(&out.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&out.stdout).into_owned())
    }

    /// kill -9.
    ///
    /// # Errors
    /// It does not run.
    pub fn kill(&mut self) -> anyhow::Result<()> {
        let mut child = self.child.take().context("the server does not run")?;
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// SIGTERM, and waits until it has ended.
    ///
    /// # Errors
    /// It does not end, or with an error.
    pub async fn stop(&mut self) -> anyhow::Result<()> {
        let Some(mut child) = self.child.take() else { return Ok(()) };
        signal(child.id(), Signal::TERM);
        let status = tokio::task::spawn_blocking(move || child.wait()).await??;
        if !status.success() {
            bail!("the server ended with {status}:\n{}", self.said());
        }
        Ok(())
    }

    /// The pids of runners that work in this server's data folder, its own child and any that outlived one.
    pub fn runners(&self) -> Vec<u32> {
        let folder = self.data.join("runner");
        let folder = folder.canonicalize().unwrap_or(folder);
        let Ok(processes) = std::fs::read_dir("/proc") else { return Vec::new() };
        let pids = processes.flatten().filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok());
        pids.filter(|pid| {
            let line = std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let args: Vec<&[u8]> = line.split(|b| *b == 0).collect();
            args.get(1) == Some(&&b"runner"[..]) && args.iter().any(|a| *a == folder.as_os_str().as_encoded_bytes())
        })
        .collect()
    }
}

/// Sends a signal; a process that is gone needs none.
fn signal(pid: u32, signal: Signal) {
    if let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) {
        let _ = kill_process(pid, signal);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let runners = self.runners();
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
        for pid in runners {
            signal(pid, Signal::KILL);
        }
    }
}
