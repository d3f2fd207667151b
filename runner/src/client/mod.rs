//! The runner's calls to the server ([`dockercise_pipeline::wire`]). No retries in here: whoever calls knows what a
//! failure means; [`Client::pause`] is how it waits.

mod answer;
mod contact;
mod results;
mod secrets;

pub use answer::CallError;
pub use contact::Contact;
pub use results::ResultName;

use crate::retry::Backoff;
use bytes::Bytes;
use dockercise_pipeline::ids::{Attempt, Fence, JobId, Phase};
use dockercise_pipeline::wire::{Have, Notice, Orders, Poll, Reports, Taken};
use reqwest::StatusCode;
use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// The server answers a poll after at most 25 s; this much later it is taken for dead.
const POLL_TIMEOUT: Duration = Duration::from_secs(40);
/// For everything else.
const CALL_TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The most bytes of a log in one call.
pub const MAX_BODY: usize = 1 << 20;

/// The server, as the runner sees it.
pub struct Client {
    http: reqwest::Client,
    base: String,
    token: String,
    contact: Contact,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("base", &self.base).finish_non_exhaustive()
    }
}

impl Client {
    /// A client for a server's base address, as `http://127.0.0.1:8080`, or `unix:///path` for one that listens on a socket
    /// of this machine.
    ///
    /// # Errors
    /// The address is none, or the system's certificates cannot be read.
    pub fn new(base: &str, token: String) -> anyhow::Result<Client> {
        // One provider for the process; whoever was first is fine.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let socket = base.strip_prefix("unix://");
        let base = if socket.is_some() { "http://localhost" } else { base };
        let url = reqwest::Url::parse(base).map_err(|e| anyhow::anyhow!("the server's address {base:?} is no address: {e}"))?;
        let mut http = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .tcp_nodelay(true)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("dockercise-runner/", env!("CARGO_PKG_VERSION")));
        if matches!(url.host_str(), Some("127.0.0.1" | "localhost" | "[::1]")) {
            // The server of this very machine is never behind a proxy.
            http = http.no_proxy();
        }
        if let Some(socket) = socket {
            http = http.unix_socket(std::path::Path::new(socket));
        }
        Ok(Client { http: http.build()?, base: base.trim_end_matches('/').to_owned(), token, contact: Contact::default() })
    }

    /// When the server was last heard of.
    pub fn contact(&self) -> &Contact {
        &self.contact
    }

    /// Waits after a failure; shorter when somebody else hears from the server meanwhile.
    pub async fn pause(&self, backoff: &mut Backoff) {
        tokio::select! {
            () = tokio::time::sleep(backoff.pause()) => {}
            () = self.contact.heard_again() => {}
        }
    }

    /// Asks for something to do; the server may take 25 s to answer.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn poll(&self, poll: &Poll) -> Result<Orders, CallError> {
        let (status, body) = self.send("poll", POLL_TIMEOUT, json(poll)?, "application/json").await?;
        answer::read(status, &body)
    }

    /// Reports what happened.
    ///
    /// # Errors
    /// [`CallError::Stale`]: the lease is over. [`CallError::Refused`]: one of them is not believed. Others: again later.
    pub async fn reports(&self, job: JobId, reports: &Reports) -> Result<Taken, CallError> {
        let (status, body) = self.send(&format!("jobs/{job}/reports"), CALL_TIMEOUT, json(reports)?, "application/json").await?;
        answer::read(status, &body)
    }

    /// Hands over bytes of a log from an offset on; the answer is how many the server has now, which is another
    /// number than expected where `offset` was not its end. With no bytes it is a question.
    ///
    /// # Errors
    /// As for [`Client::reports`].
    pub async fn log(&self, log: &LogName, fence: Fence, offset: u64, bytes: Bytes) -> Result<Have, CallError> {
        let LogName { job, attempt, phase, service } = log;
        // A name of a service is letters, digits and dashes.
        let service = service.as_ref().map(|name| format!("&service={name}")).unwrap_or_default();
        let path = format!("jobs/{job}/log/{}/{}/{phase}?fence={fence}&offset={offset}{service}", attempt.step, attempt.number);
        let (status, body) = self.send(&path, CALL_TIMEOUT, bytes, "application/octet-stream").await?;
        if status == StatusCode::CONFLICT
            && let Ok(have) = serde_json::from_slice(&body)
        {
            return Ok(have);
        }
        answer::read(status, &body)
    }

    /// Says what a step is at; kept nowhere.
    ///
    /// # Errors
    /// As for [`Client::reports`].
    pub async fn notice(&self, job: JobId, notice: &Notice) -> Result<(), CallError> {
        let (status, body) = self.send(&format!("jobs/{job}/notices"), CALL_TIMEOUT, json(notice)?, "application/json").await?;
        if status.is_success() { Ok(()) } else { answer::read(status, &body) }
    }

    async fn send(&self, path: &str, timeout: Duration, body: Bytes, kind: &str) -> Result<(StatusCode, Bytes), CallError> {
        let url = format!("{}/runner/v1/{path}", self.base);
        let unreachable = |e: reqwest::Error| CallError::Unreachable(in_words(&e.without_url()));
        let request = self.http.post(url).bearer_auth(&self.token).timeout(timeout).header("content-type", kind).body(body);
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let body = response.bytes().await.map_err(unreachable)?;
        if status.is_success() {
            self.contact.heard();
        }
        Ok((status, body))
    }
}

/// Which log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogName {
    /// The job that wrote it.
    pub job: JobId,
    /// Of which container.
    pub attempt: Attempt,
    /// Of which command.
    pub phase: Phase,
    /// Of which of the step's services; none for its own.
    pub service: Option<String>,
}

fn json(value: &impl Serialize) -> Result<Bytes, CallError> {
    serde_json::to_vec(value).map(Bytes::from).map_err(|e| CallError::Refused(format!("the message cannot be written as JSON: {e}")))
}

/// An error with all its causes in one line.
fn in_words(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(e) = cause {
        words.push_str(": ");
        words.push_str(&e.to_string());
        cause = e.source();
    }
    words
}
