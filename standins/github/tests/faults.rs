//! Faults, lost deliveries, the hourly limit: GitHub on a bad day.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::time::{Duration, Instant};

use common::{Api, Checkout, Receiver, Setting};
use serde_json::json;
use standin_github::Fault;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fault_happens_as_often_as_told() {
    let setting = Setting::new().await;
    let api = setting.api();
    setting.standin.add_fault(Fault {
        method: Some("GET".to_owned()),
        path: "/repos/anna/*".to_owned(),
        status: Some(403),
        headers: [("x-ratelimit-remaining".to_owned(), "0".to_owned())].into(),
        body: json!({ "message": "API rate limit exceeded" }).to_string(),
        times: Some(2),
        ..Fault::default()
    });
    for _ in 0..2 {
        let refused = api.request("GET", "/repos/anna/app").send().await.unwrap();
        assert_eq!(refused.status(), 403);
        assert_eq!(refused.headers()["x-ratelimit-remaining"], "0");
    }
    assert_eq!(api.get("/repos/anna/app").await.0, 200);
    let faults: Vec<_> = setting.standin.calls().iter().map(|call| call.fault).collect();
    assert_eq!(faults, [true, true, false]);

    let slow = Fault { path: "/user".to_owned(), delay_ms: 150, ..Fault::default() };
    setting.standin.add_fault(slow);
    let started = Instant::now();
    assert_eq!(api.get("/user").await.0, 200);
    assert!(started.elapsed() >= Duration::from_millis(150));
    setting.standin.clear_faults();
    setting.standin.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_lost_delivery_is_logged_and_can_be_redelivered() {
    let setting = Setting::new().await;
    let receiver = Receiver::start().await;
    setting.hook(&receiver).await;
    receiver.wait(1).await;
    setting.standin.lose_deliveries(2);
    let work = Checkout::new();
    let head = work.commit("First");
    work.git(&["push", "--quiet", &setting.git_url(), "main"]);
    setting.standin.wait_until(|own| own.deliveries("anna/app").len() == 3).await;
    let lost: Vec<_> = setting.standin.deliveries("anna/app").into_iter().filter(|one| !one.ok()).collect();
    assert_eq!(lost.len(), 2);
    assert_eq!((lost[0].status_code, lost[0].status.as_str()), (502, "failed to connect to host"));
    let push = lost.iter().find(|one| one.event == "push").unwrap();
    setting.standin.redeliver("anna/app", push.id).unwrap();
    receiver.push("refs/heads/main", &head).await;
    let arrived = receiver.find(|one| one.event() == "push").await;
    assert_eq!(arrived.header("x-github-delivery"), push.guid);
    setting.standin.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_token_sixty_requests_are_all() {
    let setting = Setting::new().await;
    let anonymous = Api::new(&setting.standin, None);
    for _ in 0..60 {
        assert_eq!(anonymous.get("/repos/anna/app").await.0, 200);
    }
    let refused = anonymous.request("GET", "/repos/anna/app").send().await.unwrap();
    assert_eq!(refused.status(), 403);
    assert_eq!(refused.headers()["x-ratelimit-remaining"], "0");
    // Asking how much is left costs nothing.
    assert_eq!(anonymous.get("/rate_limit").await.0, 200);
    assert_eq!(setting.api().get("/repos/anna/app").await.0, 200);
    setting.standin.shutdown().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests_without_a_user_agent_are_refused() {
    let setting = Setting::new().await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let url = format!("{}/user", setting.standin.api_base());
    let refused = client.get(url).bearer_auth(&setting.token).send().await.unwrap();
    assert_eq!(refused.status(), 403);
    assert!(refused.text().await.unwrap().contains("User-Agent"));
    setting.standin.shutdown().await;
}
