//! `/orgs/{org}/sso`: a person lets the tokens given so far into an organization with single sign-on.

use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::{go, page as html, person, text};
use crate::github::GitHub;
use crate::links::encode_value;

pub(super) async fn page(State(github): State<Arc<GitHub>>, Path(org): Path<String>, headers: HeaderMap) -> Response {
    if person(&github, &headers).is_none() {
        return go(&format!("/login?return_to={}", encode_value(format!("/orgs/{org}/sso").as_bytes())));
    }
    let org = text(&org);
    let form = format!("<form method=\"post\" action=\"/orgs/{org}/sso\"><button>Continue to {org}</button></form>");
    html(StatusCode::OK, "Single sign-on", &form)
}

pub(super) async fn allow(State(github): State<Arc<GitHub>>, Path(org): Path<String>, headers: HeaderMap) -> Response {
    let user = person(&github, &headers);
    let login = user.and_then(|id| github.world().users.get(&id).map(|user| user.login.clone()));
    match login.map(|login| github.sign_on(&org, &login)) {
        Some(Ok(())) => html(StatusCode::OK, "Single sign-on", &format!("<p>Done: {} knows who you are.</p>", text(&org))),
        _ => html(StatusCode::NOT_FOUND, "Not found", "<p>There is no such organization for you.</p>"),
    }
}
