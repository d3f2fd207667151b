//! Gates and secrets are those of the branch that a pull request wants to go into, of the repository's own branches too.

use super::{Fork, fix, set_secret, waits};
use stories::World;

const BASE: &str = "on: pull_request
img: IMAGE
test: {run: echo tested}
ship:
  after: {test: , human-click: {note: Ask Anna first., expires: 7d}}
  env: {KEY: {secret: deploy}}
  run: test -n \"$KEY\" && echo shipped
";

/// Main has the pipelines; the branch `fix` of the same repository has others.
fn branch(world: &World, base: &str, head: &str) -> String {
    world.push("ci", base).unwrap();
    world.clone.write("ci.dockercise.yaml", head.replace("IMAGE", stories::images::BUSYBOX)).unwrap();
    let sha = world.clone.commit("Change the pipeline").unwrap();
    world.clone.push("main:refs/heads/fix").unwrap();
    sha
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s10_a_pull_request_that_takes_its_gate_away_still_has_it() {
    let Some(world) = World::new().await else { return };
    set_secret(world.server.data(), "deploy", "canary-77");
    let head = "on: pull_request\nimg: IMAGE\ntest: {env: {KEY: {secret: deploy}}, run: echo tested}
ship: {env: {KEY: {secret: deploy}}, run: test -n \"$KEY\" && echo shipped early}
other: {env: {KEY: {secret: deploy}}, run: echo $KEY}\nopen: {run: echo hi}\n";
    branch(&world, BASE, head);
    world.github.open_pull("anna/app", &fix("anna/app")).await.unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.step_is("ship", "at-gate").await.unwrap();
    run.step_is("open", "passed").await.unwrap();
    for step in ["test", "other"] {
        let step = run.step_is(step, "infra").await.unwrap();
        let words = format!("the files of `main` give step `{}` no such secret", step["name"].as_str().unwrap());
        assert!(step["reason"].as_str().unwrap().contains(&words), "{step}");
    }
    let view = run.view().await.unwrap();
    let gate = &view["gates"][0];
    assert_eq!((gate["note"].as_str(), gate["state"].as_str()), (Some("Ask Anna first."), Some("waiting")));
    assert!(!gate["expires_at"].is_null());
    run.click().await.unwrap();
    // The step that the base has may do with its secret what a click lets it.
    run.step_is("ship", "passed").await.unwrap();
    assert_eq!(run.value("ship").await.unwrap(), b"shipped early\n");
    run.over().await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s05_a_fork_has_both_clicks_to_wait_for() {
    let Some(world) = World::new().await else { return };
    world.push("ci", &BASE.replace("  env: {KEY: {secret: deploy}}\n", "").replace("test -n \"$KEY\" && ", "")).unwrap();
    let fork = Fork::of(&world).await;
    fork.push("ci", "on: pull_request\nship: {img: IMAGE, run: echo shipped}\n");
    fork.push("new", "on: pull_request\nmine: {img: IMAGE, run: echo mine}\n");
    world.github.open_pull("anna/app", &fix("mallory/app")).await.unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    waits(&run).await;
    // A pipeline that the base has not takes no short name away from anybody.
    let new = world.api.run("anna.app.new", 1).await.unwrap();
    waits(&new).await;
    new.click().await.unwrap();
    new.ends("passed").await.unwrap();
    run.step_is("ship", "at-gate").await.unwrap();
    run.click().await.unwrap();
    run.ends("passed").await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn where_the_bases_files_have_errors_all_waits_for_a_click() {
    let Some(world) = World::new().await else { return };
    branch(&world, "ship: {img: IMAGE, run: [}\n", "on: pull_request\nship: {img: IMAGE, run: echo repaired}\n");
    world.github.open_pull("anna/app", &fix("anna/app")).await.unwrap();
    let run = world.api.run("ci", 2).await.unwrap();
    let view = waits(&run).await;
    assert!(view["gates"][0]["note"].as_str().unwrap().starts_with("The pipeline files of `main` have errors"), "{view}");
    run.click().await.unwrap();
    run.ends("passed").await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_branch_with_the_name_of_a_tag_is_a_branch() {
    let Some(world) = World::new().await else { return };
    let yaml = "on: pull_request\nsay: {img: IMAGE, run: echo $DOCKERCISE_REF $DOCKERCISE_TAG}\n";
    let old = world.push("ci", yaml).unwrap();
    world.clone.write("fix.txt", "1").unwrap();
    let new = world.clone.commit("Fix it").unwrap();
    world.clone.push(&format!("{new}:refs/heads/v1")).unwrap();
    world.clone.push(&format!("{old}:refs/tags/v1")).unwrap();
    let pull = standin_github::NewPull { head: "v1".into(), ..fix("anna/app") };
    let number = world.github.open_pull("anna/app", &pull).await.unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    // It is the repository's own: it waits for nobody.
    run.ends("passed").await.unwrap();
    assert_eq!(run.value("say").await.unwrap(), format!("refs/pull/{number}/head\n").into_bytes());
    world.close().await;
}
