//! Organizations of the caller, who is in them and in their teams, and their repositories.

use std::sync::Arc;

use axum::Json;
use axum::extract::{OriginalUri, Path, Query, State};
use axum::http::HeaderValue;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use serde_json::json;

use super::caller::Caller;
use super::error::{ApiError, ApiResult};
use super::paging::Paging;
use crate::github::GitHub;
use crate::json::{organization, repository};
use crate::organizations::Closed;
use crate::state::{Role, User, World};

/// Scopes with which membership is read.
const SCOPES: &[&str] = &["read:org", "write:org", "admin:org"];

/// `GET /user/orgs`: those that keep this token out are not told.
pub(crate) async fn mine(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Query(paging): Query<Paging>,
    OriginalUri(uri): OriginalUri,
) -> ApiResult {
    let id = caller.known()?;
    if !caller.has(SCOPES) && !caller.has(&["user"]) {
        return Err(ApiError::forbidden("You need at least read:org scope or user scope to list your organizations."));
    }
    let world = github.world();
    let own: Vec<_> = of(&world, id).collect();
    let open = own.iter().filter(|user| world.closed(user.id, caller.secret.as_deref()).is_none());
    let all = open.map(|user| organization::simple(&github.links, user)).collect();
    let mut response = paging.respond(&github, &uri, all);
    partial(&world, &caller, &mut response);
    Ok(response)
}

/// Organizations that a person is in.
fn of(world: &World, user: u64) -> impl Iterator<Item = &User> {
    let member = move |id: u64| world.organizations.get(&id).is_some_and(|own| own.members.contains_key(&user));
    world.users.values().filter(move |own| own.organization && member(own.id))
}

/// Says in a list's headers that organizations with single sign-on are not in it.
pub(crate) fn partial(world: &World, caller: &Caller, response: &mut Response) {
    let Some(user) = caller.user else { return };
    let hidden = of(world, user).filter(|own| matches!(world.closed(own.id, caller.secret.as_deref()), Some(Closed::SignOn(_))));
    let ids: Vec<_> = hidden.map(|own| own.id.to_string()).collect();
    if ids.is_empty() {
        return;
    }
    if let Ok(value) = HeaderValue::from_str(&format!("partial-results; organizations={}", ids.join(","))) {
        response.headers_mut().insert("x-github-sso", value);
    }
}

/// `GET /user/memberships/orgs/{org}`.
pub(crate) async fn my_membership(State(github): State<Arc<GitHub>>, caller: Caller, Path(org): Path<String>) -> ApiResult {
    let world = github.world();
    let login = world.users.get(&caller.known()?).map(|user| user.login.clone()).unwrap_or_default();
    membership_of(&github, &world, &caller, &org, &login)
}

/// `GET /orgs/{org}/memberships/{username}`: for members only.
pub(crate) async fn membership(State(github): State<Arc<GitHub>>, caller: Caller, Path((org, login)): Path<(String, String)>) -> ApiResult {
    membership_of(&github, &github.world(), &caller, &org, &login)
}

fn membership_of(github: &GitHub, world: &World, caller: &Caller, org: &str, login: &str) -> ApiResult {
    let (id, own) = inside(world, caller, org)?;
    caller.admitted(github, world, id)?;
    let user = world.user_by_login(login).ok_or_else(ApiError::not_found)?;
    let owner = world.organizations.get(&id).and_then(|it| it.members.get(&user.id)).ok_or_else(ApiError::not_found)?;
    Ok(Json(organization::membership(&github.links, own, user, *owner)).into_response())
}

/// The organization, for a member whose token has a scope for it.
fn inside<'a>(world: &'a World, caller: &Caller, org: &str) -> ApiResult<(u64, &'a User)> {
    let me = caller.known()?;
    if !caller.has(SCOPES) {
        return Err(ApiError::forbidden("You need at least read:org scope to read organization membership."));
    }
    let own = world.user_by_login(org).filter(|user| user.organization).ok_or_else(ApiError::not_found)?;
    let member = world.organizations.get(&own.id).is_some_and(|it| it.members.contains_key(&me));
    if member { Ok((own.id, own)) } else { Err(ApiError::not_found()) }
}

/// `GET /orgs/{org}/teams/{team_slug}/memberships/{username}`.
pub(crate) async fn team_membership(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path((org, slug, login)): Path<(String, String, String)>,
) -> ApiResult {
    let world = github.world();
    let (id, own) = inside(&world, &caller, &org)?;
    caller.admitted(&github, &world, id)?;
    let user = world.user_by_login(&login).ok_or_else(ApiError::not_found)?;
    let team = world.organizations.get(&id).and_then(|it| it.teams.get(&slug)).ok_or_else(ApiError::not_found)?;
    let maintainer = team.members.get(&user.id).ok_or_else(ApiError::not_found)?;
    let url = format!("{}/organizations/{}/team/{slug}/memberships/{}", github.links.api, own.id, user.login);
    let role = if *maintainer { "maintainer" } else { "member" };
    Ok(Json(json!({ "state": "active", "role": role, "url": url })).into_response())
}

/// How the list of repositories is narrowed and sorted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Listing {
    #[serde(rename = "type")]
    kind: Option<String>,
    sort: Option<String>,
    direction: Option<String>,
}

/// `GET /orgs/{org}/repos`.
pub(crate) async fn repositories(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path(org): Path<String>,
    Query(listing): Query<Listing>,
    Query(paging): Query<Paging>,
    OriginalUri(uri): OriginalUri,
) -> ApiResult {
    let world = github.world();
    let id = world.user_by_login(&org).filter(|user| user.organization).ok_or_else(ApiError::not_found)?.id;
    caller.admitted(&github, &world, id)?;
    let mut found: Vec<_> = world
        .repositories
        .values()
        .filter(|own| own.owner == id && caller.role(&world, own) >= Role::Read)
        .filter(|own| match listing.kind.as_deref() {
            Some("public") => !own.private,
            Some("private") => own.private,
            _ => true,
        })
        .collect();
    let by_name = listing.sort.as_deref() == Some("full_name");
    match listing.sort.as_deref() {
        Some("full_name") => found.sort_by_key(|own| own.name.to_lowercase()),
        Some("updated") => found.sort_by_key(|own| own.updated_at),
        Some("pushed") => found.sort_by_key(|own| own.pushed_at),
        _ => found.sort_by_key(|own| own.created_at),
    }
    if listing.direction.as_deref().map_or(!by_name, |direction| direction == "desc") {
        found.reverse();
    }
    let all = found.into_iter().map(|own| repository::listed(&github.links, &world, own, caller.role(&world, own))).collect();
    Ok(paging.respond(&github, &uri, all))
}
