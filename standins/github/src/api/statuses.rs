//! Commit statuses: posted, listed, combined.

use std::collections::HashSet;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::IntoResponse as _;
use chrono::Utc;
use serde::Deserialize;
use serde_json::json;

use super::caller::Caller;
use super::commits::{Readable, resolve};
use super::error::{ApiError, ApiResult};
use super::hooks::parse;
use super::paging::Paging;
use crate::deliver;
use crate::github::GitHub;
use crate::json::payload::About;
use crate::json::{repository as shown_repository, status as shown};
use crate::state::{Role, Status};

/// As many statuses may a commit have in one context.
const MAX_PER_CONTEXT: usize = 1000;
/// Longest description, in characters.
const MAX_DESCRIPTION: usize = 140;

#[derive(Debug, Deserialize)]
struct Wanted {
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    target_url: Option<String>,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    context: Option<String>,
}

fn refuse(field: &str, message: &str) -> ApiError {
    ApiError::validation("Status", Some(field), message)
}

fn check(wanted: &Wanted) -> ApiResult<()> {
    let state = wanted.state.as_deref().unwrap_or_default();
    if !["error", "failure", "pending", "success"].contains(&state) {
        return Err(refuse("state", "state is not included in the list"));
    }
    if wanted.description.as_deref().is_some_and(|text| text.chars().count() > MAX_DESCRIPTION) {
        return Err(refuse("description", "description is too long (maximum is 140 characters)"));
    }
    let web = |url: &str| url.starts_with("http://") || url.starts_with("https://");
    if wanted.target_url.as_deref().is_some_and(|url| !url.is_empty() && !web(url)) {
        return Err(refuse("target_url", "target_url must use http(s) scheme"));
    }
    Ok(())
}

pub(crate) async fn create(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path((owner, name, sha)): Path<(String, String, String)>,
    body: bytes::Bytes,
) -> ApiResult {
    let user = caller.known()?;
    let repository = {
        let world = github.world();
        let seen = caller.sees(&github, &world, (&owner, &name))?;
        let may = world.role(seen.repository, Some(user)) >= Role::Write;
        if !may || !(caller.has(&["repo", "repo:status"]) || seen.role >= Role::Write) {
            return Err(ApiError::forbidden("Must have push access to create a commit status."));
        }
        caller.admitted(&github, &world, seen.repository.owner)?;
        seen.writable()?;
        seen.repository.id
    };
    let wanted: Wanted = parse(&body)?;
    check(&wanted)?;
    let git = github.git(repository);
    let whole = sha.len() == 40;
    let commit = match git.resolve_commit(&sha).await? {
        Some(found) if whole && found == sha => git.commit(&sha).await?,
        _ => {
            return Err(ApiError::unprocessable(&format!("No commit found for SHA: {sha}")));
        }
    };
    let refs = git.refs().await?;
    let branches: Vec<String> = refs
        .iter()
        .filter(|(_, held)| held.commit == sha)
        .filter_map(|(full, _)| full.strip_prefix("refs/heads/").map(str::to_owned))
        .take(10)
        .collect();
    let context = wanted.context.filter(|text| !text.is_empty()).unwrap_or_else(|| "default".to_owned());
    let (json, event) = {
        let mut world = github.world();
        let status = Status {
            id: world.next_id(),
            sha,
            state: wanted.state.unwrap_or_default(),
            context,
            description: wanted.description,
            target_url: wanted.target_url,
            creator: user,
            created_at: Utc::now(),
        };
        let own = world.repositories.get_mut(&repository).ok_or_else(ApiError::not_found)?;
        let same = |other: &&Status| other.sha == status.sha && other.context == status.context;
        if own.statuses.iter().filter(same).count() >= MAX_PER_CONTEXT {
            let message = "This SHA and context has reached the maximum number of statuses.";
            return Err(ApiError::validation("Status", None, message));
        }
        own.statuses.push(status.clone());
        let (Some(own), Some(sender)) = (world.repositories.get(&repository), world.users.get(&user)) else {
            return Err(ApiError::not_found());
        };
        let about = About { links: &github.links, world: &world, repository: own, sender };
        let event = about.status(&status, &commit, &branches);
        (shown::full(&github.links, &world, &world.full_name(own), &status), event)
    };
    deliver::to_hooks(&github, repository, &event);
    let location = json["url"].as_str().and_then(|url| HeaderValue::from_str(url).ok());
    let mut response = (StatusCode::CREATED, Json(json)).into_response();
    response.headers_mut().extend(location.map(|url| (header::LOCATION, url)));
    Ok(response)
}

/// All statuses of a commit, newest first.
pub(crate) async fn list(github: &GitHub, readable: &Readable, reference: &str, paging: &Paging, uri: &Uri) -> ApiResult {
    let sha = resolve(&readable.git, reference).await?;
    let world = github.world();
    let own = world.repositories.get(&readable.id).ok_or_else(ApiError::not_found)?;
    let all = own.statuses.iter().rev().filter(|status| status.sha == sha);
    let all = all.map(|status| shown::full(&github.links, &world, &readable.name, status)).collect();
    Ok(paging.respond(github, uri, all))
}

/// The newest status of each context, and what they amount to.
pub(crate) async fn combined(github: &GitHub, readable: &Readable, reference: &str, paging: &Paging) -> ApiResult {
    let sha = resolve(&readable.git, reference).await?;
    let world = github.world();
    let own = world.repositories.get(&readable.id).ok_or_else(ApiError::not_found)?;
    let mut contexts = HashSet::new();
    let newest: Vec<_> = own.statuses.iter().rev().filter(|status| status.sha == sha && contexts.insert(status.context.as_str())).collect();
    let api = format!("{}/repos/{}/commits/{sha}", github.links.api, readable.name);
    let show = |status: &&Status| shown::simple(&github.links, &world, &readable.name, status);
    let body = json!({
        "state": shown::combined(newest.iter().map(|status| status.state.as_str())),
        "sha": sha,
        "total_count": newest.len(),
        "statuses": newest.iter().take(paging.size()).map(show).collect::<Vec<_>>(),
        "repository": shown_repository::base(&github.links, &world, own),
        "commit_url": api,
        "url": format!("{api}/status"),
    });
    Ok(Json(body).into_response())
}
