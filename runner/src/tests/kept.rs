//! Runs that go on from what earlier ones have left, on a host that is not there.

use super::support::plans::{StepWords as _, no_source, plan, step};
use super::walks::Scene;
use dockercise_pipeline::ids::{Phase, StepIx};
use dockercise_pipeline::outcome::Outcome;
use dockercise_pipeline::run::{KeptFrom, Selection};

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_step_is_that_of_the_run_it_passed_in() {
    let scene = Scene::new(0).await;
    let steps = |last: &str| plan(vec![step("out 5"), step("out 3").vol(0), step(last).vol(1).reads(0).env_of("FIRST", 1)]);
    let first = scene.server.submit(steps("exit 1"), no_source());
    scene.server.known().runs[first].stays = true;
    let life = scene.life();
    let weighed = |k: &super::support::server::Known| {
        let poll = k.poll.as_ref().filter(|poll| poll.jobs.is_empty());
        poll.is_some_and(|poll| poll.kept.iter().any(|kept| kept.run == k.runs[first].id && kept.bytes == Some(3)))
    };
    scene.server.until("the first run is over and weighed", weighed).await;
    let id = scene.server.known().runs[first].id;

    let kept = (0..2).map(|ix| (StepIx(ix), KeptFrom { run: id, attempt: 1 })).collect();
    let second = scene.server.submit_selected(steps("out 1"), no_source(), &Selection { kept, ..Selection::default() });
    scene.server.until_released(second).await;
    let again = scene.server.known().runs[second].id;
    {
        let world = scene.host.world();
        assert_eq!(world.faults, Vec::<String>::new());
        let containers: Vec<_> = world.containers.iter().filter(|(key, _)| key.run == again).collect();
        let [(key, container)] = containers.as_slice() else { panic!("{containers:?}") };
        assert_eq!((key.attempt.step, key.phase), (StepIx(2), Phase::Run));
        let spec = container.spec.clone().unwrap();
        let chain: Vec<_> = spec.volume[0].chain.iter().map(|layer| (layer.run, layer.name.as_str())).collect();
        assert_eq!((chain, spec.values[0].run), (vec![(id, "0a1"), (id, "1a1")], id));
        assert!(spec.env.contains(&("FIRST".into(), "bcd".into())), "{:?}", spec.env);
    }
    assert_eq!(scene.server.outcome(second, 2), Some(Outcome::Passed));
    scene.server.known().runs[first].stays = false;
    scene.server.until_released(first).await;
    life.end().await;
}
