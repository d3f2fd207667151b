//! All pipelines.

use super::super::{App, Fault};
use crate::db;
use crate::people::Caller;
use crate::view::{self, PipelineLine, Pipelines};
use axum::Json;
use axum::extract::State;

/// How many of its newest runs a pipeline is shown with.
const BARS: i64 = 12;

/// All pipelines with their newest runs.
#[utoipa::path(get, path = "/api/pipelines", responses((status = 200, body = Pipelines)))]
pub async fn pipelines(State(app): State<App>, caller: Caller) -> Result<Json<Pipelines>, Fault> {
    let all = db::pipeline::all(&mut *app.db.read().await?).await?;
    let seen = app.people.seen(&caller, all.iter().map(|known| known.id).collect()).await;
    let mut conn = app.db.read().await?;
    let mut pipelines = Vec::new();
    for db::pipeline::Known { account, slug, repository, .. } in all.into_iter().filter(|known| seen.contains(&known.id)) {
        let rows = db::run::list(&mut conn, &account, &slug, i64::MAX, BARS).await?;
        let runs = rows.iter().map(view::listed).collect::<Result<_, _>>()?;
        pipelines.push(PipelineLine { account, pipeline: slug, repository, runs });
    }
    Ok(Json(Pipelines { pipelines }))
}
