//! The source cannot be fetched, and the step says why.

use sqlx::Executor as _;
use stories::World;

const USES_SOURCE: &str = "look:\n  img: IMAGE\n  vol: source\n  run: ls\nother:\n  img: IMAGE\n  run: echo other\n";

/// Pushes, and returns why `look` could not begin.
async fn reason(world: &World, number: i64) -> String {
    world.push("ci", &format!("# {number}\n{USES_SOURCE}")).unwrap();
    let run = world.api.run("ci", number).await.unwrap();
    run.ends("infra").await.unwrap();
    assert_eq!(run.step("other").await.unwrap()["state"], "passed");
    let look = run.step("look").await.unwrap();
    assert_eq!(look["state"], "infra");
    look["reason"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deploy_key_that_was_removed_is_named() {
    let Some(world) = World::new().await else { return };
    let key = world.github.deploy_keys("anna/app")[0].id;
    let url = format!("{}/repos/anna/app/keys/{key}", world.github.api_base());
    let gone = reqwest::Client::new().delete(url).bearer_auth(&world.token).header("user-agent", "anna").send().await.unwrap();
    assert_eq!(gone.status(), 204);
    let said = reason(&world, 1).await;
    assert!(said.contains("fetching the source: ") && said.contains("Permission denied") && said.contains("deploy key removed"), "{said}");
    // Connected again, the same commit runs.
    world.server.connect("anna/app", &world.token).unwrap();
    let again = world.api.run("ci", 1).await.unwrap().again().await.unwrap();
    again.ends("passed").await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_machine_with_another_host_key_is_not_trusted() {
    let Some(world) = World::new().await else { return };
    // The key in GitHub's own example of a known_hosts line, which is not the stand-in's.
    let other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl";
    let line = format!("[{}]:{} {other}\n", world.github.ssh_host(), world.github.ssh_port());
    let set = sqlx::query("update repository set known_hosts = $1").bind(line);
    world.db().await.unwrap().execute(set).await.unwrap();
    let said = reason(&world, 1).await;
    assert!(said.contains("Host key verification failed") && said.contains("another host key than the one on record"), "{said}");
    world.close().await;
}
