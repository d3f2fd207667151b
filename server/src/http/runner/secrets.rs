//! Secrets, to a runner whose step is about to begin.

use super::super::{App, Fault};
use crate::db::{self, repository};
use crate::secrets;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use dockercise_pipeline::ids::{JobId, RunId};
use dockercise_pipeline::plan::{EnvPlan, EnvValue, Plan};
use dockercise_pipeline::wire::{AskSecrets, Secrets};
use std::collections::HashSet;
use uuid::Uuid;

/// A runner asks for secrets: only those that its run's own plan names, and only while it has the job.
pub async fn ask(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    Json(ask): Json<AskSecrets>,
) -> Result<Json<Secrets>, Fault> {
    let host = super::host(&app, &headers)?;
    let job = super::known(&app, host, JobId(id), ask.fence).await?;
    let mut conn = app.db.read().await?;
    let stored = db::run::load(&mut conn, RunId(job.run)).await?.ok_or_else(Fault::not_found)?;
    let plan = stored.plan()?.ok_or_else(Fault::not_found)?;
    let repository = repository::by_id(&mut conn, stored.row.repository).await?.ok_or_else(Fault::not_found)?;
    let refused = |words: String| Err(Fault::new(StatusCode::FORBIDDEN, words, None));
    if !super::hand_over::trusted(&stored) {
        return refused("this run may have no secrets".to_owned());
    }
    let named = named(&plan);
    if let Some(other) = ask.names.iter().find(|name| !named.contains(name.as_str())) {
        return refused(format!("no step of this run names the secret `{}`", other.escape_debug()));
    }
    let found = secrets::of(&mut conn, &app.seal, &repository.account, repository.id, &ask.names).await.map_err(|error| {
        tracing::error!(repository = repository.full_name(), error = format!("{error:#}"), "secrets cannot be opened");
        Fault::new(StatusCode::SERVICE_UNAVAILABLE, "the server cannot open its secrets", None)
    })?;
    let secrets = found.into_iter().map(|(name, value)| (name, BASE64_STANDARD.encode(value))).collect();
    Ok(Json(Secrets { secrets }))
}

/// The stored secrets that steps of a plan name.
fn named(plan: &Plan) -> HashSet<&str> {
    let env = plan.steps.iter().flat_map(|step| step.env.iter().chain(step.services.iter().flat_map(|service| &service.env)));
    env.filter_map(|EnvPlan { value, .. }| match value {
        EnvValue::Secret { name } => Some(name.as_str()),
        _ => None,
    })
    .collect()
}
