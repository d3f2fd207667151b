//! A person's clone of a repository, worked on with real git.

use anyhow::{Context as _, bail};
use std::path::Path;
use std::process::Command;
use tempfile::TempDir;

/// A clone with `main` checked out.
#[derive(Debug)]
pub struct Checkout {
    dir: TempDir,
    url: String,
}

impl Checkout {
    /// A new, empty repository that pushes there.
    ///
    /// # Errors
    /// git fails.
    pub fn new(url: &str) -> anyhow::Result<Checkout> {
        let checkout = Checkout { dir: tempfile::tempdir()?, url: url.to_owned() };
        checkout.git(&["init", "--quiet", "--initial-branch=main", "."])?;
        Ok(checkout)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Where it pushes to.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs git; returns what it printed.
    ///
    /// # Errors
    /// git fails; its words are in the error.
    pub fn git(&self, args: &[&str]) -> anyhow::Result<String> {
        let out = Command::new("git")
            .current_dir(self.dir.path())
            .args(["-c", "user.name=Anna", "-c", "user.email=anna@example.com", "-c", "commit.gpgsign=false"])
            .args(args)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0")
            .output()
            .context("git cannot be run")?;
        if !out.status.success() {
            bail!("git {}: {}", args.join(" "), String::from_utf8_lossy(&out.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&out.stdout).trim().to_owned())
    }

    /// Writes a file.
    ///
    /// # Errors
    /// The disk's.
    pub fn write(&self, path: &str, text: impl AsRef<[u8]>) -> anyhow::Result<()> {
        let path = self.dir.path().join(path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        Ok(std::fs::write(path, text)?)
    }

    /// Commits everything; returns the commit.
    ///
    /// # Errors
    /// git fails.
    pub fn commit(&self, message: &str) -> anyhow::Result<String> {
        self.git(&["add", "--all"])?;
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message])?;
        self.git(&["rev-parse", "HEAD"])
    }

    /// Pushes a ref, as `main` or `HEAD:refs/heads/x`.
    ///
    /// # Errors
    /// git fails.
    pub fn push(&self, what: &str) -> anyhow::Result<()> {
        self.git(&["push", "--quiet", &self.url, what]).map(drop)
    }
}
