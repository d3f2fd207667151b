//! Steps that make images, walked against the host in memory.

use super::fake::build::id;
use super::support::plans::no_source;
use super::support::plans::{StepWords as _, plan, step};
use super::walks::Scene;
use dockercise_pipeline::frame::Stream;
use dockercise_pipeline::ids::{Phase, PipelineIx, StepIx};
use dockercise_pipeline::outcome::Outcome;
use dockercise_pipeline::plan::{BuildPlan, EnvPlan, EnvValue, ImageFrom, MountPlan, StepPlan, VolumeFrom, Work};
use dockercise_pipeline::run::Event;
use std::time::{Duration, Instant};

/// A step that makes an image of what step 0 has left.
fn build(script: &str) -> StepPlan {
    let args = vec![EnvPlan { name: "SCRIPT".into(), value: EnvValue::Literal { text: script.into() } }];
    let plan = BuildPlan { context: ".".into(), file: "Dockerfile".into(), args, tags: Vec::new(), push: false };
    let volume = vec![MountPlan { path: ".".into(), from: VolumeFrom::Step { step: StepIx(0) } }];
    StepPlan { volume, ..StepPlan::new("", PipelineIx(0), Work::Build { build: plan }) }
}

fn change(step: &mut StepPlan, how: impl FnOnce(&mut BuildPlan)) {
    if let Work::Build { build } = &mut step.work {
        how(build);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_made_named_pushed_and_run() {
    // An engine that is away for a moment ends a build, and the step with it: nothing tells how far it was.
    let scene = Scene::new(0).await;
    let mut app = build("say 70000 wait 5 say 10");
    change(&mut app, |build| {
        build.args.push(EnvPlan { name: "VERSION".into(), value: EnvValue::Step { step: StepIx(0) } });
        build.tags = vec!["registry.example/app:1".into(), "app".into()];
        build.push = true;
    });
    let mut user = step("out 1").vol(1).env_of("IMAGE", 1);
    user.work = Work::Run {
        image: ImageFrom::Step { step: StepIx(1) },
        text: "out 1".into(),
        argv: ["sh", "-ec", "out 1"].map(str::to_owned).into(),
    };
    let run = scene.server.submit(plan(vec![step("out 3"), app, user]), no_source());
    let life = scene.life();
    scene.server.until_released(run).await;
    life.end().await;
    for step in 0..3 {
        assert_eq!(scene.server.outcome(run, step), Some(Outcome::Passed));
    }
    let world = scene.host.world();
    let made = id(&world.builds[0].key);
    assert_eq!(world.builds[0].args[1], ("VERSION".to_owned(), "abc".to_owned()));
    assert_eq!(world.builds[0].from, ["base"]);
    assert_eq!(world.named, [(made.clone(), "registry.example/app:1".to_owned()), (made.clone(), "app".to_owned())]);
    assert_eq!(world.pushed, ["registry.example/app:1", "app"]);
    let spec = world.containers.iter().find(|(key, _)| key.attempt.step == StepIx(2)).and_then(|(_, c)| c.spec.clone()).unwrap();
    assert_eq!(spec.image, made);
    assert!(spec.env.contains(&("IMAGE".to_owned(), made.clone())));
    assert_eq!(scene.server.text(run, 1, Phase::Run, Stream::Stdout), format!("{made}\n"));
    assert_eq!(scene.server.text(run, 1, Phase::Run, Stream::Stderr).len(), 70010);
    drop(world);
    scene.judge(run);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_that_fails_is_the_steps_failure_with_its_code() {
    let scene = Scene::new(0).await;
    let mut nowhere = build("");
    change(&mut nowhere, |build| build.file = "docker/Dockerfile".into());
    let run = scene.server.submit(plan(vec![step("out 3"), build("say 5 exit 7"), nowhere, step("").after(1)]), no_source());
    let life = scene.life();
    scene.server.until_released(run).await;
    life.end().await;
    assert_eq!(scene.server.outcome(run, 1), Some(Outcome::Failed { code: 7 }));
    assert_eq!(scene.server.outcome(run, 2), Some(Outcome::Failed { code: 1 }));
    assert!(scene.server.text(run, 1, Phase::Run, Stream::Remark).ends_with("a command ended with 7"));
    assert!(scene.server.text(run, 2, Phase::Run, Stream::Remark).starts_with("there is no `docker/Dockerfile` in the working directory"));
    assert!(matches!(scene.server.outcome(run, 3), Some(Outcome::Skipped { .. })));
    scene.judge(run);
}

#[tokio::test(flavor = "multi_thread")]
async fn p09_a_build_is_given_up_where_it_is_cancelled_or_out_of_time() {
    let scene = Scene::new(0).await;
    let run = scene.server.submit(plan(vec![step(""), build("say 5 wait 60000"), build("wait 60000").timeout(1)]), no_source());
    let life = scene.life();
    scene.server.until("the second timed out", |k| k.runs[run].machine.state().steps[2].status.ended().is_some()).await;
    assert_eq!(scene.server.outcome(run, 2), Some(Outcome::TimedOut));
    let asked = Instant::now();
    scene.server.tell(run, &Event::CancelRequested { pipeline: PipelineIx(0), by: "me".into() });
    scene.server.until_released(run).await;
    assert!(asked.elapsed() < Duration::from_secs(5), "{:?}", asked.elapsed());
    assert_eq!(scene.server.outcome(run, 1), Some(Outcome::Cancelled));
    assert_eq!(scene.server.text(run, 1, Phase::Run, Stream::Stderr), "xxxxx");
    life.end().await;
    scene.judge(run);
}

#[tokio::test(flavor = "multi_thread")]
async fn p08_a_build_that_a_runner_leaves_behind_is_infra_and_never_begun_again() {
    let scene = Scene::new(0).await;
    let run = scene.server.submit(plan(vec![step(""), build("say 5 wait 60000"), step("").after(1)]), no_source());
    let life = scene.life();
    scene.server.until("it speaks", |k| !k.text(run, 1, Phase::Run, Stream::Stderr).is_empty()).await;
    life.end().await;
    let life = scene.life();
    scene.server.until_released(run).await;
    life.end().await;
    let Some(Outcome::Infra { reason }) = scene.server.outcome(run, 1) else { panic!("{:?}", scene.server.outcome(run, 1)) };
    assert!(reason.contains("the runner ended while the image was being made"), "{reason}");
    assert_eq!(scene.host.world().builds.len(), 1);
    scene.judge(run);
}

#[tokio::test(flavor = "multi_thread")]
async fn s01_a_fork_makes_no_images() {
    let scene = Scene::new(0).await;
    scene.server.untrusted();
    let run = scene.server.submit(plan(vec![step(""), build("")]), no_source());
    let life = scene.life();
    scene.server.until_released(run).await;
    life.end().await;
    let Some(Outcome::Infra { reason }) = scene.server.outcome(run, 1) else { panic!("{:?}", scene.server.outcome(run, 1)) };
    assert_eq!(reason, "this run may make no images\nits code comes from a fork");
    assert!(scene.host.world().builds.is_empty());
    scene.judge(run);
}
