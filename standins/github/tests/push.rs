//! A real push, over http and over ssh, makes the deliveries that GitHub would make.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Api, Checkout, Receiver, Setting};
use serde_json::json;
use standin_github::{NewRepository, Role};

const ZERO: &str = "0000000000000000000000000000000000000000";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_over_http_is_delivered() {
    let setting = Setting::new().await;
    let receiver = Receiver::start().await;
    let hook = setting.hook(&receiver).await;
    let ping = receiver.wait(1).await.remove(0);
    assert_eq!(ping.event(), "ping");
    assert_eq!(ping.json()["hook_id"], hook);

    let work = Checkout::new();
    work.write("README.md", b"one\n");
    let first = work.commit("First");
    work.git(&["push", "--quiet", &setting.git_url(), "main"]);
    let push = receiver.push("refs/heads/main", &first).await;
    assert_eq!((&push["created"], &push["before"]), (&json!(true), &json!(ZERO)));
    assert_eq!(push["commits"][0]["added"], json!(["README.md"]));
    assert_eq!(push["head_commit"]["message"], "First");
    assert_eq!(push["head_commit"]["author"]["username"], "anna");
    assert_eq!(push["pusher"], json!({ "name": "anna", "email": "anna@example.com" }));
    let create = receiver.find(|one| one.event() == "create").await.json();
    assert_eq!((&create["ref"], &create["ref_type"]), (&json!("main"), &json!("branch")));

    work.write("README.md", b"two\n");
    work.write("sub dir/ü.txt", b"x\n");
    let second = work.commit("Second\n\nwith a body");
    work.git(&["push", "--quiet", &setting.git_url(), "main"]);
    let push = receiver.push("refs/heads/main", &second).await;
    assert_eq!((&push["created"], &push["forced"], &push["before"]), (&json!(false), &json!(false), &json!(first)));
    assert_eq!(push["commits"][0]["modified"], json!(["README.md"]));
    assert_eq!(push["commits"][0]["added"], json!(["sub dir/ü.txt"]));

    work.git(&["reset", "--quiet", "--hard", &first]);
    let third = work.commit("Third");
    work.git(&["push", "--quiet", "--force", &setting.git_url(), "main"]);
    let push = receiver.push("refs/heads/main", &third).await;
    assert_eq!((&push["forced"], &push["before"]), (&json!(true), &json!(second)));
    setting.standin.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn branches_and_tags_come_and_go() {
    let setting = Setting::new().await;
    let receiver = Receiver::start().await;
    setting.hook(&receiver).await;
    let work = Checkout::new();
    let head = work.commit("First");
    let url = setting.git_url();
    work.git(&["push", "--quiet", &url, "main"]);
    work.git(&["push", "--quiet", &url, "main:refs/heads/feature/a"]);
    let push = receiver.push("refs/heads/feature/a", &head).await;
    assert_eq!(push["commits"], json!([]));
    assert_eq!(push["base_ref"], "refs/heads/main");
    work.git(&["tag", "-a", "v1", "-m", "one"]);
    work.git(&["push", "--quiet", &url, "v1"]);
    let tag = work.git(&["rev-parse", "v1"]);
    let push = receiver.push("refs/tags/v1", &tag).await;
    assert_eq!(push["head_commit"]["id"], head.as_str());
    assert_ne!(tag, head);
    work.git(&["push", "--quiet", &url, ":feature/a"]);
    let push = receiver.push("refs/heads/feature/a", ZERO).await;
    assert_eq!((&push["deleted"], &push["head_commit"]), (&json!(true), &json!(null)));
    let delete = receiver.find(|one| one.event() == "delete").await.json();
    assert_eq!(delete["ref"], "feature/a");

    // More than three tags at once: GitHub stays silent about them.
    for tag in ["a", "b", "c", "d"] {
        work.git(&["tag", tag]);
    }
    work.git(&["push", "--quiet", "--tags", &url]);
    let last = work.commit("Last");
    work.git(&["push", "--quiet", &url, "main"]);
    receiver.push("refs/heads/main", &last).await;
    setting.standin.wait_until(|own| own.deliveries("anna/app").len() == 1 + 2 * 4 + 1).await;
    let refs = setting.standin.deliveries("anna/app");
    assert!(refs.iter().all(|one| one.payload["ref"] != "refs/tags/a"));
    setting.standin.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deploy_key_opens_its_own_repository_only() {
    let setting = Setting::new().await;
    let (standin, api) = (&setting.standin, setting.api());
    let receiver = Receiver::start().await;
    setting.hook(&receiver).await;
    standin.create_repository(NewRepository::public("anna/other".parse().unwrap())).await.unwrap();
    let mut work = Checkout::new();
    let head = work.commit("First");
    work.git(&["push", "--quiet", &setting.git_url(), "main"]);

    let (reader, reader_public) = work.key("reader");
    let (writer, writer_public) = work.key("writer");
    let read = json!({ "title": "ci", "key": reader_public, "read_only": true });
    assert_eq!(api.post("/repos/anna/app/keys", read.clone()).await.0, 201);
    let (status, refusal) = api.post("/repos/anna/other/keys", read).await;
    assert_eq!((status, &refusal["errors"][0]["message"]), (422, &json!("key is already in use")));
    let write = json!({ "title": "bot", "key": writer_public, "read_only": false });
    assert_eq!(api.post("/repos/anna/app/keys", write).await.0, 201);

    work.use_key(standin, &reader);
    let url = standin.ssh_url("anna/app");
    assert!(work.git(&["ls-remote", &url, "refs/heads/main"]).starts_with(&head));
    work.git(&["fetch", "--quiet", "--depth=1", &url, &head]);
    let refused = work.try_git(&["push", "--quiet", &url, "main:other"]);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("marked as read only"));
    let other = work.try_git(&["ls-remote", &standin.ssh_url("anna/other")]);
    assert!(String::from_utf8_lossy(&other.stderr).contains("Repository not found"));

    work.use_key(standin, &writer);
    let next = work.commit("Second");
    work.git(&["push", "--quiet", &url, "main"]);
    let push = receiver.push("refs/heads/main", &next).await;
    assert_eq!(push["pusher"], json!({ "name": "anna" }));
    let keys = api.get("/repos/anna/app/keys").await.1;
    assert!(keys.as_array().unwrap().iter().all(|key| key["last_used"].is_string()));

    let (stranger, _) = work.key("stranger");
    work.use_key(standin, &stranger);
    assert!(!work.try_git(&["ls-remote", &url]).status.success());

    // Revoking the token takes the keys it made with it.
    standin.revoke_token(&setting.token);
    work.use_key(standin, &reader);
    assert!(!work.try_git(&["ls-remote", &url]).status.success());
    setting.standin.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn private_repositories_are_hidden_and_writing_needs_the_right() {
    let setting = Setting::new().await;
    let standin = &setting.standin;
    standin.create_repository(NewRepository::private("anna/secret".parse().unwrap())).await.unwrap();
    standin.create_user("bob").unwrap();
    let bob = standin.create_token("bob", &["repo"]).unwrap();
    let work = Checkout::new();
    work.commit("First");
    let push = |name: &str, token: &str| work.try_git(&["push", "--quiet", &standin.git_url(name, token), "main"]);
    let said = |output: std::process::Output| String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said(push("anna/secret", &bob)).contains("not found"));
    assert!(said(push("anna/app", &bob)).contains("403"));
    standin.set_role("anna/secret", "bob", Role::Write).unwrap();
    assert!(push("anna/secret", &bob).status.success());
    let anonymous = Api::new(standin, None);
    assert_eq!(anonymous.get("/repos/anna/secret").await.0, 404);
    assert_eq!(anonymous.get("/repos/anna/app").await.0, 200);
    setting.standin.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_pushes_and_pushes_at_once_arrive_whole() {
    let setting = Setting::new().await;
    let receiver = Receiver::start().await;
    setting.hook(&receiver).await;
    let work = Checkout::new();
    // More than git sends in one piece: it chunks the request. No two bytes in a row repeat: nothing to squeeze.
    let mut state = 1_u64;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_le_bytes()[7]
    })
    .take(4 << 20)
    .collect();
    work.write("noise", &noise);
    let head = work.commit("Noise");
    let url = setting.git_url();
    work.git(&["push", "--quiet", &url, "main"]);
    receiver.push("refs/heads/main", &head).await;
    let clone = Checkout::new();
    clone.git(&["fetch", "--quiet", "--depth=1", &url, &head]);
    clone.git(&["checkout", "--quiet", "FETCH_HEAD"]);
    assert!(std::fs::read(clone.path().join("noise")).unwrap() == noise);

    let names: Vec<String> = (0..4).map(|number| format!("main:refs/heads/at-once-{number}")).collect();
    std::thread::scope(|scope| {
        for name in &names {
            scope.spawn(|| work.git(&["push", "--quiet", &url, name]));
        }
    });
    for number in 0..4 {
        let push = receiver.push(&format!("refs/heads/at-once-{number}"), &head).await;
        assert_eq!((&push["created"], &push["commits"]), (&json!(true), &json!([])));
    }
    setting.standin.shutdown().await;
}
