//! The whole runner as a process of its own, on real Docker, against a server in memory. Where no engine answers the
//! tests are skipped, loudly; `DOCKERCISE_NEED_DOCKER=1` makes that a failure.
#![expect(clippy::unwrap_used, reason = "tests")]

macro_rules! scene {
    () => {
        match crate::scene::Scene::new().await {
            Some(scene) => scene,
            None => return,
        }
    };
}

mod builds;
#[path = "../engine/docker/image.rs"]
mod image;
mod kept;
mod results;
mod scene;
mod secrets;
mod services;
#[path = "../support/mod.rs"]
mod support;

use dockercise_pipeline::frame::Stream;
use dockercise_pipeline::ids::{GateIx, Phase, PipelineIx};
use dockercise_pipeline::outcome::Outcome;
use dockercise_pipeline::run::Event;
use dockercise_runner::RunnerOptions;
use scene::CHILD;
use std::process::Command;
use std::time::{Duration, Instant};
use support::plans::{self, StepWords as _, step};
use support::server::{TOKEN, begun};
use support::sshd::Sshd;

#[tokio::test(flavor = "multi_thread")]
#[ignore = "not a test: the runner's process, which the others start"]
async fn runner_process() {
    let Ok(server) = std::env::var(CHILD[0]) else { return };
    tracing_subscriber::fmt().with_env_filter("info").with_writer(std::io::stderr).init();
    let data_dir = std::env::var(CHILD[1]).unwrap().into();
    let options = RunnerOptions {
        server,
        token: TOKEN.into(),
        data_dir,
        docker_host: None,
        docker_config: None,
        slots: None,
        aws_profile: None,
        cache_bytes: 1_000_000_000,
    };
    dockercise_runner::run(options).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn values_and_volumes_go_from_step_to_step() {
    let scene = scene!();
    let runner = scene.runner();
    let second = step(
        "cat /dockercise/values/p/s0; cat file; printf '%s|' \"$FIRST\" \"$DOCKERCISE_STEP\" \"$CI\"; echo oops >&2; echo two > file2",
    )
    .vol(0)
    .reads(0)
    .env_of("FIRST", 0)
    .done("cat file2; cat /dockercise/values/p/s1; rm file");
    let third = step("cat file file2").vol(1);
    let run = scene.submit(vec![step("printf 'hello\\n'; echo one > file"), second, third]);
    scene.server.until_released(run).await;
    assert_eq!(scene.out(run, 0), "hello\n");
    assert_eq!(scene.out(run, 1), "hello\none\nhello|s1|true|");
    assert_eq!(scene.server.text(run, 1, Phase::Run, Stream::Stderr), "oops\n");
    assert_eq!(scene.server.text(run, 1, Phase::Done, Stream::Stdout), "two\nhello\none\nhello|s1|true|");
    assert_eq!(scene.out(run, 2), "one\ntwo\n", "what `done` did to the volume is thrown away");
    assert!((0..3).all(|s| scene.server.outcome(run, s) == Some(Outcome::Passed)));
    scene.end(runner).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn steps_run_side_by_side_and_what_rests_on_a_failure_is_skipped() {
    let scene = scene!();
    let runner = scene.runner();
    let wait = "sleep 2; echo done";
    let run =
        scene.submit(vec![step(wait), step(wait), step("exit 7"), step("echo never").after(2), step("sleep 300 & echo r33").after(0)]);
    scene.server.until_released(run).await;
    let outcomes: Vec<_> = (0..5).map(|s| scene.server.outcome(run, s).unwrap()).collect();
    assert_eq!(outcomes[2], Outcome::Failed { code: 7 });
    assert_eq!(outcomes.iter().map(Outcome::word).collect::<Vec<_>>(), ["passed", "passed", "failed", "skipped", "passed"]);
    let events = scene.server.known().runs[run].events.clone();
    let started =
        |step: u32| events.iter().position(|e| matches!(e, Event::StepStarted { attempt, .. } if attempt.step.0 == step)).unwrap();
    let first_end = events.iter().position(|e| matches!(e, Event::StepFinished { attempt, .. } if attempt.step.0 < 2)).unwrap();
    assert!(started(0) < first_end && started(1) < first_end, "{events:?}");
    scene.end(runner).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn p09_a_cancelled_run_ends_and_leaves_nothing() {
    let scene = scene!();
    let runner = scene.runner();
    let run = scene.submit(vec![
        step("echo here; exec sleep 600"),
        step("trap '' TERM; echo here; while :; do sleep 1; done"),
        step("").after(0),
    ]);
    scene.server.until("both speak", |k| (0..2).all(|s| k.text(run, s, Phase::Run, Stream::Stdout) == "here\n")).await;
    let asked = Instant::now();
    scene.server.tell(run, &Event::CancelRequested { pipeline: PipelineIx(0), by: "me".into() });
    scene.server.until("the first is over", |k| k.runs[run].machine.state().steps[0].status.outcome().is_some()).await;
    assert!(asked.elapsed() < Duration::from_secs(3), "TERM took {:?}", asked.elapsed());
    scene.server.until_released(run).await;
    assert!(asked.elapsed() < Duration::from_secs(20), "all of it took {:?}", asked.elapsed());
    assert!((0..3).all(|s| scene.server.outcome(run, s) == Some(Outcome::Cancelled)));
    scene.end(runner).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn behind_a_gate_the_next_job_finds_values_and_volumes() {
    let scene = scene!();
    let runner = scene.runner();
    let mut plan = plans::plan(vec![step("echo before; echo kept > file"), step("cat file /dockercise/values/p/s0").vol(0).reads(0)]);
    plans::gate(&mut plan, 1);
    let run = scene.submit_plan(plan);
    scene
        .server
        .until("the first job is over", |k| {
            k.poll
                .as_ref()
                .is_some_and(|p| p.jobs.is_empty() && p.kept.iter().any(|kept| kept.run == k.runs[run].id && kept.bytes.is_some()))
        })
        .await;
    scene.server.until("a gate waits", |k| !support::server::waiting_gates(&k.runs[run]).is_empty()).await;
    scene.server.tell(run, &Event::GateClicked { gate: GateIx(0), by: "me".into() });
    scene.server.until_released(run).await;
    assert_eq!(scene.out(run, 1), "kept\nbefore\n");
    assert_eq!(scene.server.known().runs[run].jobs.len(), 2);
    scene.end(runner).await;
}

/// R03 in small, P4: the same container goes on, and the log has no gap, over a kill -9, a SIGTERM and a standby.
#[tokio::test(flavor = "multi_thread")]
async fn r03_a_runner_dies_mid_step_and_the_next_goes_on() {
    let scene = scene!();
    let first = scene.runner();
    let lines = 4000;
    let script = format!(
        "i=0; while [ $i -lt {lines} ]; do i=$((i+1)); echo \"line $i\"; [ $((i % 100)) != 0 ] || sleep 0.1; done; cat > copy < /dev/null; exit 0"
    );
    let run = scene.submit(vec![step(&script).done("echo fine"), step("echo after").vol(0)]);
    scene.server.until("it speaks", |k| k.text(run, 0, Phase::Run, Stream::Stdout).len() > 1000).await;
    let id = scene.server.known().runs[run].id;
    let before = scene.process(id, 0).await;
    let mut second = scene.runner();
    drop(first);
    let heard = scene.out(run, 0).len();
    scene.server.until("the standby goes on", |k| k.text(run, 0, Phase::Run, Stream::Stdout).len() > heard + 3000).await;
    assert_eq!(scene.process(id, 0).await, before);

    let told = Instant::now();
    rustix::process::kill_process(rustix::process::Pid::from_child(&second.0), rustix::process::Signal::TERM).unwrap();
    assert!(second.0.wait().unwrap().success());
    assert!(told.elapsed() < Duration::from_secs(2), "ending took {:?}", told.elapsed());
    assert_eq!(scene.process(id, 0).await, before);
    assert!(begun(&scene.server.known().runs[run], 0));

    let third = scene.runner();
    scene.server.until_released(run).await;
    let expected: String = (1..=lines).map(|i| format!("line {i}\n")).collect();
    assert!(scene.out(run, 0) == expected, "the log has a gap or a double");
    assert_eq!(scene.server.text(run, 0, Phase::Done, Stream::Stdout), "fine\n");
    let started = scene.server.known().runs[run].events.iter().filter(|e| matches!(e, Event::StepStarted { .. })).count();
    assert_eq!(started, 3);
    assert!((0..2).all(|s| scene.server.outcome(run, s) == Some(Outcome::Passed)));
    scene.end(third).await;
}

/// R10: what was removed by hand is infra, not failed.
#[tokio::test(flavor = "multi_thread")]
async fn r10_a_container_removed_by_hand_is_infra() {
    let scene = scene!();
    let runner = scene.runner();
    let run = scene.submit(vec![step("echo here; exec sleep 600")]);
    scene.server.until("it speaks", |k| k.text(run, 0, Phase::Run, Stream::Stdout) == "here\n").await;
    let id = scene.server.known().runs[run].id;
    let host = std::fs::read_to_string(scene.data.path().join("host")).unwrap();
    let force = bollard::query_parameters::RemoveContainerOptionsBuilder::default().force(true).build();
    scene.docker.remove_container(&format!("dc-{host}-{}-0-1-run", id.short()), Some(force)).await.unwrap();
    scene.server.until_released(run).await;
    assert!(matches!(scene.server.outcome(run, 0), Some(Outcome::Infra { .. })), "{:?}", scene.server.outcome(run, 0));
    scene.end(runner).await;
}

/// The pushed commit, exact, over ssh; S65: and nothing of the key in it.
#[tokio::test(flavor = "multi_thread")]
async fn the_source_comes_over_ssh_and_what_is_wrong_with_the_way_is_said() {
    let scene = scene!();
    let Some(sshd) = Sshd::start() else { return };
    let runner = scene.runner();
    let look = "cat README; cat .git/HEAD; grep url .git/config; ! grep -r 'PRIVATE KEY' .; echo x > new";
    let plan = |script: &str| plans::plan(vec![step(script).source(), step("ls").source(), step("cat new").vol(0)]);
    let first = scene.submit_from(plan(look), sshd.source(&sshd.commits[0]));
    let key = scene.submit_from(plan("true"), sshd.with_other_key(&sshd.commits[0]));
    let host = scene.submit_from(plan("true"), sshd.with_other_host(&sshd.commits[0]));
    for run in [first, key, host] {
        scene.server.until_released(run).await;
    }
    let url = sshd.source("").url;
    assert_eq!(scene.out(first, 0), format!("one\n{}\n\turl = {url}\n", sshd.commits[0]));
    assert_eq!(scene.out(first, 1), "README\n", "no step disturbs another");
    assert_eq!(scene.out(first, 2), "x\n");
    for (run, what, advice) in
        [(key, "Permission denied", "was the deploy key removed"), (host, "Host key verification failed", "another host key")]
    {
        let Some(Outcome::Infra { reason }) = scene.server.outcome(run, 0) else { panic!("{:?}", scene.server.outcome(run, 0)) };
        assert!(reason.starts_with("fetching the source: ") && reason.contains(what) && reason.contains(advice), "{reason}");
    }
    let second = scene.submit_from(plan("cat README"), sshd.source(&sshd.commits[1]));
    scene.server.until_released(second).await;
    assert_eq!(scene.out(second, 0), "two\n");
    scene.end(runner).await;
}

/// Prints where the time of a chain goes; no figure is asserted, the machine is shared.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn speed_of_a_chain() {
    let scene = scene!();
    let runner = scene.runner();
    let mut steps = vec![step("true")];
    steps.extend((1..20).map(|i| step("true").after(i - 1)));
    let run = scene.submit(steps);
    scene.server.until("the first is over", |k| k.runs[run].machine.state().steps[0].status.outcome().is_some()).await;
    let begun = Instant::now();
    scene.server.until("all are over", |k| k.runs[run].machine.state().steps[19].status.outcome().is_some()).await;
    eprintln!("per step: {:?}", begun.elapsed() / 19);
    scene.server.until_released(run).await;
    let state = scene.server.known().runs[run].machine.state().clone();
    for pair in state.steps.windows(2).take(6) {
        let between = pair[1].started_at.unwrap() - pair[0].finished_at.unwrap();
        let ran = pair[1].finished_at.unwrap() - pair[1].started_at.unwrap();
        eprintln!("finished -> next begun {} ms, begun -> finished {} ms", between.num_milliseconds(), ran.num_milliseconds());
    }
    let begun = Instant::now();
    for _ in 0..10 {
        let status = Command::new("docker").args(["run", "--rm", "dct-busybox:busybox", "true"]).status().unwrap();
        assert!(status.success());
    }
    eprintln!("docker run --rm: {:?}", begun.elapsed() / 10);
    scene.end(runner).await;
}
