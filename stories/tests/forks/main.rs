//! Pull requests of forks, and what the files of the branch that one wants to go into have to say.
#![expect(clippy::unwrap_used, reason = "tests")]

mod base;
mod clicks;
mod given;
mod order;
mod waits;

use serde_json::Value;
use standin_github::{NewPull, NewRepository};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use stories::inbox::Stored;
use stories::{Checkout, Server, World, images};

/// A stranger's fork of anna/app, with a clone of its own.
struct Fork {
    clone: Checkout,
    token: String,
}

impl Fork {
    /// Forks what anna has pushed so far.
    async fn of(world: &World) -> Fork {
        world.github.create_user("mallory").unwrap();
        world.github.create_repository(NewRepository::public("mallory/app".parse().unwrap())).await.unwrap();
        let token = world.github.create_token("mallory", &["repo"]).unwrap();
        let clone = Checkout::new(&world.github.git_url("mallory/app", &token)).unwrap();
        clone.git(&["pull", "--quiet", &world.github.git_url("anna/app", &world.token), "main"]).unwrap();
        Fork { clone, token }
    }

    /// Writes a pipeline file and pushes it to the fork's branch `fix`; returns the commit.
    fn push(&self, pipeline: &str, yaml: &str) -> String {
        self.clone.write(&format!("{pipeline}.dockercise.yaml"), yaml.replace("IMAGE", images::BUSYBOX)).unwrap();
        let sha = self.clone.commit(&format!("Change {pipeline}")).unwrap();
        self.clone.push("+main:refs/heads/fix").unwrap();
        sha
    }
}

/// A pull request of a repository's branch `fix` into anna's main.
fn fix(from: &str) -> NewPull {
    let by = from.split('/').next().unwrap().to_owned();
    NewPull { head_repository: from.to_owned(), head: "fix".into(), base: "main".into(), by }
}

/// The newest delivery about a pull request, once it is closed.
async fn told(world: &World, action: &str) -> Stored {
    let is = |d: &standin_github::Delivery| d.action.as_deref() == Some(action);
    world.github.wait_until(|g| g.deliveries("anna/app").iter().any(is)).await;
    let sent = world.github.deliveries("anna/app").into_iter().rfind(is).unwrap();
    world.closed(&sent.guid).await.unwrap()
}

/// The payload of the newest delivery about a pull request.
fn said(world: &World) -> Value {
    world.github.deliveries("anna/app").into_iter().rfind(|d| d.event == "pull_request").unwrap().payload
}

/// Waits until a run waits for a click, and nothing of it has begun.
async fn waits(run: &stories::Run) -> Value {
    let view = run.until("its gate", |v| v["summary"]["state"] == "waiting").await.unwrap();
    assert!(view["steps"].as_array().unwrap().iter().all(|step| step["started_at"].is_null()), "{view}");
    view
}

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
