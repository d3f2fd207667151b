//! Nothing is missed, and nothing runs twice.

use super::{SMALL, answers};
use standin_github::{Fault, NewRepository};
use stories::World;

/// What GitHub could not deliver is not told of either: it is longer ago than GitHub keeps it.
fn forgotten() -> Fault {
    Fault { times: None, ..answers("GET", "/repos/anna/app/hooks/*/deliveries", 200, "[]", 1) }
}

/// When a repository was last looked at, and its branches too.
async fn looked(world: &World, name: &str) {
    let sql = "select count(*) from repository where name = $1 and looked_at is not null and heads_due is null and look_due > looked_at";
    let done = async || {
        let count: i64 = sqlx::query_scalar(sql).bind(name).fetch_one(&mut world.db().await?).await?;
        Ok((count == 1).then_some(()))
    };
    stories::api::eventually("a look", done).await.unwrap();
}

/// reliability.md R44.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r44_what_is_pushed_while_the_server_is_away_runs_once_each() {
    let Some(mut world) = World::new().await else { return };
    world.push("ci", SMALL).unwrap();
    world.api.run("ci", 1).await.unwrap().ends("passed").await.unwrap();
    looked(&world, "app").await;
    world.server.stop().await.unwrap();
    let mut pushed = Vec::new();
    for n in 0..5 {
        pushed.push(world.push("ci", &SMALL.replace("said", &format!("said {n}"))).unwrap());
        world.github.wait_until(|g| g.deliveries("anna/app").iter().filter(|d| d.event == "push" && !d.ok()).count() == n + 1).await;
    }
    world.server.start().await.unwrap();
    let mut ran = Vec::new();
    for number in 2..=6 {
        let run = world.api.run("ci", number).await.unwrap();
        run.ends("passed").await.unwrap();
        ran.push(run.view().await.unwrap()["commit"]["sha"].as_str().unwrap().to_owned());
    }
    // GitHub sends them side by side.
    ran.sort();
    pushed.sort();
    assert_eq!(ran, pushed);
    // Killed, it looks once more, and finds nothing.
    world.server.kill().unwrap();
    world.server.start().await.unwrap();
    looked(&world, "app").await;
    world.settled().await.unwrap();
    assert_eq!(world.api.numbers("ci").await.unwrap(), [6, 5, 4, 3, 2, 1]);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_whose_delivery_never_came_is_found_by_looking_and_runs_once() {
    let Some(mut world) = World::new().await else { return };
    let first = world.push("ci", SMALL).unwrap();
    world.api.run("ci", 1).await.unwrap().ends("passed").await.unwrap();
    looked(&world, "app").await;
    world.server.stop().await.unwrap();
    world.github.add_fault(forgotten());
    let sha = world.push("ci", &SMALL.replace("said", "found")).unwrap();
    world.clone.push("main:refs/heads/other").unwrap();
    let lost = |g: &standin_github::Standin| g.deliveries("anna/app").iter().filter(|d| d.event == "push" && !d.ok()).count() == 2;
    world.github.wait_until(lost).await;
    world.server.start().await.unwrap();
    for number in [2, 3] {
        let run = world.api.run("ci", number).await.unwrap();
        run.ends("passed").await.unwrap();
        let view = run.view().await.unwrap();
        assert_eq!(
            (view["commit"]["sha"].as_str(), view["note"].as_str()),
            (Some(&*sha), Some("found by looking: its delivery never came"))
        );
    }
    world.status_is("ci", &sha, "success: passed").await.unwrap();
    // However often it looks, and when the delivery comes after all.
    world.server.kill().unwrap();
    world.server.start().await.unwrap();
    looked(&world, "app").await;
    for late in world.github.deliveries("anna/app").into_iter().filter(|d| d.event == "push" && !d.ok()) {
        world.github.redeliver("anna/app", late.id).unwrap();
        let closed = world.closed(&late.guid).await.unwrap();
        assert!(closed.state == "ignored" && closed.note.contains("found by looking"), "{closed:?}");
    }
    assert_eq!(world.api.numbers("ci").await.unwrap(), [3, 2, 1]);
    // The branch goes back to where it was: that is news.
    world.clone.git(&["reset", "--quiet", "--hard", &first]).unwrap();
    world.clone.push("+main").unwrap();
    let back = world.api.run("ci", 4).await.unwrap();
    back.ends("passed").await.unwrap();
    assert!(back.view().await.unwrap()["note"].is_null());
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_there_when_a_repository_was_connected_is_not_run() {
    let Some(mut world) = World::new().await else { return };
    world.github.create_repository(NewRepository::private("anna/old".parse().unwrap())).await.unwrap();
    world.clone.write("old.dockercise.yaml", SMALL.replace("IMAGE", stories::images::BUSYBOX)).unwrap();
    world.clone.commit("Begin").unwrap();
    let url = world.github.git_url("anna/old", &world.token);
    world.clone.git(&["push", "--quiet", &url, "main", "main:refs/heads/more"]).unwrap();
    world.server.connect("anna/old", &world.token).unwrap();
    looked(&world, "old").await;
    world.server.stop().await.unwrap();
    world.server.start().await.unwrap();
    looked(&world, "old").await;
    assert_eq!(world.api.numbers("old").await.unwrap(), Vec::<i64>::new());
    world.clone.commit("Go on").unwrap();
    world.clone.git(&["push", "--quiet", &url, "main"]).unwrap();
    world.api.run("old", 1).await.unwrap().ends("passed").await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_says_skip_is_found_and_not_run() {
    let Some(mut world) = World::new().await else { return };
    world.push("ci", SMALL).unwrap();
    world.api.run("ci", 1).await.unwrap().ends("passed").await.unwrap();
    looked(&world, "app").await;
    world.server.stop().await.unwrap();
    world.github.add_fault(forgotten());
    let sha = world.clone.commit("Later [skip ci]").unwrap();
    world.clone.push("main").unwrap();
    world.server.start().await.unwrap();
    world.status_is("ci", &sha, "success: not needed: the commit's message says [skip ci]").await.unwrap();
    assert_eq!(world.api.numbers("ci").await.unwrap(), [1]);
    world.close().await;
}
