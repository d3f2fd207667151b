//! What the tests of the stand-in share: a real receiver of webhooks and real git checkouts.
#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(dead_code, reason = "no test uses all of it")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde_json::Value;
use standin_github::{NewRepository, Standin, StandinOptions, sign};
use tokio::sync::watch;

/// Secret of the receiver's hook.
pub const SECRET: &str = "a secret of at least thirty-two bytes";

/// One delivery as it arrived.
#[derive(Debug, Clone)]
pub struct Received {
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Received {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn event(&self) -> &str {
        self.header("x-github-event")
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

#[derive(Clone)]
struct Inbox {
    received: Arc<Mutex<Vec<Received>>>,
    count: watch::Sender<usize>,
    status: Arc<Mutex<StatusCode>>,
}

/// A server that takes deliveries, checks their signature, and keeps them.
pub struct Receiver {
    pub url: String,
    inbox: Inbox,
}

impl Receiver {
    pub async fn start() -> Self {
        let inbox = Inbox { received: Arc::default(), count: watch::Sender::new(0), status: Arc::new(Mutex::new(StatusCode::ACCEPTED)) };
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hooks/github/1", listener.local_addr().unwrap());
        let app = Router::new().fallback(take).with_state(inbox.clone());
        tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
        Self { url, inbox }
    }

    /// What the receiver answers from now on.
    pub fn answer(&self, status: StatusCode) {
        *self.inbox.status.lock().unwrap() = status;
    }

    /// All deliveries so far, once there are `count` of them.
    pub async fn wait(&self, count: usize) -> Vec<Received> {
        let mut counted = self.inbox.count.subscribe();
        counted.wait_for(|&have| have >= count).await.unwrap();
        self.inbox.received.lock().unwrap().clone()
    }

    /// The first delivery that fits, once there is one.
    pub async fn find(&self, fits: impl Fn(&Received) -> bool) -> Received {
        let mut counted = self.inbox.count.subscribe();
        loop {
            if let Some(found) = self.inbox.received.lock().unwrap().iter().find(|one| fits(one)) {
                return found.clone();
            }
            counted.changed().await.unwrap();
        }
    }

    /// The push delivery of a ref.
    pub async fn push(&self, name: &str, after: &str) -> Value {
        let fits = |one: &Received| one.event() == "push" && one.json()["ref"] == name && one.json()["after"] == after;
        self.find(fits).await.json()
    }
}

async fn take(State(inbox): State<Inbox>, headers: HeaderMap, body: axum::body::Bytes) -> StatusCode {
    let signature = headers.get("x-hub-signature-256").map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(signature, Some(sign(SECRET, &body)), "the signature is over the raw body");
    let received = Received { headers, body: body.to_vec() };
    inbox.received.lock().unwrap().push(received);
    inbox.count.send_modify(|count| *count += 1);
    *inbox.status.lock().unwrap()
}

/// A git checkout with its own home, so that nothing of this machine reaches it.
pub struct Checkout {
    home: tempfile::TempDir,
    /// Value of `GIT_SSH_COMMAND`.
    pub ssh: Option<String>,
}

impl Checkout {
    pub fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let checkout = Self { home, ssh: None };
        std::fs::create_dir(checkout.path()).unwrap();
        checkout.git(&["init", "--quiet", "--initial-branch=main", "."]);
        checkout
    }

    pub fn home(&self) -> &Path {
        self.home.path()
    }

    pub fn path(&self) -> PathBuf {
        self.home.path().join("work")
    }

    pub fn try_git(&self, args: &[&str]) -> Output {
        let mut command = Command::new("git");
        command
            .args(args)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("HOME", self.home())
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_TERMINAL_PROMPT", "0");
        for role in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{role}_NAME"), "Anna");
            command.env(format!("GIT_{role}_EMAIL"), "anna@example.com");
        }
        if let Some(ssh) = &self.ssh {
            command.env("GIT_SSH_COMMAND", ssh);
        }
        command.output().unwrap()
    }

    pub fn git(&self, args: &[&str]) -> String {
        let output = self.try_git(args);
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success(), "git {args:?}: {error}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    pub fn write(&self, path: &str, text: &[u8]) {
        let path = self.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    /// Commits everything and returns the commit's name.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// An ed25519 key pair; the path of the private one and the public line.
    pub fn key(&self, name: &str) -> (PathBuf, String) {
        let path = self.home().join(name);
        let made = Command::new("ssh-keygen").args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"]).arg(&path).status().unwrap();
        assert!(made.success());
        let public = std::fs::read_to_string(path.with_extension("pub")).unwrap();
        (path, public.trim().to_owned())
    }

    /// Uses `key` for ssh, with the stand-in's host key pinned.
    pub fn use_key(&mut self, standin: &Standin, key: &Path) {
        let known = self.home().join("known_hosts");
        std::fs::write(&known, format!("{}\n", standin.ssh_host_key_line())).unwrap();
        self.ssh = Some(format!(
            "ssh -F /dev/null -i {} -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes -o BatchMode=yes \
             -o UserKnownHostsFile={}",
            key.display(),
            known.display()
        ));
    }
}

/// A client of the REST API.
pub struct Api {
    client: reqwest::Client,
    base: String,
    token: Option<String>,
}

impl Api {
    pub fn new(standin: &Standin, token: Option<&str>) -> Self {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .user_agent("standin-github-tests")
            .build()
            .unwrap();
        Self { client, base: standin.api_base(), token: token.map(str::to_owned) }
    }

    pub fn request(&self, method: &str, path: &str) -> reqwest::RequestBuilder {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let request = self.client.request(method, format!("{}{path}", self.base));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// Status and JSON of an answer (null where there is none).
    pub async fn send(&self, request: reqwest::RequestBuilder) -> (u16, Value) {
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        let body = response.bytes().await.unwrap();
        (status, serde_json::from_slice(&body).unwrap_or_default())
    }

    pub async fn get(&self, path: &str) -> (u16, Value) {
        self.send(self.request("GET", path)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.send(self.request("POST", path).json(&body)).await
    }

    pub async fn delete(&self, path: &str) -> (u16, Value) {
        self.send(self.request("DELETE", path)).await
    }
}

/// A stand-in with user `anna`, her token, and the empty public repository `anna/app`.
pub struct Setting {
    pub data: tempfile::TempDir,
    pub standin: Standin,
    pub token: String,
}

impl Setting {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub async fn with(change: impl Fn(&mut StandinOptions)) -> Self {
        let data = tempfile::tempdir().unwrap();
        let mut options = StandinOptions::new(data.path().join("data"));
        change(&mut options);
        let standin = Standin::start(options).await.unwrap();
        standin.create_user("anna").unwrap();
        let token = standin.create_token("anna", &["repo", "admin:repo_hook", "read:user"]).unwrap();
        let new = NewRepository::public("anna/app".parse().unwrap());
        standin.create_repository(new).await.unwrap();
        Self { data, standin, token }
    }

    pub fn api(&self) -> Api {
        Api::new(&self.standin, Some(&self.token))
    }

    pub fn git_url(&self) -> String {
        self.standin.git_url("anna/app", &self.token)
    }

    /// Adds a hook for everything we handle.
    pub async fn hook(&self, receiver: &Receiver) -> u64 {
        let (status, hook) = self.api().post("/repos/anna/app/hooks", hook_body(&receiver.url)).await;
        assert_eq!(status, 201, "{hook}");
        hook["id"].as_u64().unwrap()
    }
}

pub fn hook_body(url: &str) -> Value {
    serde_json::json!({
        "name": "web",
        "active": true,
        "events": ["push", "create", "delete", "status", "repository", "meta"],
        "config": { "url": url, "content_type": "json", "secret": SECRET, "insecure_ssl": "0" },
    })
}
