//! The container credentials endpoint, on loopback inside the step's own network namespace: AWS's programs find it by two
//! variables, and ask again before what they have expires.
//!
//! What it answers is a file in memory that the runner writes anew in time. The two variables are documented in the AWS SDKs
//! and Tools Reference Guide, "Container credential provider".

use dockercise_init::spec::{AWS_FILE, GO};
use serde::Deserialize;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

/// How long a client may take for its question.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest question, in bytes.
const LONGEST: u64 = 16 * 1024;

/// An endpoint that answers for as long as this process lives.
pub struct Endpoint {
    /// What the command is told, so that it finds it.
    pub env: [(String, String); 2],
    /// Credentials given out, to be masked.
    pub given: Receiver<[String; 3]>,
}

/// What of the file must not be shown.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Credentials {
    access_key_id: String,
    secret_access_key: String,
    token: String,
}

/// Begins to answer.
pub fn serve() -> io::Result<Endpoint> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let mut random = [0; 16];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut random)?;
    let token: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let address = format!("http://{}/credentials", listener.local_addr()?);
    let (told, given) = channel();
    let env = [("AWS_CONTAINER_CREDENTIALS_FULL_URI".to_owned(), address), ("AWS_CONTAINER_AUTHORIZATION_TOKEN".to_owned(), token.clone())];
    std::thread::Builder::new().spawn(move || {
        for client in listener.incoming().flatten() {
            // One that breaks off is its own loss.
            let _ = answer(client, &token, &told);
        }
    })?;
    Ok(Endpoint { env, given })
}

fn answer(client: TcpStream, token: &str, told: &Sender<[String; 3]>) -> io::Result<()> {
    client.set_read_timeout(Some(PATIENCE))?;
    client.set_write_timeout(Some(PATIENCE))?;
    let (status, body) = match asked(&client, token)? {
        true => match std::fs::read_to_string(Path::new(GO).join(AWS_FILE)) {
            Ok(text) => {
                if let Ok(Credentials { access_key_id, secret_access_key, token }) = serde_json::from_str(&text) {
                    // Nobody listens any more where the step is over.
                    let _ = told.send([access_key_id, secret_access_key, token]);
                }
                ("200 OK", text)
            }
            Err(_) => ("503 Service Unavailable", r#"{"message":"there are no credentials at present"}"#.to_owned()),
        },
        false => ("401 Unauthorized", r#"{"message":"the authorization token is missing or wrong"}"#.to_owned()),
    };
    write!(
        &client,
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
}

/// Reads the question; is it one that may be answered?
fn asked(client: &TcpStream, token: &str) -> io::Result<bool> {
    let mut allowed = false;
    let mut lines = BufReader::new(client.take(LONGEST)).lines();
    let get = lines.next().transpose()?.is_some_and(|line| line.starts_with("GET /credentials "));
    for line in lines {
        let line = line?;
        if line.is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            allowed |= name.eq_ignore_ascii_case("authorization") && value.trim() == token;
        }
    }
    Ok(get && allowed)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use super::*;

    fn ask(head: &str, token: &str) -> String {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        client.write_all(head.as_bytes()).unwrap();
        let (told, _given) = channel();
        answer(listener.accept().unwrap().0, token, &told).unwrap();
        let mut text = String::new();
        client.read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn only_who_has_the_token_is_answered() {
        let with = |header: &str| format!("GET /credentials HTTP/1.1\r\nHost: x\r\n{header}\r\n\r\n");
        assert!(ask(&with("Authorization: abc"), "abc").starts_with("HTTP/1.1 503 "), "there is no file here");
        assert!(ask(&with("authorization:abc"), "abc").starts_with("HTTP/1.1 503 "));
        for wrong in ["Authorization: abcd", "Authorization:", "X: abc"] {
            assert!(ask(&with(wrong), "abc").starts_with("HTTP/1.1 401 "), "{wrong}");
        }
        assert!(ask("POST /credentials HTTP/1.1\r\nAuthorization: abc\r\n\r\n", "abc").starts_with("HTTP/1.1 401 "));
    }
}
