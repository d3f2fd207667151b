//! One step of a run: everything about it.

use super::super::{App, Fault};
use super::find;
use crate::db::{self, run::Stored};
use crate::view::{self, LogHead, Problem, StepAround, StepView};
use axum::Json;
use axum::extract::{Path, State};
use dockercise_pipeline::ids::{Attempt, Phase, StepIx};
use dockercise_pipeline::run::StepStatus;

/// One step, with what its file says of it, its files and its logs.
#[utoipa::path(get, path = "/api/results/{account}/{pipeline}/{number}/steps/{step}",
    params(("account" = String, Path), ("pipeline" = String, Path), ("number" = String, Path), ("step" = u32, Path)),
    responses((status = 200, body = StepView), (status = 404, body = Problem)))]
pub async fn step(
    State(app): State<App>,
    Path((account, slug, number, step)): Path<(String, String, String, u32)>,
) -> Result<Json<StepView>, Fault> {
    let (stored, _) = find(&app, &(account, slug, number)).await?;
    let ix = StepIx(step);
    let around = StepAround {
        notice: app.hub.notices(stored.id()).remove(&ix),
        images: db::run::images(&mut *app.db.read().await?, stored.id()).await?,
        logs: heads(&app, &stored, ix).await?,
    };
    view::step(&stored, ix, &around)?.map(Json).ok_or_else(Fault::not_found)
}

/// The logs that a step and its services have written so far.
async fn heads(app: &App, stored: &Stored, ix: StepIx) -> Result<Vec<LogHead>, Fault> {
    let Some(plan) = stored.plan()? else { return Ok(Vec::new()) };
    let state = stored.state()?;
    let (Some(step), Some(now)) = (plan.steps.get(ix.index()), state.steps.get(ix.index())) else { return Ok(Vec::new()) };
    let names = app.names.of(&mut *app.db.read().await?, stored.id()).await?;
    let ended = matches!(now.status, StepStatus::Ended { .. });
    let mut heads = Vec::new();
    for number in 1..=now.attempt {
        let attempt = Attempt { step: ix, number };
        for phase in [Phase::Run, Phase::Done] {
            let own = phase == Phase::Run || now.done_started_at.is_some();
            let services = step.services.iter().map(|s| Some(s.name.as_str()));
            for service in own.then_some(None).into_iter().chain(services) {
                let Some(name) = names.log(attempt, phase, service) else { continue };
                let length = app.store.length(&name).await?;
                if service.is_some() && length == 0 {
                    continue;
                }
                let service = service.map(str::to_owned);
                heads.push(LogHead { attempt, phase, service, length, complete: ended || number < now.attempt });
            }
        }
    }
    Ok(heads)
}
