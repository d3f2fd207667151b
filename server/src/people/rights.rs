//! What somebody may do with a repository: what GitHub says, asked with that person's token, and believed for five minutes.

use super::{Caller, People, Who};
use crate::db::person::Person;
use crate::github::{GithubError, Permission};
use futures_util::{StreamExt as _, stream};
use std::collections::{BTreeSet, HashMap};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// How long an answer is believed where nothing changes by it.
const BELIEVED: Duration = Duration::from_secs(5 * 60);
/// So many repositories are asked about at once.
const AT_ONCE: usize = 8;

/// Why nobody knows.
#[derive(Debug, thiserror::Error)]
pub enum RightsError {
    /// The person's token is not valid any more: to log in again makes another.
    #[error("GitHub does not know your login any more")]
    LoggedOut,
    /// GitHub does not answer, or limits.
    #[error("GitHub cannot be asked what you may do here: {0}")]
    Github(GithubError),
    /// A sealed value or the database.
    #[error("what you may do here cannot be looked up right now")]
    Broken(#[from] anyhow::Error),
}

/// What GitHub has said, by person and repository.
#[derive(Debug, Default)]
pub struct Cache(Mutex<HashMap<(i64, i64), (Instant, Permission)>>);

impl Cache {
    fn get(&self, key: (i64, i64)) -> Option<Permission> {
        let kept = self.0.lock().ok()?;
        kept.get(&key).filter(|(at, _)| at.elapsed() < BELIEVED).map(|(_, permission)| *permission)
    }

    fn set(&self, key: (i64, i64), permission: Permission) {
        if let Ok(mut kept) = self.0.lock() {
            kept.retain(|_, (at, _)| at.elapsed() < BELIEVED);
            kept.insert(key, (Instant::now(), permission));
        }
    }

    /// Forgets what a person may.
    pub fn forget(&self, person: i64) {
        if let Ok(mut kept) = self.0.lock() {
            kept.retain(|(whose, _), _| *whose != person);
        }
    }
}

impl People {
    /// What the caller may do with a repository, by its numeric id. `fresh`: GitHub is asked, whatever it said before.
    ///
    /// # Errors
    /// Nobody knows: then nothing may be done.
    pub async fn permission(&self, caller: &Caller, repository: i64, fresh: bool) -> Result<Permission, RightsError> {
        match &caller.who {
            None if self.public_results() && self.is_public(repository).await? => Ok(Permission::Read),
            None => Ok(Permission::None),
            Some(Who::Operator(_)) => Ok(Permission::Admin),
            Some(Who::Person { person, .. }) => self.of_person(person, repository, fresh).await,
        }
    }

    async fn of_person(&self, person: &Person, repository: i64, fresh: bool) -> Result<Permission, RightsError> {
        let key = (person.id, repository);
        if let Some(known) = self.0.cache.get(key).filter(|_| !fresh) {
            return Ok(known);
        }
        match self.client(person)?.permission(repository).await {
            Ok(permission) => {
                self.0.cache.set(key, permission);
                Ok(permission)
            }
            Err(e) if e.status == Some(401) => {
                self.0.cache.forget(person.id);
                Err(RightsError::LoggedOut)
            }
            Err(e) => Err(RightsError::Github(e)),
        }
    }

    /// Is it public? Asked without anybody's rights being meant: with the token of the repository's own connection.
    async fn is_public(&self, repository: i64) -> Result<bool, RightsError> {
        const NOBODY: i64 = 0;
        let key = (NOBODY, repository);
        if let Some(known) = self.0.cache.get(key) {
            return Ok(known == Permission::Read);
        }
        let public = self.0.anonymous.is_public(repository).await.map_err(RightsError::Github)?;
        self.0.cache.set(key, if public { Permission::Read } else { Permission::None });
        Ok(public)
    }

    /// Which of these repositories the caller may see. One that nobody can tell of is not among them.
    pub async fn seen(&self, caller: &Caller, repositories: BTreeSet<i64>) -> BTreeSet<i64> {
        let asked = stream::iter(repositories).map(|repository| async move {
            match self.permission(caller, repository, false).await {
                Ok(permission) => (permission >= Permission::Read).then_some(repository),
                Err(error) => {
                    tracing::debug!(repository, %error, "a repository is left out of a list");
                    None
                }
            }
        });
        asked.buffer_unordered(AT_ONCE).filter_map(|seen| async move { seen }).collect().await
    }

    /// The teams among these, written `org/team`, that the caller is in.
    ///
    /// # Errors
    /// Nobody knows.
    pub async fn teams(&self, caller: &Caller, named: &[String]) -> Result<Vec<String>, RightsError> {
        let Some(person) = caller.person() else { return Ok(Vec::new()) };
        let github = self.client(person)?;
        let mut teams = Vec::new();
        for (org, team) in named.iter().filter_map(|name| name.split_once('/')) {
            if github.is_in_team(org, team, &person.login).await.map_err(RightsError::Github)? {
                teams.push(format!("{org}/{team}"));
            }
        }
        Ok(teams)
    }

    /// Is a pull request open, and at that commit? Only a person's token can ask; for anybody else what deliveries said counts.
    ///
    /// # Errors
    /// Nobody knows.
    pub async fn sees_pull_request_at(&self, caller: &Caller, full_name: &str, number: u64, sha: &str) -> Result<bool, RightsError> {
        let Some(person) = caller.person() else { return Ok(true) };
        let found = self.client(person)?.pull_request(full_name, number).await.map_err(RightsError::Github)?;
        Ok(found.is_some_and(|pull| pull.open && pull.sha == sha))
    }
}
