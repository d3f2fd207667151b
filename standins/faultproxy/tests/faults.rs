//! Each kind of fault over TCP, and what must pass untouched.
#![expect(clippy::unwrap_used, reason = "tests")]

mod common;

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use common::{Client, Upstream};
use faultproxy::{Kind, Rule};

#[tokio::test]
async fn requests_pass_and_are_journalled() {
    let upstream = Upstream::start().await;
    let proxy = upstream.behind(Vec::new()).await;
    let mut client = Client::connect(&proxy).await;
    for body in ["one", "two"] {
        client.post("/x?y=1", body).await;
        assert!(client.read_to(body).await.starts_with("HTTP/1.1 200 OK"));
    }
    client.send("GET /chunked HTTP/1.1\r\nHost: a\r\n\r\n").await;
    client.read_to("two\r\n0\r\n\r\n").await;
    proxy.wait_until(|all| all.len() == 3 && all.iter().all(|one| one.duration.is_some())).await;
    let journal = proxy.journal();
    let first = &journal[0];
    assert_eq!((first.method.as_str(), first.path.as_str(), first.status), ("POST", "/x?y=1", Some(200)));
    assert_eq!((first.request_bytes, first.fault.clone()), (3, None));
    assert_eq!(first.response_bytes, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\none".len() as u64);
    assert_eq!(upstream.asked(), ["POST /x?y=1 one", "POST /x?y=1 two", "GET /chunked "]);
}

#[tokio::test]
async fn an_error_is_answered_without_the_upstream() {
    let upstream = Upstream::start().await;
    let headers = vec![("retry-after".to_owned(), "2".to_owned())];
    let kind = Kind::Error { status: 503, headers, body: "{}".to_owned() };
    let proxy = upstream.behind(vec![Rule::new("/x", kind.clone()).method("POST").times(1)]).await;
    let mut client = Client::connect(&proxy).await;
    client.post("/x", "body").await;
    let answer = client.rest().await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 2\r\n"), "{answer}");
    assert!(answer.ends_with("\r\n\r\n{}"));
    assert_eq!(upstream.asked(), Vec::<String>::new());
    let mut again = Client::connect(&proxy).await;
    again.post("/x", "body").await;
    again.read_to("\r\n\r\nbody").await;
    assert_eq!(proxy.journal()[0].fault, Some(kind));
    assert_eq!(proxy.journal()[1].fault, None);
}

#[tokio::test]
async fn a_delay_delays() {
    let upstream = Upstream::start().await;
    let delay = Duration::from_millis(200);
    let proxy = upstream.behind(vec![Rule::new("/x", Kind::Delay(delay))]).await;
    let mut client = Client::connect(&proxy).await;
    let started = Instant::now();
    client.post("/x", "body").await;
    client.read_to("body").await;
    assert!(started.elapsed() >= delay);
}

#[tokio::test]
async fn an_answer_is_cut_where_told() {
    let upstream = Upstream::start().await;
    let proxy = upstream.behind(vec![Rule::new("/x", Kind::CutAfter(44))]).await;
    let mut client = Client::connect(&proxy).await;
    client.post("/x", "0123456789").await;
    assert_eq!(client.rest().await.unwrap(), "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n01234");
    assert_eq!(upstream.asked(), ["POST /x 0123456789"]);

    proxy.set_rules(vec![Rule::new("/x", Kind::CutAfter(0))]);
    let mut client = Client::connect(&proxy).await;
    client.post("/x", "body").await;
    assert_eq!(client.rest().await.unwrap(), "");
    assert_eq!(upstream.asked().len(), 2);
}

#[tokio::test]
async fn the_head_comes_and_then_nothing() {
    let upstream = Upstream::start().await;
    let proxy = upstream.behind(vec![Rule::new("/x", Kind::TwoHundredThenCut)]).await;
    let mut client = Client::connect(&proxy).await;
    client.post("/x", "body").await;
    assert_eq!(client.rest().await.unwrap(), "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n");
    assert_eq!(upstream.asked(), ["POST /x body"]);
    assert_eq!(proxy.journal()[0].status, Some(200));
}

#[tokio::test]
async fn a_reset_is_a_reset() {
    let upstream = Upstream::start().await;
    let proxy = upstream.behind(vec![Rule::new("/x", Kind::Reset)]).await;
    let mut client = Client::connect(&proxy).await;
    client.post("/x", "body").await;
    assert_eq!(client.rest().await.unwrap_err().kind(), ErrorKind::ConnectionReset);
    assert_eq!(upstream.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_hang_lasts_until_the_client_gives_up() {
    let upstream = Upstream::start().await;
    let proxy = upstream.behind(vec![Rule::new("/x", Kind::Hang)]).await;
    let mut client = Client::connect(&proxy).await;
    client.post("/x", "body").await;
    proxy.wait_until(|all| all.len() == 1).await;
    let waited = tokio::time::timeout(Duration::from_millis(150), client.rest()).await;
    assert!(waited.is_err(), "nothing came: {waited:?}");
    assert_eq!(proxy.journal()[0].duration, None);
    drop(client);
    proxy.wait_until(|all| all[0].duration.is_some()).await;
    assert_eq!(upstream.asked(), Vec::<String>::new());
}

#[tokio::test]
async fn a_duplicate_arrives_twice_and_is_answered_once() {
    let upstream = Upstream::start().await;
    let proxy = upstream.behind(vec![Rule::new("/x", Kind::Duplicate).times(1)]).await;
    let mut client = Client::connect(&proxy).await;
    client.post("/x", "body").await;
    client.read_to("\r\n\r\nbody").await;
    client.post("/x", "next").await;
    assert_eq!(client.read_to("next").await, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnext");
    assert_eq!(upstream.asked(), ["POST /x body", "POST /x body", "POST /x next"]);
}

#[tokio::test]
async fn upgraded_and_hijacked_connections_pass_unread() {
    let upstream = Upstream::start().await;
    let proxy = upstream.behind(Vec::new()).await;
    for path in ["/upgrade", "/raw"] {
        let mut client = Client::connect(&proxy).await;
        let upgrade = "Connection: Upgrade\r\nUpgrade: tcp\r\nContent-Length: 2\r\n\r\n{}";
        client.send(&format!("POST {path} HTTP/1.1\r\nHost: a\r\n{upgrade}")).await;
        client.read_to("\r\n\r\n").await;
        client.send("hello").await;
        assert_eq!(client.read_to("hello").await, "hello");
        // The client ends its side, the echo what it had, then both are done.
        client.send("GET / HTTP/1.1\r\n\r\n").await;
        tokio::io::AsyncWriteExt::shutdown(&mut client.0).await.unwrap();
        assert_eq!(client.rest().await.unwrap(), "GET / HTTP/1.1\r\n\r\n");
    }
    assert_eq!(proxy.journal().len(), 2);
    assert_eq!(proxy.journal()[0].status, Some(101));
}

#[tokio::test]
async fn a_client_that_leaves_a_stream_ends_it() {
    let upstream = Upstream::start().await;
    let proxy = upstream.behind(Vec::new()).await;
    let mut client = Client::connect(&proxy).await;
    client.send("GET /quiet HTTP/1.1\r\nHost: a\r\n\r\n").await;
    client.read_to("\r\n\r\n").await;
    drop(client);
    proxy.wait_until(|all| all[0].duration.is_some()).await;
}

#[tokio::test]
async fn a_black_hole_holds_everything_and_loses_nothing() {
    let upstream = Upstream::start().await;
    let proxy = upstream.behind(Vec::new()).await;
    let mut client = Client::connect(&proxy).await;
    client.post("/x", "one").await;
    client.read_to("one").await;
    proxy.blackhole(true);
    client.post("/x", "two").await;
    let mut other = Client::connect(&proxy).await;
    other.post("/x", "three").await;
    let waited = tokio::time::timeout(Duration::from_millis(150), client.read_to("two")).await;
    assert!(waited.is_err());
    assert_eq!(upstream.asked().len(), 1);
    proxy.blackhole(false);
    client.read_to("two").await;
    other.read_to("three").await;
    proxy.disconnect();
    assert_eq!(client.rest().await.unwrap(), "");
}

#[tokio::test]
async fn bandwidth_is_limited() {
    let upstream = Upstream::start().await;
    let proxy = upstream.behind(Vec::new()).await;
    proxy.limit(Some(100_000));
    let mut client = Client::connect(&proxy).await;
    let body = "x".repeat(20_000);
    let started = Instant::now();
    client.post("/x", &body).await;
    client.read_to(&body).await;
    // 20 kB there and 20 kB back at 100 kB/s.
    assert!(started.elapsed() >= Duration::from_millis(380), "{:?}", started.elapsed());
}

#[tokio::test]
async fn what_is_no_http_passes_unread() {
    let upstream = Upstream::start().await;
    let outer = upstream.behind(Vec::new()).await;
    let mut client = Client::connect(&outer).await;
    client.send("\x16\x03\x01").await;
    client.send(" is no method HTTP/1.1\r\n\r\n").await;
    client.read_to("\r\n\r\n").await;
    assert_eq!(outer.journal(), Vec::new());
    assert_eq!(upstream.asked().len(), 1);
}

#[tokio::test]
async fn a_real_client_gets_through() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let upstream = Upstream::start().await;
    let proxy = upstream.behind(vec![Rule::new("/x", Kind::Reset).times(1)]).await;
    let url = proxy.address().to_string().replace("tcp://", "http://") + "/x";
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    assert!(client.post(&url).body("first").send().await.is_err());
    let body = client.post(&url).body("second").send().await.unwrap().text().await.unwrap();
    assert_eq!(body, "second");
    assert_eq!(upstream.asked(), ["POST /x second"]);
}
