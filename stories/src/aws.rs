//! An AWS that nobody here wrote: ministack with authorisation, reached through a wire that remembers every credential it
//! has given out, so that a story can look for them where they must not be.

use crate::images;
use anyhow::{Context as _, bail};
use bollard::Docker;
use std::net::{IpAddr, SocketAddr, TcpListener as StdListener};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// How long it may take to be ready; it loads a hundred services.
const READY: Duration = Duration::from_secs(60);
/// The account whose root the rig is.
pub const ACCOUNT: &str = "222222222222";

/// A running ministack.
#[derive(Debug)]
pub struct Aws {
    child: Child,
    at: SocketAddr,
    image: String,
    answers: Arc<Mutex<Vec<u8>>>,
}

impl Drop for Aws {
    fn drop(&mut self) {
        // It may be over already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Aws {
    /// Starts it on an address that containers reach too; none where ministack is not installed.
    ///
    /// # Errors
    /// It does not answer, or the image with the command line cannot be made.
    pub async fn start(docker: &Docker, ip: IpAddr) -> anyhow::Result<Option<Aws>> {
        let Some(program) = program() else {
            if std::env::var_os("CI").is_some() {
                bail!("ministack is missing\nhelp: scripts/needs test");
            }
            eprintln!("SKIPPED: ministack is missing (scripts/needs test)");
            return Ok(None);
        };
        let image = images::debian(docker, "aws").await?;
        let behind = SocketAddr::new(IpAddr::from([127, 0, 0, 1]), free_port()?);
        let child = Command::new(program)
            .env("AUTH", "true")
            .env("BIND_HOST", behind.ip().to_string())
            .env("GATEWAY_PORT", behind.port().to_string())
            .env("IOT_MTLS_ENABLED", "0")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let listener = TcpListener::bind((ip, 0)).await?;
        let aws = Aws { child, at: listener.local_addr()?, image, answers: Arc::default() };
        tokio::spawn(forward(listener, behind, Arc::clone(&aws.answers)));
        // Installed once; a second install would only say that it is there.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let began = Instant::now();
        while reqwest::get(format!("http://{behind}/_ministack/health")).await.is_err() {
            if began.elapsed() > READY {
                bail!("ministack does not answer");
            }
            // Another process has no event to await but its answer.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(Some(aws))
    }

    /// Its address, for `AWS_ENDPOINT_URL`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.at)
    }

    /// Runs the AWS command line as an identity, in a container; gives its stdout.
    ///
    /// # Errors
    /// The command fails; its words are in the error.
    pub async fn run(&self, key: &str, secret: &str, arguments: &[&str]) -> anyhow::Result<String> {
        let out = tokio::process::Command::new("docker")
            .args(["run", "--rm", "--env", &format!("AWS_ENDPOINT_URL={}", self.endpoint())])
            .args(["--env", &format!("AWS_ACCESS_KEY_ID={key}"), "--env", &format!("AWS_SECRET_ACCESS_KEY={secret}")])
            .args(["--env", "AWS_DEFAULT_REGION=us-east-1", "--env", "AWS_EC2_METADATA_DISABLED=true", &self.image, "aws"])
            .args(arguments)
            .output()
            .await?;
        if !out.status.success() {
            bail!("aws {}: {}", arguments.join(" "), String::from_utf8_lossy(&out.stderr).trim());
        }
        Ok(String::from_utf8(out.stdout)?)
    }

    /// As the account's root.
    ///
    /// # Errors
    /// See [`Aws::run`].
    pub async fn root(&self, arguments: &[&str]) -> anyhow::Result<String> {
        self.run(ACCOUNT, "test", arguments).await
    }

    /// Everything that it has answered and that is a credential: key ids, secret keys and session tokens.
    ///
    /// # Errors
    /// What went over the wire is no text.
    pub fn credentials(&self) -> anyhow::Result<Vec<String>> {
        let answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let text = String::from_utf8_lossy(&answers).into_owned();
        let mut found = Vec::new();
        for tag in ["AccessKeyId", "SecretAccessKey", "SessionToken"] {
            for part in text.split(&format!("<{tag}>")).skip(1) {
                found.push(part.split('<').next().context("a tag has an end")?.to_owned());
            }
        }
        found.sort();
        found.dedup();
        Ok(found)
    }
}

/// Passes bytes on both ways and keeps those that come back.
async fn forward(listener: TcpListener, behind: SocketAddr, answers: Arc<Mutex<Vec<u8>>>) {
    while let Ok((client, _)) = listener.accept().await {
        let answers = Arc::clone(&answers);
        tokio::spawn(async move {
            let Ok(server) = TcpStream::connect(behind).await else { return };
            let (mut from_client, mut to_client) = client.into_split();
            let (mut from_server, mut to_server) = server.into_split();
            let up = async {
                // The client is gone: so is the connection.
                let _ = tokio::io::copy(&mut from_client, &mut to_server).await;
                let _ = to_server.shutdown().await;
            };
            let down = async {
                let mut buffer = vec![0; 64 * 1024];
                while let Ok(length @ 1..) = from_server.read(&mut buffer).await {
                    answers.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(&buffer[..length]);
                    if to_client.write_all(&buffer[..length]).await.is_err() {
                        break;
                    }
                }
                let _ = to_client.shutdown().await;
            };
            tokio::join!(up, down);
        });
    }
}

fn free_port() -> anyhow::Result<u16> {
    Ok(StdListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Where `scripts/needs test` puts it.
fn program() -> Option<PathBuf> {
    let cache =
        std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")))?;
    Some(cache.join("dockercise/ministack/bin/ministack")).filter(|p| p.is_file())
}
