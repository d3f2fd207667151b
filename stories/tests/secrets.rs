//! Secrets: given once, never given back.
#![expect(clippy::unwrap_used, reason = "tests")]

use reqwest::{Client, Method, RequestBuilder};
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use stories::world::REPOSITORY;
use stories::{Server, World};

fn secret(data: &Path, args: &[&str], value: &str) -> Output {
    let mut command = Command::new(Server::binary().unwrap());
    command.arg("secret").args(args).env("DOCKERCISE_DATA", data).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // It may refuse before it reads.
    let _ = child.stdin.take().unwrap().write_all(value.as_bytes());
    child.wait_with_output().unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// Every file under a folder that holds one of the texts.
fn holding(folder: &Path, texts: &[&str], found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            holding(&path, texts, found);
        } else if let Ok(bytes) = std::fs::read(&path) {
            let holds = |text: &&&str| bytes.windows(text.len()).any(|w| w == text.as_bytes());
            found.extend(texts.iter().filter(holds).map(|text| format!("{}: {text}", path.display())));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s6_a_secret_is_given_once_and_stands_nowhere() {
    let Some(world) = World::new().await else { return };
    let data = world.server.data().to_owned();
    let (client, base) = (Client::new(), world.server.url());
    let at = |name: &str, repository: Option<&str>| match repository {
        Some(r) => format!("{base}/api/secrets/{name}?repository={r}"),
        None => format!("{base}/api/secrets/{name}"),
    };
    let ours = |request: RequestBuilder| request.header("x-dockercise", "1");

    // From the command line, while the server runs, and from the page.
    let set = secret(&data, &["set", "NPM_TOKEN"], "canary-a-5512345\n");
    assert!(set.status.success(), "{}", said(&set));
    let set = secret(&data, &["set", "NPM_TOKEN", "--repository", "Anna/App"], "canary-b-5512345");
    assert!(set.status.success(), "{}", said(&set));
    let put = ours(client.put(at("deploy.key", Some(REPOSITORY)))).body("canary-c-5512345\nline two of it\n").send().await.unwrap();
    assert_eq!(put.status(), 204);
    let put = ours(client.put(at("NPM_TOKEN", None))).body("canary-d-5512345").send().await.unwrap();
    assert_eq!(put.status(), 204);

    // What cannot be one is refused, without a word of it.
    let long = "canary-e-5512345".repeat(5000);
    for (name, value, code) in [
        ("SHORT", "can", 422),
        ("EMPTY", "", 422),
        ("LONG", long.as_str(), 422),
        ("NUL", "canary-e-5512345\0", 422),
        ("a%20b", "canary-e-5512345", 422),
    ] {
        let answer = ours(client.put(at(name, None))).body(value.to_owned()).send().await.unwrap();
        assert_eq!(answer.status(), code, "{name}");
        let words = answer.text().await.unwrap();
        assert!(words.contains("\"help\":\"") && !words.contains("canary"), "{name}: {words}");
    }
    for (args, value, words) in [
        (&["set", "SHORT"][..], "can", "cannot be masked"),
        (&["set", "a b"], "canary-e-5512345", "cannot name a secret"),
        (&["set", "LONG"], long.as_str(), "at most 65536"),
        (&["set", "X", "--repository", "anna/other"], "canary-e-5512345", "is not connected"),
        (&["remove", "nothing"], "", "there is no secret `nothing`"),
    ] {
        let refused = secret(&data, args, value);
        assert!(!refused.status.success() && said(&refused).contains(words) && !said(&refused).contains("canary"), "{}", said(&refused));
    }
    assert_eq!(ours(client.put(at("X", Some("anna/other")))).body("canary-e-5512345").send().await.unwrap().status(), 404);

    // Only from our own page, or a program that says so.
    for request in [
        client.put(at("X", None)).body("canary-e-5512345"),
        ours(client.put(at("X", None)).body("canary-e-5512345")).header("origin", "https://evil.example"),
        client.delete(at("NPM_TOKEN", None)),
        ours(client.delete(at("NPM_TOKEN", None))).header("origin", "null"),
    ] {
        assert_eq!(request.send().await.unwrap().status(), 403);
    }
    for method in [Method::GET, Method::HEAD, Method::POST] {
        let code = ours(client.request(method.clone(), at("NPM_TOKEN", None))).send().await.unwrap().status().as_u16();
        assert!([404, 405].contains(&code), "{method}: {code}");
    }

    let listed = world.api.get("/api/secrets").await.unwrap().unwrap();
    let names: Vec<(&str, Option<&str>)> =
        listed["secrets"].as_array().unwrap().iter().map(|s| (s["name"].as_str().unwrap(), s["repository"].as_str())).collect();
    assert_eq!(names, [("NPM_TOKEN", None), ("NPM_TOKEN", Some(REPOSITORY)), ("deploy.key", Some(REPOSITORY))]);
    assert_eq!(listed["secrets"][0]["updated_by"], "a person at this computer");
    assert_eq!(listed["secrets"][1]["updated_by"], "a person at the command line");
    assert_eq!(listed["repositories"], serde_json::json!([REPOSITORY]));
    let list = secret(&data, &["list"], "");
    assert!(said(&list).contains("deploy.key") && said(&list).contains(REPOSITORY), "{}", said(&list));
    assert!(!listed.to_string().contains("canary") && !said(&list).contains("canary"));

    let removed = ours(client.delete(at("NPM_TOKEN", Some(REPOSITORY)))).send().await.unwrap();
    assert_eq!(removed.status(), 204);
    assert_eq!(ours(client.delete(at("NPM_TOKEN", Some(REPOSITORY)))).send().await.unwrap().status(), 404);
    let removed = secret(&data, &["remove", "NPM_TOKEN"], "");
    assert!(removed.status.success(), "{}", said(&removed));

    // Database with its write-ahead log, the server's log, results, runner: none of them holds a byte of a value.
    let mut found = Vec::new();
    holding(&data, &["canary-", "line two of it", "Y2FuYXJ5"], &mut found);
    assert!(found.is_empty(), "{found:?}");
    let trail: Vec<String> = trail(&data).await;
    assert_eq!(trail.iter().filter(|l| l.starts_with("set-secret secret/local/")).count(), 4, "{trail:?}");
    assert_eq!(trail.iter().filter(|l| l.starts_with("remove-secret secret/local/")).count(), 2, "{trail:?}");
    world.close().await;
}

async fn trail(data: &Path) -> Vec<String> {
    use sqlx::ConnectOptions as _;
    let mut db = sqlx::sqlite::SqliteConnectOptions::new().filename(data.join("dockercise.db")).connect().await.unwrap();
    sqlx::query_scalar("select what || ' ' || target from audit order by at").fetch_all(&mut db).await.unwrap()
}
