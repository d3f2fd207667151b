//! Which refs run, and which do not.

use super::{SMALL, after_the_ping, newest};
use stories::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_ref_at_a_built_commit_runs_and_the_same_ref_does_not() {
    let Some(world) = World::new().await else { return };
    let sha = world.push("ci", SMALL).unwrap();
    let says = async |number: i64| {
        let run = world.api.run("ci", number).await.unwrap();
        run.ends("passed").await.unwrap();
        assert_eq!(run.view().await.unwrap()["commit"]["sha"], sha.as_str());
        String::from_utf8(run.value("say").await.unwrap()).unwrap()
    };
    assert_eq!(says(1).await, "refs/heads/main\n");
    world.clone.push("main:refs/heads/release/1.x").unwrap();
    assert_eq!(says(2).await, "refs/heads/release/1.x\n");
    world.clone.git(&["tag", "v1"]).unwrap();
    world.clone.push("v1").unwrap();
    assert_eq!(says(3).await, "refs/tags/v1\n");
    // An annotated tag is an object of its own; what runs is the commit.
    world.clone.git(&["tag", "-a", "v1.1", "-m", "Version 1.1"]).unwrap();
    world.clone.push("v1.1").unwrap();
    assert_eq!(says(4).await, "refs/tags/v1.1\n");
    // Away and back: the newest run of the branch is at that commit already.
    world.clone.push(":refs/heads/release/1.x").unwrap();
    world.clone.push("main:refs/heads/release/1.x").unwrap();
    let told = async || {
        let all = world.settled().await?;
        Ok(all.into_iter().find(|d| d.event == "push" && d.state == "ignored"))
    };
    let told = stories::api::eventually("the push that is no news", told).await.unwrap();
    assert!(told.note.contains("number 2, is at this commit already"), "{told:?}");
    assert_eq!(world.api.numbers("ci").await.unwrap(), [4, 3, 2, 1]);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_forced_push_back_runs() {
    let Some(world) = World::new().await else { return };
    let first = world.push("ci", SMALL).unwrap();
    let second = world.push("ci", &format!("# more\n{SMALL}")).unwrap();
    world.clone.push(&format!("+{first}:refs/heads/main")).unwrap();
    for (number, sha) in [(1, &first), (2, &second), (3, &first)] {
        let run = world.api.run("ci", number).await.unwrap();
        run.ends("passed").await.unwrap();
        assert_eq!(run.view().await.unwrap()["commit"]["sha"], sha.as_str());
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn skip_ci_is_honoured_and_said() {
    let Some(world) = World::new().await else { return };
    world.clone.write("ci.dockercise.yaml", SMALL.replace("IMAGE", stories::images::BUSYBOX)).unwrap();
    let sha = world.clone.commit("Write it down\n\nNothing to run here. [skip ci]").unwrap();
    world.clone.push("main").unwrap();
    world.status_is("ci", &sha, "success: not needed: the commit's message says [skip ci]").await.unwrap();
    assert_eq!(world.api.numbers("ci").await.unwrap(), Vec::<i64>::new());
    // Only the newest commit's message counts.
    world.clone.commit("Run it").unwrap();
    world.clone.push("main").unwrap();
    world.api.run("ci", 1).await.unwrap().ends("passed").await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deleted_branch_cancels_what_runs_for_it_and_nothing_else() {
    let Some(world) = World::new().await else { return };
    let sha = world.push("ci", "work:\n  img: IMAGE\n  run: echo begun && sleep 60\n").unwrap();
    world.clone.push("main:refs/heads/gone").unwrap();
    let (main, gone) = (world.api.run("ci", 1).await.unwrap(), world.api.run("ci", 2).await.unwrap());
    main.log_holds("work", "begun").await.unwrap();
    gone.log_holds("work", "begun").await.unwrap();
    world.clone.push(":refs/heads/gone").unwrap();
    gone.ends("cancelled").await.unwrap();
    let by = gone.view().await.unwrap()["stop"]["by"].clone();
    assert_eq!(by, "the deletion of refs/heads/gone");
    assert_eq!(main.step("work").await.unwrap()["state"], "running");
    let deleted = newest(&world, "push").await;
    assert!(deleted.state == "done" && deleted.note.contains("pipelines cancelled: 1"), "{deleted:?}");
    main.cancel().await.unwrap();
    main.ends("cancelled").await.unwrap();
    world.status_is("ci", &sha, "error: cancelled").await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn githubs_ping_shows_that_the_hook_works() {
    let Some(world) = World::new().await else { return };
    let ping = after_the_ping(&world).await.into_iter().find(|d| d.event == "ping").unwrap();
    assert_eq!((ping.state.as_str(), ping.note.as_str()), ("done", "the webhook works"));
    let verified: Option<String> =
        sqlx::query_scalar("select verified_at from repository").fetch_one(&mut world.db().await.unwrap()).await.unwrap();
    assert!(verified.is_some());
    world.close().await;
}
