//! What stands around a step: its secrets, its results, its services, images made, caches.
#![expect(clippy::unwrap_used, reason = "tests")]

mod agent;
mod caches;
mod kept;
mod secrets;
mod services;

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use stories::Server;

/// `dockercise secret set`, as a person would call it.
fn set_secret(data: &Path, name: &str, value: &str) {
    let mut command = Command::new(Server::binary().unwrap());
    let mut child = command.args(["secret", "set", name]).env("DOCKERCISE_DATA", data).stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(value.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success());
}

/// Every file under a folder that holds one of the texts.
fn holding(folder: &Path, texts: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(holding(&path, texts));
        } else if let Ok(bytes) = std::fs::read(&path) {
            let holds = |text: &&&str| bytes.windows(text.len()).any(|w| w == text.as_bytes());
            found.extend(texts.iter().filter(holds).map(|text| format!("{}: {text}", path.display())));
        }
    }
    found
}
