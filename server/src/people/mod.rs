//! Who people are and what they may do here. Everything about rights follows GitHub's, asked with the person's own token.
//!
//! A server without an OAuth app has no login: whoever reaches its address acts, which is why it listens on loopback only.

mod allowed;
mod claim;
mod failures;
mod login;
mod rights;
mod token;

pub use allowed::Allowed;
pub use login::{Began, Came, Finished, LoginError};
pub use rights::RightsError;
pub use token::{Minted, TokenWanted};

use crate::clock::Clock;
use crate::db::Db;
use crate::db::audit::By;
use crate::db::person::Person;
use crate::github::{Anonymous, Github, OauthApp};
use crate::seal::Seal;
use crate::settings::{GithubSettings, LoginSettings};
use anyhow::Context as _;
use claim::Claim;
use failures::Failures;
use rights::Cache;
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};

/// How long a session lasts (security.md B: at most 12 h).
pub const SESSION: chrono::Duration = chrono::Duration::hours(12);

/// See the module.
#[derive(Debug, Clone)]
pub struct People(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    db: Db,
    seal: Seal,
    clock: Clock,
    github: GithubSettings,
    settings: LoginSettings,
    public_url: String,
    /// None: this server has no login.
    app: Option<OauthApp>,
    claim: Claim,
    anonymous: Anonymous,
    failures: Failures,
    cache: Cache,
    clients: Mutex<HashMap<i64, (Vec<u8>, Github)>>,
}

/// What an API token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    /// To look.
    Read,
    /// To click, start, cancel and run again, too.
    Run,
    /// Everything that its owner may.
    Admin,
}

/// Whoever sent a request.
#[derive(Debug, Clone)]
pub struct Caller {
    /// None: nobody that is known.
    pub who: Option<Who>,
    /// The address that the request came from.
    pub address: String,
}

/// Somebody.
#[derive(Debug, Clone)]
pub enum Who {
    /// Whoever reaches a server without login; with a login where its settings name one.
    Operator(Option<String>),
    /// A person of GitHub's.
    Person {
        /// Who.
        person: Arc<Person>,
        /// What may be done: everything in a browser's session.
        scope: Scope,
        /// Sum of the session's cookie; none for a token.
        session: Option<Vec<u8>>,
    },
}

impl Caller {
    /// As the audit trail and runs have it.
    pub fn by(&self) -> By<'_> {
        let (person, words) = match &self.who {
            None => (None, "nobody"),
            Some(Who::Operator(login)) => (None, login.as_deref().unwrap_or("a person at this computer")),
            Some(Who::Person { person, .. }) => (Some(person.id), person.login.as_str()),
        };
        By { person, words, address: &self.address }
    }

    /// The login, where it is known.
    pub fn login(&self) -> Option<&str> {
        match &self.who {
            None => None,
            Some(Who::Operator(login)) => login.as_deref(),
            Some(Who::Person { person, .. }) => Some(&person.login),
        }
    }

    /// The person of GitHub's.
    pub fn person(&self) -> Option<&Arc<Person>> {
        match &self.who {
            Some(Who::Person { person, .. }) => Some(person),
            _ => None,
        }
    }

    /// Sum of the session's cookie.
    pub fn session(&self) -> Option<&[u8]> {
        match &self.who {
            Some(Who::Person { session, .. }) => session.as_deref(),
            _ => None,
        }
    }

    /// May what is done be as much as this?
    pub fn has(&self, scope: Scope) -> bool {
        match &self.who {
            None => false,
            Some(Who::Operator(_)) => true,
            Some(Who::Person { scope: own, .. }) => *own >= scope,
        }
    }

    /// Runs this server: sees the trail, says who may log in.
    pub fn is_admin(&self) -> bool {
        match &self.who {
            None => false,
            Some(Who::Operator(_)) => true,
            Some(Who::Person { person, scope, .. }) => person.admin && *scope == Scope::Admin,
        }
    }
}

impl People {
    /// With a login where the settings name an OAuth app.
    ///
    /// # Errors
    /// The settings do not fit each other, or the database fails.
    pub async fn new(
        db: Db,
        seal: Seal,
        clock: Clock,
        github: GithubSettings,
        settings: LoginSettings,
        public_url: String,
    ) -> anyhow::Result<People> {
        let app = match (&settings.client_id, &settings.client_secret) {
            (Some(id), Some(secret)) => Some(OauthApp::new(&github.github_web, id, secret).context("the address of GitHub's pages")?),
            (None, None) => None,
            _ => anyhow::bail!(
                "of GitHub's OAuth app only one half is set\nhelp: set both DOCKERCISE_GITHUB_CLIENT_ID and DOCKERCISE_GITHUB_CLIENT_SECRET"
            ),
        };
        if app.is_some() && public_url.starts_with("http://") && !is_loopback(&public_url) {
            anyhow::bail!(
                "people would log in at {public_url}, where everybody on the way can read their cookies\nhelp: put a proxy with TLS in front and set DOCKERCISE_PUBLIC_URL=https://…"
            );
        }
        let claim = if app.is_some() { Claim::look(&db, &public_url).await? } else { Claim::none() };
        let anonymous = Anonymous::new(&github.github_api).context("the address of GitHub's API")?;
        let (failures, cache, clients) = (Failures::default(), Cache::default(), Mutex::default());
        Ok(People(Arc::new(Inner { db, seal, clock, github, settings, public_url, app, claim, anonymous, failures, cache, clients })))
    }

    /// Do people log in here?
    pub fn has_login(&self) -> bool {
        self.0.app.is_some()
    }

    /// Is it to be claimed first?
    pub fn is_unclaimed(&self) -> bool {
        self.0.claim.is_open()
    }

    /// May anybody see results of public repositories?
    pub fn public_results(&self) -> bool {
        self.0.settings.public_results
    }

    /// Networks of proxies whose word on who asks is taken.
    pub fn proxies(&self) -> &[ipnet::IpNet] {
        &self.0.settings.proxies
    }

    /// A client that speaks for a person.
    ///
    /// # Errors
    /// The token cannot be opened.
    pub fn client(&self, person: &Person) -> anyhow::Result<Github> {
        let mut clients = self.0.clients.lock().map_err(|_| anyhow::anyhow!("a maker of clients died"))?;
        if let Some((_, known)) = clients.get(&person.id).filter(|(token, _)| *token == person.token) {
            return Ok(known.clone());
        }
        let made = Github::new(&self.0.github.github_api, &self.token(person)?)?;
        clients.insert(person.id, (person.token.clone(), made.clone()));
        Ok(made)
    }

    /// A person's token at GitHub.
    ///
    /// # Errors
    /// It cannot be opened.
    pub fn token(&self, person: &Person) -> anyhow::Result<String> {
        self.0.seal.open_text(&Person::row(person.id), &person.token)
    }
}

/// The sum under which what a browser or program holds is known.
fn sum(secret: &str) -> Vec<u8> {
    Sha256::digest(secret.as_bytes()).to_vec()
}

/// 256 random bits as text.
fn random() -> String {
    crate::store::hex(&rand::random::<[u8; 32]>())
}

fn is_loopback(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let host = rest.split('/').next().unwrap_or_default();
    let name = if host.starts_with('[') { host.split(']').next().unwrap_or_default() } else { host.split(':').next().unwrap_or_default() };
    matches!(name, "localhost" | "127.0.0.1" | "[::1")
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn plain_http_is_for_this_computer_only() {
        assert!(["http://127.0.0.1:8080", "http://localhost", "http://[::1]:80/x"].iter().all(|url| is_loopback(url)));
        assert!(["http://ci.example", "http://127.0.0.1.example", "http://localhost.example:80"].iter().all(|url| !is_loopback(url)));
    }
}
