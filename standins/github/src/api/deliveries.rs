//! The delivery log of a hook, and redelivery: the same event with the same GUID once more.

use std::sync::Arc;

use axum::Json;
use axum::extract::{OriginalUri, Path, Query, State};
use axum::http::StatusCode;
use axum::response::IntoResponse as _;
use serde::Deserialize;
use serde_json::json;

use super::caller::{Caller, Seen};
use super::error::{ApiError, ApiResult};
use super::hooks::SCOPES;
use super::paging::{Paging, address, link};
use crate::deliver::{self, Delivery, Event};
use crate::github::GitHub;
use crate::json::hook as shown;

/// Where the next page starts, and which outcomes are wanted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Listing {
    cursor: Option<String>,
    status: Option<String>,
}

/// Newest first; a cursor leads to what is older.
pub(crate) async fn list(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path((owner, name, hook)): Path<(String, String, u64)>,
    Query(listing): Query<Listing>,
    Query(paging): Query<Paging>,
    OriginalUri(uri): OriginalUri,
) -> ApiResult {
    let world = github.world();
    let seen = caller.administers(&github, &world, (&owner, &name), SCOPES)?;
    seen.repository.hooks.get(&hook).ok_or_else(ApiError::not_found)?;
    let before = match listing.cursor.as_deref() {
        None => u64::MAX,
        Some(cursor) => cursor.strip_prefix("v1_").and_then(|id| id.parse().ok()).ok_or_else(|| ApiError::bad_request("Invalid cursor"))?,
    };
    let wanted = |delivery: &&Delivery| match listing.status.as_deref() {
        Some("success") => delivery.ok(),
        Some("failure") => !delivery.ok(),
        _ => true,
    };
    let mut found: Vec<_> =
        seen.repository.deliveries.iter().filter(|delivery| delivery.hook == hook && delivery.id < before).filter(wanted).collect();
    found.sort_by_key(|delivery| std::cmp::Reverse(delivery.id));
    let more = found.len() > paging.size();
    found.truncate(paging.size());
    let repository = seen.repository.id;
    let page: Vec<_> = found.iter().map(|one| shown::delivery_item(one, repository)).collect();
    let mut response = Json(page).into_response();
    if let Some(last) = found.last().filter(|_| more) {
        let next = address(&github, &uri, "cursor", &format!("v1_{}", last.id));
        link(&mut response, &format!("<{next}>; rel=\"next\""));
    }
    Ok(response)
}

pub(crate) async fn get(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path((owner, name, hook, id)): Path<(String, String, u64, u64)>,
) -> ApiResult {
    let world = github.world();
    let seen = caller.administers(&github, &world, (&owner, &name), SCOPES)?;
    let found = find(&seen, hook, id)?;
    Ok(Json(shown::delivery(found, seen.repository.id)).into_response())
}

pub(crate) async fn redeliver(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path((owner, name, hook, id)): Path<(String, String, u64, u64)>,
) -> ApiResult {
    let (repository, delivery) = {
        let world = github.world();
        let seen = caller.administers(&github, &world, (&owner, &name), SCOPES)?;
        (seen.repository.id, find(&seen, hook, id)?.clone())
    };
    again(&github, repository, delivery);
    Ok((StatusCode::ACCEPTED, Json(json!({}))).into_response())
}

fn find<'a>(seen: &Seen<'a>, hook: u64, id: u64) -> Result<&'a Delivery, ApiError> {
    let mut all = seen.repository.deliveries.iter();
    all.find(|one| one.hook == hook && one.id == id).ok_or_else(ApiError::not_found)
}

/// Sends what a delivery sent, under its GUID, to where its hook now points.
pub(crate) fn again(github: &Arc<GitHub>, repository: u64, delivery: Delivery) {
    let Some(name) = event_name(&delivery.event) else {
        return;
    };
    let event = Event { name, payload: delivery.payload };
    deliver::to_hook(github, repository, delivery.hook, event, delivery.guid, true);
}

fn event_name(name: &str) -> Option<&'static str> {
    ["ping", "push", "create", "delete", "status", "repository", "meta", "pull_request"].into_iter().find(|known| *known == name)
}
