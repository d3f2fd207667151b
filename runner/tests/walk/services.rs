//! Services beside a step.

use crate::scene::Scene;
use crate::support::plans::{StepWords as _, step};
use crate::support::server::project;
use dockercise_pipeline::frame::Stream;
use dockercise_pipeline::ids::{Phase, PipelineIx, StepIx};
use dockercise_pipeline::outcome::Outcome;
use dockercise_pipeline::plan::{EnvPlan, EnvValue, ImageFrom, ReadyPlan, ServicePlan};
use dockercise_pipeline::run::Event;
use std::time::{Duration, Instant};

fn service(name: &str, run: &str, ready: Option<(&str, u64)>) -> ServicePlan {
    let sh = |script: &str| ["sh", "-ec", script].map(str::to_owned).to_vec();
    ServicePlan {
        name: name.into(),
        image: ImageFrom::Named { name: "dct-busybox:busybox".into() },
        argv: Some(sh(run)),
        env: vec![EnvPlan { name: "PLACE".into(), value: EnvValue::Literal { text: "/tmp/up".into() } }],
        ready: ready.map(|(script, timeout_seconds)| ReadyPlan { argv: sh(script), timeout_seconds }),
        cpus: Some(200),
        memory: Some(64 << 20),
        user: None,
    }
}

/// What a service of a step has written.
fn said(scene: &Scene, run: usize, step: u32, name: &str) -> String {
    let known = scene.server.known();
    let log = known.runs[run].beside.get(&(StepIx(step), name.to_owned())).cloned().unwrap_or_default();
    String::from_utf8_lossy(&project(&log, Stream::Stdout)).into_owned()
}

fn note(scene: &Scene, run: usize, step: u32) -> String {
    scene.server.known().runs[run].machine.state().steps[step as usize].note.clone().unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_waited_for_and_ended_and_its_log_kept() {
    let scene = scene!();
    let runner = scene.runner();
    scene.server.known().secrets.insert("token".into(), "hunter22".into());
    let up = "trap 'echo told to end; exit 0' TERM; echo begun $TOKEN; sleep 1; touch $PLACE; while :; do sleep 0.1; done";
    let mut db = service("db", up, Some(("test -e $PLACE", 30)));
    db.env.push(EnvPlan { name: "TOKEN".into(), value: EnvValue::Secret { name: "token".into() } });
    let mut first = step("echo ran").done("echo done");
    first.services = vec![db, service("stubborn", "trap '' TERM; echo here; while :; do sleep 1; done", None)];
    let run = scene.submit(vec![first, step("echo after").after(0)]);
    scene.server.until_released(run).await;
    assert_eq!(scene.server.outcome(run, 0), Some(Outcome::Passed), "{}", note(&scene, run, 0));
    assert_eq!((scene.out(run, 0), scene.out(run, 1)), ("ran\n".to_owned(), "after\n".to_owned()));
    assert_eq!(said(&scene, run, 0, "db"), "begun ***\ntold to end\n");
    assert_eq!(said(&scene, run, 0, "stubborn"), "here\n");
    let record = scene.records(run)[&StepIx(0)].clone();
    let logs: Vec<_> = record.logs.iter().map(|log| (log.phase, log.service.as_deref())).collect();
    assert_eq!(logs, [(Phase::Run, None), (Phase::Run, Some("db")), (Phase::Run, Some("stubborn")), (Phase::Done, None)]);
    scene.end(runner).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_dies_or_is_never_ready_fails_the_step_with_words() {
    let scene = scene!();
    let runner = scene.runner();
    let mut died = step("echo never");
    died.services = vec![service("db", "echo no room; exit 3", Some(("false", 30)))];
    let mut never = step("echo never");
    never.services = vec![service("db", "echo up; sleep 600", Some(("exit 7", 2)))];
    let mut missing = step("echo never");
    missing.services = vec![ServicePlan { image: ImageFrom::Named { name: "dct-nothing:1".into() }, ..service("db", "", None) }];
    let mut early = step("sleep 2; exit 5");
    early.services = vec![service("db", "sleep 0.5; exit 9", None)];
    let run = scene.submit(vec![died, never, missing, early]);
    scene.server.until_released(run).await;
    for step in [0, 1] {
        assert_eq!(scene.server.outcome(run, step), Some(Outcome::Failed { code: 1 }));
        assert_eq!(scene.out(run, step), "");
    }
    assert_eq!(note(&scene, run, 0), "the service `db` ended with code 3 before it was ready\nits log may say why");
    assert_eq!(note(&scene, run, 1), "the service `db` was not ready within 2 s: `ready` ended with 7 the last time\nits log may say why");
    assert_eq!((said(&scene, run, 0, "db"), said(&scene, run, 1, "db")), ("no room\n".to_owned(), "up\n".to_owned()));
    let Some(Outcome::Infra { reason }) = scene.server.outcome(run, 2) else { panic!("{:?}", scene.server.outcome(run, 2)) };
    assert!(reason.starts_with("the service `db`: the image dct-nothing:1 is not on this host"), "{reason}");
    assert_eq!(scene.server.outcome(run, 3), Some(Outcome::Failed { code: 5 }));
    assert_eq!(note(&scene, run, 3), "the service `db` had ended with code 9");
    scene.end(runner).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p09_a_step_that_waits_for_a_service_is_cancelled_at_once() {
    let scene = scene!();
    let runner = scene.runner();
    let mut first = step("echo never");
    first.services = vec![service("db", "echo up; sleep 600", Some(("false", 600)))];
    let run = scene.submit(vec![first]);
    scene.server.until("it is up", |k| k.runs[run].beside.values().any(|log| !log.is_empty())).await;
    let asked = Instant::now();
    scene.server.tell(run, &Event::CancelRequested { pipeline: PipelineIx(0), by: "me".into() });
    scene.server.until_released(run).await;
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    assert_eq!(scene.server.outcome(run, 0), Some(Outcome::Cancelled));
    scene.end(runner).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn r03_services_outlive_a_runner_and_the_next_ends_them() {
    let scene = scene!();
    let first = scene.runner();
    let mut long = step("echo here; sleep 4; echo there");
    long.services = vec![service("db", "i=0; while :; do i=$((i+1)); echo $i; sleep 0.1; done", Some(("true", 30)))];
    let run = scene.submit(vec![long]);
    scene.server.until("it speaks", |k| k.text(run, 0, Phase::Run, Stream::Stdout) == "here\n").await;
    drop(first);
    let second = scene.runner();
    scene.server.until_released(run).await;
    assert_eq!(scene.server.outcome(run, 0), Some(Outcome::Passed));
    let counted = said(&scene, run, 0, "db");
    let lines: Vec<usize> = counted.lines().map(|line| line.parse().unwrap()).collect();
    assert!(lines.len() > 20 && lines.iter().enumerate().all(|(i, line)| *line == i + 1), "{lines:?}");
    scene.end(second).await;
}
