//! How steps end, and what that means for others.

use std::time::{Duration, Instant};
use stories::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_rests_on_a_failed_step_is_skipped_and_the_rest_goes_on() {
    let Some(world) = World::new().await else { return };
    let sha = world
        .push(
            "ci",
            "img: IMAGE
broken:
  run: [echo partial, exit 7]
uses-it:
  run: cat {broken}
uses-that:
  vol: uses-it
  run: echo never
other:
  run: sleep 1 && echo other
more:
  env: [other]
  run: echo $OTHER
",
        )
        .unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("failed").await.unwrap();
    let broken = run.step("broken").await.unwrap();
    assert_eq!((broken["state"].as_str(), broken["code"].as_i64()), (Some("failed"), Some(7)));
    for (step, reason) in [("uses-it", "`ci/broken`: failed"), ("uses-that", "`ci/uses-it` was skipped")] {
        let step = run.step(step).await.unwrap();
        assert_eq!((step["state"].as_str(), step["reason"].as_str()), (Some("skipped"), Some(reason)), "{step}");
    }
    assert_eq!(run.value("more").await.unwrap(), b"other\n");
    assert_eq!(run.log("broken", "run").await.unwrap(), "partial\n");
    world.status_is("ci", &sha, "failure: broken failed (7)").await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn done_is_a_second_command_and_run_is_never_repeated_for_it() {
    let Some(world) = World::new().await else { return };
    let yaml = "img: IMAGE
deploy:
  run: echo made && date +%s%N > stamp
  done: cat {deploy} && ls stamp && echo whole
use:
  vol: deploy
  env: [deploy]
  run: echo $DEPLOY && ls
refused:
  run: echo value && touch file
  done: echo not yet >&2 && test -e file && exit 3
after-refused:
  run: cat {refused}
";
    world.push("ci", yaml).unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("failed").await.unwrap();
    assert_eq!(run.step("deploy").await.unwrap()["state"], "passed");
    assert_eq!(run.value("deploy").await.unwrap(), b"made\n");
    assert_eq!(run.log("deploy", "run").await.unwrap(), "made\n");
    assert_eq!(run.log("deploy", "done").await.unwrap(), "made\nstamp\nwhole\n");
    assert_eq!(run.value("use").await.unwrap(), b"made\nstamp\n");
    let refused = run.step("refused").await.unwrap();
    assert_eq!((refused["state"].as_str(), refused["code"].as_i64(), refused["attempt"].as_i64()), (Some("failed"), Some(3), Some(1)));
    assert_eq!(run.value("refused").await.unwrap(), b"value\n");
    assert_eq!(run.log("refused", "run").await.unwrap(), "value\n");
    assert_eq!(run.log("refused", "done").await.unwrap(), "not yet\n");
    assert_eq!(run.step("after-refused").await.unwrap()["state"], "skipped");
    world.close().await;
}

/// reliability.md R33; and a step's standard input is at its end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r33_a_step_ends_when_its_command_ends_whatever_holds_its_output() {
    let Some(world) = World::new().await else { return };
    world
        .push(
            "ci",
            "img: IMAGE
background:
  run: sleep 300 & echo x
reader:
  run: |
    cat
    read line || echo nothing to read
",
        )
        .unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    let begun = Instant::now();
    run.ends("passed").await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    assert_eq!(run.value("background").await.unwrap(), b"x\n");
    assert_eq!(run.value("reader").await.unwrap(), b"nothing to read\n");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_image_that_is_not_there_is_said_in_the_engines_words() {
    let Some(world) = World::new().await else { return };
    let sha = world.push("ci", "lost:\n  img: dockercise-stories/no-such-image:7\n  run: echo x\nnext:\n  img: IMAGE\n  run: cat {lost}\nother:\n  img: IMAGE\n  run: echo other\n").unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("infra").await.unwrap();
    let lost = run.step("lost").await.unwrap();
    let reason = lost["reason"].as_str().unwrap();
    assert_eq!(lost["state"], "infra");
    // What the engine says depends on whether a registry answers it.
    let words = ["registry", "pull access denied", "no such host", "not found", "dial tcp"];
    assert!(reason.contains("dockercise-stories/no-such-image:7") && words.iter().any(|w| reason.contains(w)), "{reason}");
    assert_eq!(run.step("next").await.unwrap()["state"], "skipped");
    assert_eq!(run.step("other").await.unwrap()["state"], "passed");
    let status = stories::api::eventually("a status", async || {
        Ok(world.statuses("ci", &sha).pop().filter(|s| s.starts_with("error: infra: lost:")))
    })
    .await;
    assert!(status.unwrap().contains("no-such-image"));
    world.close().await;
}
