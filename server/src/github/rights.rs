//! What a person may, asked with that person's own token.

use super::{Github, GithubError, escape};
use serde::Deserialize;

/// What a person may in a repository, from nothing to everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Permission {
    /// Not even know of it.
    None,
    /// Read.
    Read,
    /// Push.
    Write,
    /// Administer.
    Admin,
}

#[derive(Deserialize)]
struct Seen {
    #[serde(default)]
    permissions: Option<Granted>,
}

#[derive(Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "GitHub's")]
struct Granted {
    #[serde(default)]
    admin: bool,
    #[serde(default)]
    maintain: bool,
    #[serde(default)]
    push: bool,
    #[serde(default)]
    pull: bool,
}

#[derive(Deserialize)]
struct Membership {
    state: String,
}

impl Github {
    /// What the token's owner may in the repository with that numeric id.
    ///
    /// # Errors
    /// The call failed; what is hidden from the person is no error, but [`Permission::None`].
    pub async fn permission(&self, repository: i64) -> Result<Permission, GithubError> {
        let what = format!("ask for rights in repository {repository}");
        match self.get::<Seen>(&what, &format!("repositories/{repository}")).await {
            Ok(Seen { permissions: Some(granted) }) => Ok(match granted {
                Granted { admin: true, .. } => Permission::Admin,
                Granted { maintain: true, .. } | Granted { push: true, .. } => Permission::Write,
                Granted { pull: true, .. } => Permission::Read,
                _ => Permission::None,
            }),
            Ok(_) => Ok(Permission::None),
            Err(e) if matches!(e.status, Some(404 | 451)) => Ok(Permission::None),
            // Not a limit of requests, but an organisation that hides from this app or wants single sign-on.
            Err(e) if e.status == Some(403) && !e.why.contains("rate limit") => Ok(Permission::None),
            Err(e) => Err(e),
        }
    }

    /// Is the token's owner in the organisation?
    ///
    /// # Errors
    /// The call failed.
    pub async fn is_in_org(&self, org: &str) -> Result<bool, GithubError> {
        self.is_member(&format!("ask for the membership in {org}"), &format!("user/memberships/orgs/{}", part(org))).await
    }

    /// Is that person in the team?
    ///
    /// # Errors
    /// The call failed.
    pub async fn is_in_team(&self, org: &str, team: &str, login: &str) -> Result<bool, GithubError> {
        let route = format!("orgs/{}/teams/{}/memberships/{}", part(org), part(team), part(login));
        self.is_member(&format!("ask for the membership in {org}/{team}"), &route).await
    }

    async fn is_member(&self, what: &str, route: &str) -> Result<bool, GithubError> {
        match self.get::<Membership>(what, route).await {
            // An invitation that was not accepted is `pending`.
            Ok(membership) => Ok(membership.state == "active"),
            Err(e) if matches!(e.status, Some(403 | 404)) => Ok(false),
            Err(e) => Err(e),
        }
    }
}

/// GitHub as it shows itself to nobody in particular.
#[derive(Debug, Clone)]
pub struct Anonymous(Github);

impl Anonymous {
    /// A client without a token.
    ///
    /// # Errors
    /// The address is none, or the system has no certificates to trust.
    pub fn new(api: &str) -> anyhow::Result<Anonymous> {
        Ok(Anonymous(Github::anonymous(api)?))
    }

    /// The host keys of GitHub's ssh server: also the smallest question that shows whether its API is there.
    ///
    /// # Errors
    /// The call failed.
    pub async fn ssh_host_keys(&self) -> Result<Vec<String>, GithubError> {
        self.0.ssh_host_keys().await
    }

    /// Is the repository with that numeric id there for everybody?
    ///
    /// # Errors
    /// The call failed.
    pub async fn is_public(&self, repository: i64) -> Result<bool, GithubError> {
        let what = format!("ask whether repository {repository} is public");
        match self.0.get::<serde_json::Value>(&what, &format!("repositories/{repository}")).await {
            Ok(_) => Ok(true),
            Err(e) if matches!(e.status, Some(404 | 451)) => Ok(false),
            Err(e) => Err(e),
        }
    }
}

/// One part of a path.
fn part(text: &str) -> String {
    escape(text).replace('/', "%2F")
}
