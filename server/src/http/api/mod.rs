//! The pages' API.

pub mod acts;
pub mod connect;
pub mod events;
pub mod logs;
pub mod pipelines;
pub mod repositories;
pub mod results;
pub mod secrets;
pub mod start;
pub mod steps;
pub mod tokens;
pub mod trail;
mod trust;

use super::allow::{self, Act};
use super::{App, Fault};
use crate::db::{self, run::Stored};
use crate::people::Caller;
use axum::http::StatusCode;
use dockercise_pipeline::ids::RunId;

/// The address of a run: `/results/{account}/{pipeline}/{number}`; `latest` for the newest.
pub type RunPath = (String, String, String);

/// The repository of a pipeline, by its numeric id, and the pipeline's name there, where the caller may do that.
async fn pipeline(app: &App, caller: &Caller, (account, slug): (&str, &str), act: Act) -> Result<(i64, String), Fault> {
    let found = db::pipeline::of(&mut *app.db.read().await?, account, slug).await?;
    let (repository, name) = found.ok_or_else(Fault::not_found)?;
    allow::repository(app, caller, repository, act).await?;
    Ok((repository, name))
}

/// The run at an address, and the pipeline's position in it, where the caller may do that.
async fn locate(app: &App, caller: &Caller, path: &RunPath, act: Act) -> Result<(RunId, usize), Fault> {
    let (account, slug, number) = path;
    pipeline(app, caller, (account, slug), act).await?;
    let mut conn = app.db.read().await?;
    let number = match number.as_str() {
        "latest" => db::run::newest_number(&mut conn, account, slug).await?.ok_or_else(Fault::not_found)?,
        text => text.parse().map_err(|_| {
            Fault::new(
                StatusCode::NOT_FOUND,
                format!("`{}` is no number of a run", text.escape_debug()),
                Some("write a number, or `latest`"),
            )
        })?,
    };
    let (id, ix) = db::run::by_number(&mut conn, account, slug, number).await?.ok_or_else(Fault::not_found)?;
    Ok((id, ix as usize))
}

/// The same with all of its rows.
async fn find(app: &App, caller: &Caller, path: &RunPath, act: Act) -> Result<(Stored, usize), Fault> {
    let (id, ix) = locate(app, caller, path, act).await?;
    let stored = db::run::load(&mut *app.db.read().await?, id).await?.ok_or_else(Fault::not_found)?;
    Ok((stored, ix))
}
