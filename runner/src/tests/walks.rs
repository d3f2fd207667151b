//! See the parent.

use super::fake::FakeHost;
use super::support::plans::{self, StepWords as _, no_source, plan, step};
use super::support::server::{TOKEN, TestServer, waiting_gates};
use crate::admission::Capacity;
use crate::client::Client;
use crate::engine::{AttemptSpec, ValueFile};
use crate::poll::Polling;
use crate::shared::Shared;
use crate::store::Store;
use dockercise_pipeline::frame::Stream;
use dockercise_pipeline::ids::{GateIx, Phase, PipelineIx, RunId, StepIx};
use dockercise_pipeline::outcome::Outcome;
use dockercise_pipeline::plan::{Plan, StepPlan, Work};
use dockercise_pipeline::run::Event;
use proptest::prelude::*;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Four steps at once.
pub const HOST: Capacity = Capacity { cpus: 64_000, memory: 1 << 40, steps: 4 };

/// One life of a runner, on a runtime of its own, so that it can end as by kill -9: at any await, all of it.
pub struct Life(tokio::runtime::Runtime);

impl Life {
    pub fn begin(data: &Path, host: &FakeHost, server: &str) -> Life {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let client = Client::new(server, TOKEN.into()).unwrap();
        let shared = Shared::new(host.clone(), client, Store::open(data).unwrap(), HOST);
        runtime.spawn(async move {
            let end = Polling::new(Arc::new(shared)).run().await;
            panic!("a runner's life ended by itself: {end:?}");
        });
        Life(runtime)
    }

    /// Waits for a write that is under way, as a disk does.
    pub async fn end(self) {
        tokio::task::spawn_blocking(|| self.0.shutdown_timeout(Duration::from_secs(5))).await.unwrap();
    }
}

/// A server, a host, a folder.
pub struct Scene {
    pub server: Arc<TestServer>,
    pub host: FakeHost,
    data: tempfile::TempDir,
}

impl Scene {
    pub async fn new(away: u32) -> Scene {
        Scene { server: TestServer::start().await, host: FakeHost::new(away), data: tempfile::tempdir().unwrap() }
    }

    pub fn life(&self) -> Life {
        Life::begin(self.data.path(), &self.host, &self.server.base)
    }

    /// After the run is released: everything was done once, is at the server, and nothing is left.
    pub fn judge(&self, run: usize) {
        let known = self.server.known();
        let world = self.host.world();
        assert_eq!(world.faults, Vec::<String>::new());
        assert!(world.most_running <= 4, "{} ran at once", world.most_running);
        let here = &known.runs[run];
        for (key, container) in world.containers.iter().filter(|(key, _)| key.run == here.id) {
            assert!(container.created == 1 && container.started <= 1, "{key:?}: {container:?}");
            assert!(container.removed, "{key:?} is left");
            let log = here.logs.get(&(key.attempt.step, key.attempt.number, key.phase)).cloned().unwrap_or_default();
            let recorded = here.events.contains(&Event::StepRecorded { attempt: key.attempt });
            assert!(!recorded || log == container.spool, "{key:?}: the log at the server is another one");
        }
        assert!(world.open.is_empty() && world.layers.is_empty() && world.values.is_empty());
        for folder in ["jobs", "runs"] {
            assert_eq!(crate::disk::names(&self.data.path().join(folder)).unwrap(), Vec::<String>::new(), "left in {folder}");
        }
    }
}

/// How each step has to end, where nobody cancels and nothing around it fails.
fn expected(plan: &Plan) -> Vec<&'static str> {
    let mut words: Vec<&'static str> = Vec::new();
    for (_, step) in plan.steps() {
        let fails = |script: &str| script.contains("exit");
        let broken = step.needs().any(|s| words[s.index()] != "passed");
        let failed = fails(step.text()) || step.done.as_ref().is_some_and(|d| fails(&d.argv[2]));
        words.push(if broken {
            "skipped"
        } else if failed {
            "failed"
        } else {
            "passed"
        });
    }
    words
}

fn a_step(place: u32) -> impl Strategy<Value = (StepPlan, bool)> {
    let script = prop_oneof![
        4 => (0u32..3000, 0u32..30).prop_map(|(n, ms)| format!("out {n} wait {ms} err 20")),
        1 => Just("out 200000 wait 5 out 200000".to_owned()),
        1 => Just("err 10 wait 3 exit 3".to_owned()),
        1 => Just(String::new()),
    ];
    let done =
        prop_oneof![4 => Just(None), 1 => Just(Some("err 5 wait 4")), 1 => Just(Some("/dockercise/values/x")), 1 => Just(Some("exit 9"))];
    let ties = proptest::collection::vec((0..place.max(1), 0u8..4), 0..3);
    let results = proptest::bool::weighted(0.3);
    (script, done, ties, proptest::bool::weighted(0.1), results).prop_map(move |(script, done, ties, gate, results)| {
        let mut made = step(&script);
        made.results = if results { vec!["*.txt".into()] } else { Vec::new() };
        if let Some(done) = done {
            made = made.done(done);
            // The fake knows no paths.
            let text = if done.starts_with('/') { "err 1" } else { done };
            made.done.as_mut().unwrap().argv[2] = text.into();
        }
        for (other, tie) in ties.into_iter().filter(|_| place > 0) {
            made = match tie {
                0 => made.vol(other),
                1 => made.reads(other),
                2 => made.env_of("NAME", other),
                _ => made.after(other),
            };
        }
        (made, gate)
    })
}

fn a_plan() -> impl Strategy<Value = Plan> {
    (1u32..9).prop_flat_map(|n| (0..n).map(a_step).collect::<Vec<_>>()).prop_map(|steps| {
        let gates: Vec<u32> = steps.iter().enumerate().filter(|(_, (_, gate))| *gate).map(|(i, _)| i as u32).collect();
        let mut plan = plan(
            steps
                .into_iter()
                .map(|(mut s, _)| {
                    s.values.sort();
                    s.values.dedup();
                    s
                })
                .collect(),
        );
        gates.into_iter().for_each(|g| plans::gate(&mut plan, g));
        plan
    })
}

/// Values over the limit cannot be variables; then the step says so, and is no concern of this test.
fn env_fits(plan: &Plan) -> bool {
    plan.steps().all(|(_, s)| {
        s.env.iter().all(|e| match e.value {
            dockercise_pipeline::plan::EnvValue::Step { step } => !plan.step(step).text().contains("200000"),
            _ => true,
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: std::env::var("PROPTEST_CASES").ok().and_then(|n| n.parse().ok()).unwrap_or(16), max_shrink_iters: 40, ..ProptestConfig::default() })]

    /// P8: nothing starts twice. And: every step ends as it must, every byte arrives once, nothing is left.
    #[test]
    fn p08_a_runner_that_dies_again_and_again_walks_as_one_that_lives(
        plan in a_plan().prop_filter("env", env_fits),
        deaths in proptest::collection::vec(0u64..90, 0..6),
        failing in prop_oneof![Just(0u32), Just(150)],
        away in prop_oneof![Just(0u32), Just(30)],
        cancel in proptest::option::weighted(0.25, 0u64..80),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        runtime.block_on(async move {
            let scene = Scene::new(away).await;
            scene.server.failing.store(failing, Ordering::Relaxed);
            let run = scene.server.submit(plan.clone(), no_source());
            let server = Arc::clone(&scene.server);
            let person = tokio::spawn(async move {
                loop {
                    server.until("a gate waits, or it is over", |k| k.runs[run].machine.over() || !waiting_gates(&k.runs[run]).is_empty() || !k.faults.is_empty()).await;
                    let gates = waiting_gates(&server.known().runs[run]);
                    if gates.is_empty() {
                        return;
                    }
                    gates.into_iter().for_each(|g| server.tell(run, &Event::GateClicked { gate: GateIx(g), by: "me".into() }));
                }
            });
            let server = Arc::clone(&scene.server);
            let canceller = tokio::spawn(async move {
                let Some(ms) = cancel else { return };
                tokio::time::sleep(Duration::from_millis(ms)).await;
                if !server.known().runs[run].machine.over() {
                    server.tell(run, &Event::CancelRequested { pipeline: PipelineIx(0), by: "me".into() });
                }
            });
            for ms in deaths {
                let life = scene.life();
                tokio::time::sleep(Duration::from_millis(ms)).await;
                life.end().await;
            }
            let life = scene.life();
            scene.server.until_released(run).await;
            person.await.unwrap();
            canceller.await.unwrap();
            life.end().await;
            scene.judge(run);
            let known = scene.server.known();
            let outcomes: Vec<&Outcome> = known.runs[run].machine.state().steps.iter().map(|s| s.status.ended().unwrap()).collect();
            let words: Vec<&str> = outcomes.iter().map(|o| o.word()).collect();
            assert!(if cancel.is_none() { words == expected(&plan) } else { !words.contains(&"infra") }, "{outcomes:?}");
        });
    }
}

/// The layers of a working directory that is made of one folder.
fn layers(spec: &AttemptSpec) -> Vec<String> {
    let [mounted] = spec.volume.as_slice() else { panic!("several folders: {spec:?}") };
    let chain = mounted.chain.iter().map(|layer| layer.name.clone());
    chain.chain([format!("> {}", mounted.layer)]).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn values_and_volumes_reach_the_steps_that_use_them() {
    let scene = Scene::new(0).await;
    let mut own = step("out 30").vol(0).env_of("FIRST", 0).reads(0).done("/dockercise/values/p/s1");
    own.done.as_mut().unwrap().argv[2] = "err 1".into();
    let run = scene.server.submit(plan(vec![step("out 10"), own, step("").vol(1)]), no_source());
    let life = scene.life();
    scene.server.until_released(run).await;
    life.end().await;
    let id = scene.server.known().runs[run].id;
    let world = scene.host.world();
    let spec = |step: u32, phase| {
        let (_, c) = world.containers.iter().find(|(k, _)| k.run == id && k.attempt.step == StepIx(step) && k.phase == phase).unwrap();
        c.spec.clone().unwrap()
    };
    let first = spec(1, Phase::Run);
    assert_eq!(layers(&first), ["0a1", "> 1a1"]);
    assert_eq!(first.values, [ValueFile { run: id, step: StepIx(0), path: "p/s0".to_owned() }]);
    assert!(first.env.contains(&("FIRST".into(), "abcdefghij".into())));
    for (name, value) in
        [("CI", "true"), ("DOCKERCISE_STEP", "s1"), ("DOCKERCISE_BRANCH", "main"), ("DOCKERCISE_TAG", ""), ("DOCKERCISE_RUN", "7")]
    {
        assert!(first.env.contains(&(name.into(), value.into())), "{name}");
    }
    let done = spec(1, Phase::Done);
    assert_eq!(layers(&done), ["0a1", "1a1", "> 1a1d"]);
    assert_eq!(done.values.len(), 2, "its own value too");
    assert_eq!(layers(&spec(2, Phase::Run)), ["0a1", "1a1", "> 2a1"], "what `done` wrote is thrown away");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_before_a_container_is_there_is_infra_with_words() {
    let scene = Scene::new(0).await;
    let mut missing = step("");
    missing.work = Work::shell("missing", "");
    let steps = vec![missing, step("").source(), step("out 200000"), step("").env_of("BIG", 2), step("").after(0)];
    let run = scene.server.submit(plan(steps), no_source());
    let life = scene.life();
    scene.server.until_released(run).await;
    life.end().await;
    let infra = |step| match scene.server.outcome(run, step) {
        Some(Outcome::Infra { reason }) => reason,
        other => panic!("step {step}: {other:?}"),
    };
    assert!(infra(0).contains("the image missing is not on this host"));
    assert!(infra(1).starts_with("fetching the source: "), "{}", infra(1));
    assert!(infra(3).contains("use {p/s2} in `run`"));
    assert!(matches!(scene.server.outcome(run, 4), Some(Outcome::Skipped { .. })));
    scene.judge(run);
}

#[tokio::test(flavor = "multi_thread")]
async fn p09_what_ignores_term_is_killed_and_a_timeout_is_one() {
    let scene = Scene::new(0).await;
    let run = scene.server.submit(plan(vec![step("stubborn wait 60000"), step("wait 60000").timeout(1)]), no_source());
    let life = scene.life();
    scene.server.until("the second timed out", |k| k.runs[run].machine.state().steps[1].status.ended().is_some()).await;
    assert_eq!(scene.server.outcome(run, 1), Some(Outcome::TimedOut));
    let asked = std::time::Instant::now();
    scene.server.tell(run, &Event::CancelRequested { pipeline: PipelineIx(0), by: "me".into() });
    scene.server.until_released(run).await;
    assert_eq!(scene.server.outcome(run, 0), Some(Outcome::Cancelled));
    let took = asked.elapsed();
    assert!((Duration::from_secs(10)..Duration::from_secs(13)).contains(&took), "{took:?}");
    life.end().await;
    scene.judge(run);
}

#[tokio::test(flavor = "multi_thread")]
async fn bytes_that_the_server_lost_are_sent_again_before_it_believes() {
    let scene = Scene::new(0).await;
    scene.server.lose_bytes.store(true, Ordering::Relaxed);
    let mut first = step("out 5000").done("err 3");
    first.results = vec!["out".into()];
    let run = scene.server.submit(plan(vec![first, step("").after(0)]), no_source());
    let life = scene.life();
    scene.server.until_released(run).await;
    assert!(!scene.server.lose_bytes.load(Ordering::Relaxed), "nothing was lost");
    assert_eq!(scene.server.outcome(run, 0), Some(Outcome::Passed));
    life.end().await;
    scene.judge(run);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_the_same_for_the_whole_run_whatever_its_tag_does() {
    let scene = Scene::new(0).await;
    let mut other = step("").after(1);
    other.work = Work::shell("other", "");
    let mut plan = plan(vec![step("out 1"), step("wait 100").after(0), other, step("").after(2)]);
    plans::gate(&mut plan, 3);
    let run = scene.server.submit(plan, no_source());
    let life = scene.life();
    scene.server.until("the first is over", |k| k.runs[run].machine.state().steps[0].status.ended().is_some()).await;
    // Another process goes on with the job, and another job with the run.
    life.end().await;
    scene.host.world().tags_moved = true;
    let life = scene.life();
    scene
        .server
        .until("the gate waits", |k| !waiting_gates(&k.runs[run]).is_empty() && k.runs[run].jobs.iter().all(|j| j.has_ended()))
        .await;
    scene.server.tell(run, &Event::GateClicked { gate: GateIx(0), by: "me".into() });
    scene.server.until_released(run).await;
    life.end().await;
    let images: Vec<String> = scene.host.world().containers.values().map(|c| c.spec.clone().unwrap().image).collect();
    assert_eq!(images, ["sha256:dcw-test", "sha256:dcw-test", "sha256:other-moved", "sha256:dcw-test"]);
    let notices = scene.server.known().runs[run].notices.clone();
    assert!(notices.iter().any(|(step, words)| step.0 == 2 && words.as_deref() == Some("pulling other")), "{notices:?}");
    assert_eq!(notices.last(), Some(&(StepIx(2), None)));
    scene.judge(run);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_taken_away_is_ended_without_a_word() {
    let scene = Scene::new(0).await;
    let run = scene.server.submit(plan(vec![step("out 10 wait 60000")]), no_source());
    let life = scene.life();
    scene.server.until("it speaks", |k| !k.text(run, 0, Phase::Run, Stream::Stdout).is_empty()).await;
    let before = scene.server.known().runs[run].events.len();
    scene.server.revoke(run);
    scene.server.until_released(run).await;
    life.end().await;
    assert_eq!(scene.server.known().runs[run].events.len(), before);
    assert!(matches!(scene.server.outcome(run, 0), Some(Outcome::Infra { .. })));
    scene.judge(run);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_that_cannot_be_read_ends_the_job_and_starts_nothing() {
    let scene = Scene::new(0).await;
    let run = scene.server.submit(plan(vec![step("out 10 wait 60000"), step("").after(0)]), no_source());
    let life = scene.life();
    scene.server.until("it speaks", |k| !k.text(run, 0, Phase::Run, Stream::Stdout).is_empty()).await;
    life.end().await;
    let job = scene.server.known().runs[run].jobs[0].id;
    std::fs::write(scene.data.path().join(format!("jobs/{job}/journal.jsonl")), "rubbish\n").unwrap();
    let life = scene.life();
    scene.server.until_released(run).await;
    life.end().await;
    assert!(matches!(scene.server.outcome(run, 0), Some(Outcome::Infra { .. })));
    assert_eq!(scene.host.world().containers.len(), 1);
    assert_eq!(crate::disk::names(&scene.data.path().join("jobs")).unwrap(), [format!("{job}.dropped")]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_left_of_a_run_that_nobody_knows_is_removed() {
    let scene = Scene::new(0).await;
    let stranger = RunId(uuid::Uuid::now_v7());
    scene.host.world().open.insert(stranger);
    let mut changed = scene.host.changes();
    let life = scene.life();
    let gone = changed.wait_for(|_| scene.host.world().open.is_empty());
    assert!(tokio::time::timeout(Duration::from_secs(10), gone).await.is_ok());
    life.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_runner_whose_token_is_not_known_ends() {
    let scene = Scene::new(0).await;
    let client = Client::new(&scene.server.base, "another".into()).unwrap();
    let shared = Shared::new(scene.host.clone(), client, Store::open(scene.data.path()).unwrap(), HOST);
    let end = tokio::time::timeout(Duration::from_secs(10), Polling::new(Arc::new(shared)).run()).await.unwrap();
    assert!(end.unwrap_err().to_string().contains("does not know this runner's token"));
}
