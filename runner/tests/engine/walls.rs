//! What a step finds when it looks for a way out: security.md S26, S33, S34.

use crate::docker::Rig;
use dockercise_pipeline::ids::RunId;
use dockercise_runner::engine::{AttemptKey, Signal};
use std::net::TcpListener;

/// `reach ADDRESS PORT` says whether anything answers there.
const REACH: &str =
    "reach() { if nc -w 2 \"$1\" \"$2\" < /dev/null > /dev/null 2>&1; then echo \"$1 $2 answers\"; else echo \"$1 $2 does not\"; fi; }
gateway() { ip route | sed -n 's/^default via \\([0-9.]*\\).*/\\1/p'; }
address() { ip -4 addr show scope global | sed -n 's/.*inet \\([0-9.]*\\).*/\\1/p' | head -n 1; }
";

async fn said(rig: &Rig, step: u32, script: &str) -> String {
    let (code, output) = rig.sh(step, &format!("{REACH}{script}")).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(code, 0, "{text}{}", String::from_utf8_lossy(&output.stderr));
    text
}

/// security.md S26.
#[tokio::test]
async fn s26_no_engine_is_to_be_found() {
    let rig = rig!();
    // That the look itself works: what the step opens, it finds.
    let text = said(
        &rig,
        0,
        "find / -xdev -type s 2>/dev/null
        for path in /var/run/docker.sock /run/docker.sock /run/containerd/containerd.sock /proc/1/root/var/run/docker.sock; do
          if test -e $path; then echo \"$path is there\"; fi
        done
        env | grep ^DOCKER || echo 'no word of it'
        grep -c @ /proc/net/unix || true
        nc -l -p 4000 < /dev/null & sleep 1; reach \"$(address)\" 4000
        for port in 2375 2376; do reach \"$(gateway)\" $port; reach host.docker.internal $port; done",
    )
    .await;
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!((lines[0], lines[1]), ("no word of it", "0"), "{text}");
    assert!(lines[2].ends_with(" 4000 answers") && lines.len() == 7, "{text}");
    assert_eq!(text.matches("does not").count(), 4, "{text}");
    rig.end().await;
}

/// security.md S33. Both runs are on one host.
#[tokio::test]
async fn s33_only_the_own_runs_steps_are_met_and_no_packet_is_made_by_hand() {
    let rig = rig!();
    let listens = rig.spec(0, &format!("{REACH}echo \"at $(address) it is\"; while true; do nc -l -p 7777 < /dev/null; done"));
    rig.start(&listens).await;
    let bytes = rig.until(&listens.key, 0, " it is\n").await;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let address = text.split("at ").last().and_then(|rest| rest.split(' ').next()).unwrap().to_owned();
    assert!(address.split('.').count() == 4, "{address:?}");
    // The run's own steps may meet: so it does listen, and the way is open.
    assert_eq!(said(&rig, 1, &format!("reach {address} 7777")).await, format!("{address} 7777 answers\n"));
    // Another run's step may not; nor does it reach what listens for this computer alone, as the server and the runner do.
    let other = RunId(uuid::Uuid::now_v7());
    rig.engine.open_run(other).await.unwrap();
    let here = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = here.local_addr().unwrap().port();
    let script = format!(
        "{REACH}reach {address} 7777; reach \"$(gateway)\" {port}; reach 127.0.0.1 {port}
        arping -c 1 -w 1 \"$(gateway)\" 2>&1 || true
        traceroute -I -m 1 -w 1 -q 1 \"$(gateway)\" 2>&1 || true
        ip link set lo down 2>&1 || true; ip addr add 10.99.99.99/24 dev eth0 2>&1 || true; ip neigh flush dev eth0 2>&1 || true"
    );
    let mut spec = rig.spec(2, &script);
    spec.key = AttemptKey { run: other, ..spec.key };
    spec.volume[0].layer = "other".to_owned();
    for mounted in &mut spec.volume {
        mounted.chain.clear();
    }
    let (ended, output) = rig.finish(&spec).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(ended.code, 0, "{text}");
    assert!(text.matches("does not").count() == 3, "{text}");
    assert!(text.to_lowercase().matches("not permitted").count() + text.matches("ermission denied").count() >= 4, "{text}");
    rig.engine.signal(&listens.key, Signal::Kill).await.unwrap();
    rig.wait(&listens.key).await;
    rig.engine.close_run(other).await.unwrap();
    rig.end().await;
}

/// security.md S34, as root: as another user see `s34_a_user_cannot_touch_what_is_not_its_own`.
#[tokio::test]
async fn s34_not_even_root_sees_the_runner_or_another_step() {
    let rig = rig!();
    let mut other = rig.spec(0, "echo up; sleep 100");
    other.env.push(("CANARY".to_owned(), "canary-7711".to_owned()));
    rig.start(&other).await;
    rig.until(&other.key, 0, "up").await;
    let text = said(
        &rig,
        1,
        "for process in /proc/[0-9]*; do tr '\\0' ' ' < $process/cmdline; tr '\\0' '\\n' < $process/environ; echo; done 2>&1
        cat /dockercise/go/* /dockercise/spool/* 2>&1 | head -c 100000 | tr -cd '[:print:]\\n'
        find / -xdev -name 'journal*' -o -xdev -name 'dockercise.db*' 2>/dev/null
        for tried in 'mount -t proc proc /tmp' 'mount --bind / /tmp' 'mknod /tmp/sda b 8 0' 'dmesg' 'chroot / true' 'nsenter -t 1 -m true' \\
          'unshare -m true' 'insmod x.ko' 'hostname other' 'swapoff -a' 'date -s 2020-01-01' 'nice -n -20 true' 'dd if=/dev/mem count=1'; do
          if $tried > /dev/null 2>&1; then echo \"worked: $tried\"; fi
        done
        if echo x 2>/dev/null > /proc/sys/kernel/core_pattern; then echo 'worked: core_pattern'; fi
        if echo c 2>/dev/null > /proc/sysrq-trigger; then echo 'worked: sysrq'; fi
        ls /proc | grep -cE '^[0-9]+$'; ls /sys/fs/cgroup | wc -l; cat /proc/self/uid_map",
    )
    .await;
    assert!(!text.contains("canary-7711") && !text.lines().any(|line| line.starts_with("worked:")), "{text}");
    // What this test's own process was started with, as a runner is.
    assert!(!text.contains("CARGO_") && !text.contains("nextest") && !text.contains("dockercise runner"), "{text}");
    assert!(!text.contains("sleep 100"), "another step's process: {text}");
    let processes: usize = text.lines().rev().nth(2).unwrap().trim().parse().unwrap();
    assert!(processes < 8, "{processes} processes: {text}");
    rig.engine.signal(&other.key, Signal::Kill).await.unwrap();
    rig.wait(&other.key).await;
    rig.end().await;
}
