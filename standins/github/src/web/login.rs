//! `/login`: who am I? In place of a password there is a list of the stand-in's people.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use uuid::Uuid;

use super::{COOKIE, go, hidden, own_path, page as html, person, text};
use crate::github::GitHub;

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Return {
    return_to: String,
}

pub(super) async fn page(State(github): State<Arc<GitHub>>, Query(wanted): Query<Return>, headers: HeaderMap) -> Response {
    let me = person(&github, &headers);
    let world = github.world();
    let people = world.users.values().filter(|user| !user.organization);
    let buttons: Vec<_> = people.map(|user| text(&user.login)).collect();
    let buttons: String =
        buttons.iter().map(|login| format!("<button name=\"login\" value=\"{login}\">Sign in as {login}</button>\n")).collect();
    let who = me.and_then(|id| world.users.get(&id)).map_or(String::new(), |user| format!("<p>You are {}.</p>", text(&user.login)));
    let form = format!("{who}<form method=\"post\" action=\"/login\">{}\n{buttons}</form>", hidden("return_to", &wanted.return_to));
    html(StatusCode::OK, "Sign in", &form)
}

#[derive(Debug, Deserialize)]
pub(super) struct Choice {
    login: String,
    #[serde(default)]
    return_to: String,
}

pub(super) async fn choose(State(github): State<Arc<GitHub>>, Form(choice): Form<Choice>) -> Response {
    let session = Uuid::new_v4().simple().to_string();
    {
        let mut world = github.world();
        let Some(user) = world.user_by_login(&choice.login).filter(|user| !user.organization).map(|user| user.id) else {
            return html(StatusCode::UNPROCESSABLE_ENTITY, "Sign in", "<p>Incorrect username or password.</p>");
        };
        world.sessions.insert(session.clone(), user);
    }
    let cookie = format!("{COOKIE}={session}; Path=/; HttpOnly; SameSite=Lax");
    let to = if choice.return_to.is_empty() { "/login" } else { own_path(&choice.return_to) };
    ([(header::SET_COOKIE, cookie)], go(to)).into_response()
}

pub(super) async fn leave() -> Response {
    ([(header::SET_COOKIE, format!("{COOKIE}=; Path=/; Max-Age=0"))], go("/login")).into_response()
}
