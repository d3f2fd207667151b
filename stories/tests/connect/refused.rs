//! Everything that can stand in the way: it is said what it is and what to do, and nothing is left at GitHub.

use super::{Desk, states, step};
use reqwest::Method;
use serde_json::{Value, json};
use standin_github::{Fault, Role, Rules};

fn says(problem: &Value, error: &str, help: &str) {
    let text = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
    assert!(text("error").contains(error) && text("help").contains(help), "{problem}");
}

impl Desk {
    /// Nothing of ours is there.
    fn nothing_left(&self, name: &str) {
        let github = &self.world.github;
        let ours = github.hooks(name).into_iter().filter(|hook| hook.url.contains("/hooks/github/")).count();
        assert_eq!((ours, github.deploy_keys(name).len()), (0, 0), "{name}");
    }

    /// It is refused at the click.
    async fn refused(&mut self, chosen: Value, error: &str, help: &str) {
        let (status, problem) = self.choose(chosen).await;
        assert_eq!(status, 422, "{problem}");
        says(&problem, error, help);
    }

    /// It is refused at that step, and undone.
    async fn fails(&mut self, id: u64, name: &str, at: &str, error: &str, help: &str) -> Value {
        let view = self.connect(id).await;
        assert_eq!((view["state"].as_str(), view["connected"].as_bool()), (Some("failed"), Some(false)), "{view}");
        assert_eq!(step(&view, at)["state"], "failed", "{view}");
        says(step(&view, at), error, help);
        self.nothing_left(name);
        view
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_an_organisation_keeps_out_is_said_with_the_way_in() {
    let Some(mut desk) = Desk::new().await else { return };
    desk.world.github.create_organization("acme").unwrap();
    desk.world.github.add_member("acme", "anna", true).unwrap();
    let shop = desk.repository("acme/shop").await;
    let set = |desk: &Desk, rules: Rules| desk.world.github.set_rules("acme", rules).unwrap();

    set(&desk, Rules { oauth_apps_restricted: true, ..Rules::default() });
    desk.refused(
        json!({ "id": shop, "name": "acme/shop" }),
        "acme has not approved this server's OAuth app",
        "settings/oauth_application_policy",
    )
    .await;
    // What is public can be read, and not be changed.
    desk.world.github.hide_repository("acme/shop", false).unwrap();
    desk.fails(shop, "acme/shop", "key", "acme has not approved", "ask an owner of acme").await;
    desk.world.github.hide_repository("acme/shop", true).unwrap();

    set(&desk, Rules { single_sign_on: true, ..Rules::default() });
    desk.refused(json!({ "name": "acme/shop" }), "acme wants single sign-on", "/orgs/acme/sso").await;
    desk.world.github.sign_on("acme", "anna").unwrap();

    set(&desk, Rules { deploy_keys_disabled: true, ..Rules::default() });
    desk.fails(shop, "acme/shop", "key", "may have no deploy keys", "an owner can allow them").await;
    let list: Value = desk.anna.ask(Method::GET, "/api/connect/repositories?q=shop", None).await.unwrap().json().await.unwrap();
    assert_eq!((list["repositories"][0]["name"].as_str(), list["repositories"][0]["state"].as_str()), (Some("acme/shop"), Some("failed")));

    set(&desk, Rules::default());
    let view = desk.connect(shop).await;
    assert_eq!(states(&view), ["done"; 5], "{view}");
    desk.world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_repository_does_not_allow_is_said() {
    let Some(mut desk) = Desk::new().await else { return };
    desk.refused(json!({ "name": "anna/nothing" }), "404", "is the name right").await;
    desk.refused(json!({ "name": "../anna" }), "say which repository", "").await;

    desk.world.github.create_user("ben").unwrap();
    let bens = desk.repository("ben/lib").await;
    desk.world.github.set_role("ben/lib", "anna", Role::Write).unwrap();
    desk.refused(json!({ "id": bens }), "may not administer ben/lib", "ask one of its admins").await;

    let old = desk.repository("anna/old").await;
    desk.world.github.archive_repository("anna/old", true).unwrap();
    desk.fails(old, "anna/old", "find", "anna/old is archived", "unarchive it").await;
    let list: Value = desk.anna.ask(Method::GET, "/api/connect/repositories", None).await.unwrap().json().await.unwrap();
    let line = |name: &str| list["repositories"].as_array().unwrap().iter().find(|own| own["name"] == name).unwrap();
    says(line("anna/old"), "archived", "unarchive");
    says(line("ben/lib"), "not an admin", "ask one of its admins");

    // As many webhooks as GitHub allows: the key that was added goes again.
    let full = desk.repository("anna/full").await;
    let client = reqwest::Client::builder().user_agent("stories").build().unwrap();
    for nth in 0..20 {
        let hook =
            json!({ "name": "web", "events": ["push"], "config": { "url": format!("http://127.0.0.1:9/{nth}"), "content_type": "json" } });
        let url = format!("{}/repos/anna/full/hooks", desk.world.github.api_base());
        let made = client.post(url).bearer_auth(&desk.world.token).json(&hook).send().await.unwrap();
        assert_eq!(made.status(), 201);
    }
    let view = desk.fails(full, "anna/full", "hook", "as many webhooks as GitHub allows", "remove one").await;
    assert_eq!(step(&view, "key")["state"], "undone");

    // An address that GitHub refuses to deliver to.
    let far = desk.repository("anna/far").await;
    let words = "url is not supported because it isn't reachable over the public Internet (127.0.0.1)";
    desk.world.github.add_fault(Fault {
        method: Some("POST".into()),
        path: "/repos/anna/far/hooks".into(),
        status: Some(422),
        body: json!({ "message": "Validation Failed", "errors": [{ "resource": "Hook", "code": "custom", "message": words }] }).to_string(),
        ..Fault::default()
    });
    desk.fails(far, "anna/far", "hook", "GitHub cannot reach this server", "--public-url").await;
    desk.world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_time_heals_is_waited_for() {
    let Some(mut desk) = Desk::new().await else { return };
    let id = desk.repository("anna/slow").await;
    desk.world.github.add_fault(Fault {
        method: Some("POST".into()),
        path: "/repos/anna/slow/keys".into(),
        status: Some(502),
        times: Some(2),
        ..Fault::default()
    });
    desk.world.github.add_fault(Fault {
        method: Some("POST".into()),
        path: "/repos/anna/slow/hooks".into(),
        status: Some(429),
        headers: [("retry-after".to_owned(), "2".to_owned())].into(),
        body: json!({ "message": "You have exceeded a secondary rate limit." }).to_string(),
        times: Some(1),
        ..Fault::default()
    });
    let (status, _) = desk.choose(json!({ "id": id })).await;
    assert_eq!(status, 202);
    let view = desk.until(id, "the limit", |view| step(view, "hook")["error"].is_string()).await;
    says(step(&view, "hook"), "rate limit", "it is tried again at");
    assert_eq!(view["state"], "doing");
    let view = desk.until(id, "the end of connecting", |view| view["state"] != "doing").await;
    assert_eq!(states(&view), ["done"; 5], "{view}");
    desk.world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_github_does_not_reach_is_told_after_a_minute() {
    let Some(mut desk) = Desk::new().await else { return };
    let id = desk.repository("anna/unheard").await;
    desk.world.github.lose_deliveries(1);
    let view = desk.connect(id).await;
    assert_eq!((view["state"].as_str(), view["connected"].as_bool()), (Some("done"), Some(true)), "what was made stays: {view}");
    says(step(&view, "ping"), "GitHub could not reach", "firewall");
    assert!(step(&view, "ping")["error"].as_str().unwrap().contains("failed to connect to host"), "{view}");
    // Late is not never.
    let lost = desk.world.github.deliveries("anna/unheard").pop().unwrap();
    desk.world.github.redeliver("anna/unheard", lost.id).unwrap();
    desk.until(id, "the late delivery", |view| step(view, "ping")["state"] == "done").await;
    desk.world.close().await;
}
