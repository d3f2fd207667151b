//! Who sent a request: found once, before any handler runs. A route of the API that does not say otherwise is not for nobody.

use super::accept::Peer;
use super::{App, Fault};
use crate::people::{Caller, People, Who};
use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{AUTHORIZATION, COOKIE, HeaderMap};
use axum::http::request::Parts;
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use std::net::IpAddr;

/// What of the API is there before one has logged in.
const BEFORE_LOGIN: [(Method, &str); 2] = [(Method::GET, "/api/me"), (Method::POST, "/api/login")];
/// What is there for everybody where results of public repositories are.
const RESULTS: [&str; 2] = ["/api/pipelines", "/api/results/"];

/// Finds out who asks.
pub async fn identify(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let address = address(&app, &request);
    let who = match who(&app, request.headers()).await {
        Ok(who) => who,
        Err(refusal) => return refusal.into_response(),
    };
    let nobody = who.is_none();
    if nobody && !is_open(&app, request.method(), request.uri().path()) {
        return Fault::log_in().into_response();
    }
    request.extensions_mut().insert(Caller { who, address });
    let response = next.run(request).await;
    // What is not there and what is hidden look the same.
    if nobody && response.status() == StatusCode::NOT_FOUND { Fault::log_in().into_response() } else { response }
}

fn is_open(app: &App, method: &Method, path: &str) -> bool {
    let results = method == Method::GET && app.people.public_results() && RESULTS.iter().any(|open| path.starts_with(open));
    results || BEFORE_LOGIN.iter().any(|(of, open)| of == method && *open == path)
}

async fn who(app: &App, headers: &HeaderMap) -> Result<Option<Who>, Fault> {
    if !app.people.has_login() {
        return Ok(Some(Who::Operator(app.operator.clone())));
    }
    if let Some(value) = headers.get(AUTHORIZATION) {
        let secret = value.to_str().ok().and_then(|value| value.strip_prefix("Bearer "));
        let who = match secret {
            Some(secret) => app.people.of_token(secret.trim()).await?,
            None => None,
        };
        let help = "tokens are made on the page /settings, and end when their time is up";
        return who.map(Some).ok_or_else(|| Fault::new(StatusCode::UNAUTHORIZED, "this token is not known", Some(help)));
    }
    match cookie(headers, app.session_cookie()) {
        Some(cookie) => Ok(app.people.of_session(cookie).await?),
        None => Ok(None),
    }
}

/// The value of a cookie.
pub fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let all = headers.get_all(COOKIE).iter().filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(';'));
    all.filter_map(|pair| pair.trim().split_once('=')).find(|(own, _)| *own == name).map(|(_, value)| value)
}

/// The address that a request came from: what the last proxy that is not ours saw.
pub fn address(app: &App, request: &Request) -> String {
    let Some(Peer(peer)) = request.extensions().get::<Peer>().copied() else { return String::new() };
    let is_ours = |ip: &IpAddr| app.people.proxies().iter().any(|network| network.contains(ip));
    if !is_ours(&peer) {
        return peer.to_string();
    }
    let named = request.headers().get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
    let hops: Vec<IpAddr> = named.flat_map(|value| value.split(',')).map_while(|hop| hop.trim().parse().ok()).collect();
    hops.into_iter().rev().find(|hop| !is_ours(hop)).unwrap_or(peer).to_string()
}

/// What a page must send along with what changes something.
pub fn page_token(caller: &Caller) -> Option<String> {
    caller.session().map(People::page_token)
}

impl FromRequestParts<App> for Caller {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, _: &App) -> Result<Caller, Fault> {
        parts.extensions.get::<Caller>().cloned().ok_or_else(Fault::log_in)
    }
}
