//! Repository webhooks: made, read, changed, removed, pinged.

use std::sync::Arc;

use axum::Json;
use axum::extract::{OriginalUri, Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::IntoResponse as _;
use chrono::Utc;
use serde::Deserialize;
use serde_json::Value;
use uuid::Uuid;

use super::caller::Caller;
use super::error::{ApiError, ApiResult};
use super::paging::Paging;
use crate::deliver::{self, Event};
use crate::github::GitHub;
use crate::json::hook as shown;
use crate::json::payload::About;
use crate::state::{Hook, World};

/// Scopes besides `repo` that open hooks.
pub(crate) const SCOPES: &[&str] = &["admin:repo_hook", "write:repo_hook"];
/// As many hooks may want the same event.
const MAX_PER_EVENT: usize = 20;
/// Names of events that a repository hook may ask for.
const EVENTS: &[&str] = &[
    "*",
    "branch_protection_rule",
    "check_run",
    "check_suite",
    "commit_comment",
    "create",
    "delete",
    "deploy_key",
    "deployment",
    "deployment_status",
    "fork",
    "gollum",
    "issue_comment",
    "issues",
    "label",
    "member",
    "meta",
    "milestone",
    "page_build",
    "ping",
    "public",
    "pull_request",
    "pull_request_review",
    "pull_request_review_comment",
    "push",
    "release",
    "repository",
    "star",
    "status",
    "team_add",
    "watch",
    "workflow_job",
    "workflow_run",
];

/// What a hook is made or changed from.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    name: Option<String>,
    active: Option<bool>,
    events: Option<Vec<String>>,
    add_events: Vec<String>,
    remove_events: Vec<String>,
    config: Option<Config>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Config {
    url: Option<String>,
    content_type: Option<String>,
    secret: Option<String>,
    insecure_ssl: Option<Value>,
}

fn refuse(message: &str) -> ApiError {
    ApiError::validation("Hook", None, message)
}

/// Reads a JSON body as GitHub does: what does not parse is 400.
pub(crate) fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|_| ApiError::bad_request("Problems parsing JSON"))
}

pub(crate) async fn list(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path((owner, name)): Path<(String, String)>,
    Query(paging): Query<Paging>,
    OriginalUri(uri): OriginalUri,
) -> ApiResult {
    let world = github.world();
    let seen = caller.administers(&github, &world, (&owner, &name), SCOPES)?;
    let all = seen.repository.hooks.values().map(|hook| shown::hook(&github.links, &seen.name, hook));
    Ok(paging.respond(&github, &uri, all.collect()))
}

pub(crate) async fn create(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path((owner, name)): Path<(String, String)>,
    body: bytes::Bytes,
) -> ApiResult {
    let (repository, id, response) = {
        let mut world = github.world();
        let seen = caller.changes(&github, &world, (&owner, &name), SCOPES)?;
        let wanted: Wanted = parse(&body)?;
        if wanted.name.as_deref().is_some_and(|name| name != "web") {
            return Err(refuse("The \"name\" of a repository webhook is \"web\""));
        }
        let (repository, name) = (seen.repository.id, seen.name);
        let now = Utc::now();
        let mut hook = Hook {
            id: world.next_id(),
            active: true,
            events: vec!["push".to_owned()],
            url: String::new(),
            content_type: "form".to_owned(),
            secret: None,
            insecure_ssl: "0".to_owned(),
            created_at: now,
            updated_at: now,
            last_response: (None, "unused".to_owned(), None),
        };
        change(&mut hook, wanted)?;
        check(&world, repository, &hook)?;
        let json = shown::hook(&github.links, &name, &hook);
        let location = json["url"].as_str().and_then(|url| HeaderValue::from_str(url).ok());
        let id = hook.id;
        if let Some(own) = world.repositories.get_mut(&repository) {
            own.hooks.insert(id, hook);
        }
        let mut response = (StatusCode::CREATED, Json(json)).into_response();
        response.headers_mut().extend(location.map(|url| (header::LOCATION, url)));
        (repository, id, response)
    };
    send_ping(&github, &caller, repository, id);
    Ok(response)
}

pub(crate) async fn get(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path((owner, name, id)): Path<(String, String, u64)>,
) -> ApiResult {
    let world = github.world();
    let seen = caller.administers(&github, &world, (&owner, &name), SCOPES)?;
    let hook = seen.repository.hooks.get(&id).ok_or_else(ApiError::not_found)?;
    Ok(Json(shown::hook(&github.links, &seen.name, hook)).into_response())
}

pub(crate) async fn update(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path((owner, name, id)): Path<(String, String, u64)>,
    body: bytes::Bytes,
) -> ApiResult {
    let mut world = github.world();
    let seen = caller.changes(&github, &world, (&owner, &name), SCOPES)?;
    let (repository, name) = (seen.repository.id, seen.name.clone());
    let mut hook = seen.repository.hooks.get(&id).cloned().ok_or_else(ApiError::not_found)?;
    change(&mut hook, parse(&body)?)?;
    check(&world, repository, &hook)?;
    hook.updated_at = Utc::now();
    let json = shown::hook(&github.links, &name, &hook);
    if let Some(own) = world.repositories.get_mut(&repository) {
        own.hooks.insert(id, hook);
    }
    Ok(Json(json).into_response())
}

pub(crate) async fn delete(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path((owner, name, id)): Path<(String, String, u64)>,
) -> ApiResult {
    let (repository, farewell) = {
        let world = github.world();
        let seen = caller.changes(&github, &world, (&owner, &name), SCOPES)?;
        let hook = seen.repository.hooks.get(&id).ok_or_else(ApiError::not_found)?;
        let sender = world.users.get(&caller.known()?).ok_or_else(ApiError::not_found)?;
        let about = About { links: &github.links, world: &world, repository: seen.repository, sender };
        let wanted = hook.active && hook.events.iter().any(|event| event == "*" || event == "meta");
        (seen.repository.id, wanted.then(|| about.hook_deleted(hook)))
    };
    if let Some(event) = farewell {
        deliver::to_hook(&github, repository, id, event, Uuid::new_v4().to_string(), false);
    }
    let mut world = github.world();
    let own = world.repositories.get_mut(&repository).ok_or_else(ApiError::not_found)?;
    own.hooks.remove(&id).ok_or_else(ApiError::not_found)?;
    own.deliveries.retain(|delivery| delivery.hook != id);
    Ok(StatusCode::NO_CONTENT.into_response())
}

pub(crate) async fn ping(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path((owner, name, id)): Path<(String, String, u64)>,
) -> ApiResult {
    let repository = {
        let world = github.world();
        let seen = caller.changes(&github, &world, (&owner, &name), SCOPES)?;
        seen.repository.hooks.get(&id).ok_or_else(ApiError::not_found)?;
        seen.repository.id
    };
    send_ping(&github, &caller, repository, id);
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn send_ping(github: &Arc<GitHub>, caller: &Caller, repository: u64, id: u64) {
    let Some(event) = ping_event(github, caller, repository, id) else {
        return;
    };
    deliver::to_hook(github, repository, id, event, Uuid::new_v4().to_string(), false);
}

fn ping_event(github: &GitHub, caller: &Caller, repository: u64, id: u64) -> Option<Event> {
    let world = github.world();
    let repository = world.repositories.get(&repository)?;
    let sender = world.users.get(&caller.user?)?;
    let hook = repository.hooks.get(&id)?;
    Some(About { links: &github.links, world: &world, repository, sender }.ping(hook))
}

fn change(hook: &mut Hook, wanted: Wanted) -> Result<(), ApiError> {
    if let Some(active) = wanted.active {
        hook.active = active;
    }
    if let Some(events) = wanted.events {
        hook.events = events;
    }
    hook.events.extend(wanted.add_events);
    hook.events.retain(|event| !wanted.remove_events.contains(event));
    hook.events.sort_unstable();
    hook.events.dedup();
    let Some(config) = wanted.config else {
        return Ok(());
    };
    if let Some(url) = config.url {
        hook.url = url;
    }
    if let Some(content_type) = config.content_type {
        hook.content_type = content_type;
    }
    match config.insecure_ssl {
        Some(Value::String(text)) => hook.insecure_ssl = text,
        Some(other) => hook.insecure_ssl = other.to_string(),
        None => {}
    }
    // A changed configuration without its secret has none any more, as on GitHub.
    hook.secret = config.secret.filter(|secret| !secret.is_empty());
    Ok(())
}

fn check(world: &World, repository: u64, hook: &Hook) -> Result<(), ApiError> {
    let host = hook.url.strip_prefix("http://").or_else(|| hook.url.strip_prefix("https://"));
    if host.is_none_or(str::is_empty) || hook.url.contains(char::is_whitespace) {
        return Err(refuse("Config must contain URL for webhooks"));
    }
    if !["json", "form"].contains(&hook.content_type.as_str()) {
        return Err(refuse("The content_type is \"json\" or \"form\""));
    }
    if hook.events.is_empty() {
        return Err(refuse("Hook must have at least one event"));
    }
    if let Some(bad) = hook.events.iter().find(|event| !EVENTS.contains(&event.as_str())) {
        return Err(refuse(&format!("{bad:?} is not an event that a repository webhook can have")));
    }
    let others: Vec<_> =
        world.repositories.get(&repository).into_iter().flat_map(|own| own.hooks.values()).filter(|other| other.id != hook.id).collect();
    if others.iter().any(|other| other.url == hook.url) {
        return Err(refuse("Hook already exists on this repository"));
    }
    for event in &hook.events {
        if others.iter().filter(|other| other.events.contains(event)).count() >= MAX_PER_EVENT {
            return Err(refuse(&format!("The {event:?} event cannot have more than {MAX_PER_EVENT} hooks")));
        }
    }
    Ok(())
}
