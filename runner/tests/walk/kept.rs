//! Runs that go on from what an earlier one has left.

use crate::support::plans::{StepWords as _, no_source, plan, step};
use bollard::query_parameters::ListContainersOptionsBuilder;
use dockercise_pipeline::ids::{Phase, StepIx};
use dockercise_pipeline::outcome::Outcome;
use dockercise_pipeline::plan::StepPlan;
use dockercise_pipeline::run::{KeptFrom, Selection};
use dockercise_runner::engine::{Engine, EngineError, EngineOptions};
use std::collections::HashMap;
use std::time::Duration;

/// A step that leaves a value and a file, one on top of it, and one that reads all of that.
fn steps(last: &str) -> Vec<StepPlan> {
    vec![
        step("echo value; echo one > file; echo gone > other"),
        step("echo two >> file; rm other").vol(0),
        step(&format!("cat file /dockercise/values/p/s0; echo $FIRST; ls; {last}")).vol(1).reads(0).env_of("FIRST", 0),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_passed_in_an_earlier_run_is_used_in_place() {
    let scene = scene!();
    let runner = scene.runner();
    let first = scene.submit(steps("exit 3"));
    scene.server.known().runs[first].stays = true;
    scene.server.until("the first run is over and weighed", |k| weight(k, first).is_some()).await;
    assert_eq!(scene.server.outcome(first, 2), Some(Outcome::Failed { code: 3 }));
    let id = scene.server.known().runs[first].id;
    assert!(weight(&scene.server.known(), first).unwrap() > 0);
    let networks = scene.docker.list_networks(None).await.unwrap();
    let of_first = |labels: &Option<HashMap<String, String>>| labels.iter().any(|l| l.get("dockercise.run") == Some(&id.to_string()));
    assert!(!networks.iter().any(|n| of_first(&n.labels)), "a run that is only kept has no network");

    let kept = [0, 1].map(|ix| (StepIx(ix), KeptFrom { run: id, attempt: 1 })).into();
    let again = Selection { kept, ..Selection::default() };
    let second = scene.submit_selected(plan(steps("echo green; echo more >> file")), no_source(), &again);
    scene.server.until_released(second).await;
    assert_eq!(scene.server.outcome(second, 2), Some(Outcome::Passed));
    assert_eq!(scene.out(second, 2), "one\ntwo\nvalue\nvalue\nfile\ngreen\n");
    let logs: Vec<(StepIx, Phase)> = scene.server.known().runs[second].logs.keys().map(|(step, _, phase)| (*step, *phase)).collect();
    assert_eq!(logs, [(StepIx(2), Phase::Run)], "nothing else ran");

    // What the second run wrote is none of the first one's.
    let third = scene.submit_selected(plan(steps("true")), no_source(), &again);
    scene.server.until_released(third).await;
    assert_eq!(scene.out(third, 2), "one\ntwo\nvalue\nvalue\nfile\n");
    scene.server.known().runs[first].stays = false;
    scene.server.until_released(first).await;
    scene.end(runner).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s6_a_value_that_is_a_secret_goes_with_its_run_and_others_stay() {
    let scene = scene!();
    let runner = scene.runner();
    let mut secret = step("echo hunter22");
    secret.tainted = true;
    let run = scene.submit(vec![secret, step("echo open"), step("cat /dockercise/values/p/s*; exit 3").reads(0).reads(1)]);
    scene.server.known().runs[run].stays = true;
    scene.server.until("the run is over and weighed", |k| weight(k, run).is_some()).await;
    assert_eq!(scene.out(run, 2), "***\nopen\n");
    let id = scene.server.known().runs[run].id;
    let host = std::fs::read_to_string(scene.data.path().join("host")).unwrap();
    let engine = Engine::connect_beside(EngineOptions { docker_host: None, docker_config: None, host: host.clone() }).await.unwrap();
    let value = async |step| engine.read_value(id, StepIx(step), 100).await;
    assert!(matches!(value(0).await, Err(EngineError::Keeper { .. })), "{:?}", value(0).await);
    assert_eq!(&value(1).await.unwrap()[..], b"open\n");
    // Its keeper ends with it, by itself.
    drop(engine);
    let filters = HashMap::from([("label", vec![format!("dockercise.host={host}"), "dockercise.kind=keeper-beside".to_owned()])]);
    let beside = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    while !scene.docker.list_containers(Some(beside.clone())).await.unwrap().is_empty() {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    scene.server.known().runs[run].stays = false;
    scene.server.until_released(run).await;
    scene.end(runner).await;
}

/// What the runner says that a run takes which is not in work any more.
fn weight(known: &crate::support::server::Known, run: usize) -> Option<u64> {
    let poll = known.poll.as_ref().filter(|poll| poll.jobs.is_empty())?;
    poll.kept.iter().find(|kept| kept.run == known.runs[run].id)?.bytes
}
