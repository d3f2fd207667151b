//! `GET /user`, `GET /users/{login}`.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::response::IntoResponse as _;

use super::caller::Caller;
use super::error::{ApiError, ApiResult};
use crate::github::GitHub;
use crate::json::user;
use crate::state::{User, World};

pub(crate) async fn me(State(github): State<Arc<GitHub>>, caller: Caller) -> ApiResult {
    let id = caller.known()?;
    let world = github.world();
    let own = world.users.get(&id).ok_or_else(ApiError::not_found)?;
    let (public, private) = counts(&world, own);
    // Without the scope `user` GitHub shows the public form.
    let private = caller.has(&["user", "read:user"]).then_some(private);
    Ok(Json(user::full(&github.links, own, public, private)).into_response())
}

pub(crate) async fn get(State(github): State<Arc<GitHub>>, _caller: Caller, Path(login): Path<String>) -> ApiResult {
    let world = github.world();
    let found = world.user_by_login(&login).ok_or_else(ApiError::not_found)?;
    let (public, _) = counts(&world, found);
    Ok(Json(user::full(&github.links, found, public, None)).into_response())
}

fn counts(world: &World, user: &User) -> (usize, usize) {
    let own = world.repositories.values().filter(|repository| repository.owner == user.id);
    let (private, public): (Vec<_>, Vec<_>) = own.partition(|repository| repository.private);
    (public.len(), private.len())
}
