//! What other sites and odd addresses cannot do to somebody who is logged in.

use crate::comes_in::world;
use reqwest::header::{COOKIE, ORIGIN};
use reqwest::{Client, Method, RequestBuilder};
use stories::{Browser, World};

const GATED: &str = "after: human-click\nsay:\n  img: IMAGE\n  run: echo said\n";

async fn waiting(world: &World) -> stories::Run {
    world.push("ci", GATED).unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.until("its gate", |v| v["summary"]["state"] == "waiting").await.unwrap();
    run
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s55_only_our_own_page_acts_for_who_is_logged_in() {
    let Some(world) = world().await else { return };
    let run = waiting(&world).await;
    let mut browser = Browser::new(&world.server.url()).unwrap();
    browser.log_in(&world.github, "anna", None).await.unwrap();
    let stale = browser.page_token.clone().unwrap();
    browser.log_in(&world.github, "anna", None).await.unwrap();
    let fresh = browser.page_token.clone().unwrap();
    assert_ne!(stale, fresh);
    let (client, base) = (Client::new(), world.server.url());
    let cookie = format!("dockercise={}", browser.cookies["dockercise"]);
    let acts = ["/gates/0/approve", "/cancel", "/rerun"].map(|act| format!("{}{act}", run.path()));
    for path in acts.iter().map(String::as_str).chain(["/api/tokens", "/api/logout", "/api/secrets/X"]) {
        let method = if path.starts_with("/api/secrets") { Method::PUT } else { Method::POST };
        let at = || client.request(method.clone(), format!("{base}{path}")).header(COOKIE, &cookie);
        let foreign: Vec<(&str, RequestBuilder)> = vec![
            ("a form", at().header("content-type", "application/x-www-form-urlencoded").header(ORIGIN, "https://evil.example")),
            ("a plain fetch", at().header("content-type", "text/plain").header(ORIGIN, "https://evil.example").body("{}")),
            ("a page without origin", at().header(ORIGIN, "null").header("x-dockercise", &fresh)),
            ("a subdomain", at().header(ORIGIN, format!("http://x.{}", base.trim_start_matches("http://"))).header("x-dockercise", &fresh)),
            ("no token", at().header(ORIGIN, &base)),
            ("a guessed token", at().header(ORIGIN, &base).header("x-dockercise", "page")),
            ("another session's token", at().header(ORIGIN, &base).header("x-dockercise", &stale)),
        ];
        for (who, call) in foreign {
            assert_eq!(call.send().await.unwrap().status().as_u16(), 403, "{path} by {who}");
        }
        // A picture, a link preview.
        let looked = client.get(format!("{base}{path}")).header(COOKIE, &cookie).send().await.unwrap().status().as_u16();
        assert!([200, 404, 405].contains(&looked), "{path}: {looked}");
    }
    assert_eq!(run.view().await.unwrap()["summary"]["state"], "waiting", "nothing was changed");
    assert_eq!(browser.status(Method::POST, &acts[0], None).await.unwrap(), 200);
    run.ends("passed").await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s51_no_odd_address_gets_around_the_login() {
    let Some(world) = world().await else { return };
    let run = waiting(&world).await;
    let (client, base) = (Client::new(), world.server.url());
    let path = run.path();
    let odd = [
        format!("{path}/../../../pipelines"),
        "/x?jsp=/api/pipelines;.jsp".to_owned(),
        "/API/pipelines".to_owned(),
        "//api/pipelines".to_owned(),
        "/api//pipelines".to_owned(),
        "/api/%2e%2e/api/pipelines".to_owned(),
        "/api/pipelines;x".to_owned(),
        "/api/pipelines/".to_owned(),
        "/api/pipelines%00".to_owned(),
        "/api/me/../pipelines".to_owned(),
        "/api/login/../pipelines".to_owned(),
    ];
    for at in &odd {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS, Method::POST] {
            for (name, value) in [("x-original-url", "/api/pipelines"), ("x-http-method-override", "GET"), ("x-rewrite-url", "/api/me")] {
                let call = client.request(method.clone(), format!("{base}{at}")).header(name, value).header("x-dockercise", "1");
                let answer = call.send().await.unwrap();
                let status = answer.status().as_u16();
                let text = answer.text().await.unwrap();
                assert!(!text.contains("anna/app"), "{method} {at}: {status} {text}");
            }
        }
    }
    // A host's name with a dot at its end is not this server's.
    let dotted = client.get(format!("{base}/api/pipelines")).header("host", "localhost.:80").send().await.unwrap();
    assert!([401, 421].contains(&dotted.status().as_u16()));
    world.api.post(&format!("{path}/cancel")).await.unwrap();
    run.ends("cancelled").await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s56_no_page_is_framed_and_no_answer_kept_by_what_is_between() {
    let Some(world) = world().await else { return };
    let run = waiting(&world).await;
    let mut browser = Browser::new(&world.server.url()).unwrap();
    browser.log_in(&world.github, "anna", None).await.unwrap();
    let page = run.path().trim_start_matches("/api").to_owned();
    for path in [page.as_str(), "/", "/settings", &run.path(), "/api/pipelines", "/api/me", "/api/tokens", "/login/callback", "/api/nope"] {
        let answer = browser.ask(Method::GET, path, None).await.unwrap();
        let header = |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_owned();
        assert!(header("content-security-policy").contains("frame-ancestors 'none'"), "{path}");
        assert_eq!(header("x-frame-options"), "DENY", "{path}");
        // The page itself holds nothing of anybody's; it is asked for anew each time.
        let cache = header("cache-control");
        assert!(cache == "no-store" || cache == "no-cache" && !path.starts_with("/api"), "{path}: {cache}");
    }
    world.api.post(&format!("{}/cancel", run.path())).await.unwrap();
    run.ends("cancelled").await.unwrap();
    world.close().await;
}
