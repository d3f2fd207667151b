//! GitHub's limits are kept to the second, by everything that has the same token.

use super::{SMALL, answers, with};
use chrono::{DateTime, TimeDelta, Utc};
use stories::World;

const LIMITED: &str = r#"{"message":"API rate limit exceeded for user ID 1.","documentation_url":"https://docs.github.com/rest"}"#;
const SECONDS: i64 = 3;

/// Nobody asked GitHub anything after it said that it is too much, until then.
fn silent(world: &World, since: DateTime<Utc>, until: DateTime<Utc>) {
    let calls = world.github.calls();
    let early: Vec<String> = calls
        .iter()
        .filter(|call| call.time > since && call.time < until)
        .map(|call| format!("{} {} {}", call.time, call.method, call.path))
        .collect();
    assert!(early.is_empty(), "asked between {since} and {until}: {early:#?}");
    assert!(calls.iter().any(|call| call.time >= until), "never asked again");
}

fn limited_at(world: &World) -> DateTime<Utc> {
    world.github.calls().iter().find(|call| call.fault && call.status >= 400).unwrap().time
}

/// reliability.md R45.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r45_retry_after_is_waited_out_by_all_that_has_the_token() {
    let Some(world) = World::new().await else { return };
    world.github.add_fault(with(answers("POST", "/repos/anna/app/statuses/", 403, LIMITED, 1), &[("retry-after", SECONDS.to_string())]));
    let first = world.push("ci", SMALL).unwrap();
    world.github.wait_until(|github| github.calls().iter().any(|call| call.fault)).await;
    // Another push in the meantime: its files are not asked for either, and that is said.
    let second = world.push("ci", &SMALL.replace("said", "more")).unwrap();
    let said = async || Ok(world.inbox().await?.into_iter().find(|d| d.note.contains("it is not asked before")));
    stories::api::eventually("a delivery that waits for the limit", said).await.unwrap();
    for (number, sha) in [(1, &first), (2, &second)] {
        world.api.run("ci", number).await.unwrap().ends("passed").await.unwrap();
        world.status_is("ci", sha, "success: passed").await.unwrap();
    }
    let at = limited_at(&world);
    silent(&world, at + TimeDelta::milliseconds(100), at + TimeDelta::seconds(SECONDS));
    world.close().await;
}

/// reliability.md R45.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r45_the_reset_is_waited_for_and_the_last_state_wins() {
    let Some(world) = World::new().await else { return };
    let reset = Utc::now().timestamp() + SECONDS + 2;
    let headers = [("x-ratelimit-remaining", "0".to_owned()), ("x-ratelimit-reset", reset.to_string())];
    world.github.add_fault(with(answers("POST", "/repos/anna/app/statuses/", 429, LIMITED, 1), &headers));
    let sha = world.push("ci", SMALL).unwrap();
    world.api.run("ci", 1).await.unwrap().ends("passed").await.unwrap();
    world.status_is("ci", &sha, "success: passed").await.unwrap();
    // What it went through meanwhile is not told any more.
    assert_eq!(world.statuses("ci", &sha), ["success: passed"]);
    silent(&world, limited_at(&world) + TimeDelta::milliseconds(100), DateTime::from_timestamp(reset, 0).unwrap());
    world.close().await;
}
