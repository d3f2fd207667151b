//! Deploy keys: one key opens one repository, everywhere.

use std::sync::Arc;

use axum::Json;
use axum::extract::{OriginalUri, Path, Query, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::IntoResponse as _;
use chrono::Utc;
use serde::Deserialize;
use ssh_key::PublicKey;

use super::caller::Caller;
use super::error::{ApiError, ApiResult};
use super::hooks::parse;
use super::paging::Paging;
use crate::github::GitHub;
use crate::json::hook as shown;
use crate::ssh;
use crate::state::DeployKey;

/// What a key is made from. GitHub's default is a key that may write.
#[derive(Debug, Deserialize)]
struct Wanted {
    key: String,
    #[serde(default)]
    title: Option<String>,
    #[serde(default)]
    read_only: bool,
}

pub(crate) async fn list(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path((owner, name)): Path<(String, String)>,
    Query(paging): Query<Paging>,
    OriginalUri(uri): OriginalUri,
) -> ApiResult {
    let world = github.world();
    let seen = caller.administers(&github, &world, (&owner, &name), &["public_repo"])?;
    let all = seen.repository.keys.values().map(|key| shown::key(&github.links, &seen.name, key));
    Ok(paging.respond(&github, &uri, all.collect()))
}

pub(crate) async fn create(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path((owner, name)): Path<(String, String)>,
    body: bytes::Bytes,
) -> ApiResult {
    let mut world = github.world();
    let seen = caller.changes(&github, &world, (&owner, &name), &["public_repo"])?;
    let (repository, name) = (seen.repository.id, seen.name.clone());
    let owner = world.organizations.get(&seen.repository.owner);
    if seen.repository.deploy_keys_disabled || owner.is_some_and(|own| own.rules.deploy_keys_disabled) {
        return Err(ApiError::unprocessable("Deploy keys are disabled for this repository"));
    }
    let refuse = |message: &str| ApiError::validation("PublicKey", Some("key"), message);
    let wanted: Wanted = parse(&body)?;
    let parsed =
        PublicKey::from_openssh(&wanted.key).map_err(|_| refuse("key is invalid. You must supply a key in OpenSSH public key format"))?;
    let line = ssh::public_line(&parsed)?;
    if world.deploy_key(&line).is_some() {
        return Err(refuse("key is already in use"));
    }
    let added_by = caller.user.and_then(|id| world.users.get(&id)).map(|user| user.login.clone());
    let key = DeployKey {
        id: world.next_id(),
        key: line,
        title: wanted.title.unwrap_or_else(|| parsed.comment().to_string()),
        read_only: wanted.read_only,
        added_by: added_by.unwrap_or_default(),
        token: caller.secret.clone(),
        created_at: Utc::now(),
        last_used: None,
    };
    let json = shown::key(&github.links, &name, &key);
    if let Some(own) = world.repositories.get_mut(&repository) {
        own.keys.insert(key.id, key);
    }
    let location = json["url"].as_str().and_then(|url| HeaderValue::from_str(url).ok());
    let mut response = (StatusCode::CREATED, Json(json)).into_response();
    response.headers_mut().extend(location.map(|url| (header::LOCATION, url)));
    Ok(response)
}

pub(crate) async fn get(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path((owner, name, id)): Path<(String, String, u64)>,
) -> ApiResult {
    let world = github.world();
    let seen = caller.administers(&github, &world, (&owner, &name), &["public_repo"])?;
    let key = seen.repository.keys.get(&id).ok_or_else(ApiError::not_found)?;
    Ok(Json(shown::key(&github.links, &seen.name, key)).into_response())
}

pub(crate) async fn delete(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path((owner, name, id)): Path<(String, String, u64)>,
) -> ApiResult {
    let mut world = github.world();
    let seen = caller.changes(&github, &world, (&owner, &name), &["public_repo"])?;
    let repository = seen.repository.id;
    let own = world.repositories.get_mut(&repository).ok_or_else(ApiError::not_found)?;
    own.keys.remove(&id).ok_or_else(ApiError::not_found)?;
    Ok(StatusCode::NO_CONTENT.into_response())
}
