//! Running git: with nothing of this machine's environment or configuration, and one protocol.

use super::words;
use std::ffi::OsStr;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// No call takes longer.
const LONGEST: Duration = Duration::from_secs(30 * 60);

/// Nor does a question to a server over ssh.
const ASKING: Duration = Duration::from_secs(60);

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
        self.local_bytes(dir, args).await.map(|out| String::from_utf8_lossy(&out).into_owned())
    }

    /// The same, with what it says as it is.
    ///
    /// # Errors
    /// Git's words.
    pub async fn local_bytes<S: AsRef<OsStr>>(&self, dir: &Path, args: impl IntoIterator<Item = S>) -> Result<Vec<u8>, String> {
        run(dir, "file", args).await
    }

    /// Runs git on a repository elsewhere; `dir` holds the files `key` and `known_hosts`.
    ///
    /// # Errors
    /// Git's words.
    pub async fn remote<S: AsRef<OsStr>>(&self, dir: &Path, args: impl IntoIterator<Item = S>) -> Result<String, String> {
        run(dir, self.protocol, args).await.map(|out| String::from_utf8_lossy(&out).into_owned())
    }
}

async fn run<S: AsRef<OsStr>>(dir: &Path, protocol: &str, args: impl IntoIterator<Item = S>) -> Result<Vec<u8>, String> {
    let mut command = Command::new("git");
    command.env_clear();
    let kept: &[&str] = if protocol == "https" {
        &["PATH", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "GIT_SSL_CAINFO"]
    } else {
        &["PATH"]
    };
    command.envs(kept.iter().filter_map(|name| Some((name, std::env::var_os(name)?))));
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
        return Ok(output.stdout);
    }
    Err(words::of_git(&String::from_utf8_lossy(&output.stderr), output.status))
}

/// Asks a repository's server for something else than git, with the repository's path: `{program} {path} {word}`. `dir` holds
/// the files `key` and `known_hosts`.
///
/// # Errors
/// The server's words, or those of ssh.
pub async fn ssh(dir: &Path, url: &str, program: &str, word: &str) -> Result<String, String> {
    let Some((authority, path)) = url.strip_prefix("ssh://").and_then(|rest| rest.split_once('/')) else {
        return Err("it is there for repositories over ssh only".to_owned());
    };
    // The other side reads it as a shell does.
    let plain = |c: char| c.is_ascii_alphanumeric() || "._-/~".contains(c);
    if !path.chars().all(plain) || path.starts_with('-') {
        return Err(format!("`{}` is no path that can be asked for", path.escape_debug()));
    }
    let mut command = Command::new("ssh");
    command.env_clear();
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command.args(SSH.split_whitespace().skip(1)).arg("--").arg(format!("ssh://{authority}")).arg(format!("{program} {path} {word}"));
    command.current_dir(dir).stdin(Stdio::null()).kill_on_drop(true);
    match tokio::time::timeout(ASKING, command.output()).await {
        Err(_) => Err("its server does not answer".to_owned()),
        Ok(Err(e)) if e.kind() == std::io::ErrorKind::NotFound => {
            Err("ssh is not installed on this host\ninstall it, such as with: apt-get install openssh-client".to_owned())
        }
        Ok(Err(e)) => Err(format!("ssh cannot be run: {e}")),
        Ok(Ok(output)) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        Ok(Ok(output)) => Err(words::of_git(&String::from_utf8_lossy(&output.stderr), output.status)),
    }
}
