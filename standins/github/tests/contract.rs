//! The stand-in is driven through everything it can do; GitHub's own description judges the record.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::path::Path;

use axum::http::StatusCode;
use common::{Api, Checkout, Receiver, Setting, hook_body};
use serde_json::{Value, json};
use standin_github::contract::{Judge, Violation};
use standin_github::journal::{Body, Line};
use standin_github::{NewRepository, Role};

fn lines(journal: &Path) -> Vec<Line> {
    let text = std::fs::read_to_string(journal).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn shown(violations: &[Violation]) -> String {
    violations.iter().map(|one| format!("{one}\n")).collect()
}

/// A setting whose traffic is recorded, with a receiver hooked to it and a first commit pushed.
struct Recorded {
    setting: Setting,
    receiver: Receiver,
    work: Checkout,
    hook: u64,
    head: String,
    journal: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

impl Recorded {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let journal = folder.path().join("journal.jsonl");
        let setting = Setting::with(|options| options.record = Some(journal.clone())).await;
        let receiver = Receiver::start().await;
        let hook = setting.hook(&receiver).await;
        let work = Checkout::new();
        work.write("README.md", b"read me\n");
        work.write("sub dir/ü.txt", b"bytes \xff\x00");
        std::os::unix::fs::symlink("README.md", work.path().join("link")).unwrap();
        std::os::unix::fs::symlink("/nowhere", work.path().join("dangling")).unwrap();
        let head = work.commit("First");
        work.git(&["push", "--quiet", &setting.git_url(), "main"]);
        receiver.push("refs/heads/main", &head).await;
        Self { setting, receiver, work, hook, head, journal, _folder: folder }
    }

    /// Asks and wants `status`.
    async fn get(&self, path: &str, status: u16) -> Value {
        let (got, body) = self.setting.api().get(path).await;
        assert_eq!(got, status, "{path}: {body}");
        body
    }

    async fn end(self) {
        self.setting.standin.shutdown().await;
        let Some(judge) = Judge::load_or_skip().unwrap() else { return };
        let violations = judge.check_file(&self.journal).unwrap();
        assert!(violations.is_empty(), "{}", shown(&violations));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn hooks_and_deliveries_are_as_github_has_them() {
    let it = Recorded::new().await;
    let (api, receiver, hook) = (it.setting.api(), &it.receiver, it.hook);
    let url = format!("/repos/anna/app/hooks/{hook}");
    assert_eq!(it.get("/repos/anna/app/hooks", 200).await[0]["config"]["secret"], "********");
    it.get(&url, 200).await;
    assert_eq!(api.send(api.request("POST", &format!("{url}/pings"))).await.0, 204);
    let (status, refusal) = api.post("/repos/anna/app/hooks", hook_body(&receiver.url)).await;
    assert_eq!(status, 422);
    assert_eq!(refusal["errors"][0]["message"], "Hook already exists on this repository");
    // ping, create, push, ping
    receiver.wait(4).await;
    it.setting.standin.wait_until(|own| own.deliveries("anna/app").len() == 4).await;

    receiver.answer(StatusCode::INTERNAL_SERVER_ERROR);
    it.work.git(&["push", "--quiet", &it.setting.git_url(), "main:refs/heads/other"]);
    it.setting.standin.wait_until(|own| own.deliveries("anna/app").len() == 6).await;
    let failed = it.get(&format!("{url}/deliveries?status=failure&per_page=1"), 200).await;
    let failed = &failed[0];
    assert_eq!((&failed["status_code"], &failed["redelivery"]), (&json!(500), &json!(false)));
    receiver.answer(StatusCode::ACCEPTED);
    let attempts = format!("{url}/deliveries/{}/attempts", failed["id"]);
    assert_eq!(api.send(api.request("POST", &attempts)).await.0, 202);
    let guid = failed["guid"].as_str().unwrap();
    it.setting.standin.wait_until(|own| own.deliveries("anna/app").len() == 7).await;
    let same: Vec<_> = it.setting.standin.deliveries("anna/app");
    let again = same.iter().rfind(|one| one.guid == guid).unwrap();
    assert!(again.redelivery && again.ok());
    let full = it.get(&format!("{url}/deliveries/{}", again.id), 200).await;
    assert_eq!(full["request"]["headers"]["x-github-delivery"], guid);
    assert_eq!(it.get(&url, 200).await["last_response"]["status"], "active");

    let change = json!({ "active": true, "add_events": ["pull_request"], "config": {
        "url": receiver.url, "content_type": "form", "secret": common::SECRET } });
    let (status, changed) = api.send(api.request("PATCH", &url).json(&change)).await;
    assert_eq!((status, &changed["config"]["content_type"]), (200, &json!("form")));
    let (status, _) = api.post(&format!("/repos/anna/app/statuses/{}", it.head), json!({ "state": "pending" })).await;
    assert_eq!(status, 201);
    receiver.find(|one| one.event() == "status").await;
    it.setting.standin.rename_repository("anna/app", "renamed").unwrap();
    receiver.find(|one| one.event() == "repository").await;
    assert_eq!(api.delete(&format!("/repos/anna/renamed/hooks/{hook}")).await.0, 204);
    receiver.find(|one| one.event() == "meta").await;
    it.get("/repos/anna/app", 301).await;
    it.get(&format!("/repos/anna/renamed/hooks/{hook}"), 404).await;
    it.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn pushes_of_all_kinds_are_delivered_as_github_does() {
    let mut it = Recorded::new().await;
    let (_, public) = it.work.key("writer");
    let key = json!({ "title": "bot", "key": public, "read_only": false });
    let (status, key) = it.setting.api().post("/repos/anna/app/keys", key).await;
    assert_eq!(status, 201);
    let url = it.setting.git_url();
    it.work.git(&["tag", "-a", "v1", "-m", "one"]);
    it.work.git(&["push", "--quiet", &url, "v1", "main:refs/heads/a/b"]);
    it.work.git(&["push", "--quiet", &url, ":a/b", ":v1"]);
    it.work.git(&["commit", "--quiet", "--amend", "--allow-empty", "-m", "Other"]);
    it.work.git(&["push", "--quiet", "--force", &url, "main"]);
    let private = it.work.home().join("writer");
    it.work.use_key(&it.setting.standin, &private);
    let last = it.work.commit("By key");
    it.work.git(&["push", "--quiet", &it.setting.standin.ssh_url("anna/app"), "main"]);
    it.receiver.push("refs/heads/main", &last).await;
    // ping; main; v1 and a/b made and gone (two each); force; by key.
    it.setting.standin.wait_until(|own| own.deliveries("anna/app").len() == 1 + 2 + 8 + 2).await;
    let id = &key["id"];
    assert!(it.get("/repos/anna/app/keys", 200).await[0]["last_used"].is_string());
    it.get(&format!("/repos/anna/app/keys/{id}"), 200).await;
    assert_eq!(it.setting.api().delete(&format!("/repos/anna/app/keys/{id}")).await.0, 204);
    it.get(&format!("/repos/anna/app/keys/{id}"), 404).await;
    let (status, _) = it.setting.api().post("/repos/anna/app/keys", json!({ "key": "none" })).await;
    assert_eq!(status, 422);
    it.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn contents_are_shown_as_github_shows_them() {
    let it = Recorded::new().await;
    let (api, head) = (it.setting.api(), &it.head);
    let contents = "/repos/anna/app/contents";
    let file = it.get(&format!("{contents}/README.md?ref={head}"), 200).await;
    assert_eq!((&file["content"], &file["size"]), (&json!("cmVhZCBtZQo=\n"), &json!(8)));
    assert_eq!(it.get(&format!("{contents}/link"), 200).await["content"], "cmVhZCBtZQo=\n");
    assert_eq!(it.get(&format!("{contents}/dangling"), 200).await["type"], "symlink");
    assert_eq!(it.get(&format!("{contents}/"), 200).await.as_array().unwrap().len(), 4);
    let directory = it.get(&format!("{contents}/sub%20dir?ref=main"), 200).await;
    assert_eq!(directory[0]["path"], "sub dir/ü.txt");
    it.get(&format!("{contents}/none"), 404).await;
    it.get(&format!("{contents}/README.md?ref=none"), 404).await;
    let raw = api.request("GET", &format!("{contents}/sub%20dir/%C3%BC.txt")).header("accept", "application/vnd.github.raw+json");
    assert_eq!(raw.send().await.unwrap().bytes().await.unwrap().as_ref(), b"bytes \xff\x00");
    let object = api.request("GET", contents).header("accept", "application/vnd.github.object+json");
    assert_eq!(api.send(object).await.1["entries"].as_array().unwrap().len(), 4);

    let tree = it.get("/repos/anna/app/git/trees/main?recursive=1", 200).await;
    assert_eq!((tree["tree"].as_array().unwrap().len(), &tree["truncated"]), (5, &json!(false)));
    let blob = tree["tree"][0]["sha"].as_str().unwrap();
    it.get(&format!("/repos/anna/app/git/blobs/{blob}"), 200).await;
    it.get("/repos/anna/app/git/blobs/0000000000000000000000000000000000000000", 404).await;
    it.setting.standin.limit_trees(2);
    let cut = it.get(&format!("/repos/anna/app/git/trees/{head}?recursive=1"), 200).await;
    assert_eq!((cut["tree"].as_array().unwrap().len(), &cut["truncated"]), (2, &json!(true)));
    it.get("/repos/anna/app/git/trees/none", 404).await;

    it.setting.standin.create_repository(NewRepository::private("anna/empty".parse().unwrap())).await.unwrap();
    it.get("/repos/anna/empty/git/trees/main", 409).await;
    it.get("/repos/anna/empty/commits/main", 409).await;
    it.get("/repos/anna/empty/contents/x", 404).await;
    it.get("/repos/anna/empty/branches", 200).await;
    it.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn commits_refs_and_statuses_are_as_github_has_them() {
    let it = Recorded::new().await;
    let (api, first) = (it.setting.api(), &it.head);
    it.work.git(&["mv", "README.md", "READ.md"]);
    it.work.write("new.txt", b"1\n2\n");
    let second = it.work.commit("Second");
    it.work.git(&["push", "--quiet", &it.setting.git_url(), "main:refs/heads/topic/x"]);
    let repo = "/repos/anna/app";
    it.get(&format!("{repo}/branches"), 200).await;
    it.get(&format!("{repo}/branches/topic/x"), 200).await;
    it.get(&format!("{repo}/branches/none"), 404).await;
    assert_eq!(it.get(&format!("{repo}/git/ref/heads/topic/x"), 200).await["object"]["sha"], second.as_str());
    it.get(&format!("{repo}/git/ref/heads/topic"), 404).await;
    assert_eq!(it.get(&format!("{repo}/git/matching-refs/heads/"), 200).await.as_array().unwrap().len(), 2);
    let commit = it.get(&format!("{repo}/commits/topic/x"), 200).await;
    assert_eq!((&commit["stats"]["additions"], &commit["author"]["login"]), (&json!(2), &json!("anna")));
    assert_eq!(commit["files"][0]["status"], "renamed");
    it.get(&format!("{repo}/commits/none"), 422).await;
    let sha = api.request("GET", &format!("{repo}/commits/main")).header("accept", "application/vnd.github.sha");
    assert_eq!(sha.send().await.unwrap().text().await.unwrap(), *first);
    let compared = it.get(&format!("{repo}/compare/main...topic/x"), 200).await;
    assert_eq!((&compared["status"], &compared["ahead_by"]), (&json!("ahead"), &json!(1)));
    it.get(&format!("{repo}/compare/main...none"), 404).await;

    for (state, context) in [("pending", "ci/a"), ("success", "ci/a"), ("failure", "ci/b")] {
        let status = json!({ "state": state, "context": context, "description": "text",
            "target_url": "http://127.0.0.1/results" });
        let (code, body) = api.post(&format!("{repo}/statuses/{second}"), status).await;
        assert_eq!((code, &body["creator"]["login"]), (201, &json!("anna")));
    }
    let unknown = format!("{repo}/statuses/{}", "1".repeat(40));
    assert_eq!(api.post(&unknown, json!({ "state": "success" })).await.0, 422);
    let long = json!({ "state": "success", "description": "x".repeat(141) });
    assert_eq!(api.post(&format!("{repo}/statuses/{second}"), long).await.0, 422);
    let combined = it.get(&format!("{repo}/commits/topic/x/status"), 200).await;
    assert_eq!((&combined["state"], &combined["total_count"]), (&json!("failure"), &json!(2)));
    let all = it.get(&format!("{repo}/commits/{second}/statuses?per_page=2"), 200).await;
    assert_eq!(all.as_array().unwrap().len(), 2);
    it.receiver.find(|one| one.event() == "status" && one.json()["context"] == "ci/b").await;
    it.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn users_repositories_and_refusals_are_as_github_has_them() {
    let it = Recorded::new().await;
    let standin = &it.setting.standin;
    it.get("/user", 200).await;
    it.get("/users/anna", 200).await;
    it.get("/users/nobody", 404).await;
    it.get("/repos/anna/app", 200).await;
    it.get("/meta", 200).await;
    it.get("/rate_limit", 200).await;
    for name in ["a", "b", "c"] {
        let name = format!("anna/{name}").parse().unwrap();
        standin.create_repository(NewRepository::private(name)).await.unwrap();
    }
    let page = it.setting.api().request("GET", "/user/repos?per_page=2&visibility=private&sort=created");
    let page = page.send().await.unwrap();
    assert!(page.headers()["link"].to_str().unwrap().contains("page=2>; rel=\"next\""));
    assert_eq!(page.headers()["x-ratelimit-limit"], "5000");
    assert_eq!(page.json::<Value>().await.unwrap().as_array().unwrap().len(), 2);

    standin.create_user("bob").unwrap();
    standin.set_role("anna/app", "bob", Role::Maintain).unwrap();
    let permission = it.get("/repos/anna/app/collaborators/bob/permission", 200).await;
    assert_eq!((&permission["permission"], &permission["role_name"]), (&json!("write"), &json!("maintain")));
    it.get("/repos/anna/app/collaborators/nobody/permission", 404).await;
    let token = standin.create_token("bob", &["repo"]).unwrap();
    let bob = Api::new(standin, Some(&token));
    assert_eq!(bob.get("/repos/anna/app/hooks").await.0, 404);
    assert_eq!(bob.get("/repos/anna/a").await.0, 404);
    assert_eq!(bob.get("/user").await.0, 200);
    let poor = standin.create_token("anna", &[]).unwrap();
    let poor = Api::new(standin, Some(&poor));
    assert_eq!(poor.get("/repos/anna/app").await.0, 200);
    assert_eq!(poor.get("/repos/anna/app/hooks").await.0, 404);
    assert_eq!(poor.get("/user").await.1["user_view_type"], "public");
    let wrong = Api::new(standin, Some("none"));
    assert_eq!(wrong.get("/user").await.1["message"], "Bad credentials");
    let anonymous = Api::new(standin, None);
    assert_eq!(anonymous.get("/user").await.0, 401);
    standin.disable_deploy_keys("anna/app", true).unwrap();
    let (_, public) = it.work.key("key");
    let (status, refusal) = it.setting.api().post("/repos/anna/app/keys", json!({ "key": public })).await;
    assert_eq!((status, &refusal["message"]), (422, &json!("Deploy keys are disabled for this repository")));
    it.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn what_is_wrong_is_reported() {
    let it = Recorded::new().await;
    let api = it.setting.api();
    it.get("/repos/anna/app", 200).await;
    let Some(judge) = Judge::load_or_skip().unwrap() else { return };
    let recorded = lines(&it.journal);
    assert!(recorded.iter().all(|line| judge.check(line).is_empty()));

    // An answer without a field, a delivery with a wrong type: each is told once it is broken.
    let broken = |line: &Line| -> Line {
        let edit = |body: &mut Body, old: &str, new: &str| {
            assert!(body.text().contains(old), "{}", body.text());
            *body = Body::Text(body.text().replacen(old, new, 1));
        };
        let mut line = line.clone();
        match &mut line {
            Line::Call(call) => edit(&mut call.response_body, "\"id\":", "\"idd\":"),
            Line::Delivery(sent) => edit(&mut sent.request_body, "\"fork\":false", "\"fork\":\"no\""),
        }
        line
    };
    for line in &recorded {
        assert!(!judge.check(&broken(line)).is_empty(), "{line:?}");
    }

    // What the product sends is judged as well: a field too many, unknown paths and parameters.
    let mut body = hook_body("http://127.0.0.1:1/other");
    body["type"] = json!("");
    api.post("/repos/anna/app/hooks", body).await;
    api.get("/repos/anna/app/wonders").await;
    api.get("/user/repos?colour=red").await;
    api.get("/user/repos?page=first").await;
    let problems: Vec<_> = lines(&it.journal)[recorded.len()..]
        .iter()
        .filter(|line| matches!(line, Line::Call(_)))
        .map(|line| shown(&judge.check(line)))
        .collect();
    assert!(problems[0].contains("'type' was unexpected"), "{}", problems[0]);
    assert!(problems[1].contains("no such path"), "{}", problems[1]);
    assert!(problems[2].contains("no query parameter colour"), "{}", problems[2]);
    assert!(problems[3].contains("parameter page"), "{}", problems[3]);
    it.setting.standin.shutdown().await;
}
