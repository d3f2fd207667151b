//! A real registry of images (Debian's docker-registry) on this machine, for one story.

use crate::docker::NEED;
use anyhow::Context as _;
use base64::Engine as _;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use tempfile::TempDir;

/// Who may push and pull.
const USER: &str = "me";
const PASSWORD: &str = "sesame-open";
/// By `htpasswd -nbBC 4 me sesame-open`.
const HTPASSWD: &str = "me:$2y$04$C7v30c9DFUpVHDyH16DQFek4Pwf36WvH.V7CTchqwyNcuH8qpfdS6\n";

/// Ends with this value, and its images with it.
pub struct Registry {
    process: Child,
    /// As `127.0.0.1:41234`.
    pub at: String,
    folder: TempDir,
}

impl Registry {
    /// A registry that asks who is there; none where the program is missing, with words on stderr.
    ///
    /// # Errors
    /// It does not start.
    ///
    /// # Panics
    /// If the program is missing where nothing may be skipped.
    pub fn start() -> anyhow::Result<Option<Registry>> {
        let folder = tempfile::tempdir()?;
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("htpasswd"), HTPASSWD)?;
        let config = format!(
            "version: 0.1\nlog: {{level: info}}\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: '127.0.0.1:0'}}\n\
            auth: {{htpasswd: {{realm: stories, path: {}}}}}\n",
            path("store").display(),
            path("htpasswd").display()
        );
        std::fs::write(path("config.yml"), config)?;
        let mut command = Command::new("docker-registry");
        command.arg("serve").arg(path("config.yml")).stdin(Stdio::null()).stdout(File::create(path("requests"))?).stderr(Stdio::piped());
        let mut process = match command.spawn() {
            Ok(process) => process,
            Err(error) => {
                assert!(std::env::var_os(NEED).is_none(), "no docker-registry: {error}\nhelp: scripts/needs test installs it");
                eprintln!("SKIPPED: no docker-registry ({error}); scripts/needs test installs it");
                return Ok(None);
            }
        };
        let mut lines = BufReader::new(process.stderr.take().context("it has no stderr")?).lines();
        let at = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, rest) = line.split_once("listening on ")?;
            Some(rest.chars().take_while(|c| c.is_ascii_digit() || [':', '.'].contains(c)).collect::<String>())
        });
        // Somebody must go on reading what it says.
        std::thread::spawn(move || lines.for_each(drop));
        Ok(Some(Registry { at: at.context("the registry does not listen")?, process, folder }))
    }

    /// Docker's configuration with the login for it, in a file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn docker_config(&self) -> anyhow::Result<PathBuf> {
        let auth = base64::prelude::BASE64_STANDARD.encode(format!("{USER}:{PASSWORD}"));
        let path = self.folder.path().join("config.json");
        std::fs::write(&path, serde_json::json!({ "auths": { self.at.as_str(): { "auth": auth } } }).to_string())?;
        Ok(path)
    }

    /// The password, and what it looks like in Docker's configuration: neither may turn up anywhere.
    pub fn secrets(&self) -> [String; 2] {
        [PASSWORD.to_owned(), base64::prelude::BASE64_STANDARD.encode(format!("{USER}:{PASSWORD}"))]
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
