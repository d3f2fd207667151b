//! What becomes of repositories at GitHub.

use super::SMALL;
use stories::World;

async fn named(world: &World, name: &str) {
    let is = async || Ok(world.stands().await?.filter(|stands| stands["name"] == name));
    stories::api::eventually("the repository's new name", is).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_renamed_repository_is_followed() {
    let Some(world) = World::new().await else { return };
    world.push("ci", SMALL).unwrap();
    world.api.run("ci", 1).await.unwrap().ends("passed").await.unwrap();
    world.github.rename_repository("anna/app", "shop").unwrap();
    named(&world, "anna/shop").await;
    let sha = world.push("ci", &SMALL.replace("said", "sold")).unwrap();
    let run = world.api.run("ci", 2).await.unwrap();
    run.ends("passed").await.unwrap();
    assert_eq!(run.view().await.unwrap()["repository"]["name"], "anna/shop");
    world.github.wait_until(|g| g.statuses("anna/shop").iter().any(|s| s.sha == sha && s.state == "success")).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repository_that_was_renamed_under_way_is_followed_by_its_number() {
    let Some(world) = World::new().await else { return };
    let sha = world.push("ci", "work:\n  img: IMAGE\n  run: echo begun && sleep 60\n").unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.log_holds("work", "begun").await.unwrap();
    world.status_is("ci", &sha, "pending: running").await.unwrap();
    // Nobody tells: what is posted to the old name is answered with a redirect.
    world.github.lose_deliveries(1);
    world.github.rename_repository("anna/app", "shop").unwrap();
    run.cancel().await.unwrap();
    run.ends("cancelled").await.unwrap();
    world.github.wait_until(|g| g.statuses("anna/shop").iter().any(|s| s.sha == sha && s.state == "error")).await;
    named(&world, "anna/shop").await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_webhook_that_was_removed_by_hand_is_made_again() {
    let Some(world) = World::new().await else { return };
    world.push("ci", SMALL).unwrap();
    world.api.run("ci", 1).await.unwrap().ends("passed").await.unwrap();
    let old = world.github.hooks("anna/app").pop().unwrap();
    let url = format!("{}/repos/anna/app/hooks/{}", world.github.api_base(), old.id);
    let client = reqwest::Client::builder().user_agent("stories").build().unwrap();
    assert_eq!(client.delete(url).bearer_auth(&world.token).send().await.unwrap().status().as_u16(), 204);
    world.github.wait_until(|g| g.hooks("anna/app").iter().any(|hook| hook.id != old.id)).await;
    let new = world.github.hooks("anna/app");
    assert_eq!((new.len(), &new[0].url, &new[0].secret), (1, &old.url, &old.secret));
    world.push("ci", &SMALL.replace("said", "again")).unwrap();
    world.api.run("ci", 2).await.unwrap().ends("passed").await.unwrap();
    world.close().await;
}

async fn stands(world: &World, standing: &str) {
    let is = async || Ok(world.stands().await?.filter(|stands| stands["standing"] == standing));
    stories::api::eventually(&format!("the repository to stand {standing}"), is).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repository_is_archived_and_made_public_and_both_are_shown() {
    let Some(world) = World::new().await else { return };
    stands(&world, "ok").await;
    assert_eq!(world.stands().await.unwrap().unwrap()["public"], false);
    world.github.hide_repository("anna/app", false).unwrap();
    let public = async || Ok(world.stands().await?.filter(|stands| stands["public"] == true));
    stories::api::eventually("what everybody sees", public).await.unwrap();
    world.github.archive_repository("anna/app", true).unwrap();
    stands(&world, "archived").await;
    assert!(world.stands().await.unwrap().unwrap()["note"].as_str().unwrap().contains("archived"));
    world.github.archive_repository("anna/app", false).unwrap();
    stands(&world, "ok").await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transferred_repository_is_out_of_reach_until_its_new_owner_lets_us_in() {
    let Some(mut world) = World::new().await else { return };
    world.push("ci", SMALL).unwrap();
    world.api.run("ci", 1).await.unwrap().ends("passed").await.unwrap();
    world.github.create_user("ben").unwrap();
    world.github.transfer_repository("anna/app", "ben").unwrap();
    stands(&world, "gone").await;
    world.github.set_role("ben/app", "anna", standin_github::Role::Admin).unwrap();
    // It would look again within the hour.
    world.server.stop().await.unwrap();
    world.server.start().await.unwrap();
    named(&world, "ben/app").await;
    stands(&world, "ok").await;
    world.push("ci", &SMALL.replace("said", "ours")).unwrap();
    world.api.run("ci", 2).await.unwrap().ends("passed").await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_runs_of_a_deleted_repository_is_cancelled() {
    let Some(world) = World::new().await else { return };
    world.push("ci", "work:\n  img: IMAGE\n  run: echo begun && sleep 60\n").unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.log_holds("work", "begun").await.unwrap();
    world.github.delete_repository("anna/app").unwrap();
    run.ends("cancelled").await.unwrap();
    assert_eq!(run.view().await.unwrap()["stop"]["by"], "the deletion of the repository");
    stands(&world, "gone").await;
    world.close().await;
}
