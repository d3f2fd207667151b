//! A person starts a pipeline.

use serde_json::{Value, json};
use standin_github::Fault;
use std::process::Command;
use stories::{Server, World};

const SHIP: &str = "on:
  manual:
    inputs:
      TARGET: {default: staging, choices: [staging, production]}
      REASON: {required: true}
ship:
  img: IMAGE
  run: echo \"$DOCKERCISE_EVENT of $DOCKERCISE_REF to $TARGET because $REASON\"
";

/// Asks for a start, as the page does; status and answer.
async fn start(world: &World, pipeline: &str, body: &Value) -> (u16, Value) {
    world.api.send(&format!("/api/results/local/{pipeline}/start"), body).await.unwrap()
}

/// Pushes the pipeline, which the push itself does not start, and waits until it can be started.
async fn pushed(world: &World, yaml: &str) -> String {
    let sha = world.push("ship", yaml).unwrap();
    let known = async || world.api.get("/api/results/local/ship/start").await;
    stories::api::eventually("what can be started", known).await.unwrap();
    sha
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_person_says_becomes_environment() {
    let Some(world) = World::new().await else { return };
    pushed(&world, SHIP).await;
    let view = world.api.get("/api/results/local/ship/start").await.unwrap().unwrap();
    assert_eq!((view["git_ref"].as_str(), view["repository"].as_str()), (Some("main"), Some("anna/app")));
    let target = json!({ "name": "TARGET", "default": "staging", "choices": ["staging", "production"], "required": false });
    let reason = json!({ "name": "REASON", "default": null, "choices": [], "required": true });
    assert_eq!(view["inputs"], json!([target, reason]));

    let (status, place) = start(&world, "ship", &json!({ "inputs": { "REASON": "it's time; $(id)" } })).await;
    assert_eq!((status, place["href"].as_str()), (200, Some("/results/local/ship/1")));
    let run = world.api.run("ship", 1).await.unwrap();
    run.ends("passed").await.unwrap();
    assert_eq!(run.value("ship").await.unwrap(), b"manual of refs/heads/main to staging because it's time; $(id)\n");
    let view = run.view().await.unwrap();
    assert_eq!(view["summary"]["event"], "manual");
    assert_eq!(view["inputs"], json!([{ "name": "REASON", "text": "it's time; $(id)" }]));

    // What it refuses is said in words, and nothing runs.
    let refused = [
        (json!({}), "`REASON` must be said"),
        (json!({ "inputs": { "REASON": "x", "TARGET": "moon" } }), "`TARGET` is one of staging, production, not `moon`"),
        (json!({ "inputs": { "REASON": "x", "PATH": "/" } }), "the pipeline has no input `PATH`: there are TARGET, REASON"),
        (json!({ "git_ref": "gone", "inputs": { "REASON": "x" } }), "there is no branch or tag `gone` in anna/app"),
        (json!({ "git_ref": "main~1", "inputs": { "REASON": "x" } }), "there is no branch or tag `main~1` in anna/app"),
        (json!({ "git_ref": "x".repeat(300) }), "a branch or tag has a name of at most 255 bytes"),
        (json!({ "input": {} }), "what is to be started cannot be read: unknown field `input`"),
    ];
    for (body, words) in refused {
        let (status, problem) = start(&world, "ship", &body).await;
        assert!(status == 422 && problem["error"].as_str().unwrap().starts_with(words), "{body}: {status} {problem}");
    }
    assert_eq!(start(&world, "nothing", &json!({})).await.0, 404);
    assert_eq!(world.api.numbers("ship").await.unwrap(), [1]);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn any_pipeline_can_be_started_on_a_branch_or_a_tag_as_often_as_one_likes() {
    let Some(world) = World::new().await else { return };
    let first = pushed(&world, "on: push\nship:\n  img: IMAGE\n  run: echo $DOCKERCISE_REF\n").await;
    world.api.run("ship", 1).await.unwrap().ends("passed").await.unwrap();
    world.clone.git(&["tag", "-a", "v1", "-m", "one"]).unwrap();
    world.clone.push("v1").unwrap();
    let second = world.push("ship", SHIP).unwrap();
    world.clone.push("main:refs/heads/side/way").unwrap();
    world.settled().await.unwrap();
    let said = [
        (json!({ "git_ref": "v1" }), "refs/tags/v1", &first),
        (json!({ "git_ref": "refs/tags/v1" }), "refs/tags/v1", &first),
        (json!({ "git_ref": "side/way", "inputs": { "REASON": "why not" } }), "refs/heads/side/way", &second),
        (json!({ "git_ref": "", "inputs": { "REASON": "why not" } }), "refs/heads/main", &second),
    ];
    for (number, (body, git_ref, sha)) in (2..).zip(said) {
        let (status, place) = start(&world, "ship", &body).await;
        assert_eq!((status, place["number"].as_i64()), (200, Some(number)), "{place}");
        let run = world.api.run("ship", number).await.unwrap();
        run.ends("passed").await.unwrap();
        let view = run.view().await.unwrap();
        assert_eq!((view["summary"]["git_ref"].as_str(), view["commit"]["sha"].as_str()), (Some(git_ref), Some(sha.as_str())));
    }
    // What is to be said on another ref is known from its newest run.
    let tagged = world.api.get("/api/results/local/ship/start?git_ref=v1").await.unwrap().unwrap();
    assert_eq!(tagged["inputs"], json!([]));
    let side = world.api.get("/api/results/local/ship/start?git_ref=side/way").await.unwrap().unwrap();
    assert_eq!(side["inputs"][1]["name"], "REASON");
    assert!(world.api.get("/api/results/local/ship/start?git_ref=gone").await.unwrap().is_none());
    // A file that is bad there is shown, as of a push.
    world.push("ship", "ship: {img: IMAGE, run: [}\n").unwrap();
    world.api.run("ship", 6).await.unwrap().ends("failed").await.unwrap();
    assert_eq!(start(&world, "ship", &json!({})).await.1["number"], 7);
    world.api.run("ship", 7).await.unwrap().ends("failed").await.unwrap();
    world.close().await;
}

/// Every click is a POST from our own page.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_starts_anything_from_another_page() {
    let Some(world) = World::new().await else { return };
    pushed(&world, "on: manual\nship: {img: IMAGE, run: echo hi}\n").await;
    let url = format!("{}/api/results/local/ship/start", world.server.url());
    let client = reqwest::Client::new();
    let plain = client.post(&url).body("{}").send().await.unwrap();
    assert_eq!(plain.status(), 403);
    let foreign = client.post(&url).header("x-dockercise", "page").header("origin", "http://evil.example").body("{}").send().await.unwrap();
    assert_eq!(foreign.status(), 403);
    // Looking starts nothing.
    assert_eq!(client.get(&url).send().await.unwrap().status(), 200);
    assert_eq!(world.api.numbers("ship").await.unwrap(), Vec::<i64>::new());
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_command_line_starts_it_too() {
    let Some(world) = World::new().await else { return };
    pushed(&world, SHIP).await;
    let trigger = |args: &[&str]| {
        let mut command = Command::new(Server::binary().unwrap());
        command.arg("trigger").args(args).env("DOCKERCISE_PUBLIC_URL", world.server.url()).env("NO_COLOR", "1");
        let done = command.output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        (done.status.code().unwrap(), text(done.stdout), text(done.stderr))
    };
    assert_eq!(trigger(&[]), (0, "ship  anna/app\n".to_owned(), String::new()));
    let started = format!("started ship 1: {}/results/local/ship/1\n", world.server.url());
    assert_eq!(trigger(&["ship", "--input", "REASON=a=b", "--input", "TARGET=production"]), (0, started, String::new()));
    let run = world.api.run("ship", 1).await.unwrap();
    run.ends("passed").await.unwrap();
    assert_eq!(run.value("ship").await.unwrap(), b"manual of refs/heads/main to production because a=b\n");
    assert_eq!(trigger(&["ship"]), (1, String::new(), "error: `REASON` must be said\n".to_owned()));
    let twice = trigger(&["ship", "--input", "REASON=a", "--input", "REASON=b"]);
    assert_eq!(twice, (1, String::new(), "error: `REASON` is said twice\n".to_owned()));
    let (code, _, words) = trigger(&["../../secrets"]);
    assert!(code == 1 && words.starts_with("error: there is no pipeline `../../secrets` in the account `local`\nhelp: "), "{words}");
    let (code, _, words) = trigger(&["ship", "--server", "http://127.0.0.1:1"]);
    assert!(code == 1 && words.contains("cannot be reached") && words.contains("help: is it running?"), "{words}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_github_that_is_away_is_waited_for_and_the_person_is_told() {
    let Some(mut world) = World::new().await else { return };
    pushed(&world, "on: manual\nship: {img: IMAGE, run: echo hi}\n").await;
    world.settled().await.unwrap();
    world.github.add_fault(Fault { path: "/repos/anna/app/commits/*".into(), status: Some(502), ..Fault::default() });
    let (status, told) = start(&world, "ship", &json!({})).await;
    assert_eq!((status, told["error"].as_str()), (202, Some("GitHub has not answered yet")));
    assert_eq!(world.api.numbers("ship").await.unwrap(), Vec::<i64>::new());
    // It is not forgotten, whatever becomes of the server meanwhile.
    world.server.kill().unwrap();
    world.github.clear_faults();
    world.server.start().await.unwrap();
    world.api.run("ship", 1).await.unwrap().ends("passed").await.unwrap();
    assert_eq!(world.api.numbers("ship").await.unwrap(), [1]);
    world.close().await;
}
