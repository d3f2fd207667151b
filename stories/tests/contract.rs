//! All that was said to and by GitHub is as GitHub's own description has it.
#![expect(clippy::unwrap_used, reason = "tests")]

use standin_github::contract::Judge;
use standin_github::{NewPull, NewRepository};
use std::collections::BTreeSet;
use stories::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn github_would_have_understood_every_word() {
    let Some(world) = World::new().await else { return };
    // Connected twice, and a second repository.
    world.server.connect("anna/app", &world.token).unwrap();
    world.github.create_repository(NewRepository::public("anna/other".parse().unwrap())).await.unwrap();
    world.server.connect("anna/other", &world.token).unwrap();
    // Branches, tags, files in folders, links, a gate, failures, deletions, a bad file, a skipped commit.
    world.clone.write("a folder/ü.txt", "text").unwrap();
    std::os::unix::fs::symlink("a folder/ü.txt", world.clone.path().join("link")).unwrap();
    let yaml = "on: [push, tag]\nimg: IMAGE\nlook:\n  vol: source\n  run: ls\nsay:\n  after: [look, human-click]\n  run: exit 3\n";
    let sha = world.push("ci", yaml).unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    world.status_is("ci", &sha, "pending: waiting for a click before say").await.unwrap();
    run.click().await.unwrap();
    run.ends("failed").await.unwrap();
    world.status_is("ci", &sha, "failure: say failed (3)").await.unwrap();
    world.clone.git(&["tag", "-a", "v1", "-m", "one"]).unwrap();
    world.clone.push("v1").unwrap();
    let tagged = world.api.run("ci", 2).await.unwrap();
    tagged.until("its gate", |v| v["summary"]["state"] == "waiting").await.unwrap();
    world.clone.push("main:refs/heads/a/b").unwrap();
    world.clone.push(":refs/heads/a/b").unwrap();
    world.clone.push(":refs/tags/v1").unwrap();
    tagged.ends("cancelled").await.unwrap();
    world.api.run("ci", 3).await.unwrap().ends("cancelled").await.unwrap();
    let bad = world.push("ci", "look: {img: IMAGE, run: [}\n").unwrap();
    world.api.run("ci", 4).await.unwrap().ends("failed").await.unwrap();
    let told = async || Ok(world.statuses("ci", &bad).pop());
    assert!(stories::api::eventually("the bad file's status", told).await.unwrap().starts_with("failure: ci.dockercise.yaml:1: "));
    world.clone.write("ci.dockercise.yaml", "look: {img: x, run: x}\n").unwrap();
    let skipped = world.clone.commit("Wait [skip ci]").unwrap();
    world.clone.push("+main").unwrap();
    world.status_is("ci", &skipped, "success: not needed: the commit's message says [skip ci]").await.unwrap();
    // A pull request that has more in it, closed and opened again; a comparison; one of a fork.
    world
        .clone
        .write(
            "ci.dockercise.yaml",
            format!("on: {{pull_request: {{paths: 'src/**'}}}}\nlook: {{img: {}, run: ls}}\n", stories::images::BUSYBOX),
        )
        .unwrap();
    world.clone.commit("Look at pull requests only").unwrap();
    world.clone.push("main").unwrap();
    world.clone.write("src/new.c", "int x;").unwrap();
    world.clone.commit("Add a source").unwrap();
    world.clone.push("main:refs/heads/new").unwrap();
    let new = |from: &str, by: &str| NewPull { head_repository: from.into(), head: "new".into(), base: "main".into(), by: by.into() };
    let number = world.github.open_pull("anna/app", &new("anna/app", "anna")).await.unwrap();
    world.api.run("ci", 5).await.unwrap().ends("passed").await.unwrap();
    world.github.close_pull("anna/app", number).await.unwrap();
    world.github.reopen_pull("anna/app", number).await.unwrap();
    world.clone.commit("Add nothing").unwrap();
    world.clone.push("main:refs/heads/new").unwrap();
    world.api.run("ci", 6).await.unwrap().ends("passed").await.unwrap();
    world.github.create_user("mallory").unwrap();
    world.github.create_repository(NewRepository::public("mallory/app".parse().unwrap())).await.unwrap();
    let mallory = world.github.create_token("mallory", &["repo"]).unwrap();
    world.clone.git(&["push", "--quiet", &world.github.git_url("mallory/app", &mallory), "main:refs/heads/new"]).unwrap();
    world.github.open_pull("anna/app", &new("mallory/app", "mallory")).await.unwrap();
    // What people look at themselves.
    let client = reqwest::Client::builder().user_agent("stories").build().unwrap();
    for path in ["pulls?state=all", "pulls/1", "pulls/9"] {
        let url = format!("{}/repos/anna/app/{path}", world.github.api_base());
        client.get(url).bearer_auth(&world.token).send().await.unwrap();
    }
    // The branch goes into main.
    world.clone.push("main").unwrap();
    world.github.wait_until(|g| g.deliveries("anna/app").iter().filter(|d| d.action.as_deref() == Some("closed")).count() >= 2).await;
    let sent = world.github.deliveries("anna/app").into_iter().rfind(|d| d.event == "push").unwrap();
    world.github.redeliver("anna/app", sent.id).unwrap();
    world.github.wait_until(|g| g.deliveries("anna/app").iter().any(|d| d.redelivery)).await;

    let mut calls: BTreeSet<String> = BTreeSet::new();
    for call in world.github.calls() {
        calls.insert(format!(
            "{} {}",
            call.method,
            call.path.split('/').nth(4).and_then(|what| what.split('?').next()).unwrap_or_default()
        ));
    }
    for wanted in
        ["GET commits", "GET git", "GET compare", "GET branches", "GET pulls", "GET hooks", "POST hooks", "POST keys", "POST statuses"]
    {
        assert!(calls.contains(wanted), "{wanted} is not among {calls:?}");
    }
    let events: BTreeSet<String> = world.github.deliveries("anna/app").into_iter().map(|d| d.event).collect();
    assert_eq!(events.into_iter().collect::<Vec<_>>(), ["create", "delete", "ping", "pull_request", "push"]);
    let judge = Judge::load_or_skip().unwrap();
    let found = judge.map_or_else(Vec::new, |judge| judge.check_file(&world.record).unwrap());
    assert!(found.is_empty(), "{}", found.iter().map(|v| format!("{v}\n")).collect::<String>());
    world.close().await;
}
