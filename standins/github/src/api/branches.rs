//! Branches.

use std::sync::Arc;

use axum::Json;
use axum::extract::{OriginalUri, Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use serde_json::{Value, json};

use super::caller::Caller;
use super::error::{ApiError, ApiResult};
use super::paging::Paging;
use crate::github::GitHub;
use crate::json::commit;
use crate::links::{Links, encode_path};

pub(crate) async fn list(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path((owner, name)): Path<(String, String)>,
    Query(paging): Query<Paging>,
    OriginalUri(uri): OriginalUri,
) -> ApiResult {
    let (repository, name) = {
        let world = github.world();
        let seen = caller.sees(&github, &world, (&owner, &name))?;
        (seen.repository.id, seen.name)
    };
    let refs = github.git(repository).refs().await?;
    let all = refs
        .iter()
        .filter_map(|(full, held)| Some((full.strip_prefix("refs/heads/")?, held)))
        .map(|(branch, held)| {
            let url = format!("{}/repos/{name}/commits/{}", github.links.api, held.commit);
            let mut value = protection(&github.links, &name, branch);
            value["name"] = json!(branch);
            value["commit"] = json!({ "sha": held.commit, "url": url });
            value
        })
        .collect();
    Ok(paging.respond(&github, &uri, all))
}

pub(crate) async fn get(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path((owner, name, branch)): Path<(String, String, String)>,
) -> ApiResult {
    let (repository, name) = {
        let world = github.world();
        let seen = caller.sees(&github, &world, (&owner, &name))?;
        (seen.repository.id, seen.name)
    };
    let git = github.git(repository);
    let refs = git.refs().await?;
    let held = refs.get(&format!("refs/heads/{branch}")).ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, "Branch not found"))?;
    let commit = git.commit(&held.commit).await?;
    let encoded = encode_path(branch.as_bytes());
    let mut value = protection(&github.links, &name, &branch);
    value["name"] = json!(branch);
    value["commit"] = commit::rest(&github.links, &github.world(), &name, &commit);
    value["_links"] = json!({
        "self": format!("{}/repos/{name}/branches/{encoded}", github.links.api),
        "html": format!("{}/{name}/tree/{encoded}", github.links.web),
    });
    Ok(Json(value).into_response())
}

/// No branch is protected here.
fn protection(links: &Links, name: &str, branch: &str) -> Value {
    let encoded = encode_path(branch.as_bytes());
    json!({
        "protected": false,
        "protection": {
            "enabled": false,
            "required_status_checks": { "enforcement_level": "off", "contexts": [], "checks": [] },
        },
        "protection_url": format!("{}/repos/{name}/branches/{encoded}/protection", links.api),
    })
}
