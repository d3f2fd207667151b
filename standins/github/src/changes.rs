//! What becomes of a repository: transferred, archived, hidden, shown, deleted. Its hooks are told.

use std::sync::Arc;

use anyhow::{Context as _, ensure};
use chrono::Utc;
use serde_json::json;

use crate::control::find;
use crate::deliver::{self, Event};
use crate::github::GitHub;
use crate::json::payload::About;
use crate::json::{organization, user};
use crate::start::Standin;
use crate::state::{Repository, World};

impl GitHub {
    /// An event about a repository, caused by its owner (of an organization: by one of its owners).
    fn about(&self, world: &World, id: u64, of: impl Fn(&About<'_>) -> Event) -> Option<Event> {
        let repository = world.repositories.get(&id)?;
        let owners = world.organizations.get(&repository.owner).into_iter().flat_map(|own| &own.members);
        let person = owners.filter(|(_, owner)| **owner).map(|(id, _)| *id).next().unwrap_or(repository.owner);
        let sender = world.users.get(&person)?;
        Some(of(&About { links: &self.links, world, repository, sender }))
    }

    /// Changes a repository, and tells its hooks of it.
    fn change(self: &Arc<Self>, name: &str, with: impl FnOnce(&mut Repository), events: &[fn(&About<'_>) -> Event]) -> anyhow::Result<()> {
        let (id, events) = {
            let mut world = self.world();
            let id = find(&world, name)?.id;
            if let Some(own) = world.repositories.get_mut(&id) {
                with(own);
                own.updated_at = Utc::now();
            }
            let events: Vec<_> = events.iter().filter_map(|of| self.about(&world, id, of)).collect();
            (id, events)
        };
        for event in &events {
            deliver::to_hooks(self, id, event);
        }
        Ok(())
    }

    pub(crate) fn archive(self: &Arc<Self>, name: &str, archived: bool) -> anyhow::Result<()> {
        let event: fn(&About<'_>) -> Event =
            if archived { |about| about.repository("archived", None) } else { |about| about.repository("unarchived", None) };
        self.change(name, |own| own.archived = archived, &[event])
    }

    pub(crate) fn hide(self: &Arc<Self>, name: &str, private: bool) -> anyhow::Result<()> {
        if private {
            self.change(name, |own| own.private = true, &[|about| about.repository("privatized", None)])
        } else {
            self.change(name, |own| own.private = false, &[|about| about.repository("publicized", None), |about| about.public()])
        }
    }

    pub(crate) fn transfer(self: &Arc<Self>, name: &str, to: &str) -> anyhow::Result<()> {
        let (id, event) = {
            let mut world = self.world();
            let own = find(&world, name)?;
            let (id, from, short) = (own.id, own.owner, own.name.clone());
            let new = world.user_by_login(to).with_context(|| format!("there is no user {to}"))?;
            let (owner, login) = (new.id, new.login.clone());
            ensure!(world.repository_by_name(&login, &short).is_none(), "there is already a {login}/{short}");
            world.redirects.insert(name.to_lowercase(), id);
            world.redirects.remove(&format!("{login}/{short}").to_lowercase());
            if let Some(own) = world.repositories.get_mut(&id) {
                own.owner = owner;
                own.collaborators.clear();
                own.updated_at = Utc::now();
            }
            let from = world.users.get(&from).map(|old| match old.organization {
                true => json!({ "organization": organization::simple(&self.links, old) }),
                false => json!({ "user": user::simple(&self.links, old) }),
            });
            let event = self.about(&world, id, |about| about.repository("transferred", Some(json!({ "owner": { "from": from } }))));
            (id, event)
        };
        if let Some(event) = event {
            deliver::to_hooks(self, id, &event);
        }
        Ok(())
    }

    pub(crate) fn remove(self: &Arc<Self>, name: &str) -> anyhow::Result<()> {
        self.change(name, |_| {}, &[|about| about.repository("deleted", None)])?;
        let id = {
            let mut world = self.world();
            let id = find(&world, name)?.id;
            world.repositories.remove(&id);
            id
        };
        std::fs::remove_dir_all(self.repositories_dir().join(format!("{id}.git"))).context("cannot remove the repository")
    }
}

impl Standin {
    /// Archives a repository (read-only), or makes it writable again; hooks that want `repository` events are told.
    ///
    /// # Errors
    /// When there is no such repository.
    pub fn archive_repository(&self, repository: &str, archived: bool) -> anyhow::Result<()> {
        self.github.archive(repository, archived)
    }

    /// Makes a repository private, or public; hooks that want `repository` or `public` events are told.
    ///
    /// # Errors
    /// When there is no such repository.
    pub fn hide_repository(&self, repository: &str, private: bool) -> anyhow::Result<()> {
        self.github.hide(repository, private)
    }

    /// Gives a repository to another owner: the old name redirects, hooks and keys stay, collaborators do not.
    ///
    /// # Errors
    /// When there is no such repository or owner, or that has one of this name.
    pub fn transfer_repository(&self, repository: &str, to: &str) -> anyhow::Result<()> {
        self.github.transfer(repository, to)
    }

    /// Deletes a repository with all that hangs on it; its hooks are told last.
    ///
    /// # Errors
    /// When there is no such repository.
    pub fn delete_repository(&self, repository: &str) -> anyhow::Result<()> {
        self.github.remove(repository)
    }
}
