//! Restarts of the daemon, on one of the test's own, in a network of its own (reliability.md, R07 and R08).

use crate::docker::{Rig, labelled, output, rig_at, sha256};
use bollard::{API_DEFAULT_VERSION, Docker};
use dockercise_runner::engine::EngineError;
use futures_util::StreamExt;
use std::fs::File;
use std::path::Path;
use std::process::{Child, Command};
use std::time::Duration;

struct Daemon {
    folder: tempfile::TempDir,
    options: &'static [&'static str],
    process: Child,
}

impl Daemon {
    /// A daemon, where one can be had: as root, with `dockerd` installed.
    fn start(options: &'static [&'static str]) -> Option<Daemon> {
        let found = Command::new("dockerd").arg("--version").output().is_ok_and(|output| output.status.success());
        if !found || !rustix::process::geteuid().is_root() {
            eprintln!("SKIPPED: a daemon of its own needs root and dockerd");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let process = spawn(folder.path(), options);
        Some(Daemon { folder, options, process })
    }

    fn address(&self) -> String {
        format!("unix://{}/sock", self.folder.path().display())
    }

    /// A client, once the daemon answers.
    async fn client(&self) -> Docker {
        for _ in 0..300 {
            if let Ok(docker) = Docker::connect_with_unix(&self.address(), 60, API_DEFAULT_VERSION)
                && let Ok(docker) = docker.negotiate_version().await
            {
                return docker;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        let log = std::fs::read_to_string(self.folder.path().join("log")).unwrap();
        panic!("the daemon does not answer: {log}");
    }

    /// As a crash: no word to anybody.
    fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
        // Their files still name them and containerd, which dies with it; a new daemon would believe that they run.
        for left in ["pid", "exec/containerd/containerd.pid"] {
            let _ = std::fs::remove_file(self.folder.path().join(left));
        }
    }

    fn start_again(&mut self) {
        self.process = spawn(self.folder.path(), self.options);
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let pid = i32::try_from(self.process.id()).ok().and_then(rustix::process::Pid::from_raw).unwrap();
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
        let _ = self.process.wait();
        // What the crashed one had mounted stays mounted.
        let folder = self.folder.path().display().to_string();
        let mounts = std::fs::read_to_string("/proc/mounts").unwrap_or_default();
        let mut below: Vec<&str> =
            mounts.lines().filter_map(|line| line.split(' ').nth(1)).filter(|path| path.starts_with(&folder)).collect();
        below.sort();
        for path in below.into_iter().rev() {
            let _ = Command::new("umount").args(["-l", path]).status();
        }
    }
}

fn spawn(folder: &Path, options: &[&str]) -> Child {
    let log = File::options().create(true).append(true).open(folder.join("log")).unwrap();
    let path = |name: &str| folder.join(name).display().to_string();
    Command::new("unshare")
        .args(["--net", "dockerd", "--bridge=none", "--data-root", &path("data"), "--exec-root", &path("exec")])
        .args(["--pidfile", &path("pid"), "--host", &format!("unix://{}", path("sock"))])
        .args(options)
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap()
}

async fn rig_on(daemon: &Daemon) -> Rig {
    rig_at(daemon.client().await, Some(daemon.address())).await
}

#[tokio::test]
async fn r08_a_daemon_that_ends_a_step_is_not_the_steps_failure() {
    let Some(mut daemon) = Daemon::start(&[]) else { return };
    let rig = rig_on(&daemon).await;
    let spec = rig.spec(0, "echo up; sleep 5; exit 0");
    rig.start(&spec).await;
    rig.until(&spec.key, 0, "up").await;
    let ended = rig.sh(1, "kill -9 $$").await.0;
    assert_eq!(ended, 137, "its own end is its own");

    let (waited, ()) = tokio::join!(rig.engine.wait(&spec.key), async {
        daemon.kill();
        daemon.start_again();
        daemon.client().await;
    });
    assert!(matches!(waited, Err(EngineError::Daemon { .. })), "{waited:?}");
    // The run goes on: its holders have ended too, and are started again.
    assert_eq!(rig.sh(2, "echo on").await.1.stdout, b"on\n");
    rig.end().await;
}

#[tokio::test]
async fn r07_with_live_restore_a_step_goes_on_without_its_daemon() {
    let Some(mut daemon) = Daemon::start(&["--live-restore"]) else { return };
    let rig = rig_on(&daemon).await;
    let spec = rig.spec(0, "i=0; while [ $i -lt 80 ]; do seq 1 1000; sleep 0.1; i=$((i+1)); done; exit 7");
    rig.start(&spec).await;
    let mut follow = rig.engine.follow(&spec.key, 0);
    let mut bytes = follow.next().await.unwrap().unwrap().to_vec();
    let (ended, ()) = tokio::join!(rig.wait(&spec.key), async {
        daemon.kill();
        tokio::time::sleep(Duration::from_secs(2)).await;
        daemon.start_again();
        daemon.client().await;
    });
    assert_eq!(ended.code, 7);
    follow.finish();
    while let Some(piece) = follow.next().await {
        bytes.extend(piece.unwrap());
    }
    let lines: String = (1..=1000).map(|n| format!("{n}\n")).collect();
    assert!(output(&bytes).stdout == lines.repeat(80).as_bytes(), "the log has a gap, or something twice");
    assert_eq!(rig.engine.spool_sum(&spec.key).await.unwrap().sha256, sha256(&bytes));
    rig.engine.close_run(rig.run).await.unwrap();
    // This engine counts the mounts of a container that it kept for ever, so its volumes stay until its next start.
    let left = labelled(&rig.docker, &rig.host).await;
    assert!(left.iter().all(|name| name.starts_with("volume ") || name.contains("-keeper-")), "{left:?}");
    rig.engine.clear().await.unwrap();
}
