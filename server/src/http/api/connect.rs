//! Repositories are chosen, connected and disconnected. What is wanted is only written here: `work` does it, step by step.

#![expect(unused_qualifications, reason = "utoipa's macro writes them")]

use super::super::allow::{self, Act};
use super::super::{App, Fault};
use crate::db::connection::{self, CONNECT, Connection, DISCONNECT, Stands, StepName, StepState, Want};
use crate::db::{self, audit, repository};
use crate::github::{Github, GithubError, PAGE, Refusal, RepositoryInfo, archived, no_admin};
use crate::people::{Caller, Scope};
use crate::view::{self, ConnectLine, Connectable, ConnectionView, Problem};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use dockercise_pipeline::ids::PipelineIx;
use dockercise_pipeline::run::Event;
use serde::Deserialize;
use std::collections::HashMap;
use utoipa::{IntoParams, ToSchema};

/// The one account there is so far.
const LOCAL: &str = "local";
/// The longest search, in bytes.
const LONGEST: usize = 200;

/// What to look for.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Search {
    /// Words in the name, or `owner/name`; all repositories where it is empty.
    #[serde(default)]
    q: String,
    /// Which page, from 1.
    #[serde(default)]
    page: usize,
}

/// What is to be connected.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Connect {
    /// GitHub's numeric id.
    #[serde(default)]
    id: Option<i64>,
    /// Or `owner/name`.
    #[serde(default)]
    name: Option<String>,
    /// The account its runs happen in.
    #[serde(default)]
    account: Option<String>,
}

/// The caller's own client at GitHub.
fn github(app: &App, caller: &Caller) -> Result<Github, Fault> {
    let help = "connect at the command line: dockercise connect OWNER/REPO; or give the server a login: see docs/operate.md";
    let words = "this server has no login, so it has no token to ask GitHub with";
    let person = caller.person().ok_or_else(|| Fault::new(StatusCode::CONFLICT, words, Some(help)))?;
    app.people.client(person).map_err(|e| {
        tracing::error!(error = format!("{e:#}"), "a person's token cannot be used");
        Fault::new(StatusCode::SERVICE_UNAVAILABLE, "your login at GitHub cannot be used right now", Some("log out and in again"))
    })
}

/// GitHub's refusal as an answer.
fn refused(app: &App, e: &GithubError, full_name: &str) -> Fault {
    if e.status == Some(401) {
        return Fault::log_in();
    }
    let limited = e.status == Some(429) || e.why.contains("rate limit");
    if limited || e.status.is_none_or(|status| status >= 500) {
        let help = if limited { "GitHub's limit of requests is used up: wait some minutes" } else { "try again in a moment" };
        return Fault::new(StatusCode::SERVICE_UNAVAILABLE, e.to_string(), Some(help));
    }
    refusal(Refusal::of(e, full_name, &app.github_web))
}

fn refusal(refusal: Refusal) -> Fault {
    Fault::new(StatusCode::UNPROCESSABLE_ENTITY, refusal.error, Some(&refusal.help))
}

/// Repositories that the person may choose from.
#[utoipa::path(get, path = "/api/connect/repositories", params(Search),
    responses((status = 200, body = Connectable), (status = 401, body = Problem), (status = 409, body = Problem), (status = 503, body = Problem)))]
pub async fn repositories(State(app): State<App>, caller: Caller, Query(search): Query<Search>) -> Result<Json<Connectable>, Fault> {
    let github = github(&app, &caller)?;
    let (words, page) = (search.q.trim(), search.page.clamp(1, 100));
    if words.len() > LONGEST {
        return Err(Fault::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "this is too long to be searched for",
            Some("write some words of the name"),
        ));
    }
    let found = if words.is_empty() { github.own_repositories(page).await } else { search_for(&github, words, page).await };
    let found = found.map_err(|e| refused(&app, &e, ""))?;
    let more = found.len() >= PAGE;
    let states: HashMap<i64, String> = connection::all(&mut *app.db.read().await?).await?.into_iter().map(state).collect();
    let connected = repository::connected(&mut *app.db.read().await?).await?;
    let line = |info: RepositoryInfo| {
        let state = states.get(&info.id).cloned();
        let plain = if connected.contains(&info.id) { "connected" } else { "none" };
        let state = state.filter(|state| state != "done").unwrap_or_else(|| plain.to_owned());
        line(info, state)
    };
    Ok(Json(Connectable { repositories: found.into_iter().map(line).collect(), more }))
}

/// By words; and what is named by owner and name, whoever's it is.
async fn search_for(github: &Github, words: &str, page: usize) -> Result<Vec<RepositoryInfo>, GithubError> {
    let mut found = Vec::new();
    if page == 1 {
        let all: Vec<String> = words.split_whitespace().map(str::to_lowercase).collect();
        let fits = |info: &RepositoryInfo| {
            let name = format!("{}/{}", info.owner.login, info.name).to_lowercase();
            all.iter().all(|word| name.contains(word))
        };
        found.extend(github.invited_repositories().await?.into_iter().filter(fits));
        if let [owner, name] = words.split('/').collect::<Vec<_>>()[..]
            && [owner, name].iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)))
        {
            found.extend(github.repository(words).await.ok());
        }
    }
    // What is searched for by its owner, too, is found by its name.
    let name = words.rsplit('/').next().unwrap_or(words);
    for info in github.search_repositories(name, page).await? {
        if found.iter().all(|known| known.id != info.id) {
            found.push(info);
        }
    }
    Ok(found)
}

fn state((repository, want, state): (i64, String, String)) -> (i64, String) {
    let word = match (want.as_str(), state.as_str()) {
        (_, "done") => "done",
        ("connect", "failed") | ("undo", "failed") => "failed",
        ("disconnect", "failed") => "done",
        ("disconnect", _) => "disconnecting",
        _ => "connecting",
    };
    (repository, word.to_owned())
}

fn line(info: RepositoryInfo, state: String) -> ConnectLine {
    let name = format!("{}/{}", info.owner.login, info.name);
    let refusal = if info.archived {
        Some(archived(&name))
    } else if info.permissions.is_some_and(|p| !p.admin) {
        Some(Refusal::new("you are not an admin of it, which webhooks and deploy keys need", "ask one of its admins to connect it"))
    } else {
        None
    };
    let (error, help) = refusal.map(|r| (r.error, r.help)).unzip();
    ConnectLine { id: info.id, url: info.html_url, private: info.private, state, error, help, name }
}

/// Connects a repository; its steps are at `GET /api/connect/{repository}`.
#[utoipa::path(post, path = "/api/connect", request_body = Connect,
    responses((status = 202, body = ConnectionView), (status = 401, body = Problem), (status = 403, body = Problem), (status = 409, body = Problem),
        (status = 422, body = Problem), (status = 503, body = Problem)))]
pub async fn connect(State(app): State<App>, caller: Caller, body: Bytes) -> Result<(StatusCode, Json<ConnectionView>), Fault> {
    let unfit = |words: String| Fault::new(StatusCode::UNPROCESSABLE_ENTITY, words, None);
    let wanted: Connect = serde_json::from_slice(&body).map_err(|e| unfit(format!("what is to be connected cannot be read: {e}")))?;
    may(&caller)?;
    if wanted.account.as_deref().is_some_and(|account| account != LOCAL) {
        return Err(unfit("there is no such account: `local` is the one there is".to_owned()));
    }
    let github = github(&app, &caller)?;
    let info = match (wanted.id, &wanted.name) {
        (Some(id), _) => github.repository_by_id(id).await.map_err(|e| refused(&app, &e, wanted.name.as_deref().unwrap_or_default()))?,
        (None, Some(name)) if is_name(name) => github.repository(name).await.map_err(|e| refused(&app, &e, name))?,
        _ => return Err(unfit("say which repository: its id, or its name as OWNER/NAME".to_owned())),
    };
    let full_name = format!("{}/{}", info.owner.login, info.name);
    // Whoever may not administer it changes nothing of what is known of it here.
    if info.permissions.is_some_and(|p| !p.admin) {
        return Err(refusal(no_admin(&full_name)));
    }
    let row = begin(&app, &caller, info.id, &full_name, (Want::Connect, &CONNECT)).await?;
    Ok((StatusCode::ACCEPTED, Json(shown(&app, row).await?)))
}

/// How it stands.
#[utoipa::path(get, path = "/api/connect/{repository}", params(("repository" = i64, Path)),
    responses((status = 200, body = ConnectionView), (status = 404, body = Problem)))]
pub async fn one(State(app): State<App>, caller: Caller, Path(id): Path<i64>) -> Result<Json<ConnectionView>, Fault> {
    let row = connection::of(&mut *app.db.read().await?, id).await?.ok_or_else(Fault::not_found)?;
    // Who asked sees what became of it, also where GitHub hides the repository since.
    let own = row.person.is_some() && row.person == caller.person().map(|person| person.id);
    if !own {
        allow::repository(&app, &caller, id, Act::See).await?;
    }
    Ok(Json(shown(&app, row).await?))
}

/// Disconnects it: its deliveries are refused from now on, its runs that go on are cancelled, its history stays.
#[utoipa::path(delete, path = "/api/connect/{repository}", params(("repository" = i64, Path)),
    responses((status = 202, body = ConnectionView), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn disconnect(State(app): State<App>, caller: Caller, Path(id): Path<i64>) -> Result<(StatusCode, Json<ConnectionView>), Fault> {
    let known = repository::by_id(&mut *app.db.read().await?, id).await?.ok_or_else(Fault::not_found)?;
    if !caller.is_admin() {
        allow::repository(&app, &caller, id, Act::Administer).await?;
    }
    may(&caller)?;
    let row = begin(&app, &caller, id, &known.full_name(), (Want::Disconnect, &DISCONNECT)).await?;
    let live = db::run::live_in(&mut *app.db.read().await?, id).await?;
    for run in live {
        let Some(stored) = db::run::load(&mut *app.db.read().await?, run).await? else { continue };
        for pipeline in &stored.pipelines {
            let by = format!("{}, who disconnected the repository", caller.by().words);
            let event = Event::CancelRequested { pipeline: PipelineIx(pipeline.ix as u32), by };
            if let Err(error) = app.runs.apply(run, &event).await {
                tracing::debug!(run.id = %run, %error, "a run of a repository that is disconnected was not cancelled");
            }
        }
    }
    Ok((StatusCode::ACCEPTED, Json(shown(&app, row).await?)))
}

fn may(caller: &Caller) -> Result<(), Fault> {
    let words = "this token is not for that: it takes one with the scope `admin`";
    if caller.has(Scope::Admin) { Ok(()) } else { Err(Fault::new(StatusCode::FORBIDDEN, words, Some("make one on the page /settings"))) }
}

fn is_name(name: &str) -> bool {
    let good =
        |part: &str| !part.is_empty() && !part.starts_with('.') && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    name.split('/').count() == 2 && name.split('/').all(good)
}

/// Writes down what is wanted; `work` goes on with it.
async fn begin(app: &App, caller: &Caller, id: i64, full_name: &str, (want, steps): (Want, &[StepName])) -> Result<Connection, Fault> {
    let now = app.clock.now();
    let by = (caller.person().map(|person| person.id), caller.by().words);
    let mut row = Connection::asked(id, full_name, want, steps, by, now);
    let sealed = match caller.person() {
        Some(person) => app.people.token(person).and_then(|token| app.seal.seal(&Connection::row(id), token.as_bytes())),
        None => own_token(app, id).await,
    };
    row.token = sealed.map_err(|e| {
        tracing::error!(error = format!("{e:#}"), "a token cannot be sealed");
        Fault::new(StatusCode::SERVICE_UNAVAILABLE, "your login at GitHub cannot be used right now", Some("log out and in again"))
    })?;
    let mut tx = app.db.write().await?;
    let under_way = connection::of(&mut tx, id).await?.filter(|known| known.state == Stands::Doing && known.want == want);
    // Clicked twice is asked once; one that only waits for GitHub's delivery can be begun anew.
    let waits = |known: &Connection| known.steps.iter().any(|step| step.name == StepName::Ping && step.state == StepState::Doing);
    if let Some(known) = under_way.filter(|known| !waits(known)) {
        return Ok(known);
    }
    connection::begin(&mut tx, &row, now).await?;
    let what = if want == Want::Disconnect { "disconnect" } else { "connect" };
    if want == Want::Disconnect {
        repository::disconnect(&mut tx, id, now).await?;
    }
    audit::add(&mut tx, now, caller.by(), what, full_name).await?;
    tx.commit().await?;
    app.hub.connections.notify_one();
    Ok(row)
}

/// Without a login, the repository's own token is what there is to remove things with.
async fn own_token(app: &App, id: i64) -> anyhow::Result<Vec<u8>> {
    use crate::db::repository::{Repository, Secret};
    let known = repository::by_id(&mut *app.db.read().await?, id).await?;
    let Some(known) = known.filter(|known| !known.token.is_empty()) else { anyhow::bail!("there is no token for it any more") };
    let token = app.seal.open_text(&Repository::row(id, Secret::Token), &known.token)?;
    app.seal.seal(&Connection::row(id), token.as_bytes())
}

async fn shown(app: &App, row: Connection) -> Result<ConnectionView, Fault> {
    let repository = repository::by_id(&mut *app.db.read().await?, row.repository).await?;
    Ok(view::connection(row, repository.as_ref(), &app.github_web))
}
