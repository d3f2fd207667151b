//! Times at which pipelines are started.

use chrono::{DateTime, Utc};
use sqlx::Row as _;
use standin_github::Fault;
use std::time::Duration;
use stories::World;
use stories::images::BUSYBOX;

const NIGHTLY: &str = "on: {schedule: 30 4 * * *}\nsay:\n  img: IMAGE\n  run: echo $DOCKERCISE_EVENT $DOCKERCISE_REF $DOCKERCISE_SHA\n";

/// When the repository's only schedule comes next; none while there is none.
async fn next_at(world: &World) -> Option<DateTime<Utc>> {
    let rows = sqlx::query("select next_at from schedule").fetch_all(&mut world.db().await.unwrap()).await.unwrap();
    assert!(rows.len() < 2, "{} schedules", rows.len());
    rows.first().map(|row| row.get("next_at"))
}

/// The schedule of the file that was pushed is known.
async fn known(world: &World) -> DateTime<Utc> {
    stories::api::eventually("the schedule", async || Ok(next_at(world).await)).await.unwrap()
}

/// Starts the server so that its schedules are looked at that long after a moment that has not come yet. Nobody waits a day.
async fn start_after(world: &mut World, moment: DateTime<Utc>, after: Duration) {
    let ahead = (moment - Utc::now()).num_seconds() + after.as_secs().cast_signed();
    world.server.env.retain(|(name, _)| name != "DOCKERCISE_SCHEDULES_AHEAD");
    world.server.env.push(("DOCKERCISE_SCHEDULES_AHEAD".into(), ahead.to_string()));
    world.server.start().await.unwrap();
}

/// How many requests of times there were.
async fn times(world: &World) -> i64 {
    let sql = "select count(*) from request where wanted like '%\"want\":\"time\"%'";
    sqlx::query_scalar(sql).fetch_one(&mut world.db().await.unwrap()).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_time_that_comes_runs_the_tip_of_the_default_branch_once() {
    let Some(mut world) = World::new().await else { return };
    let sha = world.push("ci", NIGHTLY).unwrap();
    world.status_is("ci", &sha, "success: not needed: `on` does not name push").await.unwrap();
    let due = known(&world).await;
    assert_eq!(due.format("%H:%M:%S").to_string(), "04:30:00");
    world.server.stop().await.unwrap();
    // It comes while the server runs.
    start_after(&mut world, due, Duration::ZERO).await;
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("passed").await.unwrap();
    assert_eq!(run.value("say").await.unwrap(), format!("schedule refs/heads/main {sha}\n").into_bytes());
    let view = run.view().await.unwrap();
    assert_eq!((view["summary"]["event"].as_str(), view["cron"].as_str()), (Some("schedule"), Some("30 4 * * *")));
    world.status_is("ci", &sha, "success: passed").await.unwrap();
    let next = known(&world).await;
    assert_eq!((next - due).num_hours(), 24);
    // Three days down: one run for all that was missed, and it is of what is there by then.
    world.server.stop().await.unwrap();
    let newer = world.push("ci", &format!("{NIGHTLY}# more\n")).unwrap();
    start_after(&mut world, next, Duration::from_secs(3 * 24 * 3600 + 60)).await;
    let run = world.api.run("ci", 2).await.unwrap();
    run.ends("passed").await.unwrap();
    assert_eq!(run.view().await.unwrap()["commit"]["sha"], newer.as_str());
    assert_eq!((known(&world).await - next).num_days(), 4);
    assert_eq!((times(&world).await, world.api.numbers("ci").await.unwrap()), (2, vec![2, 1]));
    world.close().await;
}

/// By this computer's own clock: it takes up to a minute.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_minute_is_the_next_minute() {
    let Some(world) = World::new().await else { return };
    world.push("ci", &NIGHTLY.replace("30 4 * * *", "'* * * * *'")).unwrap();
    let due = known(&world).await;
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("passed").await.unwrap();
    let made: DateTime<Utc> = run.view().await.unwrap()["summary"]["created_at"].as_str().unwrap().parse().unwrap();
    let late = (made - due).num_milliseconds();
    assert!((0..10_000).contains(&late), "{late} ms after its minute began:\n{}", world.server.said());
    // No minute comes while the story is looked at.
    world.push("ci", "on: manual\nsay: {img: IMAGE, run: echo hi}\n").unwrap();
    let none = async || Ok(next_at(&world).await.is_none().then_some(()));
    stories::api::eventually("no time any more", none).await.unwrap();
    world.settled().await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_push_says_anew_at_which_times() {
    let Some(world) = World::new().await else { return };
    world.push("ci", NIGHTLY).unwrap();
    let first = known(&world).await;
    // Another branch's files say nothing.
    world.clone.write("ci.dockercise.yaml", NIGHTLY.replace("30 4", "0 5").replace("IMAGE", BUSYBOX)).unwrap();
    world.clone.commit("Later, perhaps").unwrap();
    world.clone.push("main:refs/heads/later").unwrap();
    world.settled().await.unwrap();
    assert_eq!(known(&world).await, first);
    world.clone.push("main").unwrap();
    let later = async || Ok(next_at(&world).await.filter(|at| at.format("%H:%M").to_string() == "05:00"));
    stories::api::eventually("the other time", later).await.unwrap();
    // A file with mistakes says nothing either; one that names no time says that there is none.
    world.push("ci", "on: {schedule: 30 4 * * *}\nsay: {img: IMAGE, run: [}\n").unwrap();
    world.api.run("ci", 1).await.unwrap().ends("failed").await.unwrap();
    assert_eq!(known(&world).await.format("%H:%M").to_string(), "05:00");
    world.push("ci", "say: {img: IMAGE, run: echo hi}\n").unwrap();
    let none = async || Ok(next_at(&world).await.is_none().then_some(()));
    stories::api::eventually("no time any more", none).await.unwrap();
    world.api.run("ci", 2).await.unwrap().ends("passed").await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_when_a_time_comes_runs_it_once_all_the_same() {
    let Some(mut world) = World::new().await else { return };
    world.push("ci", NIGHTLY).unwrap();
    let due = known(&world).await;
    world.settled().await.unwrap();
    world.server.stop().await.unwrap();
    // GitHub does not answer: what the time asked for is written, and not carried out yet.
    world.github.add_fault(Fault { path: "/repos/anna/app/branches/*".into(), status: Some(503), ..Fault::default() });
    start_after(&mut world, due, Duration::ZERO).await;
    let asked = async || Ok((times(&world).await == 1).then_some(()));
    stories::api::eventually("what the time asks for", asked).await.unwrap();
    for _ in 0..3 {
        world.server.kill().unwrap();
        start_after(&mut world, due, Duration::from_secs(60)).await;
    }
    world.github.clear_faults();
    world.api.run("ci", 1).await.unwrap().ends("passed").await.unwrap();
    assert_eq!((times(&world).await, world.api.numbers("ci").await.unwrap()), (1, vec![1]));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repository_that_is_connected_has_its_times_at_once() {
    let Some(world) = World::new().await else { return };
    world.github.create_repository(standin_github::NewRepository::private("anna/other".parse().unwrap())).await.unwrap();
    world.clone.write("night.dockercise.yaml", NIGHTLY.replace("IMAGE", BUSYBOX)).unwrap();
    world.clone.commit("Begin").unwrap();
    world.clone.git(&["push", "--quiet", &world.github.git_url("anna/other", &world.token), "main"]).unwrap();
    world.server.connect("anna/other", &world.token).unwrap();
    known(&world).await;
    // Nobody has started it, and anybody may.
    let list = world.api.get("/api/pipelines").await.unwrap().unwrap();
    assert_eq!((list["pipelines"][0]["pipeline"].as_str(), list["pipelines"][0]["runs"].as_array().unwrap().len()), (Some("night"), 0));
    world.close().await;
}

/// Waits until the only schedule comes at that time of the day.
async fn comes_at(world: &World, time: &str) {
    let there = async || Ok(next_at(world).await.filter(|at| at.format("%H:%M").to_string() == time));
    stories::api::eventually(time, there).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn deliveries_in_any_order_leave_the_newest_files_times() {
    let Some(world) = World::new().await else { return };
    world.push("ci", NIGHTLY).unwrap();
    comes_at(&world, "04:30").await;
    world.settled().await.unwrap();
    world.github.lose_deliveries(1);
    world.push("ci", &NIGHTLY.replace("30 4", "0 5")).unwrap();
    world.github.wait_until(|g| g.deliveries("anna/app").iter().any(|d| d.event == "push" && !d.ok())).await;
    world.push("ci", &NIGHTLY.replace("30 4", "0 6")).unwrap();
    comes_at(&world, "06:00").await;
    // The lost one comes after all, late.
    let lost = world.github.deliveries("anna/app").into_iter().find(|d| d.event == "push" && !d.ok()).unwrap();
    world.github.redeliver("anna/app", lost.id).unwrap();
    world.github.wait_until(|g| g.deliveries("anna/app").iter().any(|d| d.redelivery && d.ok())).await;
    world.closed(&lost.guid).await.unwrap();
    let asked = "select count(*) from request where state = 'waiting'";
    let none = async || {
        let waiting: i64 = sqlx::query_scalar(asked).fetch_one(&mut world.db().await?).await?;
        Ok((waiting == 0).then_some(()))
    };
    stories::api::eventually("the end of all requests", none).await.unwrap();
    assert_eq!(known(&world).await.format("%H:%M").to_string(), "06:00");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_default_branch_is_noticed() {
    let Some(world) = World::new().await else { return };
    // The first branch of an empty repository becomes its default branch at GitHub.
    world.clone.write("ci.dockercise.yaml", NIGHTLY.replace("IMAGE", BUSYBOX)).unwrap();
    world.clone.commit("Begin").unwrap();
    world.clone.push("main:refs/heads/trunk").unwrap();
    comes_at(&world, "04:30").await;
    let start = world.api.get("/api/results/local/ci/start").await.unwrap().unwrap();
    assert_eq!(start["git_ref"], "trunk");
    world.settled().await.unwrap();
    world.close().await;
}
