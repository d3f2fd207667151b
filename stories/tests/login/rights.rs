//! The route x role matrix: what each may, written down, for every route that there is.

use reqwest::Method;
use serde_json::{Value, json};
use standin_github::{Fault, NewRepository, Role};
use std::collections::BTreeMap;
use stories::{Browser, World};

/// Nobody, a stranger, a reader, a writer, an admin of the repository who does not run the server, and who runs it.
const ROLES: [&str; 6] = ["nobody", "stranger", "reader", "writer", "owner", "anna"];

/// What a route answers to each of them. A route that stands here twice or not at all fails the test.
fn table() -> BTreeMap<&'static str, [u16; 6]> {
    const SEE: [u16; 6] = [401, 404, 200, 200, 200, 200];
    const RUN: [u16; 6] = [401, 404, 403, 409, 409, 409];
    BTreeMap::from([
        ("GET /api/me", [200; 6]),
        ("POST /api/login", [200; 6]),
        ("POST /api/logout", [401, 204, 204, 204, 204, 204]),
        ("GET /api/tokens", [401, 200, 200, 200, 200, 200]),
        ("POST /api/tokens", [401, 422, 422, 422, 422, 422]),
        ("DELETE /api/tokens/{id}", [401, 404, 404, 404, 404, 404]),
        ("GET /api/audit", [401, 403, 403, 403, 403, 200]),
        ("DELETE /api/connect/{repository}", [401, 404, 404, 404, 404, 404]),
        ("GET /api/connect/repositories", [401, 200, 200, 200, 200, 200]),
        ("GET /api/connect/{repository}", [401, 404, 404, 404, 404, 404]),
        ("POST /api/connect", [401, 422, 422, 422, 422, 422]),
        ("GET /api/pipelines", [401, 200, 200, 200, 200, 200]),
        ("GET /api/repositories", [401, 200, 200, 200, 200, 200]),
        ("GET /api/results/{account}/{pipeline}", SEE),
        ("GET /api/results/{account}/{pipeline}/{number}", SEE),
        ("GET /api/results/{account}/{pipeline}/{number}/events", SEE),
        ("GET /api/results/{account}/{pipeline}/{number}/steps/{step}", SEE),
        ("GET /api/results/{account}/{pipeline}/{number}/steps/{step}/files/{sha256}", [401, 404, 404, 404, 404, 404]),
        ("GET /api/results/{account}/{pipeline}/{number}/steps/{step}/log", SEE),
        ("GET /api/results/{account}/{pipeline}/{number}/steps/{step}/log/live", SEE),
        ("GET /api/results/{account}/{pipeline}/{number}/steps/{step}/log/raw", SEE),
        ("GET /api/results/{account}/{pipeline}/{number}/steps/{step}/value", SEE),
        ("GET /api/results/{account}/{pipeline}/start", SEE),
        ("POST /api/results/{account}/{pipeline}/start", [401, 404, 403, 422, 422, 422]),
        ("POST /api/results/{account}/{pipeline}/{number}/gates/{gate}/approve", RUN),
        ("POST /api/results/{account}/{pipeline}/{number}/cancel", RUN),
        ("POST /api/results/{account}/{pipeline}/{number}/rerun", [401, 404, 403, 200, 200, 200]),
        ("GET /api/secrets", [401, 200, 200, 200, 200, 200]),
        ("PUT /api/secrets/{name}", [401, 404, 403, 403, 204, 204]),
        ("DELETE /api/secrets/{name}", [401, 404, 403, 403, 204, 204]),
    ])
}

/// Who may what in the repository of the world, which is private.
async fn people(world: &World) -> Vec<Browser> {
    let mut browsers = Vec::new();
    for role in ROLES {
        let mut browser = Browser::new(&world.server.url()).unwrap();
        if role != "nobody" {
            browser.log_in(&world.github, role, None).await.unwrap();
        }
        browsers.push(browser);
    }
    browsers
}

async fn with_people() -> Option<World> {
    let setup = stories::Setup { login: true, env: vec![("DOCKERCISE_ALLOW_LOGIN".into(), "*".into())], ..stories::Setup::default() };
    let world = World::with(setup).await?;
    for (login, role) in [("stranger", None), ("reader", Some(Role::Read)), ("writer", Some(Role::Write)), ("owner", Some(Role::Admin))] {
        world.github.create_user(login).unwrap();
        if let Some(role) = role {
            world.github.set_role("anna/app", login, role).unwrap();
        }
    }
    Some(world)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s18_every_route_answers_each_as_it_is_written() {
    let Some(world) = with_people().await else { return };
    world.push("ci", "say:\n  img: IMAGE\n  run: echo said\n").unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("passed").await.unwrap();
    let described = world.api.get("/api/openapi.json").await.unwrap().unwrap();
    let mut routes = Vec::new();
    for (path, item) in described["paths"].as_object().unwrap() {
        routes.extend(item.as_object().unwrap().keys().map(|method| format!("{} {path}", method.to_uppercase())));
    }
    let table = table();
    let written: Vec<&str> = table.keys().copied().collect();
    let mut there: Vec<&str> = routes.iter().map(String::as_str).collect();
    there.sort_unstable();
    assert_eq!(there, written, "a route has no row in the table, or a row no route");

    let mut wrong = Vec::new();
    for (route, expected) in &table {
        // Fresh sessions for each: one of the routes ends them.
        let mut browsers = people(&world).await;
        let (method, path) = route.split_once(' ').unwrap();
        let mut at = path
            .replace("{account}", "local")
            .replace("{pipeline}", "ci")
            .replace("{number}", "1")
            .replace("{step}", "0")
            .replace("{repository}", "1");
        at = at.replace("{gate}", "0").replace("{sha256}", &"0".repeat(64)).replace("{name}", "KEY");
        at = at.replace("{id}", "01900000-0000-7000-8000-000000000000");
        if path.starts_with("/api/secrets/") {
            at.push_str("?repository=anna/app");
        }
        let body = match *route {
            "POST /api/login" => Some(json!({ "to": "/" })),
            "POST /api/tokens" => Some(json!({ "name": "", "scope": "read" })),
            "POST /api/results/{account}/{pipeline}/start" => Some(json!({ "git_ref": "x".repeat(300) })),
            "PUT /api/secrets/{name}" => Some(json!("a value that is long enough")),
            _ => None,
        };
        for ((who, browser), status) in ROLES.iter().zip(&mut browsers).zip(expected) {
            if route.starts_with("DELETE /api/secrets") && *status == 204 {
                let set = browser.status(Method::PUT, &at, Some(&json!("a value that is long enough"))).await.unwrap();
                assert_eq!(set, 204);
            }
            let answer = browser.ask(method.parse().unwrap(), &at, body.as_ref()).await.unwrap();
            let got = answer.status().as_u16();
            if got != *status {
                let text = if got == 200 { String::new() } else { answer.text().await.unwrap() };
                wrong.push(format!("{route} by {who}: {got}, not {status} {text}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    // What is hidden and what is not there are the same, but for nothing.
    let mut stranger = people(&world).await.remove(1);
    let mut answers = Vec::new();
    for path in ["/api/results/local/ci/1", "/api/results/local/nope/1", "/api/results/123456789012/ci/1", "/api/results/local/ci/99"] {
        let answer = stranger.ask(Method::GET, path, None).await.unwrap();
        answers.push((answer.status(), answer.text().await.unwrap()));
    }
    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]), "{answers:?}");
    let list: Value = stranger.ask(Method::GET, "/api/pipelines", None).await.unwrap().json().await.unwrap();
    assert_eq!(list["pipelines"], json!([]));
    let list: Value = stranger.ask(Method::GET, "/api/repositories", None).await.unwrap().json().await.unwrap();
    assert_eq!(list["repositories"], json!([]));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_right_that_is_taken_away_at_github_is_gone_at_the_next_click() {
    let Some(world) = with_people().await else { return };
    world.push("ci", "after: human-click\nsay:\n  img: IMAGE\n  run: echo said\n").unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.until("its gate", |v| v["summary"]["state"] == "waiting").await.unwrap();
    let mut writer = people(&world).await.remove(3);
    let view: Value = writer.ask(Method::GET, &run.path(), None).await.unwrap().json().await.unwrap();
    assert_eq!(view["can"]["click"], true);
    world.github.set_role("anna/app", "writer", Role::Read).unwrap();
    let approve = format!("{}/gates/0/approve", run.path());
    assert_eq!(writer.status(Method::POST, &approve, None).await.unwrap(), 403);
    assert_eq!(run.view().await.unwrap()["summary"]["state"], "waiting");
    let mut reader = people(&world).await.remove(2);
    let view: Value = reader.ask(Method::GET, &run.path(), None).await.unwrap().json().await.unwrap();
    assert_eq!(view["can"], json!({ "click": false, "cancel": false, "cancel_clean_up": false, "rerun": false, "rerun_failed": false }));

    // While GitHub does not answer nothing is clicked, and what was seen is still seen.
    world.github.set_role("anna/app", "writer", Role::Write).unwrap();
    let mut writer = people(&world).await.remove(3);
    assert_eq!(writer.status(Method::GET, &run.path(), None).await.unwrap(), 200);
    world.github.add_fault(Fault { path: "/repositories/".to_owned(), status: Some(502), ..Fault::default() });
    assert_eq!(writer.status(Method::POST, &approve, None).await.unwrap(), 503);
    assert_eq!(writer.status(Method::GET, &run.path(), None).await.unwrap(), 200);
    world.github.clear_faults();
    assert_eq!(writer.status(Method::POST, &approve, None).await.unwrap(), 200);
    run.ends("passed").await.unwrap();
    let view = run.view().await.unwrap();
    assert!(view["gates"][0].to_string().contains("writer"), "{}", view["gates"]);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_may_what_it_is_for_and_ends_when_it_is_removed() {
    let Some(world) = with_people().await else { return };
    world.push("ci", "say:\n  img: IMAGE\n  run: echo said\n").unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("passed").await.unwrap();
    let mut writer = people(&world).await.remove(3);
    let (read, may_run) = (writer.token("read").await.unwrap(), writer.token("run").await.unwrap());
    let rerun = format!("{}/rerun", run.path());
    let with = |token: &str| stories::Api::with_token(&world.server.url(), token).unwrap();
    assert!(with(&read).get(&run.path()).await.unwrap().is_some());
    let words = with(&read).post(&rerun).await.unwrap_err().to_string();
    assert!(words.contains("403") && words.contains("scope `run`"), "{words}");
    with(&may_run).post(&rerun).await.unwrap();
    world.api.run("ci", 2).await.unwrap().ends("passed").await.unwrap();
    let (status, words) = with(&may_run).send("/api/tokens", &json!({ "name": "x", "scope": "admin" })).await.unwrap();
    assert_eq!(status, 403, "a token makes no other: {words}");
    let tokens: Value = writer.ask(Method::GET, "/api/tokens", None).await.unwrap().json().await.unwrap();
    let id = tokens["tokens"].as_array().unwrap().iter().find(|t| t["scope"] == "run").unwrap()["id"].as_str().unwrap();
    assert_eq!(writer.status(Method::DELETE, &format!("/api/tokens/{id}"), None).await.unwrap(), 204);
    assert!(with(&may_run).get(&run.path()).await.unwrap_err().to_string().contains("401"));
    assert!(with("dockercise_0").get(&run.path()).await.unwrap_err().to_string().contains("401"));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn results_of_public_repositories_are_there_for_everybody_where_the_server_says_so() {
    let env = vec![("DOCKERCISE_PUBLIC_RESULTS".into(), "true".into())];
    let Some(world) = World::with(stories::Setup { login: true, env, ..stories::Setup::default() }).await else { return };
    world.push("ci", "say:\n  img: IMAGE\n  run: echo said\n").unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("passed").await.unwrap();
    let mut nobody = Browser::new(&world.server.url()).unwrap();
    assert_eq!(nobody.status(Method::GET, &run.path(), None).await.unwrap(), 401, "it is private");
    let list: Value = nobody.ask(Method::GET, "/api/pipelines", None).await.unwrap().json().await.unwrap();
    assert_eq!(list["pipelines"], json!([]));

    world.github.create_repository(NewRepository::public("anna/open".parse().unwrap())).await.unwrap();
    world.server.connect("anna/open", &world.token).unwrap();
    let clone = stories::Checkout::new(&world.github.git_url("anna/open", &world.token)).unwrap();
    clone.write("open.dockercise.yaml", format!("say:\n  img: {}\n  run: echo said\n", stories::images::BUSYBOX)).unwrap();
    clone.commit("Open").unwrap();
    clone.push("main").unwrap();
    let open = world.api.run("open", 1).await.unwrap();
    open.ends("passed").await.unwrap();
    let view: Value = nobody.ask(Method::GET, &open.path(), None).await.unwrap().json().await.unwrap();
    assert_eq!((view["summary"]["state"].as_str(), view["can"]["rerun"].as_bool()), (Some("passed"), Some(false)));
    let list: Value = nobody.ask(Method::GET, "/api/pipelines", None).await.unwrap().json().await.unwrap();
    assert_eq!(list["pipelines"].as_array().unwrap().len(), 1);
    assert_eq!(nobody.status(Method::POST, &format!("{}/rerun", open.path()), None).await.unwrap(), 401);
    assert_eq!(nobody.status(Method::GET, "/api/secrets", None).await.unwrap(), 401);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gate_for_a_team_is_clicked_by_who_is_in_it_and_may_push() {
    let Some(world) = with_people().await else { return };
    world.github.create_organization("acme").unwrap();
    for login in ["reader", "owner"] {
        world.github.add_member("acme", login, false).unwrap();
        world.github.join_team("acme", "ops", login).unwrap();
    }
    world.push("ci", "after:\n  human-click: {by: [acme/ops]}\nsay:\n  img: IMAGE\n  run: echo said\n").unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.until("its gate", |v| v["summary"]["state"] == "waiting").await.unwrap();
    let approve = format!("{}/gates/0/approve", run.path());
    let mut people = people(&world).await;
    for (role, words) in
        [(3, "only acme/ops may click here, and you are writer"), (2, "may push"), (1, "no such thing"), (0, "not logged in")]
    {
        let answer = people[role].ask(Method::POST, &approve, None).await.unwrap();
        let (status, text) = (answer.status().as_u16(), answer.text().await.unwrap());
        assert!([401, 403, 404].contains(&status) && text.contains(words), "{}: {status} {text}", ROLES[role]);
    }
    // A token that only looks clicks for nobody.
    let read = people[4].token("read").await.unwrap();
    let refused = stories::Api::with_token(&world.server.url(), &read).unwrap().post(&approve).await.unwrap_err();
    assert!(refused.to_string().contains("scope `run`"), "{refused}");
    assert_eq!(people[4].status(Method::POST, &approve, None).await.unwrap(), 200);
    run.ends("passed").await.unwrap();
    assert_eq!(run.view().await.unwrap()["gates"][0]["by"], "owner");
    world.close().await;
}
