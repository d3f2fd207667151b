//! The server's doors: who may, who may not, and what is answered to nonsense.
#![expect(clippy::unwrap_used, reason = "tests")]

use reqwest::{Client, Method, RequestBuilder};
use std::time::{Duration, Instant};
use stories::World;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const GATED: &str = "after: human-click\nsay:\n  img: IMAGE\n  run: echo said\n";

async fn status(request: RequestBuilder) -> u16 {
    request.send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn acts_come_from_the_page_or_from_a_program_that_says_so() {
    let Some(world) = World::new().await else { return };
    world.push("ci", GATED).unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.until("its gate", |v| v["summary"]["state"] == "waiting").await.unwrap();
    let (client, base) = (Client::new(), world.server.url());
    let run_at = format!("{base}{}", run.path());
    for act in ["gates/0/approve", "cancel", "rerun"] {
        let at = format!("{run_at}/{act}");
        let form = "application/x-www-form-urlencoded";
        let foreign: Vec<(&str, RequestBuilder)> = vec![
            ("a plain form", client.post(&at).header("content-type", form)),
            ("another site", client.post(&at).header("x-dockercise", "1").header("origin", "https://evil.example")),
            ("no site", client.post(&at).header("x-dockercise", "1").header("origin", "null")),
            ("a site that looks like ours", client.post(&at).header("x-dockercise", "1").header("origin", format!("{base}.evil.example"))),
        ];
        for (who, request) in foreign {
            assert_eq!(status(request).await, 403, "{act} by {who}");
        }
        // A foreign name that points to this computer.
        let rebound = client.post(&at).header("x-dockercise", "1").header("host", "evil.example");
        assert!([403, 421].contains(&status(rebound).await), "{act}");
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE] {
            let code = status(client.request(method.clone(), &at).header("x-dockercise", "1")).await;
            assert!(code == 405 || code == 404, "{method} {act}: {code}");
        }
    }
    assert_eq!(run.view().await.unwrap()["summary"]["state"], "waiting");
    let ours = client.post(format!("{run_at}/gates/0/approve")).header("x-dockercise", "1").header("origin", &base);
    assert_eq!(status(ours).await, 200);
    run.ends("passed").await.unwrap();
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runners_door_opens_for_its_token_only() {
    let Some(world) = World::new().await else { return };
    let client = Client::new();
    let job = "01900000-0000-7000-8000-000000000000";
    let poll = serde_json::json!({ "version": "0", "jobs": [], "kept": [], "wants_job": true });
    let reports = serde_json::json!({ "fence": 1, "reports": [] });
    for token in [None, Some("Bearer "), Some("Bearer 0123456789abcdef"), Some("Basic YTpi")] {
        let asked = [
            ("/runner/v1/poll".to_owned(), poll.to_string()),
            (format!("/runner/v1/jobs/{job}/reports"), reports.to_string()),
            (format!("/runner/v1/jobs/{job}/log/0/1/run?fence=1&offset=0"), "x".to_owned()),
        ];
        for (path, body) in asked {
            let mut request = client.post(format!("{}{path}", world.server.url())).header("content-type", "application/json").body(body);
            if let Some(token) = token {
                request = request.header("authorization", token);
            }
            let answer = request.send().await.unwrap();
            let code = answer.status().as_u16();
            assert_eq!(code, 401, "{path} with {token:?}: {}", answer.text().await.unwrap());
        }
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nonsense_is_answered_with_words_and_never_breaks_anything() {
    let Some(world) = World::new().await else { return };
    world.push("ci", "say:\n  img: IMAGE\n  run: printf '<script>alert(1)</script>'\n").unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("passed").await.unwrap();
    let (client, base) = (Client::new(), world.server.url());
    let paths = [
        "/api/results/local/nothing",
        "/api/results/nobody/ci",
        "/api/results/local/ci/2",
        "/api/results/local/ci/0",
        "/api/results/local/ci/-1",
        "/api/results/local/ci/99999999999999999999",
        "/api/results/local/ci/1%00",
        "/api/results/local/%2e%2e%2f/1",
        "/api/results/local/..%2f..%2fetc/1",
        "/api/results/local/ci;x/1",
        "/api/results//ci/1",
        "/api/results/local/ci/1/steps/9/log",
        "/api/results/local/ci/1/steps/4294967295/value",
        "/api/results/local/ci/1/steps/x/log",
        "/api/results/local/ci/1/steps/0/log?phase=other",
        "/api/results/local/ci/1/steps/0/log?from=-1",
        "/api/results/local/ci/1/steps/0/log?attempt=99",
        "/api/results/local/ci/1/steps/0/log?surprise=1",
        "/api/results/local/ci?limit=x",
        "/api/nothing",
        "/API/results/local/ci/1%20",
        "/hooks/github/",
        "/runner/v1/",
    ];
    for path in paths {
        let answer = client.get(format!("{base}{path}")).send().await.unwrap();
        let code = answer.status().as_u16();
        // What is no address of the API is the page, which says so itself.
        let page = path.starts_with("/API") && (code == 200 || code == 503);
        assert!((400..500).contains(&code) || page, "{path}: {code}");
    }
    for from in ["0", "1", "7", "999999", "18446744073709551615"] {
        let page = world.api.get(&format!("{}/steps/0/log?from={from}", run.path())).await.unwrap().unwrap();
        assert!(page["frames"].as_array().unwrap().len() <= 1, "{from}: {page}");
    }
    // A step's bytes are never a page of ours.
    for what in ["value", "log/raw"] {
        let answer = client.get(format!("{base}{}/steps/0/{what}", run.path())).send().await.unwrap();
        let header = |name: &str| answer.headers().get(name).unwrap().to_str().unwrap().to_owned();
        assert!(header("content-disposition").starts_with("attachment"), "{what}");
        assert!(!header("content-type").contains("html"), "{what}");
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert!(header("content-security-policy").contains("default-src 'self'"));
    }
    let large = client.post(format!("{base}{}/cancel", run.path())).header("x-dockercise", "1").body(vec![b'x'; 2 * 1024 * 1024]);
    assert!((400..500).contains(&status(large).await));
    assert_eq!(run.view().await.unwrap()["summary"]["state"], "passed");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s63_s67_refs_and_messages_are_only_text() {
    let Some(world) = World::new().await else { return };
    let message = "'; drop table run; -- <img src=x onerror=alert(1)> {say} \u{202e}$(id)";
    let branch = "it's-$(touch${IFS}pwned);`id`-ü-{say}";
    world
        .clone
        .write(
            "ci.dockercise.yaml",
            format!("say:\n  img: {}\n  vol: source\n  run: printf '%s' \"$DOCKERCISE_BRANCH\" && ls\n", stories::images::BUSYBOX),
        )
        .unwrap();
    world.clone.commit(message).unwrap();
    world.clone.push(&format!("HEAD:refs/heads/{branch}")).unwrap();
    let run = world.api.run("ci", 1).await.unwrap();
    run.ends("passed").await.unwrap();
    let view = run.view().await.unwrap();
    assert_eq!(view["commit"]["title"], message);
    assert_eq!(view["summary"]["branch"], branch);
    assert_eq!(String::from_utf8(run.value("say").await.unwrap()).unwrap(), format!("{branch}ci.dockercise.yaml\n"));
    // Git allows it, and takes it for an option where it may.
    world.clone.push("HEAD:refs/heads/--upload-pack=touch").unwrap();
    let option = world.api.run("ci", 2).await.unwrap();
    option.ends("infra").await.unwrap();
    let reason = option.step("say").await.unwrap()["reason"].clone();
    assert!(reason.as_str().unwrap().contains("is not the name of a ref"), "{reason}");
    world.close().await;
}

/// How many hold a connection open.
const SLOW: usize = 2000;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn s58_whoever_sends_a_byte_now_and_then_is_given_up_and_holds_nobody_up() {
    let Some(world) = World::new().await else { return };
    let address = world.server.url().trim_start_matches("http://").to_owned();
    let head = "GET /api/pipelines HTTP/1.1\r\nx-slow: ";
    let body = format!("POST /hooks/github/x HTTP/1.1\r\nhost: {address}\r\ncontent-length: 1000\r\n\r\n{{");
    let began = Instant::now();
    let mut slow = Vec::new();
    for n in 0..SLOW {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(if n % 2 == 0 { head.as_bytes() } else { body.as_bytes() }).await.unwrap();
        slow.push(stream);
    }
    let client = Client::new();
    let mut quickest = Duration::MAX;
    for _ in 0..5 {
        let asked = Instant::now();
        assert_eq!(status(client.get(format!("{}/api/pipelines", world.server.url()))).await, 200);
        quickest = quickest.min(asked.elapsed());
    }
    println!("beside {SLOW} slow ones a request took {quickest:?}");
    assert!(quickest < Duration::from_secs(1), "{quickest:?}");
    // Each gets a byte more from time to time, until the server has given it up.
    let given_up = slow.into_iter().map(|mut stream| async move {
        let mut answer = Vec::new();
        loop {
            match tokio::time::timeout(Duration::from_secs(3), stream.read_buf(&mut answer)).await {
                Ok(Ok(0) | Err(_)) => return,
                Ok(Ok(_)) => {}
                Err(_) if stream.write_all(b"a").await.is_err() => return,
                Err(_) => {}
            }
        }
    });
    let all = futures_util::future::join_all(given_up);
    tokio::time::timeout(Duration::from_secs(40), all).await.expect("connections are held for longer than the limit allows");
    println!("all were given up after {:?}", began.elapsed());
    world.close().await;
}
