//! In front of the real Docker socket.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;

use faultproxy::{Endpoint, Kind, Proxy, Rule};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;

/// Asks on a connection of its own and reads to its end.
async fn ask(socket: &PathBuf, method: &str, path: &str) -> std::io::Result<String> {
    let mut stream = UnixStream::connect(socket).await?;
    let request = format!("{method} {path} HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut text = String::new();
    stream.read_to_string(&mut text).await?;
    Ok(text)
}

#[tokio::test]
async fn the_docker_socket_is_reached_and_disturbed() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("docker.sock");
    let docker = Endpoint::Unix("/var/run/docker.sock".into());
    let rules = vec![
        Rule::new("/version", Kind::Error { status: 500, headers: Vec::new(), body: "{\"message\":\"no\"}".into() }).times(1),
        Rule::new("/info", Kind::Reset),
    ];
    let proxy = Proxy::start(Endpoint::Unix(socket.clone()), docker, rules).await.unwrap();
    assert!(ask(&socket, "GET", "/_ping").await.unwrap().ends_with("OK"), "a Docker engine is needed");
    assert!(ask(&socket, "GET", "/version").await.unwrap().starts_with("HTTP/1.1 500 "));
    assert!(ask(&socket, "GET", "/v1.41/version").await.unwrap().contains("\"ApiVersion\""));
    // Nothing but the end, or a reset: no byte of an answer.
    assert_eq!(ask(&socket, "GET", "/info").await.unwrap_or_default(), "");
    // A chunked stream with an end.
    let events = ask(&socket, "GET", "/events?since=0&until=1").await.unwrap();
    assert!(events.starts_with("HTTP/1.1 200 OK"), "{events}");
    let paths: Vec<_> = proxy.journal().into_iter().map(|entry| (entry.path, entry.status)).collect();
    assert_eq!(paths[0], ("/_ping".to_owned(), Some(200)));
    assert_eq!(paths[1], ("/version".to_owned(), Some(500)));
    assert_eq!(paths[3], ("/info".to_owned(), None));
    drop(proxy);
    // The socket goes with the proxy.
    while socket.exists() {
        tokio::task::yield_now().await;
    }
}
