//! GitHub's own examples of payloads (npm: `@octokit/webhooks-examples`), delivered signed.

use serde_json::Value;
use std::path::Path;
use std::process::Command;
use stories::World;
use stories::inbox::Stored;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/npm");
const EVENTS: [&str; 7] = ["push", "create", "delete", "ping", "pull_request", "repository", "meta"];

/// Every example of the events that we handle, of github.com and of each GitHub Enterprise: event, payload.
fn examples() -> Vec<(String, Value)> {
    let package = Path::new(FOLDER).join("node_modules/@octokit/webhooks-examples");
    if !package.is_dir() {
        let done = Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(FOLDER).status().unwrap();
        assert!(done.success(), "npm ci in {FOLDER} failed");
    }
    let mut found = Vec::new();
    let mut editions: Vec<_> = std::fs::read_dir(&package).unwrap().map(|e| e.unwrap().path().join("index.json")).collect();
    editions.retain(|file| file.is_file());
    assert!(editions.len() >= 6, "{editions:?}");
    for file in editions {
        let events: Vec<Value> = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        for event in events.iter().filter(|e| EVENTS.contains(&e["name"].as_str().unwrap())) {
            let name = event["name"].as_str().unwrap().to_owned();
            found.extend(event["examples"].as_array().unwrap().iter().map(|body| (name.clone(), body.clone())));
        }
    }
    found
}

/// Was a pull request told of as it should be? Its repositories' numbers are those of GitHub's examples, never ours.
fn pull_request(stored: &Stored, body: &Value, id: u64) -> bool {
    match body["action"].as_str().unwrap_or_default() {
        // GitHub is asked what it is, and knows nothing of it.
        "opened" | "reopened" | "synchronize" | "closed" if body["repository"]["id"] == id => {
            stored.state == "ignored" && stored.note.contains("there is no pull request")
        }
        "opened" | "reopened" | "synchronize" | "closed" => stored.state == "failed" && stored.note.contains("another repository"),
        _ => stored.state == "ignored" && stored.note.contains("starts nothing"),
    }
}

/// Was it told that something became of a repository? What the event says of it is not believed: GitHub is asked.
fn repository(stored: &Stored, body: &Value, id: u64) -> bool {
    let action = body["action"].as_str().unwrap_or_default();
    match action {
        "created" => stored.state == "ignored" && stored.note.contains("starts nothing"),
        _ if body["repository"]["id"] == id => stored.state == "done" && stored.note == format!("the repository was {action}"),
        _ => stored.state == "failed" && stored.note.contains("another repository"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_of_githubs_examples_are_taken_and_closed_with_words() {
    let Some(world) = World::new().await else { return };
    let id = world.github.repository("anna/app").unwrap().id;
    let examples = examples();
    assert!(examples.len() >= 20 && EVENTS.iter().all(|e| examples.iter().any(|(name, _)| name == e)), "{} examples", examples.len());
    let mut sent = Vec::new();
    for (event, body) in examples {
        // As it is, from a repository that we do not know, and as if it came from ours.
        let mut ours = body.clone();
        ours["repository"]["id"] = id.into();
        for body in [body, ours] {
            let post = world.delivery(&event, body.to_string()).unwrap();
            let (status, words) = post.send().await.unwrap();
            assert!((200..300).contains(&status), "{event}: {status} {words}");
            sent.push((event.clone(), post.guid().to_owned(), body));
        }
    }
    let all = world.settled().await.unwrap();
    for (event, guid, body) in sent {
        let stored = all.iter().find(|d| d.guid == guid).unwrap();
        assert!(["done", "ignored", "failed"].contains(&stored.state.as_str()) && !stored.note.is_empty(), "{stored:?}\n{body:#}");
        let deleted = body["deleted"] == true;
        let understood = match event.as_str() {
            "ping" => stored.state == "done",
            "create" | "delete" => stored.state == "ignored",
            "pull_request" => pull_request(stored, &body, id),
            "repository" => repository(stored, &body, id),
            "meta" if body["repository"]["id"].is_null() => stored.state == "ignored",
            "meta" if body["repository"]["id"] == id => stored.state == "done" && stored.note.contains("made again"),
            "meta" => stored.state == "failed" && stored.note.contains("another repository"),
            // Nothing of ours is at those commits.
            _ if body["repository"]["id"] != id => stored.state == "failed" && stored.note.contains("another repository"),
            _ if deleted => stored.state == "done",
            _ => stored.state == "failed" && stored.note.contains("GitHub answered 4"),
        };
        assert!(understood, "{stored:?}\n{body:#}");
    }
    world.close().await;
}
