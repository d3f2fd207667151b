//! Runs: a pipeline's list, and one of them.

#![expect(unused_qualifications, reason = "utoipa's macro writes them")]

use super::super::allow::Act;
use super::super::{App, Fault};
use super::{RunPath, find, pipeline};
use crate::db::{self, repository};
use crate::github::Permission;
use crate::people::{Caller, Scope};
use crate::view::{self, Around, Can, Problem, RunList, RunView};
use axum::Json;
use axum::extract::{Path, Query, State};
use serde::Deserialize;
use utoipa::IntoParams;

/// The longest page of a list.
const LONGEST: i64 = 200;
/// How many rows are looked through for a filter in one request.
const LOOKED: i64 = 1000;

/// Which runs of a pipeline.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// Only numbers below this one.
    before: Option<i64>,
    /// At most so many; 50 where it is not said, 200 at the most.
    limit: Option<i64>,
    /// Only of this branch.
    branch: Option<String>,
    /// Only in this state.
    state: Option<String>,
}

/// A pipeline's runs, newest first.
#[utoipa::path(get, path = "/api/results/{account}/{pipeline}", params(("account" = String, Path), ("pipeline" = String, Path), Which),
    responses((status = 200, body = RunList), (status = 404, body = Problem)))]
pub async fn list(
    State(app): State<App>,
    caller: Caller,
    Path((account, slug)): Path<(String, String)>,
    Query(which): Query<Which>,
) -> Result<Json<RunList>, Fault> {
    pipeline(&app, &caller, (&account, &slug), Act::See).await?;
    let mut conn = app.db.read().await?;
    let repository = db::pipeline::repository_of(&mut conn, &account, &slug).await?.ok_or_else(Fault::not_found)?;
    let limit = which.limit.unwrap_or(50).clamp(1, LONGEST) as usize;
    let rows = db::run::list(&mut conn, &account, &slug, which.before.unwrap_or(i64::MAX), LOOKED).await?;
    let mut runs = Vec::new();
    for row in &rows {
        let run = view::listed(row)?;
        let wanted = which.branch.as_ref().is_none_or(|b| run.branch.as_ref() == Some(b))
            && which.state.as_ref().is_none_or(|s| run.state.word() == s);
        if wanted {
            runs.push(run);
        }
    }
    let more = runs.len() > limit || rows.len() as i64 == LOOKED;
    runs.truncate(limit);
    Ok(Json(RunList { account, pipeline: slug, repository, runs, more }))
}

/// One run of a pipeline; the number may be `latest`.
#[utoipa::path(get, path = "/api/results/{account}/{pipeline}/{number}",
    params(("account" = String, Path), ("pipeline" = String, Path), ("number" = String, Path)),
    responses((status = 200, body = RunView), (status = 404, body = Problem)))]
pub async fn run(State(app): State<App>, caller: Caller, Path(path): Path<RunPath>) -> Result<Json<RunView>, Fault> {
    let (stored, ix) = find(&app, &caller, &path, Act::See).await?;
    let (account, slug, _) = &path;
    let mut conn = app.db.read().await?;
    let number = stored.pipelines[ix].number.unwrap_or(0);
    let around = Around {
        repository: repository::by_id(&mut conn, stored.row.repository).await?.ok_or_else(Fault::not_found)?,
        newest: db::run::newest_number(&mut conn, account, slug).await?.unwrap_or(number),
        reruns: db::run::numbers_of(&mut conn, account, slug, number).await?,
        notices: app.hub.notices(stored.id()),
    };
    let mut shown = view::run(&stored, ix, &around)?;
    // What was said is believed here; at the click it is asked again.
    if !caller.has(Scope::Run) || app.people.permission(&caller, stored.row.repository, false).await? < Permission::Write {
        shown.can = Can::default();
    }
    Ok(Json(shown))
}
