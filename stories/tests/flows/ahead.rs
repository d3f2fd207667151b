//! What is there before a push.
#![expect(clippy::unwrap_used, reason = "tests")]

use bollard::query_parameters::ListNetworksOptionsBuilder;
use std::collections::HashMap;
use stories::World;
use stories::api::eventually;

/// The runs that networks of this host were made for.
async fn networks(world: &World) -> Vec<String> {
    let host = std::fs::read_to_string(world.server.data().join("runner/host")).unwrap_or_default();
    let filters = HashMap::from([("label".to_owned(), vec![format!("dockercise.host={}", host.trim())])]);
    let options = ListNetworksOptionsBuilder::default().filters(&filters).build();
    let found = world.docker.list_networks(Some(options)).await.unwrap();
    found.into_iter().filter_map(|n| n.labels?.remove("dockercise.run")).collect()
}

async fn runs(world: &World) -> Vec<String> {
    use sqlx::ConnectOptions as _;
    let file = world.server.data().join("dockercise.db");
    let mut db = sqlx::sqlite::SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    let ids: Vec<uuid::Uuid> = sqlx::query_scalar("select id from run order by created_at").fetch_all(&mut db).await.unwrap();
    ids.iter().map(ToString::to_string).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pushed_run_finds_its_network_made_and_one_at_a_gate_leaves_it_to_another() {
    let Some(mut world) = World::new().await else { return };
    let ready = eventually("a network made ahead", async || Ok(networks(&world).await.first().cloned())).await.unwrap();
    world.push("gated", "after: human-click\nsay:\n  img: IMAGE\n  run: echo said\n").unwrap();
    let gated = world.api.run("gated", 1).await.unwrap();
    gated.until("its gate", |v| v["summary"]["state"] == "waiting").await.unwrap();
    assert_ne!(runs(&world).await, [ready], "nothing of it starts before the click");
    // The network is there a moment before the server is told of it.
    let mut found = None;
    for round in 1..=5 {
        let before = networks(&world).await;
        world.push("ci", &format!("say:\n  img: IMAGE\n  run: echo said {round}\n")).unwrap();
        let run = world.api.run("ci", round).await.unwrap();
        run.ends("passed").await.unwrap();
        found = runs(&world).await.pop().filter(|run| before.contains(run));
        if found.is_some() {
            break;
        }
    }
    let ready = found.unwrap();
    // A runner that is killed leaves one behind; the next one removes it, and has its own.
    let stale = eventually("the next one", async || Ok(networks(&world).await.into_iter().find(|n| *n != ready))).await.unwrap();
    world.server.kill().unwrap();
    for runner in world.server.runners() {
        let pid = rustix::process::Pid::from_raw(i32::try_from(runner).unwrap()).unwrap();
        let _ = rustix::process::kill_process(pid, rustix::process::Signal::KILL);
    }
    world.server.start().await.unwrap();
    eventually("only a new one", async || {
        let now = networks(&world).await;
        Ok((now.len() == 1 && now[0] != stale && now[0] != ready).then_some(()))
    })
    .await
    .unwrap();
    // What waits at a gate had no network.
    gated.cancel().await.unwrap();
    for number in world.api.numbers("gated").await.unwrap() {
        let other = world.api.run("gated", number).await.unwrap();
        if other.view().await.unwrap()["summary"]["state"] == "waiting" {
            other.cancel().await.unwrap();
        }
    }
    world.close().await;
}
