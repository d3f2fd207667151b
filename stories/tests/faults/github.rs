//! GitHub does not answer, or says no.

use standin_github::Fault;
use std::collections::BTreeMap;
use stories::World;

const SMALL: &str = "say:\n  img: IMAGE\n  run: echo said\n";

fn away(method: &str, path: &str, status: u16, times: u32) -> Fault {
    Fault {
        method: Some(method.into()),
        path: path.into(),
        status: Some(status),
        body: "<html>away</html>".into(),
        times: Some(times),
        ..Fault::default()
    }
}

fn limited(method: &str, path: &str, times: u32) -> Fault {
    let headers = [("retry-after", "1"), ("x-ratelimit-remaining", "0")].map(|(k, v)| (k.to_owned(), v.to_owned()));
    let body = r#"{"message":"API rate limit exceeded for user ID 1.","documentation_url":"https://docs.github.com/rest"}"#;
    Fault { headers: BTreeMap::from(headers), body: body.into(), ..away(method, path, 403, times) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_waits_until_github_answers_again_and_then_runs() {
    let Some(world) = World::new().await else { return };
    let faults = [
        away("GET", "/repos/anna/app/git/trees/", 502, 2),
        limited("GET", "/repos/anna/app/git/trees/", 1),
        away("GET", "/repos/anna/app/git/blobs/", 500, 1),
        // Just pushed, and not everywhere at GitHub yet.
        away("GET", "/repos/anna/app/commits/", 404, 1),
    ];
    faults.into_iter().for_each(|fault| world.github.add_fault(fault));
    let sha = world.push("ci", SMALL).unwrap();
    let put_off = async || Ok(world.inbox().await?.into_iter().find(|d| d.event == "push" && d.attempts > 0));
    let waiting = stories::api::eventually("a delivery that was put off", put_off).await.unwrap();
    assert!(waiting.note.contains("GitHub answered") || waiting.note.contains("502"), "{waiting:?}");
    world.api.run("ci", 1).await.unwrap().ends("passed").await.unwrap();
    let stored = world.closed(&waiting.guid).await.unwrap();
    assert!(stored.state == "done" && stored.attempts >= 2, "{stored:?}");
    world.status_is("ci", &sha, "success: passed").await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_status_arrives_whatever_github_answered_before() {
    let Some(world) = World::new().await else { return };
    let path = "/repos/anna/app/statuses/";
    world.github.add_fault(away("POST", path, 502, 2));
    world.github.add_fault(limited("POST", path, 1));
    world.github.add_fault(away("POST", path, 500, 1));
    let sha = world.push("ci", SMALL).unwrap();
    world.api.run("ci", 1).await.unwrap().ends("passed").await.unwrap();
    world.status_is("ci", &sha, "success: passed").await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_status_that_waits_outlives_the_server() {
    let Some(mut world) = World::new().await else { return };
    world.github.add_fault(Fault { times: None, ..away("POST", "/repos/anna/app/statuses/", 503, 1) });
    let sha = world.push("ci", SMALL).unwrap();
    world.api.run("ci", 1).await.unwrap().ends("passed").await.unwrap();
    assert_eq!(world.statuses("ci", &sha), Vec::<String>::new());
    world.server.kill().unwrap();
    world.github.clear_faults();
    world.server.start().await.unwrap();
    world.status_is("ci", &sha, "success: passed").await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_push_waits_for_a_token_that_was_revoked_and_runs_with_the_next_one() {
    let Some(mut world) = World::new().await else { return };
    world.push("ci", SMALL).unwrap();
    world.api.run("ci", 1).await.unwrap().ends("passed").await.unwrap();
    let pusher = world.github.create_token("anna", &["repo"]).unwrap();
    world.github.revoke_token(&world.token);
    world.clone.commit("More").unwrap();
    world.clone.git(&["push", "--quiet", &world.github.git_url("anna/app", &pusher), "main"]).unwrap();
    let waits = async || Ok(world.inbox().await?.into_iter().find(|d| d.state == "waiting" && !d.note.is_empty()));
    let waits = stories::api::eventually("the delivery's wait", waits).await.unwrap();
    assert!(waits.note.contains("GitHub answered 401"), "{waits:?}");
    let said = async || Ok(world.stands().await?.filter(|stands| stands["standing"] == "refused"));
    let said = stories::api::eventually("the repository's standing", said).await.unwrap();
    assert!(said["note"].as_str().is_some_and(|note| note.contains("connect it again")), "{said}");

    world.token = world.github.create_token("anna", &["repo", "admin:repo_hook"]).unwrap();
    world.server.connect("anna/app", &world.token).unwrap();
    world.api.run("ci", 2).await.unwrap().ends("passed").await.unwrap();
    assert_eq!(world.closed(&waits.guid).await.unwrap().state, "done");
    let said = async || Ok(world.stands().await?.filter(|stands| stands["standing"] == "ok"));
    stories::api::eventually("the repository's standing", said).await.unwrap();
    assert_eq!(world.api.numbers("ci").await.unwrap(), [2, 1]);
    world.close().await;
}
