//! What the stand-in remembers: users, tokens, repositories and everything that hangs on them.
//!
//! All of it lives in memory behind one mutex that is never held across an await; only the
//! repositories' contents are on disk, as bare git repositories named by number.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::deliver::Delivery;
use crate::faults::Fault;
use crate::journal::Call;
use crate::oauth::{Code, OAuthApp};
use crate::organizations::Organization;
use crate::pulls::Pull;

/// How many calls [`World::calls`] keeps.
pub(crate) const CALLS_KEPT: usize = 10_000;

/// A person or an organization.
#[derive(Debug, Clone)]
pub struct User {
    /// Number, unique over users.
    pub id: u64,
    /// Login name, compared without case.
    pub login: String,
    /// Display name.
    pub name: Option<String>,
    /// Address, by which commits are matched to this user.
    pub email: Option<String>,
    /// Whether this is an organization.
    pub organization: bool,
    /// When the account was made.
    pub created_at: DateTime<Utc>,
}

/// An access token: who, and with which OAuth scopes.
#[derive(Debug, Clone)]
pub struct Token {
    /// The user it acts for.
    pub user: u64,
    /// OAuth scopes, such as `repo` or `admin:repo_hook`.
    pub scopes: Vec<String>,
    /// Requests made in this hour's window.
    pub used: u32,
    /// Number.
    pub id: u64,
    /// Client id of the OAuth app that it was given to; none for a person's own.
    pub app: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
}

impl Token {
    /// A person's own, without a number.
    pub(crate) fn new(user: u64, scopes: Vec<String>) -> Self {
        Self { user, scopes, used: 0, id: 0, app: None, created_at: Utc::now() }
    }

    /// Whether any of `scopes` was granted.
    #[must_use]
    pub fn has(&self, scopes: &[&str]) -> bool {
        self.scopes.iter().any(|have| scopes.contains(&have.as_str()))
    }
}

/// What somebody may do in a repository, from nothing to everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// See nothing.
    None,
    /// Clone and read.
    Read,
    /// Manage issues.
    Triage,
    /// Push and set statuses.
    Write,
    /// Manage without destructive actions.
    Maintain,
    /// Hooks, keys, everything.
    Admin,
}

impl Role {
    /// GitHub's `role_name`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Read => "read",
            Self::Triage => "triage",
            Self::Write => "write",
            Self::Maintain => "maintain",
            Self::Admin => "admin",
        }
    }

    /// GitHub's older `permission`, which knows four values only.
    #[must_use]
    pub fn permission(self) -> &'static str {
        match self {
            Self::Triage => "read",
            Self::Maintain => "write",
            other => other.name(),
        }
    }
}

/// `owner/name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FullName {
    /// Login of the owner.
    pub owner: String,
    /// Name of the repository.
    pub name: String,
}

impl FromStr for FullName {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once('/') {
            Some((owner, name)) if !owner.is_empty() && !name.is_empty() && !name.contains('/') => {
                Ok(Self { owner: owner.to_owned(), name: name.to_owned() })
            }
            _ => anyhow::bail!("{text:?} is not a repository's name\nwrite OWNER/NAME"),
        }
    }
}

/// A repository and all that hangs on it.
#[derive(Debug, Clone)]
pub struct Repository {
    /// Number, which stays when the repository is renamed.
    pub id: u64,
    /// Number of the owner.
    pub owner: u64,
    /// Name without owner.
    pub name: String,
    /// Whether only collaborators see it.
    pub private: bool,
    /// One line about it.
    pub description: Option<String>,
    /// Branch that `HEAD` names.
    pub default_branch: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Last change of settings or content.
    pub updated_at: DateTime<Utc>,
    /// Last push.
    pub pushed_at: Option<DateTime<Utc>>,
    /// Whether it is archived: read-only.
    pub archived: bool,
    /// Whether the owner forbids deploy keys, as new organizations do.
    pub deploy_keys_disabled: bool,
    /// Roles beyond the owner's.
    pub collaborators: BTreeMap<u64, Role>,
    /// Webhooks by number.
    pub hooks: BTreeMap<u64, Hook>,
    /// Deploy keys by number.
    pub keys: BTreeMap<u64, DeployKey>,
    /// Pull requests by number.
    pub pulls: BTreeMap<u64, Pull>,
    /// Commit statuses, oldest first.
    pub statuses: Vec<Status>,
    /// Delivery log, oldest first.
    pub deliveries: Vec<Delivery>,
}

/// A repository webhook.
#[derive(Debug, Clone)]
pub struct Hook {
    /// Number.
    pub id: u64,
    /// Whether it gets events at all.
    pub active: bool,
    /// Event names, `*` for all.
    pub events: Vec<String>,
    /// Where to deliver.
    pub url: String,
    /// `json` or `form`.
    pub content_type: String,
    /// Key of the signature.
    pub secret: Option<String>,
    /// Kept as given, `"0"` or `"1"`.
    pub insecure_ssl: String,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Code, status and message of the newest delivery.
    pub last_response: (Option<u16>, String, Option<String>),
}

/// A key that opens one repository over ssh.
#[derive(Debug, Clone)]
pub struct DeployKey {
    /// Number.
    pub id: u64,
    /// Algorithm and base64 key, without comment.
    pub key: String,
    /// Title given by the maker.
    pub title: String,
    /// Whether pushes with it are refused.
    pub read_only: bool,
    /// Login of the maker.
    pub added_by: String,
    /// Token with which it was made: revoking that removes the key.
    pub token: Option<String>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Last use over ssh.
    pub last_used: Option<DateTime<Utc>>,
}

/// A commit status as posted.
#[derive(Debug, Clone, Serialize)]
pub struct Status {
    /// Number.
    pub id: u64,
    /// The commit.
    pub sha: String,
    /// `error`, `failure`, `pending` or `success`.
    pub state: String,
    /// What it is about; the newest of a context counts.
    pub context: String,
    /// One line for people.
    pub description: Option<String>,
    /// Where people find more.
    pub target_url: Option<String>,
    /// Number of the poster.
    pub creator: u64,
    /// When it was posted.
    pub created_at: DateTime<Utc>,
}

/// Everything the stand-in knows.
#[derive(Debug, Default)]
pub(crate) struct World {
    next_id: u64,
    pub(crate) users: BTreeMap<u64, User>,
    pub(crate) tokens: HashMap<String, Token>,
    /// OAuth apps by client id.
    pub(crate) apps: BTreeMap<String, OAuthApp>,
    /// Codes on their way from the browser to an app.
    pub(crate) codes: HashMap<String, Code>,
    /// What people agreed to: scopes by app and person.
    pub(crate) grants: HashMap<(String, u64), BTreeSet<String>>,
    /// Who is signed in in which browser.
    pub(crate) sessions: HashMap<String, u64>,
    /// Organizations by their number.
    pub(crate) organizations: BTreeMap<u64, Organization>,
    pub(crate) repositories: BTreeMap<u64, Repository>,
    /// Lower-case `owner/name` that a repository had before it was renamed.
    pub(crate) redirects: HashMap<String, u64>,
    pub(crate) faults: Vec<Fault>,
    /// How many deliveries are still to be lost on the way.
    pub(crate) lose_deliveries: u32,
    /// Anonymous requests made in this hour's window.
    pub(crate) anonymous_used: u32,
    pub(crate) calls: VecDeque<Call>,
    /// Most entries that a tree answer carries.
    pub(crate) tree_limit: usize,
}

impl World {
    pub(crate) fn new() -> Self {
        Self { next_id: 1000, tree_limit: 100_000, ..Self::default() }
    }

    /// A number that was never given out before.
    pub(crate) fn next_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    pub(crate) fn user_by_login(&self, login: &str) -> Option<&User> {
        self.users.values().find(|user| user.login.eq_ignore_ascii_case(login))
    }

    pub(crate) fn user_by_email(&self, email: &str) -> Option<&User> {
        self.users.values().find(|user| user.email.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(email)))
    }

    /// The repository that now has this name.
    pub(crate) fn repository_by_name(&self, owner: &str, name: &str) -> Option<&Repository> {
        let owner = self.user_by_login(owner)?.id;
        self.repositories.values().find(|repository| repository.owner == owner && repository.name.eq_ignore_ascii_case(name))
    }

    /// The repository that has this name or had it before it was renamed.
    pub(crate) fn repository_ever_named(&self, owner: &str, name: &str) -> Option<&Repository> {
        self.repository_by_name(owner, name).or_else(|| {
            let old = format!("{owner}/{name}").to_lowercase();
            self.repositories.get(self.redirects.get(&old)?)
        })
    }

    pub(crate) fn full_name(&self, repository: &Repository) -> String {
        let owner = self.users.get(&repository.owner).map_or("ghost", |user| user.login.as_str());
        format!("{owner}/{}", repository.name)
    }

    /// What `user` may do in `repository`; nobody may read what is public.
    pub(crate) fn role(&self, repository: &Repository, user: Option<u64>) -> Role {
        let given = match user {
            Some(user) if user == repository.owner => Role::Admin,
            Some(user) => {
                let invited = repository.collaborators.get(&user).copied().unwrap_or(Role::None);
                invited.max(self.organizations.get(&repository.owner).map_or(Role::None, |own| own.role(repository.id, user)))
            }
            None => Role::None,
        };
        if repository.private { given } else { given.max(Role::Read) }
    }

    /// The deploy key with this public key and its repository.
    pub(crate) fn deploy_key(&self, key: &str) -> Option<(u64, &DeployKey)> {
        self.repositories.values().find_map(|repository| {
            let found = repository.keys.values().find(|candidate| candidate.key == key)?;
            Some((repository.id, found))
        })
    }
}
