//! What a person can do to a run. Every act stands in the audit trail.

use super::super::{App, Fault};
use super::{RunPath, find};
use crate::db::audit;
use crate::runs::rerun;
use crate::view::{Place, Problem};
use axum::Json;
use axum::extract::{Path, State};
use dockercise_pipeline::ids::{GateIx, PipelineIx};
use dockercise_pipeline::run::Event;

/// Who acts, until there is a login: whoever can reach this server's loopback address.
pub(super) const SOMEONE: &str = "a person at this computer";

/// Clicks at a gate.
#[utoipa::path(post, path = "/api/results/{account}/{pipeline}/{number}/gates/{gate}/approve",
    params(("account" = String, Path), ("pipeline" = String, Path), ("number" = String, Path), ("gate" = u32, Path)),
    responses((status = 200, body = Place), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn approve(
    State(app): State<App>,
    Path((account, slug, number, gate)): Path<(String, String, String, u32)>,
) -> Result<Json<Place>, Fault> {
    let event = Event::GateClicked { gate: GateIx(gate), by: SOMEONE.to_owned() };
    act(&app, (account, slug, number), "approve", |_| event).await
}

/// Cancels the pipeline.
#[utoipa::path(post, path = "/api/results/{account}/{pipeline}/{number}/cancel",
    params(("account" = String, Path), ("pipeline" = String, Path), ("number" = String, Path)),
    responses((status = 200, body = Place), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn cancel(State(app): State<App>, Path(path): Path<RunPath>) -> Result<Json<Place>, Fault> {
    act(&app, path, "cancel", |pipeline| Event::CancelRequested { pipeline, by: SOMEONE.to_owned() }).await
}

async fn act(app: &App, path: RunPath, what: &str, event: impl FnOnce(PipelineIx) -> Event) -> Result<Json<Place>, Fault> {
    let (stored, ix) = find(app, &path).await?;
    let row = &stored.pipelines[ix];
    let place = at(&row.account, &row.slug, row.number.unwrap_or(0));
    let mut change = app.runs.change(stored.id()).await?;
    let now = app.clock.now();
    change.event(now, &event(PipelineIx(ix as u32))).await?;
    audit::add(&mut change.tx, now, SOMEONE, what, &place.href).await?;
    change.commit().await?;
    Ok(Json(place))
}

/// Runs the pipeline again: the same commit, a new number.
#[utoipa::path(post, path = "/api/results/{account}/{pipeline}/{number}/rerun",
    params(("account" = String, Path), ("pipeline" = String, Path), ("number" = String, Path)),
    responses((status = 200, body = Place), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn rerun(State(app): State<App>, Path(path): Path<RunPath>) -> Result<Json<Place>, Fault> {
    let (stored, ix) = find(&app, &path).await?;
    let number = rerun::rerun(&app.db, &app.clock, &app.hub, &stored, PipelineIx(ix as u32), SOMEONE).await?;
    let row = &stored.pipelines[ix];
    Ok(Json(at(&row.account, &row.slug, number)))
}

fn at(account: &str, slug: &str, number: i64) -> Place {
    Place { account: account.to_owned(), pipeline: slug.to_owned(), number, href: format!("/results/{account}/{slug}/{number}") }
}
