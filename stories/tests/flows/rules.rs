//! How a step that did not pass bears on others: `status`, `allow-failure`, cancelling, and time.

use stories::World;
use stories::world::Setup;

async fn states(run: &stories::api::Run, names: &[&str]) -> Vec<String> {
    let view = run.view().await.unwrap();
    let steps = view["steps"].as_array().unwrap();
    let state = |name: &&str| steps.iter().find(|s| s["name"] == **name).unwrap()["state"].as_str().unwrap().to_owned();
    names.iter().map(state).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_failed_is_cleaned_up_told_and_only_then_over() {
    let Some(world) = World::new().await else { return };
    let sha = world
        .push(
            "ci",
            "img: IMAGE
lint:
  run: echo wrong; exit 3
  allow-failure: true
after-lint:
  run: echo linted '{lint}'
deploy:
  after: lint
  run: echo half > deployed; echo half; exit 4
undo:
  vol: deploy
  when: {status: always}
  run: test \"$(cat deployed)\" = half && cat {deploy}
never:
  after: deploy
  run: echo never
tell:
  when: {status: failure}
  run: echo something failed
cheer:
  when: {status: failure}
  after: after-lint
  run: echo nothing failed
",
        )
        .unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("failed").await.unwrap();
    let names = ["lint", "after-lint", "deploy", "undo", "never", "tell", "cheer"];
    let wanted = ["failed", "passed", "failed", "passed", "skipped", "passed", "not-needed"];
    assert_eq!(states(&run, &names).await, wanted);
    // Value and volume as the failed step left them.
    assert_eq!(run.value("undo").await.unwrap(), b"half\n");
    let cheer = run.step("cheer").await.unwrap();
    assert_eq!(cheer["reason"], "`when` asks for a failure, and there was none");
    world.status_is("ci", &sha, "failure: deploy failed (4)").await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_that_a_step_may_have_leaves_the_pipeline_green() {
    let Some(world) = World::new().await else { return };
    let sha = world.push("ci", "img: IMAGE\nflaky: {run: exit 1, allow-failure: true}\nsolid: {run: echo ok, after: flaky}\n").unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("passed").await.unwrap();
    assert_eq!(states(&run, &["flaky", "solid"]).await, ["failed", "passed"]);
    world.status_is("ci", &sha, "success: passed").await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cancelled_pipeline_is_cleaned_up_unless_that_is_cancelled_too() {
    let Some(world) = World::new().await else { return };
    let yaml = "img: IMAGE
work:
  run: echo begun; sleep 300
tell:
  when: {status: failure}
  run: echo failed
sweep:
  when: {status: always}
  run: echo sweeping; SLOW
";
    world.push("ci", &yaml.replace("SLOW", "true")).unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.log_holds("work", "begun").await.unwrap();
    run.cancel().await.unwrap();
    run.ends("cancelled").await.unwrap();
    assert_eq!(states(&run, &["work", "tell", "sweep"]).await, ["cancelled", "cancelled", "passed"]);

    world.push("ci", &yaml.replace("SLOW", "sleep 300")).unwrap();
    let run = world.api.run("ci", 2).await.unwrap();
    run.log_holds("work", "begun").await.unwrap();
    assert!(run.cancel_clean_up().await.unwrap_err().to_string().contains("not being stopped"));
    run.cancel().await.unwrap();
    run.log_holds("sweep", "sweeping").await.unwrap();
    assert_eq!(run.view().await.unwrap()["can"]["cancel_clean_up"], true);
    run.cancel_clean_up().await.unwrap();
    run.ends("cancelled").await.unwrap();
    assert_eq!(states(&run, &["sweep"]).await, ["cancelled"]);
    world.close().await;
}

/// reliability.md R39: a step's time, a pipeline's time; what comes after is skipped, what cleans up is not.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r39_time_that_is_up_is_a_class_of_its_own() {
    let Some(world) = World::new().await else { return };
    let sha = world
        .push(
            "ci",
            "img: IMAGE
timeout: 20s
slow: {run: sleep 300, timeout: 1s}
after-slow: {after: slow, run: echo no}
",
        )
        .unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("timed-out").await.unwrap();
    assert_eq!(states(&run, &["slow", "after-slow"]).await, ["timed-out", "skipped"]);
    world.status_is("ci", &sha, "error: timed-out: slow timed-out").await.unwrap();

    let yaml = "img: IMAGE
timeout: 1s
slow: {run: sleep 300}
tell: {when: {status: failure}, run: echo out of time}
";
    world.push("ci", yaml).unwrap();
    let run = world.api.run("ci", 2).await.unwrap();
    run.ends("timed-out").await.unwrap();
    assert_eq!(states(&run, &["slow", "tell"]).await, ["timed-out", "passed"]);
    world.close().await;
}

/// reliability.md R39: a pipeline that no host takes. The host is busy with nothing: there is none.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r39_a_pipeline_that_no_host_takes_is_timed_out() {
    // An engine that is not there: its runner never asks for work.
    let setup = Setup { docker_host: Some("unix:///nonexistent/docker.sock".into()), ..Setup::default() };
    let Some(world) = World::with(setup).await else { return };
    let sha = world.push("ci", "queue-timeout: 1s\nimg: IMAGE\na: {run: echo a}\nb: {run: echo b, when: {status: always}}\n").unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("timed-out").await.unwrap();
    assert_eq!(states(&run, &["a", "b"]).await, ["timed-out", "timed-out"]);
    assert_eq!(run.step("a").await.unwrap()["note"], "no host took it within 1s");
    world.status_is("ci", &sha, "error: timed-out: a timed-out, b timed-out").await.unwrap();
    world.close().await;
}
