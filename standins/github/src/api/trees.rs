//! Trees and blobs by name.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::IntoResponse as _;
use serde::Deserialize;
use serde_json::{Value, json};

use super::caller::Caller;
use super::contents::{Form, raw};
use super::error::{ApiError, ApiResult};
use crate::github::GitHub;
use crate::json::content::base64_lines;
use crate::json::node_id;

/// Most bytes of JSON in a tree's answer.
const MAX_BYTES: usize = 7 * 1024 * 1024;

/// Any value at all, even `0` and `false`, asks for all trees below: GitHub's own rule.
#[derive(Debug, Deserialize)]
pub(crate) struct Depth {
    recursive: Option<String>,
}

pub(crate) async fn tree(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path((owner, name, wanted)): Path<(String, String, String)>,
    Query(depth): Query<Depth>,
) -> ApiResult {
    let (repository, name, limit) = {
        let world = github.world();
        let seen = caller.sees(&github, &world, (&owner, &name))?;
        (seen.repository.id, seen.name, world.tree_limit)
    };
    let git = github.git(repository);
    let sha = match git.resolve(&wanted, "tree").await? {
        Some(sha) => sha,
        None if git.refs().await?.is_empty() => {
            return Err(ApiError::conflict("Git Repository is empty."));
        }
        None => return Err(ApiError::not_found()),
    };
    let api = format!("{}/repos/{name}/git", github.links.api);
    let (mut entries, mut bytes, mut truncated) = (Vec::new(), 0, false);
    for entry in git.tree(&sha, depth.recursive.is_some()).await? {
        let mut value = json!({
            "path": entry.path, "mode": entry.mode, "type": entry.kind, "sha": entry.sha,
        });
        match entry.kind.as_str() {
            "blob" => {
                value["size"] = json!(entry.size.unwrap_or(0));
                value["url"] = json!(format!("{api}/blobs/{}", entry.sha));
            }
            "tree" => value["url"] = json!(format!("{api}/trees/{}", entry.sha)),
            _ => {}
        }
        bytes += value.to_string().len();
        if entries.len() >= limit || bytes > MAX_BYTES {
            truncated = true;
            break;
        }
        entries.push(value);
    }
    let url = format!("{api}/trees/{sha}");
    let body: Value = json!({ "sha": sha, "url": url, "tree": entries, "truncated": truncated });
    Ok(Json(body).into_response())
}

pub(crate) async fn blob(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path((owner, name, sha)): Path<(String, String, String)>,
    headers: HeaderMap,
) -> ApiResult {
    let (repository, name) = {
        let world = github.world();
        let seen = caller.sees(&github, &world, (&owner, &name))?;
        (seen.repository.id, seen.name)
    };
    let git = github.git(repository);
    let size = git.blob_size(&sha).await?.ok_or_else(ApiError::not_found)?;
    let bytes = git.blob(&sha).await?;
    if Form::wanted(&headers) == Form::Raw {
        return Ok(raw(bytes));
    }
    let body = json!({
        "sha": sha,
        "node_id": node_id("Blob", &sha),
        "size": size,
        "url": format!("{}/repos/{name}/git/blobs/{sha}", github.links.api),
        "content": base64_lines(&bytes),
        "encoding": "base64",
    });
    Ok(Json(body).into_response())
}
