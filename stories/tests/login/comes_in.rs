//! From the click to the session, and everything that does not lead there.

use reqwest::Method;
use stories::{Browser, Setup, World};

pub async fn world() -> Option<World> {
    World::with(Setup { login: true, ..Setup::default() }).await
}

/// A parameter of an address.
fn said(address: &str, name: &str) -> String {
    let query = address.split_once('?').unwrap().1;
    let found = query.split('&').find_map(|pair| pair.strip_prefix(&format!("{name}=")));
    found.unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fresh_server_belongs_to_who_can_read_what_it_prints() {
    let Some(world) = World::with(Setup { login: true, ..Setup::default() }).await else { return };
    // The world's owner has claimed it by now: the code is worth nothing any more, and others may not come in.
    let mut browser = Browser::new(&world.server.url()).unwrap();
    let me = browser.me().await.unwrap();
    assert_eq!((me["has_login"].as_bool(), me["unclaimed"].as_bool(), me["login"].as_str()), (Some(true), Some(false), None));
    world.github.create_user("ben").unwrap();
    let code = world.server.claim_code().unwrap();
    let words = browser.log_in(&world.github, "ben", Some(&code)).await.unwrap_err().to_string();
    assert!(words.contains("403") && words.contains("ben may not log in here"), "{words}");
    assert_eq!(browser.me().await.unwrap()["login"], serde_json::Value::Null);
    let mut anna = Browser::new(&world.server.url()).unwrap();
    anna.log_in(&world.github, "anna", None).await.unwrap();
    let me = anna.me().await.unwrap();
    assert_eq!((me["login"].as_str(), me["admin"].as_bool()), (Some("anna"), Some(true)));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_unclaimed_server_lets_nobody_in_without_its_code() {
    let Some(mut world) = World::new().await else { return };
    let app = world.github.create_oauth_app("ci", &format!("{}/login/callback", world.server.url())).unwrap();
    world.server.stop().await.unwrap();
    world.server.env.push(("DOCKERCISE_GITHUB_CLIENT_ID".into(), app.client_id));
    world.server.env.push(("DOCKERCISE_GITHUB_CLIENT_SECRET".into(), app.client_secret));
    world.server.start().await.unwrap();
    let mut browser = Browser::new(&world.server.url()).unwrap();
    assert_eq!(browser.me().await.unwrap()["unclaimed"], true);
    for bad in [None, Some(""), Some("AAAA-AAAA-AAAA-AAAA-AAAA-AAAA")] {
        let words = browser.begin("/", bad).await.unwrap_err().to_string();
        assert!(words.contains("nobody has claimed this server yet"), "{words}");
    }
    // Two who both read the log: the first has it.
    let code = world.server.claim_code().unwrap();
    world.github.create_user("ben").unwrap();
    let mut ben = Browser::new(&world.server.url()).unwrap();
    let bens = ben.begin("/", Some(&code.to_lowercase())).await.unwrap();
    browser.log_in(&world.github, "anna", Some(&code)).await.unwrap();
    assert_eq!(browser.me().await.unwrap()["admin"], true);
    let (status, words) = ben.come_back(&world.github.consent("ben", &bens).unwrap()).await.unwrap();
    assert!(status == 403 && words.contains("somebody else has claimed this server meanwhile"), "{status} {words}");
    world.api = stories::Api::with_token(&world.server.url(), &browser.token("admin").await.unwrap()).unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s53_a_login_is_finished_once_by_the_browser_that_began_it() {
    let Some(world) = world().await else { return };
    let base = world.server.url();
    let mut browser = Browser::new(&base).unwrap();
    let url = browser.begin("/", None).await.unwrap();
    for (name, value) in [("code_challenge_method", "S256"), ("client_id", &said(&url, "client_id"))] {
        assert_eq!(said(&url, name), value);
    }
    assert!(!said(&url, "state").is_empty() && !said(&url, "code_challenge").is_empty());
    let back = world.github.consent("anna", &url).unwrap();
    let (code, state) = (said(&back, "code"), said(&back, "state"));

    // Login CSRF: somebody else's answer in this browser, and this one's in somebody else's.
    let mut other = Browser::new(&base).unwrap();
    assert_eq!(other.come_back(&back).await.unwrap().0, 400);
    other.begin("/", None).await.unwrap();
    assert_eq!(other.come_back(&back).await.unwrap().0, 400);
    // That try has used the state up: nobody knows who else has seen it.
    assert_eq!(browser.come_back(&back).await.unwrap().0, 400);

    for (what, query) in [
        ("no state", format!("code={code}")),
        ("no code", format!("state={state}")),
        ("nothing", String::new()),
        ("two states", format!("code={code}&state={state}&state=x")),
        ("a foreign state", format!("code={code}&state={}", "0".repeat(64))),
    ] {
        browser.begin("/", None).await.unwrap();
        let (status, words) = browser.come_back(&format!("{base}/login/callback?{query}")).await.unwrap();
        assert_eq!(status, 400, "{what}: {words}");
    }
    let url = browser.begin("/", None).await.unwrap();
    let back = world.github.consent("anna", &url).unwrap();
    let (status, words) = browser.come_back(&format!("{back}&iss=https%3A%2F%2Fevil.example%2Flogin%2Foauth")).await.unwrap();
    assert!(status == 400 && words.contains("not from the GitHub that was asked"), "{status} {words}");
    // A code of another login.
    let url = browser.begin("/", None).await.unwrap();
    let (status, words) = browser.come_back(&format!("{base}/login/callback?code={code}&state={}", said(&url, "state"))).await.unwrap();
    assert_eq!(status, 403, "{words}");
    // Given up at GitHub.
    let url = browser.begin("/", None).await.unwrap();
    let (status, words) =
        browser.come_back(&format!("{base}/login/callback?error=access_denied&state={}", said(&url, "state"))).await.unwrap();
    assert!(status == 403 && words.contains("given up at GitHub"), "{words}");
    assert!(browser.cookies.keys().all(|name| name.ends_with("-login")), "there is no session: {:?}", browser.cookies);
    assert_eq!(browser.status(Method::GET, "/api/pipelines", None).await.unwrap(), 401);

    // And well: the session's id is another than what the browser held before, and a second use of the same address is none.
    let before = browser.cookies.clone();
    let url = browser.begin("/results/local/x?tab=log", None).await.unwrap();
    let back = world.github.consent("anna", &url).unwrap();
    assert_eq!(browser.come_back(&back).await.unwrap(), (303, "/results/local/x?tab=log".to_owned()));
    let session = browser.cookies.get("dockercise").unwrap();
    assert!(!before.values().any(|held| held == session));
    assert_eq!(browser.come_back(&back).await.unwrap().0, 400);
    assert_eq!(browser.status(Method::GET, "/api/pipelines", None).await.unwrap(), 200, "the session is still there");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s52_nobody_is_sent_elsewhere_after_a_login() {
    let Some(world) = world().await else { return };
    for to in ["//e", "/\\e", "/%5ce", "/\te", "https:e", "javascript:alert(1)", "@e", "/%25252525252fe", "\\\\e", "https://e/"] {
        let mut browser = Browser::new(&world.server.url()).unwrap();
        let url = browser.begin(to, None).await.unwrap();
        let back = world.github.consent("anna", &url).unwrap();
        assert_eq!(browser.come_back(&back).await.unwrap(), (303, "/".to_owned()), "{to:?}");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_ends_when_its_owner_says_so_here_or_everywhere() {
    let Some(world) = world().await else { return };
    let mut browsers = Vec::new();
    for _ in 0..3 {
        let mut browser = Browser::new(&world.server.url()).unwrap();
        browser.log_in(&world.github, "anna", None).await.unwrap();
        browsers.push(browser);
    }
    let kept: Vec<_> = browsers.iter().map(|browser| browser.cookies.clone()).collect();
    assert_eq!(browsers[0].status(Method::POST, "/api/logout", None).await.unwrap(), 204);
    browsers[0].cookies.clone_from(&kept[0]);
    assert_eq!(browsers[0].status(Method::GET, "/api/pipelines", None).await.unwrap(), 401, "not only the cookie is gone");
    assert_eq!(browsers[1].status(Method::GET, "/api/pipelines", None).await.unwrap(), 200);
    let everywhere = serde_json::json!({ "everywhere": true });
    assert_eq!(browsers[1].status(Method::POST, "/api/logout", Some(&everywhere)).await.unwrap(), 204);
    assert_eq!(browsers[2].status(Method::GET, "/api/pipelines", None).await.unwrap(), 401);
    world.close().await;
}
