//! What tests and the demo do to GitHub that is not done over its API: make users, look behind the scenes.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use chrono::Utc;

use crate::api::again;
use crate::deliver::{self, Delivery, Event};
use crate::faults::Fault;
use crate::journal::Call;
use crate::json::payload::About;
use crate::organizations::Organization;
use crate::start::Standin;
use crate::state::{DeployKey, FullName, Hook, Repository, Role, Status, Token, User, World};

/// What a repository is made from.
#[derive(Debug, Clone)]
pub struct NewRepository {
    /// Owner, which must exist, and name.
    pub name: FullName,
    /// Whether only collaborators see it.
    pub private: bool,
    /// One line about it.
    pub description: Option<String>,
    /// Branch that `HEAD` names until another is pushed first.
    pub default_branch: String,
}

impl NewRepository {
    /// A private repository with `main` as its default branch.
    #[must_use]
    pub fn private(name: FullName) -> Self {
        Self { name, private: true, description: None, default_branch: "main".to_owned() }
    }

    /// A public one.
    #[must_use]
    pub fn public(name: FullName) -> Self {
        Self { private: false, ..Self::private(name) }
    }
}

pub(crate) fn find<'a>(world: &'a World, name: &str) -> anyhow::Result<&'a Repository> {
    let full: FullName = name.parse()?;
    world.repository_by_name(&full.owner, &full.name).with_context(|| format!("there is no repository {name}"))
}

impl Standin {
    /// Makes a user, with an address at `example.com` by which commits are matched to it.
    ///
    /// # Errors
    /// When the login is taken or no login.
    pub fn create_user(&self, login: &str) -> anyhow::Result<User> {
        self.github.create_user(login, false)
    }

    /// Makes an organization.
    ///
    /// # Errors
    /// When the login is taken or no login.
    pub fn create_organization(&self, login: &str) -> anyhow::Result<User> {
        self.github.create_user(login, true)
    }

    /// Makes a classic token for a user. Scopes are OAuth's, such as `repo` and `admin:repo_hook`.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn create_token(&self, login: &str, scopes: &[&str]) -> anyhow::Result<String> {
        let token = format!("ghp_{}", uuid::Uuid::new_v4().simple());
        self.set_token(login, &token, scopes)?;
        Ok(token)
    }

    /// As [`Standin::create_token`], with a token of the caller's choice.
    ///
    /// # Errors
    /// When there is no such user.
    pub fn set_token(&self, login: &str, token: &str, scopes: &[&str]) -> anyhow::Result<()> {
        self.github.set_token(login, token, scopes.iter().map(|scope| (*scope).to_owned()).collect())
    }

    /// Revokes a token, and with it the deploy keys that it made.
    pub fn revoke_token(&self, token: &str) {
        self.github.world().revoke(token);
    }

    /// Makes an empty repository.
    ///
    /// # Errors
    /// When the owner is unknown, the name taken, or git fails.
    pub async fn create_repository(&self, new: NewRepository) -> anyhow::Result<u64> {
        self.github.create_repository(new).await
    }

    /// Gives a user a role in a repository.
    ///
    /// # Errors
    /// When there is no such repository or user.
    pub fn set_role(&self, repository: &str, login: &str, role: Role) -> anyhow::Result<()> {
        let mut world = self.github.world();
        let user = world.user_by_login(login).with_context(|| format!("there is no user {login}"))?.id;
        let id = find(&world, repository)?.id;
        if let Some(own) = world.repositories.get_mut(&id) {
            own.collaborators.insert(user, role);
        }
        Ok(())
    }

    /// Forbids or allows deploy keys, as an organization can.
    ///
    /// # Errors
    /// When there is no such repository.
    pub fn disable_deploy_keys(&self, repository: &str, disabled: bool) -> anyhow::Result<()> {
        let mut world = self.github.world();
        let id = find(&world, repository)?.id;
        if let Some(own) = world.repositories.get_mut(&id) {
            own.deploy_keys_disabled = disabled;
        }
        Ok(())
    }

    /// Renames a repository: the old name redirects, hooks that want `repository` events are told.
    ///
    /// # Errors
    /// When there is no such repository or the new name is taken.
    pub fn rename_repository(&self, repository: &str, to: &str) -> anyhow::Result<()> {
        self.github.rename_repository(repository, to)
    }

    /// Address for `git push` and `git clone` over http, with the token in it.
    #[must_use]
    pub fn git_url(&self, repository: &str, token: &str) -> String {
        let host = self.github.links.web.trim_start_matches("http://");
        format!("http://x-access-token:{token}@{host}/{repository}.git")
    }

    /// Address for git over ssh.
    #[must_use]
    pub fn ssh_url(&self, repository: &str) -> String {
        self.github.links.ssh_url(repository)
    }

    /// Adds a fault; the first that fits a request happens.
    pub fn add_fault(&self, fault: Fault) {
        self.github.world().faults.push(fault);
    }

    /// Removes all faults.
    pub fn clear_faults(&self) {
        self.github.world().faults.clear();
    }

    /// Loses the next `count` deliveries on the way: logged as failed, never sent.
    pub fn lose_deliveries(&self, count: u32) {
        self.github.world().lose_deliveries = count;
    }

    /// Lets tree answers carry at most so many entries, so that truncation is cheap to test.
    pub fn limit_trees(&self, entries: usize) {
        self.github.world().tree_limit = entries;
    }

    /// The repository as it is now, with hooks, keys, statuses and deliveries.
    ///
    /// # Errors
    /// When there is no such repository.
    pub fn repository(&self, name: &str) -> anyhow::Result<Repository> {
        find(&self.github.world(), name).cloned()
    }

    /// Statuses of a repository, oldest first; none where there is no such repository.
    #[must_use]
    pub fn statuses(&self, repository: &str) -> Vec<Status> {
        find(&self.github.world(), repository).map(|own| own.statuses.clone()).unwrap_or_default()
    }

    /// Delivery log of a repository, oldest first; empty where there is no such repository.
    #[must_use]
    pub fn deliveries(&self, repository: &str) -> Vec<Delivery> {
        find(&self.github.world(), repository).map(|own| own.deliveries.clone()).unwrap_or_default()
    }

    /// Hooks of a repository.
    #[must_use]
    pub fn hooks(&self, repository: &str) -> Vec<Hook> {
        let world = self.github.world();
        find(&world, repository).map(|own| own.hooks.values().cloned().collect()).unwrap_or_default()
    }

    /// Deploy keys of a repository.
    #[must_use]
    pub fn deploy_keys(&self, repository: &str) -> Vec<DeployKey> {
        let world = self.github.world();
        find(&world, repository).map(|own| own.keys.values().cloned().collect()).unwrap_or_default()
    }

    /// Calls to the REST API, oldest first: the newest ten thousand.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.github.world().calls.iter().cloned().collect()
    }

    /// Delivers an earlier event again, under its GUID.
    ///
    /// # Errors
    /// When there is no such repository or delivery.
    pub fn redeliver(&self, repository: &str, delivery: u64) -> anyhow::Result<()> {
        self.github.redeliver(repository, delivery)
    }

    /// Waits until `fits` holds, looking again whenever a call or a delivery is done.
    pub async fn wait_until(&self, fits: impl Fn(&Self) -> bool) {
        let mut happened = self.github.happened.subscribe();
        while !fits(self) {
            if happened.changed().await.is_err() {
                return;
            }
        }
    }
}

impl crate::github::GitHub {
    pub(crate) fn create_user(&self, login: &str, organization: bool) -> anyhow::Result<User> {
        let fits = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
        ensure!(!login.is_empty() && login.chars().all(fits), "{login:?} is no login");
        let mut world = self.world();
        ensure!(world.user_by_login(login).is_none(), "there is already a user {login}");
        let user = User {
            id: world.next_id(),
            login: login.to_owned(),
            name: Some(login.to_owned()),
            email: (!organization).then(|| format!("{login}@example.com")),
            organization,
            created_at: Utc::now(),
        };
        world.users.insert(user.id, user.clone());
        if organization {
            world.organizations.insert(user.id, Organization::default());
        }
        Ok(user)
    }

    pub(crate) fn set_token(&self, login: &str, token: &str, scopes: Vec<String>) -> anyhow::Result<()> {
        let mut world = self.world();
        let user = world.user_by_login(login).with_context(|| format!("there is no user {login}"))?.id;
        let id = world.next_id();
        world.tokens.insert(token.to_owned(), Token { id, ..Token::new(user, scopes) });
        Ok(())
    }

    pub(crate) async fn create_repository(&self, new: NewRepository) -> anyhow::Result<u64> {
        let FullName { owner, name } = &new.name;
        let fits = |letter: char| letter.is_ascii_alphanumeric() || "-_.".contains(letter);
        ensure!(name.chars().all(fits) && name != "." && name != "..", "{name:?} is no repository's name");
        let repository = {
            let mut world = self.world();
            ensure!(world.repository_by_name(owner, name).is_none(), "there is already a {owner}/{name}");
            let owner = world.user_by_login(owner).with_context(|| format!("there is no user {owner}"))?.id;
            let now = Utc::now();
            Repository {
                id: world.next_id(),
                owner,
                name: name.clone(),
                private: new.private,
                description: new.description,
                default_branch: new.default_branch,
                created_at: now,
                updated_at: now,
                pushed_at: None,
                archived: false,
                deploy_keys_disabled: false,
                collaborators: BTreeMap::new(),
                hooks: BTreeMap::new(),
                keys: BTreeMap::new(),
                pulls: BTreeMap::new(),
                statuses: Vec::new(),
                deliveries: Vec::new(),
            }
        };
        let id = repository.id;
        self.git(id).init(&repository.default_branch).await?;
        self.world().repositories.insert(id, repository);
        Ok(id)
    }

    pub(crate) fn rename_repository(self: &std::sync::Arc<Self>, repository: &str, to: &str) -> anyhow::Result<()> {
        let (id, event): (u64, Event) = {
            let mut world = self.world();
            let own = find(&world, repository)?;
            let (id, from, owner) = (own.id, own.name.clone(), own.owner);
            let login = world.users.get(&owner).map(|user| user.login.clone()).unwrap_or_default();
            ensure!(world.repository_by_name(&login, to).is_none(), "there is already a {login}/{to}");
            world.redirects.insert(format!("{login}/{from}").to_lowercase(), id);
            world.redirects.remove(&format!("{login}/{to}").to_lowercase());
            if let Some(own) = world.repositories.get_mut(&id) {
                own.name = to.to_owned();
                own.updated_at = Utc::now();
            }
            let (Some(own), Some(sender)) = (world.repositories.get(&id), world.users.get(&owner)) else {
                return Ok(());
            };
            let about = About { links: &self.links, world: &world, repository: own, sender };
            (id, about.renamed(&from))
        };
        deliver::to_hooks(self, id, &event);
        Ok(())
    }

    pub(crate) fn redeliver(self: &std::sync::Arc<Self>, repository: &str, delivery: u64) -> anyhow::Result<()> {
        let (id, found) = {
            let world = self.world();
            let own = find(&world, repository)?;
            let found = own.deliveries.iter().find(|one| one.id == delivery).cloned();
            (own.id, found.with_context(|| format!("{repository} has no delivery {delivery}"))?)
        };
        again(self, id, found);
        Ok(())
    }
}
