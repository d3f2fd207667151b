//! Refs as git knows them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::IntoResponse as _;
use serde_json::{Value, json};

use super::caller::Caller;
use super::error::{ApiError, ApiResult};
use crate::git::Ref;
use crate::github::GitHub;
use crate::json::node_id;
use crate::links::encode_path;

pub(crate) async fn get(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path((owner, name, wanted)): Path<(String, String, String)>,
) -> ApiResult {
    let full = format!("refs/{wanted}");
    let all = matching_refs(&github, &caller, (&owner, &name), &full).await?;
    let found = all.into_iter().find(|value| value["ref"] == full.as_str());
    Ok(Json(found.ok_or_else(ApiError::not_found)?).into_response())
}

pub(crate) async fn matching(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path((owner, name, wanted)): Path<(String, String, String)>,
) -> ApiResult {
    let all = matching_refs(&github, &caller, (&owner, &name), &format!("refs/{wanted}")).await?;
    Ok(Json(all).into_response())
}

async fn matching_refs(github: &GitHub, caller: &Caller, path: (&str, &str), prefix: &str) -> ApiResult<Vec<Value>> {
    let (repository, name) = {
        let world = github.world();
        let seen = caller.sees(github, &world, path)?;
        (seen.repository.id, seen.name)
    };
    let refs = github.git(repository).refs().await?;
    if refs.is_empty() {
        return Err(ApiError::conflict("Git Repository is empty."));
    }
    let fits = refs.iter().filter(|(full, _)| full.starts_with(prefix));
    Ok(fits.map(|(full, held)| git_ref(github, &name, full, held)).collect())
}

/// `git-ref`; an annotated tag shows its tag object.
fn git_ref(github: &GitHub, name: &str, full: &str, held: &Ref) -> Value {
    let api = format!("{}/repos/{name}/git", github.links.api);
    json!({
        "ref": full,
        "node_id": node_id("Ref", full),
        "url": format!("{api}/{}", encode_path(full.as_bytes())),
        "object": {
            "sha": held.object,
            "type": held.kind,
            "url": format!("{api}/{}s/{}", held.kind, held.object),
        },
    })
}
