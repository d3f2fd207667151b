//! Organizations: members, teams, and the rules that keep tokens out.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use anyhow::{Context as _, ensure};

use crate::github::GitHub;
use crate::start::Standin;
use crate::state::{Role, World};

/// Members, teams and rules of an organization.
#[derive(Debug, Clone)]
pub struct Organization {
    /// Its members; true for owners.
    pub members: BTreeMap<u64, bool>,
    /// Its teams by slug.
    pub teams: BTreeMap<String, Team>,
    /// What every member may do in each of its repositories.
    pub base_role: Role,
    /// Its rules.
    pub rules: Rules,
    /// Client ids of the OAuth apps that it approved.
    pub approved: BTreeSet<String>,
    /// Tokens that were let in by single sign-on.
    pub(crate) signed_on: BTreeSet<String>,
}

/// A team.
#[derive(Debug, Clone, Default)]
pub struct Team {
    /// Its members; true for maintainers.
    pub members: BTreeMap<u64, bool>,
    /// What it may do in which repository.
    pub repositories: BTreeMap<u64, Role>,
}

/// What an organization's owner may set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rules {
    /// OAuth apps need its approval (new organizations have this).
    pub oauth_apps_restricted: bool,
    /// Tokens need single sign-on.
    pub single_sign_on: bool,
    /// None of its repositories may have deploy keys (new organizations have this).
    pub deploy_keys_disabled: bool,
}

impl Default for Organization {
    fn default() -> Self {
        Self {
            members: BTreeMap::new(),
            teams: BTreeMap::new(),
            base_role: Role::Read,
            rules: Rules::default(),
            approved: BTreeSet::new(),
            signed_on: BTreeSet::new(),
        }
    }
}

impl Organization {
    /// What a person may do in one of its repositories by being in it.
    pub(crate) fn role(&self, repository: u64, user: u64) -> Role {
        let Some(owner) = self.members.get(&user) else { return Role::None };
        let of_teams = self.teams.values().filter(|team| team.members.contains_key(&user));
        let best = of_teams.filter_map(|team| team.repositories.get(&repository)).copied().max().unwrap_or(Role::None);
        if *owner { Role::Admin } else { best.max(self.base_role) }
    }
}

/// Why an organization keeps a token out, whatever its person may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Closed {
    /// It approves OAuth apps, and not this one. Its login.
    NotApproved(String),
    /// It has single sign-on, and the token did not go through it. Its login.
    SignOn(String),
}

impl World {
    /// Does the account (a person or an organization) keep this token out?
    pub(crate) fn closed(&self, account: u64, secret: Option<&str>) -> Option<Closed> {
        let (organization, secret) = (self.organizations.get(&account)?, secret?);
        let token = self.tokens.get(secret)?;
        let login = || self.users.get(&account).map(|user| user.login.clone()).unwrap_or_default();
        if organization.rules.oauth_apps_restricted && token.app.as_ref().is_some_and(|app| !organization.approved.contains(app)) {
            return Some(Closed::NotApproved(login()));
        }
        let member = organization.members.contains_key(&token.user);
        (organization.rules.single_sign_on && member && !organization.signed_on.contains(secret)).then(|| Closed::SignOn(login()))
    }

    /// Number of an organization.
    pub(crate) fn organization(&self, login: &str) -> anyhow::Result<u64> {
        let found = self.user_by_login(login).filter(|user| user.organization);
        Ok(found.with_context(|| format!("there is no organization {login}"))?.id)
    }
}

impl GitHub {
    pub(crate) fn add_member(&self, organization: &str, login: &str, owner: bool) -> anyhow::Result<()> {
        let mut world = self.world();
        let id = world.organization(organization)?;
        let user = world.user_by_login(login).with_context(|| format!("there is no user {login}"))?.id;
        world.organizations.entry(id).or_default().members.insert(user, owner);
        Ok(())
    }

    pub(crate) fn set_rules(&self, organization: &str, rules: Rules) -> anyhow::Result<()> {
        let mut world = self.world();
        let id = world.organization(organization)?;
        world.organizations.entry(id).or_default().rules = rules;
        Ok(())
    }

    pub(crate) fn approve_app(&self, organization: &str, client_id: &str) -> anyhow::Result<()> {
        let mut world = self.world();
        let id = world.organization(organization)?;
        world.organizations.entry(id).or_default().approved.insert(client_id.to_owned());
        Ok(())
    }

    /// Lets all tokens of a person in that there are now.
    pub(crate) fn sign_on(&self, organization: &str, login: &str) -> anyhow::Result<()> {
        let mut world = self.world();
        let id = world.organization(organization)?;
        let user = world.user_by_login(login).with_context(|| format!("there is no user {login}"))?.id;
        let tokens: Vec<_> = world.tokens.iter().filter(|(_, token)| token.user == user).map(|(secret, _)| secret.clone()).collect();
        world.organizations.entry(id).or_default().signed_on.extend(tokens);
        Ok(())
    }

    pub(crate) fn join_team(self: &Arc<Self>, organization: &str, slug: &str, login: &str, maintainer: bool) -> anyhow::Result<()> {
        let mut world = self.world();
        let id = world.organization(organization)?;
        let user = world.user_by_login(login).with_context(|| format!("there is no user {login}"))?.id;
        let own = world.organizations.entry(id).or_default();
        ensure!(own.members.contains_key(&user), "{login} is no member of {organization}");
        own.teams.entry(slug.to_owned()).or_default().members.insert(user, maintainer);
        Ok(())
    }
}

impl Standin {
    /// Makes a person a member of an organization; with `owner` one of its owners, who may do everything.
    ///
    /// # Errors
    /// When one of both is not there.
    pub fn add_member(&self, organization: &str, login: &str, owner: bool) -> anyhow::Result<()> {
        self.github.add_member(organization, login, owner)
    }

    /// Takes a person out of an organization and its teams.
    ///
    /// # Errors
    /// When one of both is not there.
    pub fn remove_member(&self, organization: &str, login: &str) -> anyhow::Result<()> {
        let mut world = self.github.world();
        let id = world.organization(organization)?;
        let user = world.user_by_login(login).with_context(|| format!("there is no user {login}"))?.id;
        let own = world.organizations.entry(id).or_default();
        own.members.remove(&user);
        for team in own.teams.values_mut() {
            team.members.remove(&user);
        }
        Ok(())
    }

    /// Makes a member of an organization a member of one of its teams, which is made when it is not there.
    ///
    /// # Errors
    /// When there is no such organization, or the person is no member of it.
    pub fn join_team(&self, organization: &str, slug: &str, login: &str) -> anyhow::Result<()> {
        self.github.join_team(organization, slug, login, false)
    }

    /// Gives a team a role in a repository of its organization.
    ///
    /// # Errors
    /// When there is no such organization or repository.
    pub fn set_team_role(&self, organization: &str, slug: &str, repository: &str, role: Role) -> anyhow::Result<()> {
        let repository = self.repository(repository)?;
        let mut world = self.github.world();
        let id = world.organization(organization)?;
        ensure!(repository.owner == id, "{} is not of {organization}", repository.name);
        let own = world.organizations.entry(id).or_default();
        own.teams.entry(slug.to_owned()).or_default().repositories.insert(repository.id, role);
        Ok(())
    }

    /// Sets what an organization keeps out.
    ///
    /// # Errors
    /// When there is no such organization.
    pub fn set_rules(&self, organization: &str, rules: Rules) -> anyhow::Result<()> {
        self.github.set_rules(organization, rules)
    }

    /// An owner of the organization approves an OAuth app.
    ///
    /// # Errors
    /// When there is no such organization.
    pub fn approve_app(&self, organization: &str, client_id: &str) -> anyhow::Result<()> {
        self.github.approve_app(organization, client_id)
    }

    /// The person goes through an organization's single sign-on with all tokens given so far.
    ///
    /// # Errors
    /// When one of both is not there.
    pub fn sign_on(&self, organization: &str, login: &str) -> anyhow::Result<()> {
        self.github.sign_on(organization, login)
    }
}
