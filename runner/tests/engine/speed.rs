//! What a step costs, measured side by side with `docker run --rm` of the same image. On a machine that does nothing
//! else: `cargo nextest run --release -p dockercise-runner --run-ignored only --no-capture speed::`

use crate::docker::Rig;
use dockercise_runner::engine::{AttemptSpec, Secrets};
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
    let below: Vec<String> = (first..step).map(|below| format!("s{below}")).collect();
    let below: Vec<&str> = below.iter().map(String::as_str).collect();
    let mut spec = rig.over(step, &below, "true");
    spec.argv = vec!["true".to_owned()];
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
    docker_run_of(&["true"]);
}

fn docker_run_of(argv: &[&str]) {
    let mut command = Command::new("docker");
    command.args(["run", "--rm", "dct-busybox:busybox"]).args(argv).stdin(Stdio::null()).stdout(Stdio::null());
    assert!(command.status().unwrap().success());
}

/// A step that writes 200 MB in lines, against `docker run` writing the same: with nothing to mask and with 1,000
/// secrets, with a value that others read and without.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement"]
async fn a_step_that_writes_200_mb_against_docker_run() {
    let rig = rig!();
    // By cat, which is not what is slow here.
    let script = "yes 'compiling something that takes its time: 12 of 345 are done so far' | head -c 1000000 > /tmp/text
        i=0; while [ $i -lt 200 ]; do cat /tmp/text; i=$((i+1)); done";
    let (thousand, _) =
        Secrets::new((0..1000u64).map(|i| format!("{:032x}", u128::from(i + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835))));
    let kinds =
        [("as it is", Secrets::default(), false), ("with a value", Secrets::default(), true), ("with 1,000 secrets", thousand, false)];
    let (mut theirs, mut ours) = (Vec::new(), vec![Vec::new(); kinds.len()]);
    for round in 0..ROUNDS {
        let began = Instant::now();
        docker_run_of(&["sh", "-ec", script]);
        theirs.push(began.elapsed());
        for (kind, (_, masks, value)) in kinds.iter().enumerate() {
            let step = round * kinds.len() as u32 + kind as u32;
            let spec = AttemptSpec { masks: masks.clone(), value: *value, ..rig.spec(step, script) };
            let began = Instant::now();
            rig.start(&spec).await;
            assert_eq!(rig.wait(&spec.key).await.code, 0);
            rig.engine.project(&spec.key).await.unwrap();
            ours[kind].push(began.elapsed());
            rig.engine.remove(&spec.key).await.unwrap();
            rig.engine.forget_spool(&spec.key).await.unwrap();
        }
    }
    theirs.sort();
    println!("docker run writing 200 MB: {:?}", theirs[theirs.len() / 2]);
    for ((name, ..), mut times) in kinds.into_iter().zip(ours) {
        times.sort();
        println!("a step {name}: {:?}, {:.2}", times[times.len() / 2], times[times.len() / 2].div_duration_f64(theirs[theirs.len() / 2]));
    }
    rig.end().await;
}
