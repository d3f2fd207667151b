//! The deliveries of a push and of its pull request come in any order, and one run comes of them.

use super::{fix, told};
use stories::World;

const BOTH: &str = "on: [push, pull_request]\nsay: {img: IMAGE, run: echo $DOCKERCISE_EVENT}\n";

/// Pushes the branch `fix` while GitHub's deliveries are lost; returns the commit and the lost delivery.
async fn lost(world: &World) -> (String, u64) {
    world.clone.write("fix.txt", "1").unwrap();
    let sha = world.clone.commit("Fix it").unwrap();
    // The branch is new: GitHub tells of that first.
    world.github.lose_deliveries(2);
    world.clone.push("main:refs/heads/fix").unwrap();
    let pushed = |d: &standin_github::Delivery| d.event == "push" && d.payload["after"] == sha.as_str();
    world.github.wait_until(|g| g.deliveries("anna/app").iter().any(pushed)).await;
    world.github.lose_deliveries(0);
    let delivery = world.github.deliveries("anna/app").into_iter().find(pushed).unwrap();
    assert_ne!(delivery.status_code, 202, "it is lost");
    (sha, delivery.id)
}

/// The pipeline is on main and has run there; then the pull request's delivery comes, and the push's after it.
async fn pull_request_first(world: &World, yaml: &str) -> stories::inbox::Stored {
    world.push("ci", yaml).unwrap();
    world.api.run("ci", 1).await.unwrap().ends("passed").await.unwrap();
    let (_, delivery) = lost(world).await;
    world.github.open_pull("anna/app", &fix("anna/app")).await.unwrap();
    assert_eq!(told(world, "opened").await.state, "done");
    let guid = world.github.deliveries("anna/app").into_iter().find(|d| d.id == delivery).unwrap().guid;
    world.github.redeliver("anna/app", delivery).unwrap();
    world.closed(&guid).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_that_is_heard_of_late_joins_its_pull_requests_run() {
    let Some(world) = World::new().await else { return };
    let pushed = pull_request_first(&world, BOTH).await;
    let words = "no pipeline is needed: ci: the pull request's run, number 2, stands for it";
    assert_eq!((pushed.state.as_str(), pushed.note.as_str()), ("ignored", words));
    world.api.run("ci", 2).await.unwrap().ends("passed").await.unwrap();
    assert_eq!(world.api.numbers("ci").await.unwrap(), [2, 1]);

    // The branch goes on and comes back: that is a push like any other.
    let back = world.clone.git(&["rev-parse", "HEAD"]).unwrap();
    world.clone.commit("Another").unwrap();
    world.clone.push("main:refs/heads/fix").unwrap();
    world.api.run("ci", 3).await.unwrap().ends("passed").await.unwrap();
    world.settled().await.unwrap();
    world.clone.push(&format!("+{back}:refs/heads/fix")).unwrap();
    world.api.run("ci", 4).await.unwrap().ends("passed").await.unwrap();
    world.settled().await.unwrap();
    assert_eq!(world.api.numbers("ci").await.unwrap(), [4, 3, 2, 1]);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_that_has_more_to_do_than_its_pull_request_runs() {
    let Some(world) = World::new().await else { return };
    let yaml = format!("{BOTH}more: {{img: IMAGE, when: {{event: push}}, run: echo more}}\n");
    let pushed = pull_request_first(&world, &yaml).await;
    assert_eq!((pushed.state.as_str(), pushed.note.as_str()), ("done", ""));
    let run = world.api.run("ci", 3).await.unwrap();
    run.ends("passed").await.unwrap();
    run.step_is("more", "passed").await.unwrap();
    world.api.run("ci", 2).await.unwrap().ends("passed").await.unwrap();
    world.close().await;
}
