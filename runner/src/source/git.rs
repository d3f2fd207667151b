//! Running git: with nothing of this machine's environment or configuration, and one protocol.

use super::words;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// No call takes longer.
const LONGEST: Duration = Duration::from_secs(30 * 60);

/// How ssh is called, in a folder that holds the two files it names (so no path has to be quoted).
const SSH: &str = "ssh -F /dev/null -i key -o IdentitiesOnly=yes -o IdentityAgent=none -o BatchMode=yes -o StrictHostKeyChecking=yes \
    -o UserKnownHostsFile=known_hosts -o GlobalKnownHostsFile=/dev/null -o UpdateHostKeys=no -o ConnectTimeout=15 \
    -o ServerAliveInterval=15 -o ServerAliveCountMax=4 -o ControlMaster=no -o ControlPath=none";

/// The git of this machine.
#[derive(Debug, Clone)]
pub struct Git {
    protocol: &'static str,
}

impl Git {
    /// A git that fetches from elsewhere over this protocol only.
    pub fn new(protocol: &'static str) -> Git {
        Git { protocol }
    }

    /// The protocol.
    pub fn protocol(&self) -> &'static str {
        self.protocol
    }

    /// Runs git on what is on this disk.
    ///
    /// # Errors
    /// Git's words.
    pub async fn local<S: AsRef<OsStr>>(&self, dir: &Path, args: impl IntoIterator<Item = S>) -> Result<String, String> {
        run(dir, "file", args).await
    }

    /// Runs git on a repository elsewhere; `dir` holds the files `key` and `known_hosts`.
    ///
    /// # Errors
    /// Git's words.
    pub async fn remote<S: AsRef<OsStr>>(&self, dir: &Path, args: impl IntoIterator<Item = S>) -> Result<String, String> {
        run(dir, self.protocol, args).await
    }
}

async fn run<S: AsRef<OsStr>>(dir: &Path, protocol: &str, args: impl IntoIterator<Item = S>) -> Result<String, String> {
    let mut command = Command::new("git");
    command.env_clear();
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
        .envs([
            ("HOME", "/nonexistent"),
            ("LC_ALL", "C"),
            ("GIT_TERMINAL_PROMPT", "0"),
            ("GIT_ASKPASS", ""),
            ("SSH_ASKPASS_REQUIRE", "never"),
        ])
        .envs([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_CONFIG_GLOBAL", "/dev/null"), ("GIT_ATTR_NOSYSTEM", "1"), ("GIT_OPTIONAL_LOCKS", "0")])
        .envs([("GIT_ALLOW_PROTOCOL", protocol), ("GIT_SSH_COMMAND", SSH), ("GIT_SSH_VARIANT", "ssh"), ("GIT_LFS_SKIP_SMUDGE", "1")])
        .args(["-c", "core.hooksPath=/dev/null", "-c", "core.fsmonitor=false", "-c", "core.logAllRefUpdates=false"])
        .args(["-c", "gc.auto=0", "-c", "maintenance.auto=false", "-c", "submodule.recurse=false", "-c", "advice.detachedHead=false"])
        .args(args)
        .current_dir(dir)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    let output = match tokio::time::timeout(LONGEST, command.output()).await {
        Err(_) => return Err(format!("git took longer than {} minutes", LONGEST.as_secs() / 60)),
        Ok(Err(e)) => return Err(words::not_run(&e)),
        Ok(Ok(output)) => output,
    };
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    Err(words::of_git(&String::from_utf8_lossy(&output.stderr), output.status))
}
