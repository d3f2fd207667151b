//! `POST /login/oauth/access_token`: a code becomes a token. A refusal is 200 with `error`, as at GitHub.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse as _, Response};
use serde_json::{Value, json};

use crate::github::GitHub;
use crate::links::{decode, encode_value};
use crate::oauth::Exchange;

pub(super) async fn exchange(State(github): State<Arc<GitHub>>, headers: HeaderMap, body: Bytes) -> Response {
    let of = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let wanted = if of(header::CONTENT_TYPE).starts_with("application/json") {
        serde_json::from_slice(&body).unwrap_or_default()
    } else {
        form(&String::from_utf8_lossy(&body))
    };
    let exchanged = github.world().exchange(&wanted);
    let fields = match exchanged {
        Ok((token, scopes)) => vec![("access_token", token), ("scope", scopes.join(",")), ("token_type", "bearer".to_owned())],
        Err(why) => vec![
            ("error", why.0.to_owned()),
            ("error_description", why.1.to_owned()),
            (
                "error_uri",
                format!("https://docs.github.com/apps/troubleshooting/oauth-access-token-request-errors#{}", why.0.replace('_', "-")),
            ),
        ],
    };
    let no_store = (header::CACHE_CONTROL, "no-store");
    if of(header::ACCEPT).contains("json") {
        let object: serde_json::Map<String, Value> = fields.into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
        return ([no_store], axum::Json(object)).into_response();
    }
    let text: Vec<_> = fields.iter().map(|(name, value)| format!("{name}={}", encode_value(value.as_bytes()))).collect();
    ([no_store, (header::CONTENT_TYPE, "application/x-www-form-urlencoded; charset=utf-8")], text.join("&")).into_response()
}

/// A form is read as an object of texts.
fn form(body: &str) -> Exchange {
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    let object: serde_json::Map<String, Value> =
        pairs.map(|(name, value)| (decode(name), json!(decode(&value.replace('+', " "))))).collect();
    serde_json::from_value(Value::Object(object)).unwrap_or_default()
}
