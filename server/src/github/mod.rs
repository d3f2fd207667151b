//! GitHub's REST API, as much as we use; never the database.
//!
//! Every call goes through `Github::call`, so that a failure always says what was asked, what GitHub answered and when it
//! makes sense to ask again, and a token whose limit is reached is left alone. octocrab's own retries are off: one layer retries, and that is `work`.

mod compare;
mod connect;
mod connectable;
mod error;
mod files;
mod hook;
mod limit;
mod oauth;
mod pull;
mod refusal;
mod rights;
mod status;

pub use compare::{Branch, Compared};
pub use connect::RepositoryInfo;
pub use connectable::PAGE;
pub use error::GithubError;
pub use files::{Commit, Entry, EntryKind};
pub use hook::{HookFound, HookWanted, Sent};
pub use limit::{Limit, Limits};
pub use oauth::{Me, OauthApp};
pub use pull::Pull;
pub use refusal::{Refusal, archived, no_admin};
pub use rights::{Anonymous, Permission};
pub use status::{CommitState, CommitStatus};

use bytes::Bytes;
use http::HeaderMap;
use http_body_util::combinators::BoxBody;
use octocrab::Octocrab;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::Duration;

/// A client for one token.
#[derive(Debug, Clone)]
pub struct Github {
    crab: Octocrab,
    limit: Limit,
}

type Response = http::Response<BoxBody<Bytes, octocrab::Error>>;

/// An answer of 2xx.
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: String,
}

/// How long to wait for GitHub's answer.
const ANSWER: Duration = Duration::from_secs(30);

impl Github {
    /// A client. `api` is as `https://api.github.com` or `https://ghe.example/api/v3`.
    ///
    /// # Errors
    /// The address is none, or the system has no certificates to trust.
    pub fn new(api: &str, token: &str) -> anyhow::Result<Github> {
        Ok(Github { crab: crab(api, Some(token))?, limit: Limit::default() })
    }

    /// A client that nobody is known by.
    fn anonymous(api: &str) -> anyhow::Result<Github> {
        Ok(Github { crab: crab(api, None)?, limit: Limit::default() })
    }

    /// The same, heeding what other clients of its token were told.
    #[must_use]
    pub fn within(self, limit: Limit) -> Github {
        Github { limit, ..self }
    }

    async fn get<T: DeserializeOwned>(&self, what: &str, route: &str) -> Result<T, GithubError> {
        read(what, &self.ask(what, route).await?)
    }

    /// A GET whose answer's headers matter too.
    async fn ask(&self, what: &str, route: &str) -> Result<Answer, GithubError> {
        Box::pin(self.call(what, self.crab._get(full(route)))).await
    }

    /// A POST that makes something, and so is answered with 201.
    async fn post<T: DeserializeOwned>(&self, what: &str, route: &str, body: &(impl Serialize + Sync + ?Sized)) -> Result<T, GithubError> {
        let answer = Box::pin(self.call(what, self.crab._post(full(route), Some(body)))).await?;
        if answer.status == 200 {
            // What is called otherwise by now answers with a redirect, which is followed with a GET, and nothing is made.
            let why = "GitHub answered with a redirect: the repository has another name";
            return Err(GithubError::new(what, why, Some(301)));
        }
        read(what, &answer)
    }

    async fn patch<T: DeserializeOwned>(&self, what: &str, route: &str, body: &(impl Serialize + Sync + ?Sized)) -> Result<T, GithubError> {
        read(what, &self.call(what, self.crab._patch(full(route), Some(body))).await?)
    }

    /// Gone already is fine.
    async fn delete(&self, what: &str, route: &str) -> Result<(), GithubError> {
        match self.call(what, self.crab._delete(full(route), None::<&()>)).await {
            Err(e) if !e.not_found() => Err(e),
            _ => Ok(()),
        }
    }

    /// The one way to GitHub. A token that is limited is not used: `sent` is not even begun.
    async fn call(&self, what: &str, sent: impl Future<Output = octocrab::Result<Response>>) -> Result<Answer, GithubError> {
        use http_body_util::BodyExt as _;
        if let Some(until) = self.limit.until() {
            let why = format!("GitHub's rate limit is reached; it is not asked before {}", said(until));
            return Err(GithubError { until: Some(until), ..GithubError::new(what, why, None) });
        }
        let answer = Box::pin(sent).await.map_err(|e| GithubError::new(what, with_causes(&e), None))?;
        let (parts, body) = answer.into_parts();
        let body = body.collect().await.map_err(|e| GithubError::new(what, with_causes(&e), None))?;
        let body = String::from_utf8_lossy(&body.to_bytes()).into_owned();
        let status = parts.status.as_u16();
        let until = self.limit.heed(status, &parts.headers, &body);
        if parts.status.is_success() {
            return Ok(Answer { status, headers: parts.headers, body });
        }
        let limited = until.map(|until| format!("; it is not asked again before {}", said(until))).unwrap_or_default();
        let why = format!("GitHub answered {status}{}{limited}", message(&body));
        Err(GithubError { until, ..GithubError::new(what, why, Some(status)) })
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

/// What octocrab says of a call that did not go through `Github::call`.
fn failed(what: &str, error: octocrab::Error) -> GithubError {
    match error {
        octocrab::Error::GitHub { source, .. } => {
            let status = source.status_code.as_u16();
            GithubError::new(what, format!("GitHub answered {status}: {}", source.message), Some(status))
        }
        other => GithubError::new(what, with_causes(&other), None),
    }
}

/// octocrab puts the base in front of a path.
fn full(route: &str) -> String {
    format!("/{route}")
}

fn read<T: DeserializeOwned>(what: &str, answer: &Answer) -> Result<T, GithubError> {
    // What is no JSON comes from something on the way, and may be gone the next time.
    serde_json::from_str(&answer.body).map_err(|e| GithubError::new(what, format!("GitHub's answer cannot be read: {e}"), None))
}

fn said(until: chrono::DateTime<chrono::Utc>) -> String {
    until.format("%H:%M:%S UTC").to_string()
}

/// GitHub's words for an error, each with a colon or bracket before it; nothing where there are none.
fn message(body: &str) -> String {
    let json: serde_json::Value = serde_json::from_str(body).unwrap_or_default();
    let details: Vec<String> = json["errors"]
        .as_array()
        .into_iter()
        .flatten()
        .map(|e| e.get("message").and_then(|m| m.as_str()).map_or_else(|| e.to_string(), str::to_owned))
        .collect();
    let message = json["message"].as_str().map(|m| format!(": {m}")).unwrap_or_default();
    if details.is_empty() { message } else { format!("{message} ({})", details.join("; ")) }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let mut why = error.to_string();
    let mut cause = error.source();
    while let Some(e) = cause {
        why = format!("{why}: {e}");
        cause = e.source();
    }
    why
}

/// A parameter of the next page's address, as the `Link` header has it.
fn next(headers: &HeaderMap, parameter: &str) -> Option<String> {
    let links = headers.get("link")?.to_str().ok()?;
    let next = links.split(',').find(|link| link.contains("rel=\"next\""))?;
    let address = next.split_once('<')?.1.split_once('>')?.0;
    let query = address.split_once('?')?.1;
    query.split('&').find_map(|pair| pair.strip_prefix(parameter)?.strip_prefix('=')).map(str::to_owned)
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
    fn the_next_page_is_where_the_link_says() {
        let links = r#"<https://x/hooks/1/deliveries?per_page=100&cursor=v1_7>; rel="next", <https://x/y?cursor=a>; rel="first""#;
        let headers = HeaderMap::from_iter([(http::header::LINK, http::HeaderValue::from_static(links))]);
        assert_eq!(next(&headers, "cursor").as_deref(), Some("v1_7"));
        assert_eq!(next(&headers, "page"), None);
        assert_eq!(next(&HeaderMap::new(), "cursor"), None);
    }

    #[test]
    fn githubs_words_are_kept() {
        assert_eq!(
            message(r#"{"message":"Validation Failed","errors":[{"message":"Hook exists"},"x"]}"#),
            ": Validation Failed (Hook exists; \"x\")"
        );
        assert_eq!(message("<html>"), "");
    }
}
