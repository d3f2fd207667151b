//! Secrets: set, listed, removed. No route gives a value back.

#![expect(unused_qualifications, reason = "utoipa's macro writes them")]

use super::super::allow::{self, Act};
use super::super::{App, Fault};
use crate::db::repository;
use crate::db::secret::{self, Place};
use crate::github::Permission;
use crate::people::Caller;
use crate::secrets as kept;
use crate::view::{Problem, SecretView, Secrets};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use std::collections::BTreeSet;
use utoipa::IntoParams;

/// The one account there is until others can be connected.
const LOCAL: &str = "local";

/// Whose secret.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Whose {
    /// As `owner/name`; not said: all repositories of the account.
    repository: Option<String>,
}

/// The names of all secrets.
#[utoipa::path(get, path = "/api/secrets", responses((status = 200, body = Secrets)))]
pub async fn secrets(State(app): State<App>, caller: Caller) -> Result<Json<Secrets>, Fault> {
    let mut repositories = BTreeSet::new();
    for (id, name) in repository::names(&mut *app.db.read().await?, LOCAL).await? {
        if caller.is_admin() || app.people.permission(&caller, id, false).await? == Permission::Admin {
            repositories.insert(name);
        }
    }
    let all = secret::list(&mut *app.db.read().await?, LOCAL).await?;
    let own = |secret: &secret::Listed| secret.repository.as_ref().map_or(caller.is_admin(), |name| repositories.contains(name));
    let secrets = all.into_iter().filter(own).map(SecretView::from).collect();
    Ok(Json(Secrets { account: LOCAL.to_owned(), secrets, repositories: repositories.into_iter().collect(), for_all: caller.is_admin() }))
}

/// Sets a secret, new or known. The body is its value, byte for byte.
#[utoipa::path(put, path = "/api/secrets/{name}", params(("name" = String, Path), Whose),
    request_body(content = String, content_type = "application/octet-stream"),
    responses((status = 204), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn set_secret(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(whose): Query<Whose>,
    value: Bytes,
) -> Result<StatusCode, Fault> {
    // Checked before the seal, so that what is left to fail is the database.
    for checked in [kept::check_name(&name), kept::check_value(&value)] {
        checked.map_err(|e| said(StatusCode::UNPROCESSABLE_ENTITY, &e))?;
    }
    let repository = id_of(&app, &caller, &whose).await?;
    let mut tx = app.db.write().await?;
    let place = Place { account: LOCAL, repository, name: &name };
    kept::set(&mut tx, &app.seal, place, &value, app.clock.now(), caller.by()).await.map_err(|e| {
        tracing::error!(secret = name, error = format!("{e:#}"), "a secret cannot be saved");
        Fault::new(StatusCode::SERVICE_UNAVAILABLE, "the secret cannot be saved right now", Some("look at the server's log and its disk"))
    })?;
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Removes a secret.
#[utoipa::path(delete, path = "/api/secrets/{name}", params(("name" = String, Path), Whose),
    responses((status = 204), (status = 404, body = Problem)))]
pub async fn remove_secret(
    State(app): State<App>,
    caller: Caller,
    Path(name): Path<String>,
    Query(whose): Query<Whose>,
) -> Result<StatusCode, Fault> {
    let repository = id_of(&app, &caller, &whose).await?;
    let mut tx = app.db.write().await?;
    if !kept::remove(&mut tx, Place { account: LOCAL, repository, name: &name }, app.clock.now(), caller.by()).await? {
        return Err(Fault::not_found());
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The repository that a secret is for, where the caller may set it.
async fn id_of(app: &App, caller: &Caller, whose: &Whose) -> Result<Option<i64>, Fault> {
    let Some(full_name) = &whose.repository else {
        allow::admin(caller)?;
        return Ok(None);
    };
    let (owner, name) = full_name.split_once('/').unwrap_or((full_name, ""));
    let found = repository::by_name(&mut *app.db.read().await?, LOCAL, owner, name).await?.ok_or_else(Fault::not_found)?;
    allow::repository(app, caller, found.id, Act::Administer).await?;
    Ok(Some(found.id))
}

fn said(status: StatusCode, error: &anyhow::Error) -> Fault {
    let words = error.to_string();
    let (what, help) = words.split_once("\nhelp: ").map_or((words.as_str(), None), |(what, help)| (what, Some(help)));
    Fault::new(status, what, help)
}
