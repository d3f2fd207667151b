//! What a person can do to a run. Every act stands in the audit trail.

#![expect(unused_qualifications, reason = "utoipa's macro writes them")]

use super::super::allow::Act;
use super::super::{App, Fault};
use super::{RunPath, find, trust};
use crate::db::audit;
use crate::people::Caller;
use crate::runs::again::From;
use crate::view::{Place, Problem};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use dockercise_pipeline::ids::{GateIx, PipelineIx};
use dockercise_pipeline::plan::Guarded;
use dockercise_pipeline::run::{Event, Run, may_click};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// Clicks at a gate.
#[utoipa::path(post, path = "/api/results/{account}/{pipeline}/{number}/gates/{gate}/approve",
    params(("account" = String, Path), ("pipeline" = String, Path), ("number" = String, Path), ("gate" = u32, Path)),
    responses((status = 200, body = Place), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn approve(
    State(app): State<App>,
    caller: Caller,
    Path((account, slug, number, gate)): Path<(String, String, String, u32)>,
) -> Result<Json<Place>, Fault> {
    let path = (account, slug, number);
    let (stored, _) = find(&app, &caller, &path, Act::Run).await?;
    let plan = stored.plan()?;
    let planned = plan.as_ref().and_then(|plan| plan.gates.get(gate as usize));
    if planned.is_some_and(|gate| gate.guards == Guarded::Run) {
        trust::may_trust(&app, &caller, &stored).await?;
    }
    let named: Vec<String> = planned.into_iter().flat_map(|gate| std::iter::once(&gate.by).chain(&gate.also)).flatten().cloned().collect();
    let teams = app.people.teams(&caller, &named).await?;
    act(&app, &caller, path, "approve", |machine, _| {
        if let Some(gate) = machine.plan().gates.get(gate as usize) {
            may_click(gate, caller.login(), &teams).map_err(|words| {
                let help = "the server's own command line says who that is: --operator LOGIN";
                Fault::new(StatusCode::FORBIDDEN, words, caller.login().is_none().then_some(help))
            })?;
        }
        Ok(Event::GateClicked { gate: GateIx(gate), by: caller.by().words.to_owned() })
    })
    .await
}

/// How much is to be cancelled.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Cancel {
    /// Of a pipeline that is being stopped: its clean-up too.
    #[serde(default)]
    clean_up: bool,
}

/// Cancels the pipeline: at first but for its clean-up.
#[utoipa::path(post, path = "/api/results/{account}/{pipeline}/{number}/cancel",
    params(("account" = String, Path), ("pipeline" = String, Path), ("number" = String, Path), Cancel),
    responses((status = 200, body = Place), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn cancel(
    State(app): State<App>,
    caller: Caller,
    Path(path): Path<RunPath>,
    Query(how): Query<Cancel>,
) -> Result<Json<Place>, Fault> {
    let by = caller.by().words.to_owned();
    let what = if how.clean_up { "cancel clean-up" } else { "cancel" };
    act(&app, &caller, path, what, |_, pipeline| {
        Ok(if how.clean_up { Event::CleanUpStopped { pipeline, by: Some(by) } } else { Event::CancelRequested { pipeline, by } })
    })
    .await
}

async fn act(
    app: &App,
    caller: &Caller,
    path: RunPath,
    what: &str,
    event: impl FnOnce(&Run, PipelineIx) -> Result<Event, Fault>,
) -> Result<Json<Place>, Fault> {
    let (stored, ix) = find(app, caller, &path, Act::Run).await?;
    let row = &stored.pipelines[ix];
    let place = at(&row.account, &row.slug, row.number.unwrap_or(0));
    let mut change = app.runs.change(stored.id()).await?;
    let now = app.clock.now();
    let event = event(change.machine(), PipelineIx(ix as u32))?;
    change.event(now, &event).await?;
    audit::add(&mut change.tx, now, caller.by(), what, &place.href).await?;
    change.commit().await?;
    Ok(Json(place))
}

/// Where it is run again from.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Again {
    /// `all`, where nothing is said: from the beginning. `failed`: what passed is kept, and the rest runs.
    #[serde(default)]
    #[param(inline)]
    from: FromWhere,
}

/// See [`Again`].
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FromWhere {
    /// From the beginning.
    #[default]
    All,
    /// From what did not pass.
    Failed,
}

/// Runs the pipeline again: the same commit, a new number.
#[utoipa::path(post, path = "/api/results/{account}/{pipeline}/{number}/rerun",
    params(("account" = String, Path), ("pipeline" = String, Path), ("number" = String, Path), Again),
    responses((status = 200, body = Place), (status = 404, body = Problem), (status = 409, body = Problem)))]
pub async fn rerun(
    State(app): State<App>,
    caller: Caller,
    Path(path): Path<RunPath>,
    Query(again): Query<Again>,
) -> Result<Json<Place>, Fault> {
    let (stored, ix) = find(&app, &caller, &path, Act::Run).await?;
    let from = match again.from {
        FromWhere::All => From::All,
        FromWhere::Failed => From::Failed,
    };
    let number = app.runs.again(&stored, PipelineIx(ix as u32), from, caller.by()).await?;
    let row = &stored.pipelines[ix];
    Ok(Json(at(&row.account, &row.slug, number)))
}

fn at(account: &str, slug: &str, number: i64) -> Place {
    Place { account: account.to_owned(), pipeline: slug.to_owned(), number, href: format!("/results/{account}/{slug}/{number}") }
}
