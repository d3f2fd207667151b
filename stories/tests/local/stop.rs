//! Ctrl-c, kill -9, two at once: whatever happens, Docker is left as it was.

use rustix::process::{Pid, Signal, kill_process};
use std::io::{BufRead as _, BufReader};
use std::process::Child;
use std::time::{Duration, Instant};
use stories::Local;
use stories::local::said;

/// Runs for a minute unless it is stopped; says when it runs.
const LONG: &str = "img: IMAGE
long: {run: 'trap \"echo told; exit 7\" TERM; echo here; i=0; while [ $i -lt 600 ]; do sleep 0.1; i=$((i+1)); done'}
deaf: {run: 'trap \"\" TERM; echo here; sleep 60'}
later: {after: long, run: 'true'}
";

/// Starts it and waits until both steps run; the host's id.
fn begun(local: &Local, args: &[&str]) -> (Child, String) {
    let mut child = local.start(args).unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    let (mut line, mut here) = (String::new(), 0);
    while here < 2 {
        line.clear();
        assert!(lines.read_line(&mut line).unwrap() > 0, "it ended early");
        here += usize::from(line.contains("| here"));
    }
    child.stdout = Some(lines.into_inner());
    let host = local.hosts().pop().unwrap();
    (child, host)
}

fn signal(child: &Child, signal: Signal) {
    kill_process(Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap(), signal).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ctrl_c_ends_the_steps_and_leaves_nothing() {
    let Some(local) = Local::new().await else { return };
    local.write("ci.dockercise.yaml", LONG).unwrap();
    let (child, host) = begun(&local, &["run"]);
    assert!(!local.left_of(&host).await.unwrap().is_empty());
    signal(&child, Signal::INT);
    let said = said(child).unwrap();
    assert_eq!(said.code, 130, "{}{}", said.out, said.err);
    assert!(said.out.contains("stopping") && said.out.contains("| told") && said.out.contains("3 cancelled"), "{}", said.out);
    assert_eq!(local.left_of(&host).await.unwrap(), Vec::<String>::new());
    assert!(local.hosts().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_second_ctrl_c_waits_for_nothing_and_leaves_nothing() {
    let Some(local) = Local::new().await else { return };
    local.write("ci.dockercise.yaml", LONG).unwrap();
    let (child, host) = begun(&local, &["run"]);
    let told = Instant::now();
    signal(&child, Signal::INT);
    signal(&child, Signal::TERM);
    let said = said(child).unwrap();
    assert!(said.code == 143 || said.code == 130, "{}{}", said.out, said.err);
    assert!(told.elapsed() < Duration::from_secs(9), "a step that hears nothing is given 10 s, and was given {:?}", told.elapsed());
    assert_eq!(local.left_of(&host).await.unwrap(), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_killed_run_left_is_put_away_by_the_next() {
    let Some(local) = Local::new().await else { return };
    local.write("ci.dockercise.yaml", LONG).unwrap();
    let (mut child, host) = begun(&local, &["run"]);
    child.kill().unwrap();
    child.wait().unwrap();
    assert!(!local.left_of(&host).await.unwrap().is_empty(), "a killed process puts nothing away");
    // In another folder, of the same person.
    local.write("../other/ci.dockercise.yaml", "quick: {img: IMAGE, run: 'true'}\n").unwrap();
    let quick = local.call_in(&local.path().join("../other"), &["run"]).unwrap();
    assert_eq!(quick.code, 0, "{}{}", quick.out, quick.err);
    assert_eq!(local.left_of(&host).await.unwrap(), Vec::<String>::new());
    assert!(local.hosts().is_empty());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_at_once_in_one_folder_and_two_folders_do_not_meet() {
    let Some(local) = Local::new().await else { return };
    local.write("ci.dockercise.yaml", "a: {img: IMAGE, vol: source, run: 'cat words; sleep 1'}\n").unwrap();
    local.write("words", "one\n").unwrap();
    local.write("../other/ci.dockercise.yaml", "a: {img: IMAGE, vol: source, run: 'cat words; sleep 1'}\n").unwrap();
    local.write("../other/words", "other\n").unwrap();
    let folders = [local.path(), local.path(), local.path().join("../other")];
    let started = folders.map(|folder| local.start_in(&folder, &["run"]).unwrap());
    let all: Vec<_> = started.into_iter().map(|child| said(child).unwrap()).collect();
    for (said, words) in all.iter().zip(["a | one\n", "a | one\n", "a | other\n"]) {
        assert!(said.code == 0 && said.out.contains(words), "{}{}", said.out, said.err);
    }
    assert!(local.hosts().is_empty());
}
