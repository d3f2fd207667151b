//! GitHub's pages, as much as logging in with it takes. They work without JavaScript.

mod authorize;
mod login;
mod sso;
mod token;

use std::sync::Arc;

use axum::Router;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};

use crate::github::GitHub;

/// Cookie of a person who is signed in at the stand-in.
const COOKIE: &str = "standin_session";

/// The pages under the web base.
pub(crate) fn router() -> Router<Arc<GitHub>> {
    Router::new()
        .route("/login", get(login::page).post(login::choose))
        .route("/logout", post(login::leave))
        .route("/login/oauth/authorize", get(authorize::page).post(authorize::answer))
        .route("/login/oauth/access_token", post(token::exchange))
        .route("/orgs/{org}/sso", get(sso::page).post(sso::allow))
}

/// Who is signed in.
fn person(github: &GitHub, headers: &HeaderMap) -> Option<u64> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    let mut each = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let session = each.find(|(name, _)| *name == COOKIE)?.1;
    github.world().sessions.get(session).copied()
}

/// A page.
fn page(status: StatusCode, title: &str, body: &str) -> Response {
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title} · GitHub (stand-in)</title>\n\
         <style>body{{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:4rem auto;padding:0 1rem;color:#1f2328}}\
         button{{font:inherit;padding:.4rem 1rem;margin:.2rem .4rem .2rem 0}}code{{background:#eff1f3;padding:0 .3rem}}</style>\n\
         <h1>{title}</h1>\n{body}\n</html>\n"
    );
    // As GitHub: no address of its pages is told to others.
    let headers = [(header::REFERRER_POLICY, "no-referrer"), (header::CACHE_CONTROL, "no-store"), (header::X_FRAME_OPTIONS, "deny")];
    (status, headers, Html(html)).into_response()
}

/// Sends the browser on.
fn go(to: &str) -> Response {
    (StatusCode::FOUND, [(header::LOCATION, to.to_owned())]).into_response()
}

/// A path of ours to come back to; nothing else is taken.
fn own_path(to: &str) -> &str {
    let good = to.starts_with('/') && !to.starts_with("//") && !to.contains(['\\', '\r', '\n', '\t']);
    if good { to } else { "/login" }
}

/// Text within HTML.
fn text(value: &str) -> String {
    value.chars().fold(String::with_capacity(value.len()), |mut out, letter| {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
        out
    })
}

/// A field that a form carries along.
fn hidden(name: &str, value: &str) -> String {
    format!("<input type=\"hidden\" name=\"{name}\" value=\"{}\">", text(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_but_own_paths_is_gone_back_to() {
        assert_eq!(own_path("/login/oauth/authorize?a=b"), "/login/oauth/authorize?a=b");
        for other in ["//evil", "https://evil", "/\\evil", "evil", ""] {
            assert_eq!(own_path(other), "/login", "{other}");
        }
    }

    #[test]
    fn names_cannot_become_markup() {
        assert_eq!(text("<b a=\"'&"), "&lt;b a=&quot;&#39;&amp;");
    }
}
