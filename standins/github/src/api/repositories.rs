//! Repositories by name, by number and as a list; and who may do what in them.

use std::sync::Arc;

use axum::Json;
use axum::extract::{OriginalUri, Path, Query, State};
use axum::response::IntoResponse as _;
use serde::Deserialize;
use serde_json::{Value, json};

use super::caller::Caller;
use super::error::{ApiError, ApiResult};
use super::organizations;
use super::paging::Paging;
use crate::github::GitHub;
use crate::json::{repository, user};
use crate::state::{Repository, Role, World};

pub(crate) async fn get(State(github): State<Arc<GitHub>>, caller: Caller, Path((owner, name)): Path<(String, String)>) -> ApiResult {
    let world = github.world();
    let seen = caller.sees(&github, &world, (&owner, &name))?;
    Ok(Json(repository::full(&github.links, &world, seen.repository, seen.role)).into_response())
}

pub(crate) async fn by_id(State(github): State<Arc<GitHub>>, caller: Caller, Path(id): Path<u64>) -> ApiResult {
    let world = github.world();
    let found = world.repositories.get(&id).ok_or_else(ApiError::not_found)?;
    let role = caller.role(&world, found);
    if role < Role::Read {
        return Err(ApiError::not_found());
    }
    if found.private {
        caller.admitted(&github, &world, found.owner)?;
    }
    Ok(Json(repository::full(&github.links, &world, found, role)).into_response())
}

/// How `GET /user/repos` is narrowed and sorted.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Listing {
    visibility: Option<String>,
    affiliation: Option<String>,
    sort: Option<String>,
    direction: Option<String>,
}

impl Listing {
    fn wants(&self, world: &World, repository: &Repository, user: u64) -> bool {
        let visible = match self.visibility.as_deref() {
            Some("public") => !repository.private,
            Some("private") => repository.private,
            _ => true,
        };
        let member = world.organizations.get(&repository.owner).is_some_and(|own| own.role(repository.id, user) > Role::None);
        let mine = [
            ("owner", repository.owner == user),
            ("collaborator", repository.collaborators.contains_key(&user)),
            ("organization_member", member),
        ];
        let wanted = |kind: &str| self.affiliation.as_deref().is_none_or(|all| all.split(',').any(|one| one.trim() == kind));
        visible && mine.iter().any(|(kind, is)| *is && wanted(kind))
    }
}

pub(crate) async fn mine(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Query(listing): Query<Listing>,
    Query(paging): Query<Paging>,
    OriginalUri(uri): OriginalUri,
) -> ApiResult {
    let id = caller.known()?;
    let world = github.world();
    let shown = |own: &Repository| {
        let open = !own.private || world.closed(own.owner, caller.secret.as_deref()).is_none();
        open && caller.role(&world, own) >= Role::Read
    };
    let mut found: Vec<_> = world.repositories.values().filter(|own| listing.wants(&world, own, id) && shown(own)).collect();
    let newest_first = match listing.sort.as_deref() {
        Some("created") => {
            found.sort_by_key(|own| own.created_at);
            true
        }
        Some("updated") => {
            found.sort_by_key(|own| own.updated_at);
            true
        }
        Some("pushed") => {
            found.sort_by_key(|own| own.pushed_at);
            true
        }
        _ => {
            found.sort_by_key(|own| world.full_name(own).to_lowercase());
            false
        }
    };
    if listing.direction.as_deref().map_or(newest_first, |direction| direction == "desc") {
        found.reverse();
    }
    let all = found.into_iter().map(|own| repository::listed(&github.links, &world, own, caller.role(&world, own))).collect();
    let mut response = paging.respond(&github, &uri, all);
    organizations::partial(&world, &caller, &mut response);
    Ok(response)
}

pub(crate) async fn permission(
    State(github): State<Arc<GitHub>>,
    caller: Caller,
    Path((owner, name, login)): Path<(String, String, String)>,
) -> ApiResult {
    let world = github.world();
    let seen = caller.sees(&github, &world, (&owner, &name))?;
    if seen.role < Role::Write {
        return Err(ApiError::forbidden("Must have push access to view collaborator permission."));
    }
    let of = world.user_by_login(&login).ok_or_else(ApiError::not_found)?;
    let role = world.role(seen.repository, Some(of.id));
    let mut person: Value = user::simple(&github.links, of);
    person["permissions"] = json!({
        "admin": role >= Role::Admin,
        "maintain": role >= Role::Maintain,
        "push": role >= Role::Write,
        "triage": role >= Role::Triage,
        "pull": role >= Role::Read,
    });
    person["role_name"] = json!(role.name());
    let body = json!({ "permission": role.permission(), "role_name": role.name(), "user": person });
    Ok(Json(body).into_response())
}
