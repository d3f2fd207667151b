//! A repository is disconnected: nothing of ours stays at GitHub, everything of it stays to be looked at here.

use super::{Desk, states, step};
use reqwest::Method;
use serde_json::Value;
use standin_github::Fault;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn disconnecting_removes_hook_and_key_and_keeps_history() {
    let Some(mut desk) = Desk::new().await else { return };
    let id = desk.world.github.repository("anna/app").unwrap().id;
    desk.world.push("ci", "say:\n  img: IMAGE\n  run: echo said\n").unwrap();
    desk.world.api.run("ci", 1).await.unwrap().ends("passed").await.unwrap();
    let hook = desk.world.github.hooks("anna/app").remove(0);

    let at = format!("/api/connect/{id}");
    let begun: Value = desk.anna.ask(Method::DELETE, &at, None).await.unwrap().json().await.unwrap();
    assert_eq!((begun["want"].as_str(), begun["connected"].as_bool()), (Some("disconnect"), Some(false)), "{begun}");
    let view = desk.until(id, "the end of disconnecting", |view| view["state"] != "doing").await;
    assert_eq!((view["state"].as_str(), states(&view)), (Some("done"), vec!["done"; 3]), "{view}");
    assert!(desk.world.github.hooks("anna/app").is_empty() && desk.world.github.deploy_keys("anna/app").is_empty());

    // Its deliveries are as those of nobody, however well signed.
    let body = b"{}";
    let answer = reqwest::Client::new()
        .post(&hook.url)
        .header("x-github-event", "push")
        .header("x-github-delivery", "00000000-0000-4000-8000-000000000001")
        .header("x-hub-signature-256", standin_github::sign(hook.secret.as_deref().unwrap(), body))
        .body(&body[..])
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 401);
    // What ran is there, and nothing new begins.
    let view = desk.world.api.run("ci", 1).await.unwrap().view().await.unwrap();
    assert_eq!(view["summary"]["state"], "passed");
    let started = desk.anna.ask(Method::POST, "/api/results/local/ci/start", Some(&serde_json::json!({}))).await.unwrap();
    assert_eq!(started.status(), 422);
    assert!(started.text().await.unwrap().contains("not connected any more"));

    // Connected again it has another address and another secret, and its numbers go on.
    let again = desk.connect(id).await;
    assert_eq!(states(&again), ["done"; 5], "{again}");
    let fresh = desk.world.github.hooks("anna/app").remove(0);
    assert!(fresh.url != hook.url && fresh.secret != hook.secret);
    desk.world.push("ci", "say:\n  img: IMAGE\n  run: echo said again\n").unwrap();
    desk.world.api.run("ci", 2).await.unwrap().ends("passed").await.unwrap();
    desk.world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_gone_already_is_fine_and_what_cannot_be_removed_is_told() {
    let Some(mut desk) = Desk::new().await else { return };
    let gone = desk.repository("anna/gone").await;
    desk.connect(gone).await;
    desk.world.github.delete_repository("anna/gone").unwrap();
    let at = format!("/api/connect/{gone}");
    assert_eq!(desk.anna.status(Method::DELETE, &at, None).await.unwrap(), 202);
    let view = desk.until(gone, "the end of disconnecting", |view| view["state"] != "doing").await;
    assert_eq!(states(&view), ["done"; 3], "{view}");

    let stuck = desk.repository("anna/stuck").await;
    desk.connect(stuck).await;
    let body = r#"{"message":"Must have admin rights to Repository."}"#;
    desk.world.github.add_fault(Fault {
        method: Some("DELETE".into()),
        path: "/repos/anna/stuck/hooks/*".into(),
        status: Some(403),
        body: body.into(),
        ..Fault::default()
    });
    let at = format!("/api/connect/{stuck}");
    assert_eq!(desk.anna.status(Method::DELETE, &at, None).await.unwrap(), 202);
    let view = desk.until(stuck, "the end of disconnecting", |view| view["state"] != "doing").await;
    let hook = step(&view, "remove-hook");
    assert!(hook["state"] == "failed" && hook["help"].as_str().unwrap().contains("remove it by hand: "), "{view}");
    assert!(hook["help"].as_str().unwrap().contains("/anna/stuck/settings/hooks"), "{view}");
    assert!(desk.world.github.deploy_keys("anna/stuck").is_empty(), "the rest is removed all the same");
    assert_eq!(view["connected"], false);
    desk.world.close().await;
}
