//! Reads bare repositories by running git's plumbing. No shell, no configuration of this machine.

mod commit;
mod diff;
mod refs;
mod tree;

use std::path::{Path, PathBuf};
use std::process::{Output, Stdio};

use anyhow::{Context as _, ensure};
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

pub(crate) use commit::{Commit, Ident};
pub(crate) use diff::{ChangedPaths, FileChange};
pub(crate) use refs::{Ref, RefChange, Refs};
pub(crate) use tree::Entry;

/// What stands for "no object" in a push.
pub(crate) const ZERO: &str = "0000000000000000000000000000000000000000";

/// One bare repository.
#[derive(Debug, Clone)]
pub(crate) struct Git {
    dir: PathBuf,
    home: PathBuf,
}

/// A git command with an environment of our own.
pub(crate) fn command(home: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home)
        .env("LC_ALL", "C")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_LITERAL_PATHSPECS", "1")
        .kill_on_drop(true);
    command
}

impl Git {
    pub(crate) fn new(dir: &Path, home: &Path) -> Self {
        Self { dir: dir.to_owned(), home: home.to_owned() }
    }

    pub(crate) fn dir(&self) -> &Path {
        &self.dir
    }

    /// Makes the bare repository; what GitHub allows to fetch can be fetched here.
    pub(crate) async fn init(&self, branch: &str) -> anyhow::Result<()> {
        std::fs::create_dir_all(&self.dir).with_context(|| format!("cannot make {}", self.dir.display()))?;
        self.run(&["init", "--quiet", "--bare", &format!("--initial-branch={branch}"), "."]).await?;
        for (key, value) in
            [("http.receivepack", "true"), ("uploadpack.allowAnySHA1InWant", "true"), ("uploadpack.allowFilter", "true"), ("gc.auto", "0")]
        {
            self.run(&["config", key, value]).await?;
        }
        Ok(())
    }

    /// Runs git and wants success.
    pub(crate) async fn run(&self, args: &[&str]) -> anyhow::Result<Vec<u8>> {
        self.run_with_input(args, b"").await
    }

    /// As [`Git::run`], with bytes on standard input.
    pub(crate) async fn run_with_input(&self, args: &[&str], input: &[u8]) -> anyhow::Result<Vec<u8>> {
        let output = self.output(args, input).await?;
        ensure!(
            output.status.success(),
            "git {} failed in {}: {}",
            args.join(" "),
            self.dir.display(),
            String::from_utf8_lossy(&output.stderr).trim()
        );
        Ok(output.stdout)
    }

    /// Runs git where failing is an answer: `None` when it does.
    pub(crate) async fn ask(&self, args: &[&str]) -> anyhow::Result<Option<Vec<u8>>> {
        let output = self.output(args, b"").await?;
        Ok(output.status.success().then_some(output.stdout))
    }

    async fn output(&self, args: &[&str], input: &[u8]) -> anyhow::Result<Output> {
        let mut child = command(&self.home)
            .args(args)
            .current_dir(&self.dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("cannot run git\ninstall it (apt-get install git)")?;
        let mut stdin = child.stdin.take().context("git has no standard input")?;
        let feed = async move {
            // A git that needs no more input closes its end: no error.
            let _ = stdin.write_all(input).await;
        };
        let ((), output) = tokio::join!(feed, child.wait_with_output());
        Ok(output?)
    }
}

/// The trimmed text of a command's output.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim().to_owned()
}
