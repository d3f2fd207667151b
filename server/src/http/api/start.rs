//! Pipelines are started by hand. The request is only written here; `work` asks GitHub for the commit and its files, and
//! the answer waits for that a little.

#![expect(unused_qualifications, reason = "utoipa's macro writes them")]

use super::super::allow::Act;
use super::super::{App, Fault};
use super::pipeline as find;
use crate::db::request::{self, Told, Wanted};
use crate::db::{self, Conn, audit, definition};
use crate::people::Caller;
use crate::view::{InputView, Place, Problem, StartView};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use dockercise_pipeline::ids::RunId;
use dockercise_pipeline::plan::On;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

/// How long an answer waits for GitHub's.
const PATIENCE: Duration = Duration::from_secs(20);
/// The longest ref, in bytes (a file's name, which a branch is to git, has no more).
const LONGEST_REF: usize = 255;

/// On which ref.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Where {
    /// A branch or tag, as `main` or `refs/tags/v1`; not said: the default branch.
    git_ref: Option<String>,
}

/// What is to be started, and with what.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// A branch or tag, as `main` or `refs/tags/v1`; not said: the default branch.
    #[serde(default)]
    git_ref: Option<String>,
    /// What is said to its inputs, by name.
    #[serde(default)]
    inputs: BTreeMap<String, String>,
}

/// What a person may or must say who starts a pipeline, as far as this server knows the files at that ref.
#[utoipa::path(get, path = "/api/results/{account}/{pipeline}/start", params(("account" = String, Path), ("pipeline" = String, Path), Where),
    responses((status = 200, body = StartView), (status = 404, body = Problem)))]
pub async fn inputs(
    State(app): State<App>,
    caller: Caller,
    Path((account, slug)): Path<(String, String)>,
    Query(at): Query<Where>,
) -> Result<Json<StartView>, Fault> {
    let (repository, name) = find(&app, &caller, (&account, &slug), Act::See).await?;
    let mut conn = app.db.read().await?;
    let row = db::repository::by_id(&mut conn, repository).await?.ok_or_else(Fault::not_found)?;
    let said = at.git_ref.as_deref().unwrap_or(&row.default_branch);
    let known = if said.strip_prefix("refs/heads/").unwrap_or(said) == row.default_branch {
        definition::one(&mut conn, repository, &name).await?.map(|found| found.starts)
    } else {
        ran_at(&mut conn, repository, &name, said).await?
    };
    let starts = known.ok_or_else(|| {
        let words = format!("the inputs of `{slug}` on `{}` are not known yet", said.escape_debug());
        Fault::new(StatusCode::NOT_FOUND, words, Some("it can be started all the same: what it takes is looked at then"))
    })?;
    let inputs = starts.manual.unwrap_or_default().inputs.into_iter().map(InputView::from).collect();
    Ok(Json(StartView { account, pipeline: slug, repository: row.full_name(), git_ref: said.to_owned(), inputs }))
}

/// What starts the pipeline as its newest run on a ref has it.
async fn ran_at(conn: &mut Conn, repository: i64, name: &str, said: &str) -> sqlx::Result<Option<On>> {
    for git_ref in [said.to_owned(), format!("refs/heads/{said}"), format!("refs/tags/{said}")] {
        let Some(newest) = db::run::newest_at(conn, repository, &git_ref, name).await? else { continue };
        let Some(stored) = db::run::load(conn, RunId(newest.run)).await? else { continue };
        let plan = stored.plan()?;
        return Ok(plan.and_then(|plan| plan.pipelines.iter().find(|p| p.name == name).map(|p| p.on.clone())));
    }
    Ok(None)
}

/// Starts a pipeline. 202: GitHub has not answered yet, and the run begins once it has.
#[utoipa::path(post, path = "/api/results/{account}/{pipeline}/start", params(("account" = String, Path), ("pipeline" = String, Path)),
    request_body = Start,
    responses((status = 200, body = Place), (status = 202, body = Problem), (status = 404, body = Problem), (status = 422, body = Problem)))]
pub async fn start(
    State(app): State<App>,
    caller: Caller,
    Path((account, slug)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, Fault> {
    let (repository, pipeline) = find(&app, &caller, (&account, &slug), Act::Run).await?;
    let unfit = |words: String| Fault::new(StatusCode::UNPROCESSABLE_ENTITY, words, None);
    let Start { git_ref, inputs } =
        serde_json::from_slice(&body).map_err(|e| unfit(format!("what is to be started cannot be read: {e}")))?;
    if git_ref.as_ref().is_some_and(|said| said.len() > LONGEST_REF) {
        return Err(unfit(format!("a branch or tag has a name of at most {LONGEST_REF} bytes")));
    }
    let mut answered = app.hub.answered.subscribe();
    let now = app.clock.now();
    let mut tx = app.db.write().await?;
    let git_ref = git_ref.filter(|said| !said.is_empty());
    let wanted = Wanted::Start { pipeline, git_ref, inputs: inputs.into_iter().collect() };
    let id = request::ask(&mut tx, repository, &wanted, caller.by().words, now).await?;
    audit::add(&mut tx, now, caller.by(), "start", &format!("/results/{account}/{slug}")).await?;
    tx.commit().await?;
    app.hub.requests.notify_one();

    let wait = async {
        loop {
            let told = request::told(&mut *app.db.read().await?, id).await?.ok_or_else(Fault::not_found)?;
            if told.state != "waiting" || answered.changed().await.is_err() {
                return Ok::<Told, Fault>(told);
            }
        }
    };
    match tokio::time::timeout(PATIENCE, wait).await {
        Ok(told) => answer(&app, (&account, &slug), told?).await,
        Err(_) => {
            let error = "GitHub has not answered yet".to_owned();
            let problem = Problem { error, help: Some("the pipeline is started once it has; look at its list of runs then".to_owned()) };
            Ok((StatusCode::ACCEPTED, Json(problem)).into_response())
        }
    }
}

async fn answer(app: &App, (account, slug): (&str, &str), told: Told) -> Result<Response, Fault> {
    let Some(run) = told.run else { return Err(Fault::new(StatusCode::UNPROCESSABLE_ENTITY, told.note, None)) };
    let number = number(&mut *app.db.read().await?, run, slug).await?.ok_or_else(Fault::not_found)?;
    let href = format!("/results/{account}/{slug}/{number}");
    Ok(Json(Place { account: account.to_owned(), pipeline: slug.to_owned(), number, href }).into_response())
}

/// The pipeline's number in a run.
async fn number(conn: &mut Conn, run: Uuid, slug: &str) -> sqlx::Result<Option<i64>> {
    Ok(db::run::load(conn, RunId(run)).await?.and_then(|stored| stored.pipelines.iter().find(|p| p.slug == slug)?.number))
}
