//! What is stopped is gone, and can be run again.

use std::time::{Duration, Instant};
use stories::World;
use stories::look::processes;

/// reliability.md, P9: TERM within 2 s, KILL 10 s later, nothing left within 20 s.
const LONGEST: Duration = Duration::from_secs(20);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_running_step_is_told_to_end_and_run_again_under_a_new_number() {
    let Some(world) = World::new().await else { return };
    let sha = world
        .push(
            "ci",
            "img: IMAGE
work:
  run: |
    trap 'echo told to end; exit 0' TERM
    echo begun
    for i in $(seq 300); do sleep 0.1; done
next:
  after: work
  run: echo next
",
        )
        .unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.log_holds("work", "begun").await.unwrap();
    let asked = Instant::now();
    run.cancel().await.unwrap();
    run.ends("cancelled").await.unwrap();
    assert!(asked.elapsed() < Duration::from_secs(5), "TERM was enough: {:?}", asked.elapsed());
    // That it took the signal well does not make it green.
    assert_eq!(run.step("work").await.unwrap()["state"], "cancelled");
    assert_eq!(run.step("next").await.unwrap()["state"], "cancelled");
    assert!(run.log("work", "run").await.unwrap().contains("told to end\n"));
    world.status_is("ci", &sha, "error: cancelled").await.unwrap();

    let again = run.again().await.unwrap();
    assert_eq!(again.number, 2);
    again.log_holds("work", "begun").await.unwrap();
    let (old, new) = (run.view().await.unwrap(), again.view().await.unwrap());
    assert_eq!(new["summary"]["rerun_of"], 1);
    assert_eq!(old["reruns"], serde_json::json!([2]));
    assert_eq!(new["commit"]["sha"], sha.as_str());
    again.cancel().await.unwrap();
    again.ends("cancelled").await.unwrap();
    world.close().await;
}

/// reliability.md R35.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r35_what_ignores_the_signal_is_killed_with_all_its_children() {
    let Some(world) = World::new().await else { return };
    // A number that no other process sleeps for.
    let mark = format!("86400.{}", std::process::id());
    let yaml = format!(
        "stubborn:
  img: IMAGE
  run: |
    trap '' TERM INT HUP
    (setsid sh -c \"trap '' TERM; while :; do sleep {mark}; done\" > /dev/null 2>&1 &)
    echo begun
    while :; do sleep {mark}; done
"
    );
    world.push("ci", &yaml).unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.log_holds("stubborn", "begun").await.unwrap();
    stories::api::eventually("both sleepers", async || Ok((processes(&format!("sleep {mark}")).len() >= 2).then_some(()))).await.unwrap();
    let asked = Instant::now();
    run.cancel().await.unwrap();
    run.ends("cancelled").await.unwrap();
    stories::api::eventually("the end of all containers", async || Ok(world.containers("step").await?.is_empty().then_some(())))
        .await
        .unwrap();
    assert_eq!(processes(&mark), Vec::<u32>::new());
    assert!(asked.elapsed() < LONGEST, "{:?}", asked.elapsed());
    world.close().await;
}

/// At whatever moment of its beginning; the referee finds what is left.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_run_that_is_cancelled_as_it_begins_leaves_nothing() {
    let Some(world) = World::new().await else { return };
    world
        .push("ci", "img: IMAGE\nlook:\n  vol: source\n  run: ls\nsay:\n  run: echo said\nmore:\n  env: [say]\n  run: echo $SAY\n")
        .unwrap();
    world.api.run("ci", 1).await.unwrap().ends("passed").await.unwrap();
    for number in 2..=13 {
        world.clone.push(&format!("main:refs/heads/b{number}")).unwrap();
        let run = world.api.run("ci", number).await.unwrap();
        // Moments are what this story varies.
        tokio::time::sleep(Duration::from_millis(25 * number as u64)).await;
        run.cancel().await.unwrap();
        run.ends("cancelled").await.unwrap();
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn time_runs_out_for_a_step_and_for_a_pipeline() {
    let Some(world) = World::new().await else { return };
    world.clone.write("slow.dockercise.yaml", format!("timeout: 2s\nimg: {0}\none:\n  run: sleep 1\ntwo:\n  after: one\n  run: sleep 60\nthree:\n  after: two\n  run: echo three\n", stories::images::BUSYBOX)).unwrap();
    let sha = world
        .push(
            "ci",
            "img: IMAGE\nwork:\n  timeout: 1s\n  run: sleep 60\nnext:\n  after: work\n  run: echo next\nother:\n  run: echo other\n",
        )
        .unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("timed-out").await.unwrap();
    assert_eq!(run.step("work").await.unwrap()["state"], "timed-out");
    let next = run.step("next").await.unwrap();
    assert_eq!((next["state"].as_str(), next["reason"].as_str()), (Some("skipped"), Some("`ci/work`: timed-out")));
    assert_eq!(run.step("other").await.unwrap()["state"], "passed");
    world.status_is("ci", &sha, "error: timed-out: work timed-out").await.unwrap();

    let slow = world.api.run("slow", 1).await.unwrap();
    slow.ends("timed-out").await.unwrap();
    assert_eq!(slow.step("one").await.unwrap()["state"], "passed");
    assert_eq!(slow.step("two").await.unwrap()["state"], "timed-out");
    assert_eq!(slow.view().await.unwrap()["stop"]["why"], "timed-out");
    world.close().await;
}
