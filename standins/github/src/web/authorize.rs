//! `/login/oauth/authorize`: an app asks a person for rights.

use std::sync::Arc;

use axum::Form;
use axum::extract::{OriginalUri, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use serde::Deserialize;

use super::{go, hidden, page as html, person, text};
use crate::github::GitHub;
use crate::links::encode_value;
use crate::oauth::{Asked, Unasked};

pub(super) async fn page(
    State(github): State<Arc<GitHub>>,
    OriginalUri(uri): OriginalUri,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response {
    let (app, back) = match asked.checked(&github.world()) {
        Ok(checked) => checked,
        Err(why) => return refused(why),
    };
    let path = uri.path_and_query().map_or("/login", |both| both.as_str());
    let sign_in = format!("/login?return_to={}", encode_value(path.as_bytes()));
    let Some(user) = person(&github, &headers).filter(|_| asked.prompt != "select_account") else {
        let onward = path.replace("prompt=select_account", "prompt=");
        return go(&format!("/login?return_to={}", encode_value(onward.as_bytes())));
    };
    let mut world = github.world();
    if world.agreed(user, &asked) {
        let code = world.agree(user, &asked, back.clone());
        return go(&asked.back(&back, &[("code", &code)]));
    }
    let me = world.users.get(&user).map(|user| text(&user.login)).unwrap_or_default();
    let scopes: String = asked.scopes().iter().map(|scope| format!("<li><code>{}</code></li>", text(scope))).collect();
    let scopes = if scopes.is_empty() { "<p>It reads what is public.</p>".to_owned() } else { format!("<ul>{scopes}</ul>") };
    let fields: String = [
        ("client_id", &asked.client_id),
        ("redirect_uri", &asked.redirect_uri),
        ("scope", &asked.scope),
        ("state", &asked.state),
        ("code_challenge", &asked.code_challenge),
        ("code_challenge_method", &asked.code_challenge_method),
    ]
    .iter()
    .map(|(name, value)| hidden(name, value))
    .collect();
    let body = format!(
        "<p><strong>{}</strong> wants to access the account of <strong>{me}</strong>:</p>\n{scopes}\n\
         <form method=\"post\" action=\"/login/oauth/authorize\">{fields}\n\
         <button name=\"authorize\" value=\"0\">Cancel</button>\n\
         <button name=\"authorize\" value=\"1\">Authorize {}</button>\n</form>\n\
         <p>Not {me}? <a href=\"{}\">Sign in as somebody else</a>. Authorizing sends you to <code>{}</code>.</p>",
        text(&app.name),
        text(&app.name),
        text(&sign_in),
        text(&back),
    );
    html(StatusCode::OK, "Authorize", &body)
}

/// The form's fields: what was asked, and the button.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Answered {
    client_id: String,
    redirect_uri: String,
    scope: String,
    state: String,
    code_challenge: String,
    code_challenge_method: String,
    authorize: String,
}

pub(super) async fn answer(State(github): State<Arc<GitHub>>, headers: HeaderMap, Form(form): Form<Answered>) -> Response {
    let Some(user) = person(&github, &headers) else {
        return html(StatusCode::UNAUTHORIZED, "Sign in", "<p>Nobody is signed in. <a href=\"/login\">Sign in</a>.</p>");
    };
    let asked = Asked {
        client_id: form.client_id,
        redirect_uri: form.redirect_uri,
        scope: form.scope,
        state: form.state,
        code_challenge: form.code_challenge,
        code_challenge_method: form.code_challenge_method,
        ..Asked::default()
    };
    let mut world = github.world();
    let back = match asked.checked(&world) {
        Ok((_, back)) => back,
        Err(why) => return refused(why),
    };
    if form.authorize != "1" {
        let words = "The user has denied your application access.";
        let uri = "https://docs.github.com/apps/troubleshooting/authorization-request-errors#access-denied";
        return go(&asked.back(&back, &[("error", "access_denied"), ("error_description", words), ("error_uri", uri)]));
    }
    let code = world.agree(user, &asked, back.clone());
    go(&asked.back(&back, &[("code", &code)]))
}

/// Nothing is known to be safe to send the person to.
fn refused(why: Unasked) -> Response {
    match why {
        Unasked::NoApp => html(StatusCode::NOT_FOUND, "Not found", "<p>There is no such application.</p>"),
        Unasked::Redirect => html(
            StatusCode::BAD_REQUEST,
            "Be careful!",
            "<p>The <code>redirect_uri</code> is not associated with this application.</p>\
             <p>The application might be misconfigured or could be trying to redirect you to a website you weren't expecting.</p>",
        ),
        Unasked::Challenge => {
            html(StatusCode::BAD_REQUEST, "Bad request", "<p>The only <code>code_challenge_method</code> is <code>S256</code>.</p>")
        }
    }
}
