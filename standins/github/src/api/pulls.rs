//! Pull requests.

use std::sync::Arc;

use axum::Json;
use axum::extract::{OriginalUri, Path, Query, State};
use axum::response::IntoResponse as _;
use serde::Deserialize;

use super::caller::Caller;
use super::error::{ApiError, ApiResult};
use super::paging::Paging;
use crate::github::GitHub;
use crate::json::pull;
use crate::pulls;

/// The filters of a list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wanted {
    state: Option<String>,
    head: Option<String>,
    base: Option<String>,
}

pub(crate) async fn list(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path((owner, name)): Path<(String, String)>,
    Query(wanted): Query<Wanted>,
    Query(paging): Query<Paging>,
    OriginalUri(uri): OriginalUri,
) -> ApiResult {
    let all = {
        let world = github.world();
        let own = caller.sees(&github, &world, (&owner, &name))?.repository;
        let state = wanted.state.as_deref().unwrap_or("open");
        let newest_first = own.pulls.values().rev();
        let fits = newest_first.filter(|one| state == "all" || (state == "open") == one.open);
        let shown = fits.map(|one| pull::simple(&github.links, &world, own, one));
        let is = |wanted: &Option<String>, text: &serde_json::Value| wanted.as_deref().is_none_or(|wanted| text == wanted);
        shown.filter(|one| is(&wanted.head, &one["head"]["label"]) && is(&wanted.base, &one["base"]["ref"])).collect()
    };
    Ok(paging.respond(&github, &uri, all))
}

pub(crate) async fn get(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path((owner, name, number)): Path<(String, String, u64)>,
) -> ApiResult {
    let repository = {
        let world = github.world();
        let own = caller.sees(&github, &world, (&owner, &name))?.repository;
        own.pulls.get(&number).ok_or_else(ApiError::not_found)?;
        own.id
    };
    let counted = pulls::count(&github, repository, number).await?;
    let world = github.world();
    let own = world.repositories.get(&repository).ok_or_else(ApiError::not_found)?;
    let found = own.pulls.get(&number).ok_or_else(ApiError::not_found)?;
    Ok(Json(pull::full(&github.links, &world, own, found, &counted)).into_response())
}
