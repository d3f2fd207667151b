//! Logging in and out. The way back from GitHub is the one address that a browser is sent to by somebody else.

use super::caller::{address, cookie, page_token};
use super::{App, Fault};
use crate::people::{Caller, Came, LoginError};
use crate::view::{GoTo, MeView, Problem};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Query, Request, State};
use axum::http::header::{CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, SET_COOKIE};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use utoipa::ToSchema;

/// How long a login may take, in seconds.
const LOGIN_AGE: u32 = 600;
/// How long a session lasts, in seconds.
const SESSION_AGE: i64 = crate::people::SESSION.num_seconds();

/// A login that is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogIn {
    /// Our own path to go to afterwards.
    #[serde(default)]
    to: String,
    /// Claims a fresh installation: the code that its log holds.
    #[serde(default)]
    code: Option<String>,
}

/// Which sessions end.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LogOut {
    /// Of all browsers.
    #[serde(default)]
    everywhere: bool,
}

/// Who one is, and what the page sends along.
#[utoipa::path(get, path = "/api/me", responses((status = 200, body = MeView)))]
pub async fn me(State(app): State<App>, caller: Caller) -> Json<MeView> {
    Json(MeView {
        login: caller.login().map(str::to_owned),
        name: caller.person().map(|person| person.name.clone()),
        admin: caller.is_admin(),
        page_token: page_token(&caller),
        has_login: app.people.has_login(),
        unclaimed: app.people.is_unclaimed(),
        public_results: app.people.public_results(),
    })
}

/// Begins a login: the browser goes to the address in the answer.
#[utoipa::path(post, path = "/api/login", request_body = LogIn,
    responses((status = 200, body = GoTo), (status = 400, body = Problem), (status = 403, body = Problem)))]
pub async fn log_in(State(app): State<App>, caller: Caller, body: Bytes) -> Result<Response, Fault> {
    let wanted: LogIn = read(&body)?;
    let began = app.people.begin(&wanted.to, wanted.code.as_deref(), &caller.address).await?;
    let mut response = Json(GoTo { url: began.url }).into_response();
    set_cookie(&app, &mut response, app.login_cookie(), &began.cookie, i64::from(LOGIN_AGE));
    Ok(response)
}

/// Ends the session.
#[utoipa::path(post, path = "/api/logout", request_body = LogOut, responses((status = 204), (status = 401, body = Problem)))]
pub async fn log_out(State(app): State<App>, caller: Caller, body: Bytes) -> Result<Response, Fault> {
    let wanted: LogOut = if body.is_empty() { LogOut::default() } else { read(&body)? };
    app.people.log_out(&caller, wanted.everywhere).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(&app, &mut response, app.session_cookie(), "", 0);
    Ok(response)
}

/// Back from GitHub.
pub async fn callback(State(app): State<App>, uri: Uri, headers: HeaderMap, request: Request) -> Response {
    // What is not a query of this kind is as good as an empty one.
    let came = Query::<Came>::try_from_uri(&uri).map(|Query(came)| came).unwrap_or_default();
    let held = cookie(&headers, app.login_cookie());
    match app.people.finish(&came, held, &address(&app, &request)).await {
        Ok(finished) => {
            let mut response = StatusCode::SEE_OTHER.into_response();
            if let Ok(to) = HeaderValue::from_str(&finished.return_to) {
                response.headers_mut().insert(LOCATION, to);
            }
            set_cookie(&app, &mut response, app.login_cookie(), "", 0);
            set_cookie(&app, &mut response, app.session_cookie(), &finished.cookie, SESSION_AGE);
            response
        }
        Err(error) => refused(&error),
    }
}

/// A page of its own, as nothing of the other pages is wanted under an address that holds a code.
fn refused(error: &LoginError) -> Response {
    let (status, words) = said(error);
    let escaped = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let page = format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Not logged in</title>\
         <h1>You are not logged in</h1><p>{escaped}</p><p><a href=\"/login\">Try again</a></p></html>\n"
    );
    (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], page).into_response()
}

fn said(error: &LoginError) -> (StatusCode, String) {
    match error {
        LoginError::Unfit(_) => (StatusCode::BAD_REQUEST, error.to_string()),
        LoginError::Refused(_) => (StatusCode::FORBIDDEN, error.to_string()),
        LoginError::Github(_) => {
            tracing::warn!(%error, "a login failed");
            (StatusCode::BAD_GATEWAY, error.to_string())
        }
        LoginError::Broken(inner) => {
            tracing::error!(error = format!("{inner:#}"), "a login failed");
            (StatusCode::SERVICE_UNAVAILABLE, error.to_string())
        }
    }
}

impl From<LoginError> for Fault {
    fn from(error: LoginError) -> Fault {
        let (status, words) = said(&error);
        Fault::new(status, words, None)
    }
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Fault> {
    serde_json::from_slice(body).map_err(|e| Fault::new(StatusCode::BAD_REQUEST, format!("the request cannot be read: {e}"), None))
}

/// Only for this server, never for scripts, and not sent along by other sites but where a person follows a link.
fn set_cookie(app: &App, response: &mut Response, name: &str, value: &str, age: i64) {
    let secure = if app.has_tls() { "; Secure" } else { "" };
    let text = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax; Max-Age={age}{secure}");
    if let Ok(value) = HeaderValue::from_str(&text) {
        response.headers_mut().append(SET_COOKIE, value);
    }
}
