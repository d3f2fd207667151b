//! What is shown as it happens, and what is there in the end.

use super::{Desk, states, step};
use reqwest::Method;
use serde_json::{Value, json};
use standin_github::{Fault, Role};
use stories::Browser;
use stories::api::eventually;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_repository_is_found_connected_and_drawn() {
    let Some(mut desk) = Desk::new().await else { return };
    let shop = desk.repository("anna/tea-shop").await;
    let clone = stories::Checkout::new(&desk.world.github.git_url("anna/tea-shop", &desk.world.token)).unwrap();
    let yaml = format!("img: {}\nsay:\n  run: echo tea\ntell:\n  env: [say]\n  run: echo $say\n", stories::images::BUSYBOX);
    clone.write("ci.dockercise.yaml", yaml).unwrap();
    clone.commit("Say tea").unwrap();
    clone.push("main").unwrap();

    // As one types; what is connected already is said.
    let found: Value = desk.anna.ask(Method::GET, "/api/connect/repositories?q=sho", None).await.unwrap().json().await.unwrap();
    assert_eq!(found["repositories"][0]["name"], "anna/tea-shop", "{found}");
    let all: Value = desk.anna.ask(Method::GET, "/api/connect/repositories", None).await.unwrap().json().await.unwrap();
    let line = |name: &str| all["repositories"].as_array().unwrap().iter().find(|own| own["name"] == name).unwrap().clone();
    assert_eq!((line("anna/app")["state"].as_str(), line("anna/tea-shop")["state"].as_str()), (Some("connected"), Some("none")));

    let view = desk.connect(shop).await;
    assert_eq!(states(&view), ["done"; 5], "{view}");
    assert_eq!((view["connected"].as_bool(), view["by"].as_str()), (Some(true), Some("anna")));
    let steps = view["found"]["steps"].as_array().unwrap();
    assert_eq!((steps.len(), view["found"]["edges"][0]["kinds"][0].as_str()), (2, Some("env")));
    let (hooks, keys) = (desk.world.github.hooks("anna/tea-shop"), desk.world.github.deploy_keys("anna/tea-shop"));
    assert_eq!((hooks.len(), keys.len(), keys[0].read_only), (1, 1, true));
    assert_eq!(hooks[0].secret.as_ref().unwrap().len(), 64, "256 bits");

    // Once more: what is there is taken over.
    let view = desk.connect(shop).await;
    assert_eq!(states(&view), ["done"; 5], "{view}");
    assert_eq!((desk.world.github.hooks("anna/tea-shop").len(), desk.world.github.deploy_keys("anna/tea-shop").len()), (1, 1));
    // And a push runs.
    clone.commit("Again").unwrap();
    clone.push("main").unwrap();
    desk.world.api.run("ci", 1).await.unwrap().ends("passed").await.unwrap();
    desk.world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mistakes_in_the_files_are_shown_with_their_place() {
    let Some(mut desk) = Desk::new().await else { return };
    let id = desk.repository("anna/bad").await;
    let clone = stories::Checkout::new(&desk.world.github.git_url("anna/bad", &desk.world.token)).unwrap();
    clone.write("ci.dockercise.yaml", "say: {img: x, run: [}\n").unwrap();
    clone.commit("Say nothing").unwrap();
    clone.push("main").unwrap();
    let view = desk.connect(id).await;
    assert_eq!((view["state"].as_str(), view["connected"].as_bool()), (Some("done"), Some(true)));
    let problem = &view["found"]["diagnostics"][0];
    assert_eq!((problem["file"].as_str(), problem["line"].as_u64()), (Some("ci.dockercise.yaml"), Some(1)), "{view}");
    assert!(step(&view, "read")["words"].as_str().unwrap().contains("mistakes"));
    desk.world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_dies_in_the_middle_goes_on_where_it_was() {
    let Some(mut desk) = Desk::new().await else { return };
    for (nth, path) in ["/repos/anna/half*/keys", "/repos/anna/half*/hooks"].into_iter().enumerate() {
        let name = format!("anna/half{nth}");
        let id = desk.repository(&name).await;
        // GitHub does it, and its answer is never heard.
        desk.world.github.add_fault(Fault {
            method: Some("POST".into()),
            path: path.into(),
            hold_ms: 60_000,
            times: Some(1),
            ..Fault::default()
        });
        let (status, begun) = desk.choose(json!({ "id": id })).await;
        assert_eq!(status, 202, "{begun}");
        let github = &desk.world.github;
        let there = || if nth == 0 { github.deploy_keys(&name).len() == 1 } else { github.hooks(&name).len() == 1 };
        eventually("what GitHub was asked for", async || Ok(there().then_some(()))).await.unwrap();
        desk.world.server.kill().unwrap();
        desk.world.server.start().await.unwrap();
        let view = desk.until(id, "the end of connecting", |view| view["state"] != "doing").await;
        assert_eq!(states(&view), ["done"; 5], "{view}");
        assert_eq!((desk.world.github.hooks(&name).len(), desk.world.github.deploy_keys(&name).len()), (1, 1));
    }
    // Its runner, which outlived it twice, has found its place again.
    desk.world.push("ci", "say:\n  img: IMAGE\n  run: echo said\n").unwrap();
    desk.world.api.run("ci", 1).await.unwrap().ends("passed").await.unwrap();
    desk.world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_its_admins_connect_and_disconnect_a_repository() {
    let Some(mut desk) = Desk::new().await else { return };
    let github = &desk.world.github;
    let app = github.repository("anna/app").unwrap().id;
    github.create_user("ben").unwrap();
    github.set_role("anna/app", "ben", Role::Write).unwrap();
    desk.world.server.stop().await.unwrap();
    desk.world.server.env.push(("DOCKERCISE_ALLOW_LOGIN".into(), "*".into()));
    desk.world.server.start().await.unwrap();
    let mut ben = Browser::new(&desk.world.server.url()).unwrap();
    ben.log_in(&desk.world.github, "ben", None).await.unwrap();
    let at = format!("/api/connect/{app}");
    let answer = ben.ask(Method::POST, "/api/connect", Some(&json!({ "id": app }))).await.unwrap();
    assert_eq!(answer.status(), 422);
    assert!(answer.text().await.unwrap().contains("may not administer anna/app"));
    assert_eq!(ben.status(Method::DELETE, &at, None).await.unwrap(), 403);
    assert_eq!(ben.status(Method::GET, &at, None).await.unwrap(), 200);
    let mut nobody = Browser::new(&desk.world.server.url()).unwrap();
    for (method, path) in
        [(Method::POST, "/api/connect"), (Method::DELETE, &at), (Method::GET, &at), (Method::GET, "/api/connect/repositories")]
    {
        assert_eq!(nobody.status(method.clone(), path, None).await.unwrap(), 401, "{method} {path}");
    }
    assert_eq!(desk.look(app).await["connected"], true);
    desk.world.close().await;
}
