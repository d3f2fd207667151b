//! A person's folder and `dockercise run` in it.

use crate::server::Server;
use crate::{docker, images, referee};
use anyhow::Context as _;
use bollard::Docker;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// A folder, and the state of this computer's local runs beside it.
pub struct Local {
    /// The engine.
    pub docker: Docker,
    // Dropped last, when its runs are over.
    dir: TempDir,
}

/// What a run came to.
#[derive(Debug)]
pub struct Said {
    /// Its exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Local {
    /// An empty folder that is no checkout; none where no Docker engine answers.
    ///
    /// # Panics
    /// If it cannot be set up.
    pub async fn new() -> Option<Local> {
        let docker = docker::engine().await?;
        images::busybox(&docker).await.expect("an image can be made");
        let dir = tempfile::tempdir().expect("a folder can be made");
        std::fs::create_dir(dir.path().join("folder")).expect("a folder can be made");
        Some(Local { docker, dir })
    }

    /// The folder.
    pub fn path(&self) -> PathBuf {
        self.dir.path().join("folder")
    }

    /// What dockercise keeps outside the folder.
    pub fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    /// Writes a file; `IMAGE` in a pipeline file is the stories' image.
    ///
    /// # Errors
    /// The disk's.
    pub fn write(&self, path: &str, text: &str) -> anyhow::Result<()> {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().context("a file is in a folder")?)?;
        Ok(std::fs::write(&path, text.replace("IMAGE", images::BUSYBOX))?)
    }

    /// The command, in the folder.
    ///
    /// # Errors
    /// It was not built.
    pub fn command(&self, args: &[&str]) -> anyhow::Result<Command> {
        let mut command = self.program(Server::binary()?.as_os_str(), &self.path());
        command.args(args);
        Ok(command)
    }

    /// The command at a terminal of its own: the program `script` makes one, and hands on what is typed and shown.
    ///
    /// # Errors
    /// It was not built.
    pub fn at_a_terminal(&self, args: &[&str]) -> anyhow::Result<Command> {
        let line = [&[Server::binary()?.to_str().context("a path of UTF-8")?], args].concat().join(" ");
        let mut command = self.program("script".as_ref(), &self.path());
        command.args(["--quiet", "--return", "--command", &line, "/dev/null"]).env("TERM", "xterm-256color").env_remove("NO_COLOR");
        Ok(command)
    }

    fn program(&self, program: &std::ffi::OsStr, folder: &Path) -> Command {
        let mut command = Command::new(program);
        for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("DOCKERCISE_")) {
            command.env_remove(name);
        }
        command.current_dir(folder).stdin(Stdio::null()).env("XDG_STATE_HOME", self.state());
        command
    }

    /// Starts it; its output can be read from the child.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start(&self, args: &[&str]) -> anyhow::Result<Child> {
        self.start_in(&self.path(), args)
    }

    /// As [`Local::start`], in another folder.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn start_in(&self, folder: &Path, args: &[&str]) -> anyhow::Result<Child> {
        let mut command = self.program(Server::binary()?.as_os_str(), folder);
        Ok(command.args(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?)
    }

    /// Runs it to its end.
    ///
    /// # Errors
    /// It cannot be started, or ends by a signal.
    pub fn call(&self, args: &[&str]) -> anyhow::Result<Said> {
        said(self.start(args)?)
    }

    /// As [`Local::call`], in another folder.
    ///
    /// # Errors
    /// It cannot be started, or ends by a signal.
    pub fn call_in(&self, folder: &Path, args: &[&str]) -> anyhow::Result<Said> {
        said(self.start_in(folder, args)?)
    }

    /// The host ids of the runs that are under way, or were killed.
    pub fn hosts(&self) -> Vec<String> {
        let homes = std::fs::read_dir(self.state().join("dockercise/run")).into_iter().flatten().flatten();
        homes.filter_map(|home| std::fs::read_to_string(home.path().join("host")).ok()).collect()
    }

    /// What Docker holds of a host.
    ///
    /// # Errors
    /// The engine does not answer.
    pub async fn left_of(&self, host: &str) -> anyhow::Result<Vec<String>> {
        referee::left_of(&self.docker, host).await
    }

    /// A file of the newest run's results.
    ///
    /// # Errors
    /// There is none.
    pub fn result(&self, path: &str) -> anyhow::Result<Vec<u8>> {
        let path = self.path().join(".dockercise/results/latest").join(path);
        std::fs::read(&path).with_context(|| format!("reading {}", path.display()))
    }
}

/// Waits for the end.
///
/// # Errors
/// It ended by a signal.
pub fn said(child: Child) -> anyhow::Result<Said> {
    let done = child.wait_with_output()?;
    let (out, err) = (String::from_utf8_lossy(&done.stdout).into_owned(), String::from_utf8_lossy(&done.stderr).into_owned());
    let code = done.status.code().with_context(|| format!("it ended with {}\n{out}{err}", done.status))?;
    Ok(Said { code, out, err })
}
