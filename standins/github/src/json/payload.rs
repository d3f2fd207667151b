//! Payloads of webhooks. What they share is the repository and the sender.

use serde_json::{Value, json};

use super::pull::Counted;
use super::{commit, hook, organization, pull, repository, status, user};
use crate::deliver::Event;
use crate::git::{Commit, RefChange};
use crate::links::Links;
use crate::pulls::Pull;
use crate::state::{Hook, Repository, Status, User, World};

/// What GitHub says in a ping.
const ZEN: &str = "Design for failure.";

/// The repository an event is about, and who caused it.
pub(crate) struct About<'a> {
    pub(crate) links: &'a Links,
    pub(crate) world: &'a World,
    pub(crate) repository: &'a Repository,
    pub(crate) sender: &'a User,
}

impl About<'_> {
    fn event(&self, name: &'static str, mut payload: Value) -> Event {
        if payload["repository"].is_null() {
            payload["repository"] = repository::base(self.links, self.world, self.repository);
        }
        payload["sender"] = user::simple(self.links, self.sender);
        let owner = self.world.users.get(&self.repository.owner);
        if let Some(owner) = owner.filter(|owner| owner.organization) {
            payload["organization"] = organization::simple(self.links, owner);
        }
        Event { name, payload }
    }

    /// `ping`.
    pub(crate) fn ping(&self, hook: &Hook) -> Event {
        let name = self.world.full_name(self.repository);
        let payload = json!({
            "zen": ZEN,
            "hook_id": hook.id,
            "hook": hook::hook(self.links, &name, hook),
        });
        self.event("ping", payload)
    }

    /// `create` or `delete`, beside the `push` of the same change.
    pub(crate) fn ref_event(&self, change: &RefChange, deploy_key: bool) -> Event {
        let mut payload = json!({
            "ref": change.short(),
            "ref_type": if change.is_tag() { "tag" } else { "branch" },
            "pusher_type": if deploy_key { "deploy_key" } else { "user" },
        });
        if change.after.is_none() {
            return self.event("delete", payload);
        }
        payload["master_branch"] = json!(self.repository.default_branch);
        payload["description"] = json!(self.repository.description);
        self.event("create", payload)
    }

    /// `push`; what it carries beside repository and sender is in `payload` already.
    pub(crate) fn push(&self, mut payload: Value, deploy_key: bool) -> Event {
        payload["repository"] = repository::pushed(self.links, self.world, self.repository);
        payload["pusher"] = json!({ "name": self.sender.login });
        if !deploy_key {
            let email = self.sender.email.clone();
            payload["pusher"]["email"] =
                json!(email.unwrap_or_else(|| { format!("{}+{}@users.noreply.github.com", self.sender.id, self.sender.login) }));
        }
        self.event("push", payload)
    }

    /// `pull_request`; `more` is what only this action has.
    pub(crate) fn pull_request(&self, pull: &Pull, counted: &Counted, action: &str, more: &[(&str, Value)]) -> Event {
        let mut payload = json!({
            "action": action,
            "number": pull.number,
            "pull_request": pull::full(self.links, self.world, self.repository, pull, counted),
        });
        for (key, value) in more {
            payload[*key] = value.clone();
        }
        self.event("pull_request", payload)
    }

    /// `status`.
    pub(crate) fn status(&self, status: &Status, commit: &Commit, branches: &[String]) -> Event {
        let name = self.world.full_name(self.repository);
        let api = format!("{}/repos/{name}", self.links.api);
        let branches: Vec<_> = branches
            .iter()
            .map(|branch| {
                let sha = &status.sha;
                let commit = json!({ "sha": sha, "url": format!("{api}/commits/{sha}") });
                json!({ "name": branch, "commit": commit, "protected": false })
            })
            .collect();
        let simple = status::simple(self.links, self.world, &name, status);
        let payload = json!({
            "id": status.id,
            "sha": status.sha,
            "name": name,
            "avatar_url": simple["avatar_url"],
            "target_url": status.target_url,
            "context": status.context,
            "description": status.description,
            "state": status.state,
            "commit": commit::rest(self.links, self.world, &name, commit),
            "branches": branches,
            "created_at": simple["created_at"],
            "updated_at": simple["updated_at"],
        });
        self.event("status", payload)
    }

    /// `repository` with `action` `renamed`.
    pub(crate) fn renamed(&self, from: &str) -> Event {
        let changes = json!({ "repository": { "name": { "from": from } } });
        self.event("repository", json!({ "action": "renamed", "changes": changes }))
    }

    /// `repository` with another `action`, and what changed where that is told.
    pub(crate) fn repository(&self, action: &str, changes: Option<Value>) -> Event {
        let mut payload = json!({ "action": action });
        if let Some(changes) = changes {
            payload["changes"] = changes;
        }
        self.event("repository", payload)
    }

    /// `public`: beside `repository` with `action` `publicized`.
    pub(crate) fn public(&self) -> Event {
        self.event("public", json!({}))
    }

    /// `meta` with `action` `deleted`: sent to the hook that is going.
    pub(crate) fn hook_deleted(&self, hook: &Hook) -> Event {
        let name = self.world.full_name(self.repository);
        let payload = json!({
            "action": "deleted",
            "hook_id": hook.id,
            "hook": hook::hook(self.links, &name, hook),
        });
        self.event("meta", payload)
    }
}
