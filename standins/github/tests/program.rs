//! The stand-in as a program: one line when ready, steered over `/_standin`, gone on SIGTERM.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use common::{Checkout, Receiver, hook_body};
use serde_json::{Value, json};

struct Program {
    child: Child,
    ready: Value,
    client: reqwest::Client,
}

impl Program {
    fn start(data: &std::path::Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_standin-github"))
            .args(["serve", "--user", "demo", "--token", "secret", "--repository", "demo/app"])
            .args(["--http", "127.0.0.1:0", "--ssh", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().user_agent("test").build().unwrap();
        Self { child, ready: serde_json::from_str(&line).unwrap(), client }
    }

    fn url(&self, base: &str, path: &str) -> String {
        format!("{}{path}", self.ready[base].as_str().unwrap())
    }

    async fn post(&self, base: &str, path: &str, body: Value) -> Value {
        let request = self.client.post(self.url(base, path)).bearer_auth("secret").json(&body);
        let response = request.send().await.unwrap();
        assert!(response.status().is_success(), "{path}: {}", response.status());
        serde_json::from_slice(&response.bytes().await.unwrap()).unwrap_or_default()
    }

    async fn get(&self, base: &str, path: &str) -> Value {
        let request = self.client.get(self.url(base, path)).bearer_auth("secret");
        request.send().await.unwrap().json().await.unwrap()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_demo_can_do_with_it_what_it_needs() {
    let data = tempfile::tempdir().unwrap();
    let mut program = Program::start(&data.path().join("data"));
    let meta = program.get("api", "/meta").await;
    let key = meta["ssh_keys"][0].as_str().unwrap().to_owned();
    assert!(program.ready["known_hosts"].as_str().unwrap().ends_with(&key));
    assert!(program.ready["ssh"].as_str().unwrap().starts_with("127.0.0.1:"));

    let receiver = Receiver::start().await;
    program.post("api", "/repos/demo/app/hooks", hook_body(&receiver.url)).await;
    let work = Checkout::new();
    let head = work.commit("First");
    let url = program.url("web", "/demo/app.git").replace("://", "://x:secret@");
    work.git(&["push", "--quiet", &url, "main"]);
    receiver.push("refs/heads/main", &head).await;

    program.post("api", &format!("/repos/demo/app/statuses/{head}"), json!({ "state": "success" })).await;
    let statuses = program.get("web", "/_standin/repositories/demo/app/statuses").await;
    assert_eq!((&statuses[0]["sha"], &statuses[0]["state"]), (&json!(head), &json!("success")));
    receiver.find(|one| one.event() == "status").await;
    let deliveries = program.get("web", "/_standin/repositories/demo/app/deliveries").await;
    let push = deliveries.as_array().unwrap().iter().find(|one| one["event"] == "push").unwrap();
    program.post("web", &format!("/_standin/repositories/demo/app/deliveries/{}/redeliver", push["id"]), json!({})).await;
    receiver.wait(deliveries.as_array().unwrap().len() + 1).await;

    program.post("web", "/_standin/users", json!({ "login": "eve" })).await;
    program.post("web", "/_standin/tokens", json!({ "login": "eve", "token": "t", "scopes": ["repo"] })).await;
    program.post("web", "/_standin/repositories", json!({ "name": "eve/new", "private": true })).await;
    program.post("web", "/_standin/faults", json!({ "path": "/user", "status": 502, "times": 1 })).await;
    let broken = program.client.get(program.url("api", "/user")).bearer_auth("t").send().await.unwrap();
    assert_eq!(broken.status(), 502);
    let calls = program.get("web", "/_standin/calls").await;
    assert_eq!(calls.as_array().unwrap().last().unwrap()["fault"], true);

    let id = program.child.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    assert!(program.child.wait().unwrap().success(), "a clean exit");
}
