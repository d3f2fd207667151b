//! Server and runner die at any moment; steps go on, and nothing of them is lost (reliability.md P3, P4).

use super::counting;
use standin_github::Fault;
use std::process::Command;
use std::time::Duration;
use stories::{Run, World};

const LAST: usize = 300;

/// A run that counts, some way into it.
async fn begun(world: &World) -> (Run, String) {
    let (yaml, said) = counting(LAST);
    world.push("ci", &yaml).unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.log_holds("count", "line 20\n").await.unwrap();
    (run, said)
}

/// It ended as if nothing had happened.
async fn ended_well(run: &Run, said: &str) {
    run.ends("passed").await.unwrap();
    assert_eq!(String::from_utf8(run.value("count").await.unwrap()).unwrap(), said);
    assert_eq!(run.log("count", "run").await.unwrap(), said);
    assert_eq!(run.value("use").await.unwrap(), format!("line {LAST}\n").as_bytes());
    assert_eq!(run.step("count").await.unwrap()["attempt"], 1);
}

fn kill_9(pid: u32) {
    assert!(Command::new("kill").arg("-9").arg(pid.to_string()).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_finds_its_step_running_and_its_log_whole() {
    let Some(mut world) = World::new().await else { return };
    let (run, said) = begun(&world).await;
    let before = world.running().await.unwrap();
    world.server.kill().unwrap();
    world.server.start().await.unwrap();
    assert_eq!(world.running().await.unwrap(), before);
    ended_well(&run, &said).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_runner_is_replaced_and_its_step_goes_on() {
    let Some(world) = World::new().await else { return };
    let (run, said) = begun(&world).await;
    let before = world.running().await.unwrap();
    let runners = world.server.runners();
    assert_eq!(runners.len(), 1);
    kill_9(runners[0]);
    run.log_holds("count", "line 60\n").await.unwrap();
    assert_eq!(world.running().await.unwrap(), before);
    assert!(!world.server.runners().contains(&runners[0]));
    ended_well(&run, &said).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_step_goes_on_and_ends_while_the_server_is_stopped() {
    let Some(mut world) = World::new().await else { return };
    let (run, said) = begun(&world).await;
    let before = world.running().await.unwrap();
    world.server.stop().await.unwrap();
    assert_eq!(world.server.runners(), Vec::<u32>::new());
    assert_eq!(world.running().await.unwrap(), before);
    let ended = async || Ok(world.containers("step").await?.iter().all(|c| c.pid == 0).then_some(()));
    stories::api::eventually("the step's own end", ended).await.unwrap();
    world.server.start().await.unwrap();
    ended_well(&run, &said).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_asked_while_everything_was_dead_is_done_afterwards() {
    let Some(mut world) = World::new().await else { return };
    let (run, said) = begun(&world).await;
    for pid in world.server.runners() {
        kill_9(pid);
    }
    world.server.kill().unwrap();
    // The push arrives at nobody; GitHub delivers it again when a person asks for it.
    let second = world.push("ci", "say:\n  img: IMAGE\n  run: echo second\n").unwrap();
    world.github.wait_until(|g| g.deliveries("anna/app").iter().any(|d| d.event == "push" && !d.ok())).await;
    world.server.start().await.unwrap();
    let lost = world.github.deliveries("anna/app").into_iter().rfind(|d| d.event == "push").unwrap();
    world.github.redeliver("anna/app", lost.id).unwrap();
    let next = world.api.run("ci", 2).await.unwrap();
    next.ends("passed").await.unwrap();
    ended_well(&run, &said).await;
    world.status_is("ci", &second, "success: passed").await.unwrap();
    world.close().await;
}

/// P1: what was answered with 2xx is never lost.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_that_was_accepted_runs_though_the_server_died_at_once() {
    let Some(mut world) = World::new().await else { return };
    let slow = Fault { path: "/repos/anna/app/git/trees/".into(), delay_ms: 30_000, times: Some(1), ..Fault::default() };
    world.github.add_fault(slow);
    world.push("ci", "say:\n  img: IMAGE\n  run: echo said\n").unwrap();
    world.github.wait_until(|g| g.deliveries("anna/app").iter().any(|d| d.event == "push" && d.ok())).await;
    world.server.kill().unwrap();
    world.github.clear_faults();
    world.server.start().await.unwrap();
    world.api.run("ci", 1).await.unwrap().ends("passed").await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_die_again_and_again_and_each_step_runs_once() {
    let Some(mut world) = World::new().await else { return };
    let sha = world
        .push(
            "ci",
            "img: IMAGE
a:
  run: for i in $(seq 40); do echo a $i; sleep 0.05; done && echo a > a
b:
  run: for i in $(seq 80); do echo b $i; sleep 0.05; done
c:
  vol: a
  env: [b]
  run: cat a && cat {b} | wc -l && sleep 1
d:
  vol: c
  run: sleep 1 && ls
  done: cat {d}
e:
  after: d
  run: exit 4
f:
  after: e
  run: echo never
",
        )
        .unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    for round in 0..6 {
        // Moments are what this story varies.
        tokio::time::sleep(Duration::from_millis(250 + 190 * round)).await;
        for pid in world.server.runners() {
            // It may have ended by itself, to make way.
            let _ = Command::new("kill").arg("-9").arg(pid.to_string()).status();
        }
        if round % 2 == 0 {
            world.server.kill().unwrap();
            world.server.start().await.unwrap();
        }
    }
    run.ends("failed").await.unwrap();
    let lines = |name: &str, last: usize| (1..=last).map(|i| format!("{name} {i}\n")).collect::<String>();
    assert_eq!(String::from_utf8(run.value("a").await.unwrap()).unwrap(), lines("a", 40));
    assert_eq!(String::from_utf8(run.value("b").await.unwrap()).unwrap(), lines("b", 80));
    assert_eq!(run.value("c").await.unwrap(), b"a\n80\n");
    assert_eq!(run.log("d", "done").await.unwrap(), "a\n");
    assert_eq!(run.step("e").await.unwrap()["code"], 4);
    assert_eq!(run.step("f").await.unwrap()["state"], "skipped");
    for step in ["a", "b", "c", "d", "e"] {
        assert_eq!(run.step(step).await.unwrap()["attempt"], 1, "{step}");
    }
    world.status_is("ci", &sha, "failure: e failed (4)").await.unwrap();
    world.close().await;
}
