//! A person's click.

use stories::World;
use stories::world::Setup;

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
    world.status_is("ci", &sha, "pending: waiting for a click before deploy").await.unwrap();
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gate_is_for_those_it_names_and_this_server_must_know_who_asks() {
    let yaml = "img: IMAGE\ndeploy:\n  after: {human-click: {by: [Anna, octo/ops]}}\n  run: echo deployed\n";
    let Some(world) = World::new().await else { return };
    world.push("ci", yaml).unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    let refused = run.click().await.unwrap_err().to_string();
    assert!(
        refused.contains("403") && refused.contains("only Anna, octo/ops may click here") && refused.contains("--operator"),
        "{refused}"
    );
    run.cancel().await.unwrap();
    run.ends("cancelled").await.unwrap();
    world.close().await;

    for (operator, may) in [("bob", false), ("anna", true)] {
        let setup = Setup { env: vec![("DOCKERCISE_OPERATOR".into(), operator.into())], ..Setup::default() };
        let Some(world) = World::with(setup).await else { return };
        world.push("ci", yaml).unwrap();
        let run = world.api.run("ci", 1).await.unwrap();
        assert_eq!(run.click().await.is_ok(), may, "{operator}");
        if may {
            run.ends("passed").await.unwrap();
            assert_eq!(run.view().await.unwrap()["gates"][0]["by"], "anna");
        } else {
            run.cancel().await.unwrap();
            run.ends("cancelled").await.unwrap();
        }
        world.close().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gate_that_nobody_passes_in_time_is_over() {
    let Some(world) = World::new().await else { return };
    let yaml = "img: IMAGE
build: {run: echo built}
deploy: {after: {build: , human-click: {expires: 1s}}, run: echo deployed}
tell: {after: deploy, when: {status: failure}, run: echo nobody came}
";
    let sha = world.push("ci", yaml).unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("failed").await.unwrap();
    let deploy = run.step("deploy").await.unwrap();
    assert_eq!((deploy["state"].as_str(), deploy["reason"].as_str()), (Some("skipped"), Some("nobody clicked within 1s")));
    assert_eq!(run.step("tell").await.unwrap()["state"], "passed");
    assert!(run.click_again(0).await.unwrap_err().to_string().contains("409"));
    world.status_is("ci", &sha, "failure: deploy: nobody clicked within 1s").await.unwrap();
    world.close().await;
}
