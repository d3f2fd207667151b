//! `/_standin`: what the library's functions do, for those who run the stand-in as a program.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::control::NewRepository;
use crate::faults::Fault;
use crate::github::GitHub;
use crate::organizations::Rules;
use crate::state::{FullName, Repository};

/// The admin's routes. There is no login: the stand-in listens on this machine only.
pub(crate) fn router() -> Router<Arc<GitHub>> {
    Router::new()
        .route("/users", post(create_user))
        .route("/tokens", post(create_token))
        .route("/oauth-apps", post(create_oauth_app))
        .route("/organizations/{org}/members", post(add_member))
        .route("/organizations/{org}/rules", post(set_rules))
        .route("/organizations/{org}/approved", post(approve_app))
        .route("/repositories", post(create_repository))
        .route("/repositories/{owner}/{name}/rename", post(rename))
        .route("/repositories/{owner}/{name}/transfer", post(transfer))
        .route("/repositories/{owner}/{name}/archived", post(archive))
        .route("/repositories/{owner}/{name}/private", post(hide))
        .route("/repositories/{owner}/{name}", delete(remove))
        .route("/repositories/{owner}/{name}/statuses", get(statuses))
        .route("/repositories/{owner}/{name}/deliveries", get(deliveries))
        .route("/repositories/{owner}/{name}/deliveries/{id}/redeliver", post(redeliver))
        .route("/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/lose-deliveries", post(lose_deliveries))
        .route("/calls", get(calls))
}

/// A refused wish: 422 with the reason.
struct Refused(anyhow::Error);

impl From<anyhow::Error> for Refused {
    fn from(error: anyhow::Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let body = Json(json!({ "message": format!("{:#}", self.0) }));
        (StatusCode::UNPROCESSABLE_ENTITY, body).into_response()
    }
}

type Answer<T> = Result<T, Refused>;
type Name = Path<(String, String)>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WantedUser {
    login: String,
    #[serde(default)]
    organization: bool,
}

async fn create_user(State(github): State<Arc<GitHub>>, Json(wanted): Json<WantedUser>) -> Answer<Json<Value>> {
    let user = github.create_user(&wanted.login, wanted.organization)?;
    Ok(Json(json!({ "id": user.id, "login": user.login, "email": user.email })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WantedToken {
    login: String,
    token: String,
    scopes: Vec<String>,
}

async fn create_token(State(github): State<Arc<GitHub>>, Json(wanted): Json<WantedToken>) -> Answer<StatusCode> {
    github.set_token(&wanted.login, &wanted.token, wanted.scopes)?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WantedApp {
    name: String,
    callback_url: String,
}

async fn create_oauth_app(State(github): State<Arc<GitHub>>, Json(wanted): Json<WantedApp>) -> Answer<Response> {
    Ok(Json(github.create_oauth_app(&wanted.name, &wanted.callback_url)?).into_response())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WantedMember {
    login: String,
    #[serde(default)]
    owner: bool,
    /// Slug of a team to join as well.
    #[serde(default)]
    team: Option<String>,
}

async fn add_member(State(github): State<Arc<GitHub>>, Path(org): Path<String>, Json(wanted): Json<WantedMember>) -> Answer<StatusCode> {
    github.add_member(&org, &wanted.login, wanted.owner)?;
    if let Some(team) = &wanted.team {
        github.join_team(&org, team, &wanted.login, false)?;
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn set_rules(State(github): State<Arc<GitHub>>, Path(org): Path<String>, Json(rules): Json<Rules>) -> Answer<StatusCode> {
    github.set_rules(&org, rules)?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ApprovedApp {
    client_id: String,
}

async fn approve_app(State(github): State<Arc<GitHub>>, Path(org): Path<String>, Json(app): Json<ApprovedApp>) -> Answer<StatusCode> {
    github.approve_app(&org, &app.client_id)?;
    Ok(StatusCode::NO_CONTENT)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WantedRepository {
    /// `owner/name`.
    name: String,
    #[serde(default)]
    private: bool,
    #[serde(default)]
    description: Option<String>,
}

async fn create_repository(State(github): State<Arc<GitHub>>, Json(wanted): Json<WantedRepository>) -> Answer<Json<Value>> {
    let name: FullName = wanted.name.parse()?;
    let new = NewRepository { private: wanted.private, description: wanted.description, ..NewRepository::private(name) };
    let id = github.create_repository(new).await?;
    Ok(Json(json!({ "id": id, "full_name": wanted.name })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewName {
    name: String,
}

async fn rename(State(github): State<Arc<GitHub>>, Path((owner, name)): Name, Json(new): Json<NewName>) -> Answer<StatusCode> {
    github.rename_repository(&format!("{owner}/{name}"), &new.name)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn transfer(State(github): State<Arc<GitHub>>, Path((owner, name)): Name, Json(new): Json<NewName>) -> Answer<StatusCode> {
    github.transfer(&format!("{owner}/{name}"), &new.name)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn archive(State(github): State<Arc<GitHub>>, Path((owner, name)): Name, Json(archived): Json<bool>) -> Answer<StatusCode> {
    github.archive(&format!("{owner}/{name}"), archived)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn hide(State(github): State<Arc<GitHub>>, Path((owner, name)): Name, Json(private): Json<bool>) -> Answer<StatusCode> {
    github.hide(&format!("{owner}/{name}"), private)?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove(State(github): State<Arc<GitHub>>, Path((owner, name)): Name) -> Answer<StatusCode> {
    github.remove(&format!("{owner}/{name}"))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn statuses(State(github): State<Arc<GitHub>>, Path((owner, name)): Name) -> Response {
    list(&github, &owner, &name, |own| own.statuses.clone())
}

async fn deliveries(State(github): State<Arc<GitHub>>, Path((owner, name)): Name) -> Response {
    list(&github, &owner, &name, |own| own.deliveries.clone())
}

fn list<T: Serialize>(github: &GitHub, owner: &str, name: &str, of: impl Fn(&Repository) -> Vec<T>) -> Response {
    match github.world().repository_by_name(owner, name) {
        Some(own) => Json(of(own)).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

async fn redeliver(State(github): State<Arc<GitHub>>, Path((owner, name, id)): Path<(String, String, u64)>) -> Answer<StatusCode> {
    github.redeliver(&format!("{owner}/{name}"), id)?;
    Ok(StatusCode::ACCEPTED)
}

async fn faults(State(github): State<Arc<GitHub>>) -> Json<Vec<Fault>> {
    Json(github.world().faults.clone())
}

async fn add_fault(State(github): State<Arc<GitHub>>, Json(fault): Json<Fault>) -> StatusCode {
    github.world().faults.push(fault);
    StatusCode::NO_CONTENT
}

async fn clear_faults(State(github): State<Arc<GitHub>>) -> StatusCode {
    github.world().faults.clear();
    StatusCode::NO_CONTENT
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Count {
    count: u32,
}

async fn lose_deliveries(State(github): State<Arc<GitHub>>, Query(wanted): Query<Count>) -> StatusCode {
    github.world().lose_deliveries = wanted.count;
    StatusCode::NO_CONTENT
}

async fn calls(State(github): State<Arc<GitHub>>) -> Response {
    Json(github.world().calls.iter().cloned().collect::<Vec<_>>()).into_response()
}
