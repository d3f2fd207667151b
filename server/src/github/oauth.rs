//! GitHub's login for people: the address they are sent to, and the code that they come back with.

use super::{Github, GithubError, escape, failed};
use http::header::ACCEPT;
use octocrab::Octocrab;
use serde_json::{Value, json};
use std::time::Duration;

/// What is asked for: repositories and their webhooks, and whether one is in an organisation or team. OAuth apps know no
/// smaller right that lets a private repository be seen.
pub const SCOPES: &str = "repo admin:repo_hook read:org";
/// How long to wait for GitHub's answer.
const ANSWER: Duration = Duration::from_secs(15);

/// This server as GitHub knows it.
#[derive(Clone)]
pub struct OauthApp {
    /// Base of GitHub's pages.
    web: String,
    id: String,
    secret: String,
    crab: Octocrab,
}

impl std::fmt::Debug for OauthApp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OauthApp({})", self.id)
    }
}

impl OauthApp {
    /// An app at that GitHub, as `https://github.com`.
    ///
    /// # Errors
    /// The address is none, or the system has no certificates to trust.
    pub fn new(web: &str, id: &str, secret: &str) -> anyhow::Result<OauthApp> {
        let crab = Octocrab::builder()
            .base_uri(web)?
            .add_header(ACCEPT, "application/json".to_owned())
            .set_connect_timeout(Some(Duration::from_secs(10)))
            .set_read_timeout(Some(ANSWER))
            .build()?;
        Ok(OauthApp { web: web.trim_end_matches('/').to_owned(), id: id.to_owned(), secret: secret.to_owned(), crab })
    }

    /// Where a person is sent to. `challenge` is PKCE's, by S256.
    pub fn authorize_url(&self, redirect: &str, state: &str, challenge: &str) -> String {
        format!(
            "{}/login/oauth/authorize?client_id={}&redirect_uri={}&scope={}&state={state}&code_challenge={challenge}&code_challenge_method=S256",
            self.web,
            query(&self.id),
            query(redirect),
            query(SCOPES),
        )
    }

    /// What a server of this GitHub calls itself in `iss` (RFC 9207), where it does.
    pub fn issuer(&self) -> String {
        format!("{}/login/oauth", self.web)
    }

    /// Changes a code for the person's token.
    ///
    /// # Errors
    /// GitHub refuses the code, or does not answer.
    pub async fn exchange(&self, code: &str, verifier: &str, redirect: &str) -> Result<String, GithubError> {
        let what = "change the code of a login for a token";
        let body = json!({
            "client_id": self.id, "client_secret": self.secret, "code": code, "redirect_uri": redirect, "code_verifier": verifier,
        });
        let answer: Value = self.crab.post("/login/oauth/access_token", Some(&body)).await.map_err(|e| failed(what, e))?;
        // Refusals come with status 200.
        let said = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        match (said("access_token"), said("error")) {
            (Some(token), None) => Ok(token),
            (_, error) => {
                let why = said("error_description").or(error).unwrap_or_else(|| "GitHub's answer holds no token".to_owned());
                Err(GithubError::new(what, why, Some(400)))
            }
        }
    }
}

/// As part of a query: no slash stays.
fn query(text: &str) -> String {
    escape(text).replace('/', "%2F")
}

impl Github {
    /// The person whose token this is.
    ///
    /// # Errors
    /// The call failed; 401 where the token is not valid any more.
    pub async fn me(&self) -> Result<Me, GithubError> {
        self.get("ask who logs in", "user").await
    }
}

/// A person at GitHub.
#[derive(Debug, Clone, serde::Deserialize)]
pub struct Me {
    /// Numeric id, which stays.
    pub id: i64,
    /// Login, which can change.
    pub login: String,
    /// Name for people.
    #[serde(default)]
    pub name: Option<String>,
}
