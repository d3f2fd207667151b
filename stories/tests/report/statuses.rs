//! One sequence for each commit and context.

use super::{SMALL, answers};
use serde_json::Value;
use standin_github::Fault;
use std::collections::BTreeMap;
use stories::World;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_two_runs_at_one_commit_the_newest_is_what_github_shows() {
    let Some(world) = World::new().await else { return };
    let yaml = "on: [push, tag]\nwork:\n  img: IMAGE\n  run: if [ \"$DOCKERCISE_REF\" = refs/heads/main ]; then echo begun; sleep 60; fi\n";
    let sha = world.push("ci", yaml).unwrap();
    let first = world.api.run("ci", 1).await.unwrap();
    first.log_holds("work", "begun").await.unwrap();
    world.status_is("ci", &sha, "pending: running").await.unwrap();
    world.clone.git(&["tag", "v1"]).unwrap();
    world.clone.push("v1").unwrap();
    world.api.run("ci", 2).await.unwrap().ends("passed").await.unwrap();
    world.status_is("ci", &sha, "success: passed").await.unwrap();
    // The older one ends later, otherwise, and changes nothing.
    first.cancel().await.unwrap();
    first.ends("cancelled").await.unwrap();
    world.all_sent().await.unwrap();
    let all = world.github.statuses("anna/app");
    let last = all.last().unwrap();
    assert_eq!(last.state, "success", "{all:?}");
    assert!(last.target_url.as_ref().unwrap().ends_with("/ci/2"), "{last:?}");
    // Nothing is said twice.
    for pair in all.windows(2) {
        assert!((&pair[0].state, &pair[0].target_url, &pair[0].description) != (&pair[1].state, &pair[1].target_url, &pair[1].description));
    }
    // Run again, the older one is the newest.
    let again = first.again().await.unwrap();
    again.log_holds("work", "begun").await.unwrap();
    world.status_is("ci", &sha, "pending: running").await.unwrap();
    again.cancel().await.unwrap();
    again.ends("cancelled").await.unwrap();
    world.status_is("ci", &sha, "error: cancelled").await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn contexts_are_sent_side_by_side_and_one_never_twice_at_once() {
    const SLOW: i64 = 600;
    let names = ["a", "b", "c", "d"];
    let Some(world) = World::new().await else { return };
    world.github.add_fault(Fault { path: "/repos/anna/app/statuses/".into(), delay_ms: SLOW.unsigned_abs(), ..Fault::default() });
    for name in names {
        world.clone.write(&format!("{name}.dockercise.yaml"), SMALL.replace("IMAGE", stories::images::BUSYBOX)).unwrap();
    }
    let sha = world.clone.commit("Four pipelines").unwrap();
    world.clone.push("main").unwrap();
    for name in names {
        world.api.run(name, 1).await.unwrap().ends("passed").await.unwrap();
        world.status_is(name, &sha, "success: passed").await.unwrap();
    }
    world.all_sent().await.unwrap();
    let mut times: BTreeMap<String, Vec<i64>> = BTreeMap::new();
    for call in world.github.calls().iter().filter(|call| call.path.contains("/statuses/")) {
        let body: Value = serde_json::from_str(call.request_body.text()).unwrap();
        times.entry(body["context"].as_str().unwrap().to_owned()).or_default().push(call.time.timestamp_millis());
    }
    assert_eq!(times.len(), names.len());
    for (context, times) in &times {
        for pair in times.windows(2) {
            assert!(pair[1] - pair[0] >= SLOW - 5, "{context} was sent twice at once: {times:?}");
        }
    }
    let first: Vec<i64> = times.values().map(|times| times[0]).collect();
    assert!(first.iter().max().unwrap() - first.iter().min().unwrap() < SLOW, "one after the other: {times:?}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_github_will_never_take_is_said_once() {
    let Some(world) = World::new().await else { return };
    let full = r#"{"message":"Validation Failed","errors":[{"resource":"Status","code":"custom","message":"This SHA and context has reached the maximum number of statuses."}]}"#;
    world.github.add_fault(Fault { times: None, ..answers("POST", "/repos/anna/app/statuses/", 422, full, 1) });
    world.push("ci", SMALL).unwrap();
    world.api.run("ci", 1).await.unwrap().ends("passed").await.unwrap();
    world.all_sent().await.unwrap();
    let error: String = sqlx::query_scalar("select error from effect").fetch_one(&mut world.db().await.unwrap()).await.unwrap();
    assert!(error.contains("maximum number of statuses"), "{error}");
    let said = world.server.said().matches("GitHub refuses the status").count();
    let sent = world.github.calls().iter().filter(|call| call.path.contains("/statuses/")).count();
    // Once for each state that the run was in.
    assert!(said == sent && said <= 3, "{said} said, {sent} sent");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pipeline_that_was_skipped_is_no_success() {
    let Some(world) = World::new().await else { return };
    world.clone.write("test.dockercise.yaml", format!("try: {{img: {}, run: exit 3}}\n", stories::images::BUSYBOX)).unwrap();
    let late = "after: test\nship: {img: IMAGE, run: echo shipped}\n".replace("IMAGE", stories::images::BUSYBOX);
    world.clone.write("release.dockercise.yaml", late).unwrap();
    let sha = world.clone.commit("Release after tests").unwrap();
    world.clone.push("main").unwrap();
    world.api.run("release", 1).await.unwrap().ends("failed").await.unwrap();
    world.status_is("test", &sha, "failure: try failed (3)").await.unwrap();
    world.all_sent().await.unwrap();
    let said = world.statuses("release", &sha).pop().unwrap();
    assert!(said.starts_with("failure: ship: "), "{said}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_revoked_token_could_not_say_is_said_with_the_next_one() {
    let Some(mut world) = World::new().await else { return };
    let sha = world.push("ci", "work:\n  img: IMAGE\n  run: echo begun && sleep 60\n").unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.log_holds("work", "begun").await.unwrap();
    world.status_is("ci", &sha, "pending: running").await.unwrap();
    world.github.revoke_token(&world.token);
    run.cancel().await.unwrap();
    run.ends("cancelled").await.unwrap();
    let refused = async || Ok(world.stands().await?.filter(|stands| stands["standing"] == "refused"));
    stories::api::eventually("the repository's standing", refused).await.unwrap();
    assert_eq!(world.statuses("ci", &sha).pop().unwrap(), "pending: running");
    world.token = world.github.create_token("anna", &["repo", "admin:repo_hook"]).unwrap();
    world.server.connect("anna/app", &world.token).unwrap();
    world.status_is("ci", &sha, "error: cancelled").await.unwrap();
    world.close().await;
}
