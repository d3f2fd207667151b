//! A step that clones its own repository by ssh: the key signs, and is nowhere in the step.

use super::holding;
use std::net::IpAddr;
use std::time::Duration;
use stories::{Setup, World, docker, images};

/// As somebody writes it who knows GitHub only; the address is the stand-in's.
const FILE: &str = r"img: IMAGE
get-code:
  run: |
    mkdir ~/.ssh; printf 'Host github.com\n  HostName HOST\n  Port PORT\n' > ~/.ssh/config
    git clone -q -b main --single-branch git@github.com:anna/app.git .
    ssh-add -l
as-nobody:
  user: '65534'
  env: {GIT_CONFIG_COUNT: 0}
  run: git clone -q ssh://git@HOST:PORT/anna/app.git . && git log --format=%s
  done: git ls-remote -q --heads origin | wc -l
other-host-key:
  run: |
    echo '[HOST]:PORT OTHER' > ~/known; export GIT_SSH_COMMAND='ssh -o StrictHostKeyChecking=yes -o UserKnownHostsFile=~/known'
    git clone -q ssh://git@HOST:PORT/anna/app.git . 2>&1 || echo refused
push:
  vol: get-code
  run: git push -q ssh://git@HOST:PORT/anna/app.git HEAD:refs/heads/mine 2>&1 || echo refused
look:
  vol: source
  results: ['.git/**', '**']
  run: |
    echo looking >&2
    until test -e go; do sleep 0.1; done
    ssh-add -l
";

/// A key of nobody.
const OTHER: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";

async fn world() -> Option<World> {
    let engine = docker::engine().await?;
    let ssh_ip: IpAddr = docker::gateway(&engine).await.unwrap();
    World::with(Setup { ssh_ip, ..Setup::default() }).await
}

/// The parts of the repository's key that are nobody else's: its last line as text, and its bytes.
fn key_of(world: &World) -> [Vec<u8>; 2] {
    let jobs = std::fs::read_dir(world.server.data().join("runner/jobs")).unwrap();
    let file = jobs.map(|job| job.unwrap().path().join("job.json")).find(|file| file.exists()).unwrap();
    let job: serde_json::Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let key = job["source"]["deploy_key"].as_str().unwrap();
    let lines: Vec<&str> = key.lines().filter(|line| !line.contains("-----")).collect();
    let bytes = ssh_key::PrivateKey::from_openssh(key).unwrap().key_data().ed25519().unwrap().private.to_bytes();
    // Four lines or five, of which the fourth begins in the private part.
    [lines[3].as_bytes().to_vec(), bytes.to_vec()]
}

/// Waits for the agent, then gives out all that a thief could look at, and lets the step end.
const LOOK: &str = "until SSH_AUTH_SOCK=/dockercise/go/agent ssh-add -l; do sleep 0.1; done
    cat /dockercise/*/* /proc/*/environ /proc/*/cmdline 2>/dev/null
    find / /work /tmp -xdev -type f -newer /dockercise/go/init -exec cat {} +; touch /work/go";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s65_a_step_clones_with_the_repositorys_key_and_never_has_it() {
    let Some(mut world) = world().await else { return };
    let image = images::debian(&world.docker, "git").await.unwrap();
    let (host, port) = (world.github.ssh_host().to_string(), world.github.ssh_port().to_string());
    let file = FILE.replace("IMAGE", &image).replace("HOST", &host).replace("PORT", &port).replace("OTHER", OTHER);
    world.push("ci", &file).unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    for step in ["get-code", "as-nobody", "other-host-key", "push"] {
        run.step_is(step, "passed").await.unwrap();
    }
    let listed = run.log("get-code", "run").await.unwrap();
    assert!(listed.contains("deploy key of anna/app (ED25519)"), "{listed}");
    assert_eq!(run.log("as-nobody", "run").await.unwrap().trim(), "Change ci");
    assert_eq!(run.log("as-nobody", "done").await.unwrap().trim(), "1");
    let said = run.log("other-host-key", "run").await.unwrap();
    assert!(said.contains("Host key verification failed") && said.contains("refused"), "{said}");
    assert!(run.log("push", "run").await.unwrap().ends_with("refused\n"), "the key may read only");

    // The agent is there for a step that outlives the server and its runner.
    let key = key_of(&world);
    run.log_holds("look", "looking").await.unwrap();
    world.server.kill().unwrap();
    world.server.start().await.unwrap();
    let container = world.running().await.unwrap().name;
    let look = tokio::process::Command::new("docker").args(["exec", &container, "sh", "-c", LOOK]).output();
    let seen = tokio::time::timeout(Duration::from_secs(60), look).await.unwrap().unwrap().stdout;
    let holds = |bytes: &[u8]| seen.windows(bytes.len()).any(|part| part == bytes);
    assert!(holds(b"[remote \"origin\"]"), "the source is there");
    assert!(holds(b"deploy key of anna/app") && holds(b"SSH_AUTH_SOCK=") && holds(b"ssh-add"), "it looked at nothing");
    assert!(!key.iter().any(|part| holds(part)), "the key is in the container");
    assert!(!holds(world.token.as_bytes()), "GitHub's token is in the container");
    run.ends("passed").await.unwrap();
    assert!(run.log("look", "run").await.unwrap().contains("deploy key of anna/app"));
    // Nor is it on this machine's disk once the job is over, but sealed.
    let found = stories::api::eventually("a disk without the key", async || {
        let found = holding(world.server.data(), &[std::str::from_utf8(&key[0])?, &world.token]);
        Ok(found.is_empty().then_some(()))
    });
    found.await.unwrap();
    world.close().await;
}
