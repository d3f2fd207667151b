//! A small HTTP server that remembers what it was asked, and a client that sees every byte.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use faultproxy::{Endpoint, Proxy, Rule};

/// The server behind the proxy.
pub struct Upstream {
    pub endpoint: Endpoint,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Upstream {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = Endpoint::Tcp(listener.local_addr().unwrap());
        let asked = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&asked);
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, Arc::clone(&shared)));
            }
        });
        Self { endpoint, asked }
    }

    /// Requests so far, as `METHOD PATH BODY`.
    pub fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }

    /// A proxy in front of it.
    pub async fn behind(&self, rules: Vec<Rule>) -> Proxy {
        let any = Endpoint::Tcp(([127, 0, 0, 1], 0).into());
        Proxy::start(any, self.endpoint.clone(), rules).await.unwrap()
    }
}

/// `/upgrade` and `/raw` become an echo, `/chunked` streams, `/quiet` never ends; all else echoes its body.
async fn serve(stream: TcpStream, asked: Arc<Mutex<Vec<String>>>) {
    let mut stream = BufReader::new(stream);
    loop {
        let (mut first, mut length) = (String::new(), 0);
        if stream.read_line(&mut first).await.unwrap_or(0) == 0 {
            return;
        }
        loop {
            let mut line = String::new();
            stream.read_line(&mut line).await.unwrap();
            if line == "\r\n" {
                break;
            }
            if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).await.unwrap();
        let mut words = first.split(' ');
        let (method, path) = (words.next().unwrap(), words.next().unwrap());
        asked.lock().unwrap().push(format!("{method} {path} {}", String::from_utf8_lossy(&body)));
        let head = match path {
            "/upgrade" => "HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n".to_owned(),
            "/raw" => "HTTP/1.1 200 OK\r\nContent-Type: application/vnd.docker.raw-stream\r\n\r\n".to_owned(),
            "/chunked" => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n".to_owned(),
            "/quiet" => "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_owned(),
            _ => format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n"),
        };
        stream.write_all(head.as_bytes()).await.unwrap();
        match path {
            "/upgrade" | "/raw" => {
                let (mut read, mut write) = stream.into_inner().into_split();
                let _ = tokio::io::copy(&mut read, &mut write).await;
                return;
            }
            "/chunked" | "/quiet" => {}
            _ => stream.write_all(&body).await.unwrap(),
        }
    }
}

/// A client on a connection of its own.
pub struct Client(pub TcpStream);

impl Client {
    pub async fn connect(proxy: &Proxy) -> Self {
        let Endpoint::Tcp(address) = proxy.address() else { unreachable!("tests listen on tcp") };
        Self(TcpStream::connect(address).await.unwrap())
    }

    pub async fn send(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// Sends a request with a body, complete.
    pub async fn post(&mut self, path: &str, body: &str) {
        self.send(&format!("POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n{body}", body.len())).await;
    }

    /// Reads until `end` has come.
    pub async fn read_to(&mut self, end: &str) -> String {
        let mut text = String::new();
        let mut byte = [0];
        while !text.ends_with(end) {
            assert_eq!(self.0.read(&mut byte).await.unwrap(), 1, "ended after {text:?}");
            text.push(char::from(byte[0]));
        }
        text
    }

    /// Reads to the connection's end.
    pub async fn rest(&mut self) -> std::io::Result<String> {
        let mut text = String::new();
        self.0.read_to_string(&mut text).await.map(|_| text)
    }
}
