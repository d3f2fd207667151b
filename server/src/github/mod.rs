//! GitHub's REST API, as much as we use; never the database.
//!
//! Every call goes through [`Github::call`], so that a failure always says what was asked, what GitHub answered and when it
//! makes sense to ask again. octocrab's own retries are off: one layer retries, and that is `work`.

mod compare;
mod connect;
mod connectable;
mod files;
mod oauth;
mod pull;
mod refusal;
mod rights;
mod status;

pub use compare::Compared;
pub use connect::{HookWanted, RepositoryInfo};
pub use connectable::PAGE;
pub use files::{Commit, Entry, EntryKind};
pub use oauth::{Me, OauthApp};
pub use pull::Pull;
pub use refusal::{Refusal, archived, no_admin};
pub use rights::{Anonymous, Permission};
pub use status::{CommitState, CommitStatus};

use octocrab::Octocrab;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// A failed call.
#[derive(Debug, thiserror::Error)]
#[error("{what}: {why}")]
pub struct GithubError {
    /// What was asked, as `read the tree of octo/app`.
    pub what: String,
    /// GitHub's words, or the transport's.
    pub why: String,
    /// GitHub's status code; none where there was no answer.
    pub status: Option<u16>,
}

impl GithubError {
    /// Does it make sense to ask again later? A refusal that time does not change: no.
    pub fn transient(&self) -> bool {
        match self.status {
            None => true,
            Some(403 | 429 | 408) => true,
            Some(status) => status >= 500,
        }
    }

    /// There is no such thing, or it is hidden from us.
    pub fn not_found(&self) -> bool {
        self.status == Some(404)
    }
}

/// A client for one token.
#[derive(Debug, Clone)]
pub struct Github {
    crab: Octocrab,
}

/// How long to wait for GitHub's answer.
const ANSWER: Duration = Duration::from_secs(30);

impl Github {
    /// A client. `api` is as `https://api.github.com` or `https://ghe.example/api/v3`.
    ///
    /// # Errors
    /// The address is none, or the system has no certificates to trust.
    pub fn new(api: &str, token: &str) -> anyhow::Result<Github> {
        Ok(Github { crab: crab(api, Some(token))? })
    }

    /// A client that nobody is known by.
    fn anonymous(api: &str) -> anyhow::Result<Github> {
        Ok(Github { crab: crab(api, None)? })
    }

    async fn get<T: DeserializeOwned>(&self, what: &str, route: &str) -> Result<T, GithubError> {
        self.crab.get(self.full(route), None::<&()>).await.map_err(|e| failed(what, e))
    }

    async fn post<T: DeserializeOwned>(&self, what: &str, route: &str, body: &(impl Serialize + Sync + ?Sized)) -> Result<T, GithubError> {
        self.crab.post(self.full(route), Some(body)).await.map_err(|e| failed(what, e))
    }

    async fn patch<T: DeserializeOwned>(&self, what: &str, route: &str, body: &(impl Serialize + Sync + ?Sized)) -> Result<T, GithubError> {
        self.crab.patch(self.full(route), Some(body)).await.map_err(|e| failed(what, e))
    }

    async fn delete(&self, what: &str, route: &str) -> Result<(), GithubError> {
        let answer = self.crab._delete(self.full(route), None::<&()>).await.map_err(|e| failed(what, e))?;
        let status = answer.status().as_u16();
        if answer.status().is_success() || status == 404 {
            return Ok(());
        }
        Err(GithubError { what: what.to_owned(), why: format!("GitHub answered {status}"), status: Some(status) })
    }

    /// octocrab puts the base in front of a path.
    fn full(&self, route: &str) -> String {
        format!("/{route}")
    }
}

/// octocrab as we want it: nothing is tried again, nothing is waited for without end.
fn crab(api: &str, token: Option<&str>) -> anyhow::Result<Octocrab> {
    let builder = Octocrab::builder().base_uri(api)?.set_connect_timeout(Some(Duration::from_secs(10))).set_read_timeout(Some(ANSWER));
    Ok(match token {
        Some(token) => builder.personal_token(token.to_owned()).build()?,
        None => builder.build()?,
    })
}

fn failed(what: &str, error: octocrab::Error) -> GithubError {
    match error {
        octocrab::Error::GitHub { source, .. } => {
            let details: Vec<String> = source
                .errors
                .iter()
                .flatten()
                .map(|e| e.get("message").and_then(|m| m.as_str()).map_or_else(|| e.to_string(), str::to_owned))
                .collect();
            let details = if details.is_empty() { String::new() } else { format!(" ({})", details.join("; ")) };
            let status = source.status_code.as_u16();
            GithubError {
                what: what.to_owned(),
                why: format!("GitHub answered {status}: {}{details}", source.message),
                status: Some(status),
            }
        }
        other => {
            let mut why = other.to_string();
            let mut cause = std::error::Error::source(&other);
            while let Some(e) = cause {
                why = format!("{why}: {e}");
                cause = e.source();
            }
            GithubError { what: what.to_owned(), why, status: None }
        }
    }
}

/// A path or ref as part of an address.
fn escape(text: &str) -> String {
    use std::fmt::Write as _;
    text.bytes().fold(String::new(), |mut out, b| {
        if b.is_ascii_alphanumeric() || b"-._~/".contains(&b) {
            out.push(char::from(b));
        } else {
            let _ = write!(out, "%{b:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_leave_their_place_in_an_address() {
        assert_eq!(escape("a b?c#d%2e"), "a%20b%3Fc%23d%252e");
    }

    #[test]
    fn what_time_can_heal_is_tried_again() {
        let at = |status| GithubError { what: "x".into(), why: "y".into(), status }.transient();
        assert!(at(None) && at(Some(502)) && at(Some(429)) && at(Some(403)));
        assert!(!at(Some(404)) && !at(Some(422)) && !at(Some(401)));
    }
}
