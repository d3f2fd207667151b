//! Steps with caches, walked against the host in memory.

use super::support::plans::{StepWords as _, no_source, plan, step};
use super::walks::Scene;
use dockercise_pipeline::frame::Stream;
use dockercise_pipeline::ids::{Phase, StepIx};
use dockercise_pipeline::outcome::Outcome;
use dockercise_pipeline::plan::{CachePlan, StepPlan};

fn cached(step: StepPlan, key: &str, files: &[&str]) -> StepPlan {
    let paths = vec!["target".to_owned(), "/root/.npm".to_owned()];
    let files = files.iter().map(|&file| file.to_owned()).collect();
    StepPlan { cache: Some(CachePlan { paths, key: key.into(), files, fallback: vec!["old-".into()] }), ..step }
}

/// Walks a run to its end, in a life of its own.
async fn walk(scene: &Scene, steps: Vec<StepPlan>) -> usize {
    let run = scene.server.submit(plan(steps), no_source());
    let life = scene.life();
    scene.server.until_released(run).await;
    life.end().await;
    scene.judge(run);
    run
}

fn said(scene: &Scene, run: usize, step: u32) -> String {
    scene.server.text(run, step, Phase::Run, Stream::Remark)
}

/// How many of the layers so far began as something that was kept.
fn restored(scene: &Scene) -> Vec<bool> {
    std::mem::take(&mut scene.host.world().restored).into_iter().map(|(_, from)| from.is_some()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_step_leaves_in_its_caches_is_there_for_the_next_run_over_a_new_runner() {
    let scene = Scene::new(30).await;
    let first = walk(&scene, vec![cached(step("out 3"), "old-1", &[]), step("").vol(0).done("err 1")]).await;
    assert_eq!(said(&scene, first, 0), "cache: nothing is kept under `old-1`");
    assert_eq!(restored(&scene), [false, false]);
    assert_eq!(scene.host.world().caches.len(), 1);

    let second = walk(&scene, vec![cached(step("out 3").done("err 1"), "old-1", &[])]).await;
    assert!(said(&scene, second, 0).starts_with("cache: `old-1`, 100 bytes, kept since "), "{}", said(&scene, second, 0));
    assert_eq!(restored(&scene), [true, true]);
    assert_eq!(scene.host.world().caches.len(), 1, "what is there is not kept again");
    let specs: Vec<Vec<String>> = {
        let world = scene.host.world();
        let of_second = world.containers.iter().filter(|(key, _)| key.run == scene.server.known().runs[second].id);
        of_second.map(|(_, c)| c.spec.as_ref().unwrap().volume.iter().map(|m| format!("{} {}", m.path, m.layer)).collect()).collect()
    };
    assert_eq!(specs, [[". 0a1", "target 0a1m1", "/root/.npm 0a1x1"], [". 0a1d", "target 0a1m1d", "/root/.npm 0a1x1d"]]);

    // The content of files is part of the key; where there is none of it, an older one will do.
    let third = walk(&scene, vec![step("out 1"), cached(step("out 3").vol(0), "new", &["out/*"])]).await;
    assert!(said(&scene, third, 1).starts_with("cache: `old-1`"), "{}", said(&scene, third, 1));
    assert_eq!(scene.host.world().caches.len(), 2);
    let fourth = walk(&scene, vec![step("out 1"), cached(step("out 3").vol(0), "new", &["out/*"])]).await;
    assert!(said(&scene, fourth, 1).starts_with("cache: `new-"), "{}", said(&scene, fourth, 1));
    let other = walk(&scene, vec![step("out 1"), cached(step("out 3").vol(0), "new", &["*.txt"])]).await;
    assert!(said(&scene, other, 1).starts_with("cache: `new-") || said(&scene, other, 1).starts_with("cache: `old-1`"));
    assert_eq!(scene.host.world().caches.len(), 3, "other files, another key");
}

#[tokio::test(flavor = "multi_thread")]
async fn s01_what_fails_or_comes_from_a_fork_leaves_nothing_and_a_fork_finds_nothing() {
    let scene = Scene::new(0).await;
    let failed = walk(&scene, vec![cached(step("out 3 exit 4"), "k", &[]), cached(step("out 3").done("exit 9"), "k", &[])]).await;
    assert_eq!(scene.server.outcome(failed, 0), Some(Outcome::Failed { code: 4 }));
    assert!(scene.host.world().caches.is_empty());
    walk(&scene, vec![cached(step("out 3"), "k", &[])]).await;
    assert_eq!(scene.host.world().caches.len(), 1);
    restored(&scene);
    scene.server.untrusted();
    let foreign = walk(&scene, vec![cached(step("out 3"), "k", &[]), cached(step("out 3"), "theirs", &[])]).await;
    assert_eq!(said(&scene, foreign, 0), "cache: none, as this run's code comes from a fork");
    assert_eq!(restored(&scene), [false; 4]);
    assert_eq!(scene.host.world().caches.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cache_that_is_gone_or_half_made_holds_nobody_up() {
    let scene = Scene::new(0).await;
    walk(&scene, vec![cached(step("out 3"), "k", &[])]).await;
    // Somebody cleared the engine's store, and a save was under way when a runner died.
    scene.host.world().caches.clear();
    scene.host.world().caches.insert("stranger".into(), Vec::new());
    restored(&scene);
    let run = walk(&scene, vec![cached(step("out 3"), "k", &[])]).await;
    assert_eq!(scene.server.outcome(run, 0), Some(Outcome::Passed));
    assert_eq!(said(&scene, run, 0), "cache: what was kept is gone");
    assert_eq!(restored(&scene), [false, false]);
    let names: Vec<String> = scene.host.world().caches.keys().cloned().collect();
    assert!(names.len() == 1 && names[0] != "stranger", "{names:?}");
    assert_eq!(scene.server.known().runs[run].records[&StepIx(0)].logs.len(), 1);
}
