//! What lies in the database of a server that people log in to: nothing that lets anybody in.

use crate::comes_in::world;
use reqwest::Method;
use sqlx::ConnectOptions as _;
use std::path::Path;
use stories::Browser;

/// Files below a folder that hold one of these.
fn holding(folder: &Path, words: &[String], found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            holding(&path, words, found);
        } else if let Ok(bytes) = std::fs::read(&path) {
            let holds = |word: &String| bytes.windows(word.len()).any(|window| window == word.as_bytes());
            found.extend(words.iter().filter(|word| holds(word)).map(|word| format!("{}: {word}", path.display())));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s70_the_database_alone_lets_nobody_in() {
    let Some(world) = world().await else { return };
    let mut browser = Browser::new(&world.server.url()).unwrap();
    browser.log_in(&world.github, "anna", None).await.unwrap();
    let mut secret: Vec<String> = vec![browser.token("run").await.unwrap(), browser.cookies["dockercise"].clone()];
    secret.push(browser.page_token.clone().unwrap());
    let app = world.server.env.iter().find(|(name, _)| name == "DOCKERCISE_GITHUB_CLIENT_ID").unwrap().1.clone();
    secret.extend(world.github.tokens_of(&app).into_iter().map(|(token, _)| token));
    assert!(secret.len() >= 4, "GitHub's own token is among them");
    let mut found = Vec::new();
    holding(world.server.data(), &secret, &mut found);
    assert!(found.is_empty(), "{found:?}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s71_what_is_done_stands_in_a_trail_that_shows_when_it_was_changed() {
    let Some(world) = world().await else { return };
    let mut browser = Browser::new(&world.server.url()).unwrap();
    browser.log_in(&world.github, "anna", None).await.unwrap();
    browser.token("read").await.unwrap();
    world.github.create_user("ben").unwrap();
    let mut ben = Browser::new(&world.server.url()).unwrap();
    for _ in 0..40 {
        ben.log_in(&world.github, "ben", None).await.unwrap_err();
    }
    let trail = |page: &serde_json::Value| -> Vec<(String, String)> {
        let lines = page["lines"].as_array().unwrap().iter();
        lines.map(|line| (line["who"].as_str().unwrap().to_owned(), line["what"].as_str().unwrap().to_owned())).collect()
    };
    let page = world.api.get("/api/audit").await.unwrap().unwrap();
    let lines = trail(&page);
    for (who, what) in [("anna", "claim"), ("anna", "login"), ("anna", "make token (read)"), ("nobody", "failed login")] {
        assert!(lines.iter().any(|line| *line == (who.to_owned(), what.to_owned())), "{who} {what}: {lines:?}");
    }
    let failed = lines.iter().filter(|(_, what)| what == "failed login").count();
    assert!((20..=40).contains(&failed), "a flood is counted, not written: {failed}");
    assert!(page["lines"].as_array().unwrap().iter().all(|line| line["address"] == "127.0.0.1"));
    assert_eq!(page["damaged"], serde_json::Value::Null);

    let file = world.server.data().join("dockercise.db");
    let mut db = sqlx::sqlite::SqliteConnectOptions::new().filename(file).connect().await.unwrap();
    sqlx::query("update audit set who = 'ben' where number = 2").execute(&mut db).await.unwrap();
    assert_eq!(world.api.get("/api/audit").await.unwrap().unwrap()["damaged"], 2);
    sqlx::query("update audit set who = 'anna' where number = 2").execute(&mut db).await.unwrap();
    assert_eq!(world.api.get("/api/audit").await.unwrap().unwrap()["damaged"], serde_json::Value::Null);
    sqlx::query("delete from audit where number = 3").execute(&mut db).await.unwrap();
    assert_eq!(world.api.get("/api/audit").await.unwrap().unwrap()["damaged"], 3);
    assert_eq!(ben.status(Method::GET, "/api/audit", None).await.unwrap(), 401);
    world.close().await;
}
