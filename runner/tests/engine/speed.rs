//! What a step costs, measured side by side with `docker run --rm` of the same image. On a machine that does nothing
//! else: `cargo nextest run --release -p dockercise-runner --run-ignored only --no-capture speed::`

use crate::docker::Rig;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ROUNDS: u32 = 4;
const STEPS: u32 = 10;

/// A chain in which each step starts from the directories of those before it, and is removed while the next runs.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn a_chain_of_steps_against_docker_run_in_a_loop() {
    let rig = rig!();
    let (mut ours, mut theirs, mut parts) = (Duration::ZERO, Duration::ZERO, [Duration::ZERO; 4]);
    for round in 0..ROUNDS {
        let began = Instant::now();
        (0..STEPS).for_each(|_| docker_run());
        theirs += began.elapsed();

        let (mut removals, began) = (Vec::new(), Instant::now());
        for step in round * STEPS..(round + 1) * STEPS {
            for (sum, part) in parts.iter_mut().zip(step_of_chain(&rig, step, round * STEPS).await) {
                *sum += part;
            }
            let (engine, key) = (rig.engine.clone(), rig.key(step));
            removals.push(tokio::spawn(async move { engine.remove(&key).await }));
        }
        ours += began.elapsed();
        for removal in removals {
            removal.await.unwrap().unwrap();
        }
    }
    let count = ROUNDS * STEPS;
    let [create, start, wait, project] = parts.map(|part| part / count);
    println!("create {create:?}, start {start:?}, wait {wait:?}, project {project:?}");
    println!("a step {:?}, docker run --rm {:?}: {:.2}", ours / count, theirs / count, ours.div_duration_f64(theirs));
    rig.end().await;
}

async fn step_of_chain(rig: &Rig, step: u32, first: u32) -> [Duration; 4] {
    let mut spec = rig.spec(step, "true");
    spec.argv = vec!["true".to_owned()];
    spec.volume = (first..step).map(|below| format!("s{below}")).collect();
    let began = Instant::now();
    rig.engine.create(&spec).await.unwrap();
    let created = began.elapsed();
    rig.engine.start(&spec.key).await.unwrap();
    let started = began.elapsed();
    assert_eq!(rig.wait(&spec.key).await.code, 0);
    let ended = began.elapsed();
    rig.engine.project(&spec.key).await.unwrap();
    [created, started - created, ended - started, began.elapsed() - ended]
}

fn docker_run() {
    let mut command = Command::new("docker");
    command.args(["run", "--rm", "dct-busybox:busybox", "true"]).stdin(Stdio::null()).stdout(Stdio::null());
    assert!(command.status().unwrap().success());
}
