//! The Docker engine goes away for a moment, or somebody else uses it.

use super::counting;
use bollard::query_parameters::RemoveContainerOptionsBuilder;
use faultproxy::{Endpoint, Kind, Proxy, Rule};
use std::time::{Duration, Instant};
use stories::{World, docker};
use tempfile::TempDir;

/// A world whose runner reaches the engine through a proxy.
async fn behind_a_proxy(rules: Vec<Rule>) -> Option<(World, Proxy, TempDir)> {
    let engine = docker::engine().await?;
    let dir = TempDir::new().unwrap();
    let upstream = std::env::var("DOCKER_HOST").unwrap_or("unix:///var/run/docker.sock".into());
    let proxy = Proxy::start(Endpoint::Unix(dir.path().join("docker.sock")), upstream.parse().unwrap(), rules).await.unwrap();
    let world = World::set_up(engine, Some(proxy.address().to_string())).await.unwrap();
    Some((world, proxy, dir))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_exit_code_is_right_though_every_wait_is_cut_off() {
    let rules = vec![
        Rule::new("/wait", Kind::TwoHundredThenCut).times(2),
        Rule::new("/wait", Kind::CutAfter(20)).times(2),
        Rule::new("/wait", Kind::Reset).times(2),
    ];
    let Some((world, proxy, _dir)) = behind_a_proxy(rules).await else { return };
    world.push("ci", "img: IMAGE\nseven:\n  run: sleep 1; exit 7\nzero:\n  run: sleep 1\n").unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("failed").await.unwrap();
    assert_eq!(run.step("seven").await.unwrap()["code"], 7);
    assert_eq!(run.step("zero").await.unwrap()["state"], "passed");
    assert!(proxy.journal().iter().filter(|e| e.fault.is_some()).count() >= 2);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_has_no_gap_though_all_connections_to_the_engine_break() {
    let Some((world, proxy, _dir)) = behind_a_proxy(Vec::new()).await else { return };
    let (yaml, said) = counting(200);
    world.push("ci", &yaml).unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    for line in [20, 60, 100] {
        run.log_holds("count", &format!("line {line}\n")).await.unwrap();
        let before = world.running().await.unwrap();
        proxy.disconnect();
        assert_eq!(world.running().await.unwrap(), before);
    }
    run.ends("passed").await.unwrap();
    assert_eq!(String::from_utf8(run.value("count").await.unwrap()).unwrap(), said);
    assert_eq!(run.log("count", "run").await.unwrap(), said);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_engine_that_is_away_for_seconds_is_waited_for() {
    let Some((world, proxy, _dir)) = behind_a_proxy(Vec::new()).await else { return };
    let (yaml, said) = counting(150);
    world.push("ci", &yaml).unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.log_holds("count", "line 20\n").await.unwrap();
    // Nobody answers, while the step ends and the next should begin.
    proxy.set_rules(vec![Rule::new("/", Kind::Reset)]);
    proxy.disconnect();
    let ended = async || Ok(world.containers("step").await?.iter().all(|c| c.pid == 0).then_some(()));
    stories::api::eventually("the step's own end", ended).await.unwrap();
    proxy.set_rules(Vec::new());
    run.ends("passed").await.unwrap();
    assert_eq!(String::from_utf8(run.value("count").await.unwrap()).unwrap(), said);
    assert_eq!(run.value("use").await.unwrap(), b"line 150\n");
    world.close().await;
}

/// reliability.md R10.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r10_a_container_that_somebody_removes_is_named_and_never_green() {
    let Some(world) = World::new().await else { return };
    let sha = world.push("ci", "img: IMAGE\nwork:\n  run: echo begun && sleep 60\nnext:\n  after: work\n  run: echo next\n").unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.log_holds("work", "begun").await.unwrap();
    let container = world.running().await.unwrap();
    let removed = Instant::now();
    world.docker.remove_container(&container.name, Some(RemoveContainerOptionsBuilder::default().force(true).build())).await.unwrap();
    run.ends("infra").await.unwrap();
    assert!(removed.elapsed() < Duration::from_secs(10), "{:?}", removed.elapsed());
    let work = run.step("work").await.unwrap();
    let reason = work["reason"].as_str().unwrap();
    assert!(work["state"] == "infra" && reason.contains(&container.name) && reason.contains("gone"), "{work}");
    assert_eq!(run.step("next").await.unwrap()["state"], "skipped");
    assert_eq!(run.log("work", "run").await.unwrap(), "begun\n");
    let told = async || Ok(world.statuses("ci", &sha).pop().filter(|s| s.starts_with("error: infra: work: ")));
    stories::api::eventually("the status", told).await.unwrap();
    world.close().await;
}
