//! A person's click.

use stories::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_waits_for_a_click_and_github_says_so() {
    let Some(world) = World::new().await else { return };
    let sha = world
        .push(
            "ci",
            "img: IMAGE
build:
  run: echo built > artefact && echo 42
deploy:
  vol: build
  after: {build: , human-click: {note: look first}}
  env: [build]
  run: cat artefact {build} && echo $BUILD
",
        )
        .unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    let view = run.until("its gate", |v| v["summary"]["state"] == "waiting").await.unwrap();
    assert_eq!(view["gates"][0]["state"], "waiting");
    assert_eq!(view["gates"][0]["note"], "look first");
    run.step_is("build", "passed").await.unwrap();
    assert_eq!(run.step("deploy").await.unwrap()["state"], "at-gate");
    world.status_is("ci", &sha, "pending: waiting for a click").await.unwrap();
    run.click().await.unwrap();
    run.ends("passed").await.unwrap();
    assert_eq!(run.value("deploy").await.unwrap(), b"built\n42\n42\n");
    world.status_is("ci", &sha, "success: passed").await.unwrap();
    let target = world.github.statuses("anna/app").pop().unwrap().target_url.unwrap();
    assert_eq!(target, format!("{}/results/local/ci/1", world.server.url()));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipeline_waits_for_a_click_and_nothing_runs_before() {
    let Some(world) = World::new().await else { return };
    let sha = world.push("ci", "after: human-click\nstep:\n  img: IMAGE\n  run: echo ran\n").unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.until("its gate", |v| v["summary"]["state"] == "waiting").await.unwrap();
    world.status_is("ci", &sha, "pending: waiting for a click").await.unwrap();
    assert!(run.step("step").await.unwrap()["started_at"].is_null());
    run.click().await.unwrap();
    assert!(run.click_again(0).await.unwrap_err().to_string().contains("409"));
    run.ends("passed").await.unwrap();
    world.status_is("ci", &sha, "success: passed").await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_can_be_cancelled_at_its_gate() {
    let Some(world) = World::new().await else { return };
    let sha = world
        .push(
            "ci",
            "img: IMAGE
build:
  run: echo built
deploy:
  after: [build, human-click]
  run: echo deployed
tell:
  after: deploy
  run: echo told
",
        )
        .unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.until("its gate", |v| v["summary"]["state"] == "waiting").await.unwrap();
    run.cancel().await.unwrap();
    run.ends("cancelled").await.unwrap();
    let view = run.view().await.unwrap();
    assert_eq!(view["gates"][0]["state"], "void");
    assert_eq!(view["stop"]["why"], "cancelled");
    assert_eq!(run.step("build").await.unwrap()["state"], "passed");
    assert_eq!(run.step("deploy").await.unwrap()["state"], "cancelled");
    assert!(run.click_again(0).await.is_err());
    world.status_is("ci", &sha, "error: cancelled").await.unwrap();
    world.close().await;
}
