//! What a step may use, and what becomes of one that wants more; none of it is another step's concern.

use crate::docker::{LONG, Rig};
use dockercise_runner::engine::{Limits, Signal};
use std::time::{Duration, Instant};

const MIB: u64 = 1 << 20;

/// Needs about 300 MiB in one process: sort keeps what it reads.
const GREEDY: &str = "head -c 300000000 /dev/zero | tr '\\0' '\\n' | sort > /dev/null";

fn small(rig: &Rig, step: u32, script: &str) -> dockercise_runner::engine::AttemptSpec {
    let mut spec = rig.spec(step, script);
    spec.limits = Limits { cpus: 1000, memory: 64 * MIB };
    spec
}

#[tokio::test]
async fn r37_out_of_memory_is_noted_and_changes_no_code() {
    let rig = rig!();
    // A child that its parent does not mind losing.
    let child = small(&rig, 0, &format!("({GREEDY}) 2>/dev/null || true; echo went on; exit 0"));
    let (ended, output) = rig.finish(&child).await;
    assert_eq!((ended.code, ended.oom_killed, &output.stdout[..]), (0, true, &b"went on\n"[..]), "{output:?}");
    // The command itself.
    let mut own = small(&rig, 1, "");
    own.argv = ["sort", "/dev/zero"].map(str::to_owned).to_vec();
    let (ended, output) = rig.finish(&own).await;
    assert_eq!((ended.code, ended.oom_killed), (137, true), "{output:?}");
    let (ended, _) = rig.finish(&small(&rig, 2, "echo fine")).await;
    assert_eq!((ended.code, ended.oom_killed), (0, false));
    rig.end().await;
}

#[tokio::test]
async fn a_step_gets_the_processors_it_has_reserved() {
    let rig = rig!();
    let mut spec = rig.spec(0, "cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu.max 2>/dev/null || true");
    spec.limits.cpus = 500;
    let (ended, output) = rig.finish(&spec).await;
    let text = String::from_utf8(output.stdout).unwrap();
    assert_eq!(ended.code, 0);
    assert!(text.starts_with("50000"), "half of a period of 100 ms: {text}");
    let name = format!("dc-{}-{}-0-1-run", rig.host, rig.run.short());
    let config = rig.docker.inspect_container(&name, None).await.unwrap().host_config.unwrap();
    assert_eq!((config.memory, config.memory_swap), (Some(1 << 30), Some(1 << 30)), "no swap on top");
    assert_eq!(config.privileged, Some(false));
    assert!(config.cap_drop.unwrap().contains(&"ALL".to_owned()));
    assert_eq!(config.security_opt.unwrap(), ["no-new-privileges"], "and Docker's own seccomp");
    assert_eq!((config.devices.unwrap_or_default().len(), config.binds), (0, None));
    rig.end().await;
}

#[tokio::test]
async fn r36_a_fork_bomb_is_its_own_affair() {
    let rig = rig!();
    let bomb = small(&rig, 0, "echo up; b() { b | b & }; b; sleep 100");
    let alone = measured(&rig, 1).await;
    rig.start(&bomb).await;
    rig.until(&bomb.key, 0, "up").await;
    let beside = measured(&rig, 2).await;
    println!("alone {alone:?}, beside the bomb {beside:?}");
    assert!(beside < LONG / 2, "{beside:?}");
    rig.engine.signal(&bomb.key, Signal::Kill).await.unwrap();
    rig.wait(&bomb.key).await;
    rig.end().await;
}

/// The plan's figure is a fifth more. No other test runs beside this one (.config/nextest.toml), the hogs get next to nothing and
/// their share in turns, so that a machine that gets slower is slower for both, and the best of several tries counts.
#[tokio::test]
async fn s36_hogs_of_processes_memory_files_and_connections_leave_others_their_time() {
    let rig = rig!();
    let hogs = [
        "echo up; b() { b | b & }; b; sleep 100",
        &format!("echo up; while :; do ({GREEDY}) 2>/dev/null; done"),
        "echo up; while :; do mkdir d; seq 1 5000 | sed 's,^,d/,' | xargs touch; head -c 30000000 /dev/zero > d/f; rm -r d; done",
        "echo up; while :; do for port in $(seq 1 500); do nc -w 1 127.0.0.1 $port < /dev/null; done; done",
    ];
    let mut running = Vec::new();
    for (step, script) in hogs.iter().enumerate() {
        let mut hog = small(&rig, step as u32, script);
        hog.limits.cpus = SHARE;
        rig.start(&hog).await;
        rig.until(&hog.key, 0, "up").await;
        running.push(hog.key);
    }
    let names: Vec<String> = running.iter().map(|key| format!("dc-{}-{}-{}-1-run", rig.host, rig.run.short(), key.attempt.step)).collect();
    let (mut alone, mut beside) = (LONG, LONG);
    let fits = |alone: Duration, beside: Duration| beside.as_secs_f64() < alone.as_secs_f64() * 1.2;
    for turn in 0..24 {
        // Whatever else this machine does can only make a turn slower: more of them come nearer to what the hogs cost.
        if turn >= 8 && fits(alone, beside) {
            break;
        }
        beside = beside.min(at_work(&rig, 10 + 2 * turn).await);
        give(&rig, &names, HARDLY).await;
        alone = alone.min(at_work(&rig, 11 + 2 * turn).await);
        give(&rig, &names, SHARE).await;
    }
    // The engine loses patience with four thousand processes that have an eighth of a processor to end in.
    give(&rig, &names, 2000).await;
    for key in &running {
        rig.engine.signal(key, Signal::Kill).await.unwrap();
        rig.wait(key).await;
    }
    println!("alone {alone:?}, beside hogs {beside:?}: {:.2}", beside.as_secs_f64() / alone.as_secs_f64());
    rig.end().await;
    assert!(fits(alone, beside), "alone {alone:?}, beside hogs {beside:?}");
}

/// What each hog has reserved, in thousandths of a processor: together a half, and what a run has not reserved is others'.
const SHARE: u32 = 125;
/// The least that there is.
const HARDLY: u32 = 10;

async fn give(rig: &Rig, containers: &[String], cpus: u32) {
    for name in containers {
        let body = bollard::models::ContainerUpdateBody { nano_cpus: Some(i64::from(cpus) * 1_000_000), ..Default::default() };
        rig.docker.update_container(name, body).await.unwrap();
    }
}

/// How long some work takes within a step, by the kernel's clock.
async fn at_work(rig: &Rig, step: u32) -> Duration {
    let script = "cut -d' ' -f1 /proc/uptime; i=0; while [ $i -lt 600000 ]; do i=$((i+1)); done; cut -d' ' -f1 /proc/uptime";
    let (code, output) = rig.sh(step, script).await;
    assert_eq!(code, 0);
    let text = String::from_utf8(output.stdout).unwrap();
    let times: Vec<f64> = text.lines().map(|line| line.parse().unwrap()).collect();
    Duration::from_secs_f64(times[1] - times[0])
}

/// How long a step of some work takes.
async fn measured(rig: &Rig, step: u32) -> Duration {
    let began = Instant::now();
    let (code, _) = rig.sh(step, "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done; sh -c true; sh -c true").await;
    assert_eq!(code, 0);
    began.elapsed()
}

#[tokio::test]
async fn a_command_is_repeated_until_it_ends_well() {
    let rig = rig!();
    let mut spec = rig.spec(0, "echo try >> tries; cat tries; test $(wc -l < tries) -ge 3");
    spec.every = Some(Duration::from_millis(50));
    let (ended, output) = rig.finish(&spec).await;
    assert_eq!((ended.code, &output.stdout[..]), (0, &b"try\ntry\ntry\ntry\ntry\ntry\n"[..]));
    assert_eq!(output.remarks, b"it ended with 1, and is run again every 0.05 s until it ends with 0");

    // Told to end while it runs, and while it rests.
    for (step, script, every) in [(1, "echo up; sleep 100", 50), (2, "echo up; false", 100_000)] {
        let mut spec = rig.spec(step, script);
        spec.every = Some(Duration::from_millis(every));
        rig.start(&spec).await;
        rig.until(&spec.key, 0, "up").await;
        rig.engine.signal(&spec.key, Signal::Term).await.unwrap();
        assert_eq!(rig.wait(&spec.key).await.code, 143);
    }
    rig.end().await;
}
