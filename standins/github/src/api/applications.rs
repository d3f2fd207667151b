//! `/applications/{client_id}`: what an OAuth app itself may ask and do, with its id and secret as login and password.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::error::{ApiError, ApiResult};
use super::hooks::parse;
use crate::github::GitHub;
use crate::json::{time, user};
use crate::oauth::OAuthApp;
use crate::state::{Token, World};

#[derive(Debug, Deserialize)]
struct Wanted {
    access_token: String,
}

/// `POST /applications/{client_id}/token`: is this token one that the app was given, and whose?
pub(crate) async fn check(
    State(github): State<Arc<GitHub>>,
    Path(client_id): Path<String>,
    headers: HeaderMap,
    body: bytes::Bytes,
) -> ApiResult {
    let world = github.world();
    let app = itself(&world, &client_id, &headers)?;
    let wanted: Wanted = parse(&body)?;
    let token = given(&world, app, &wanted.access_token)?;
    let secret = &wanted.access_token;
    let hashed = Sha256::digest(secret.as_bytes()).iter().fold(String::new(), |out, byte| format!("{out}{byte:02x}"));
    let made = time(&token.created_at);
    let person = world.users.get(&token.user).map(|found| user::simple(&github.links, found));
    Ok(Json(json!({
        "id": token.id,
        "url": format!("{}/authorizations/{}", github.links.api, token.id),
        "scopes": token.scopes,
        "token": secret,
        "token_last_eight": secret.get(secret.len().saturating_sub(8)..),
        "hashed_token": hashed,
        "app": { "name": app.name, "url": app.callback_url, "client_id": app.client_id },
        "note": null,
        "note_url": null,
        "updated_at": made,
        "created_at": made,
        "fingerprint": null,
        "expires_at": null,
        "user": person,
    }))
    .into_response())
}

/// `DELETE /applications/{client_id}/grant`: the person's tokens of this app end, and the deploy keys made with them.
pub(crate) async fn revoke(
    State(github): State<Arc<GitHub>>,
    Path(client_id): Path<String>,
    headers: HeaderMap,
    body: bytes::Bytes,
) -> ApiResult {
    let mut world = github.world();
    let app = itself(&world, &client_id, &headers)?;
    let wanted: Wanted = parse(&body)?;
    let user = given(&world, app, &wanted.access_token)?.user;
    world.revoke_grant(&client_id, user);
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn itself<'a>(world: &'a World, client_id: &str, headers: &HeaderMap) -> ApiResult<&'a OAuthApp> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let decoded = value.and_then(|value| value.strip_prefix("Basic ")).and_then(|text| STANDARD.decode(text).ok());
    let text = decoded.and_then(|bytes| String::from_utf8(bytes).ok()).ok_or_else(ApiError::requires_authentication)?;
    let (id, secret) = text.split_once(':').ok_or_else(ApiError::requires_authentication)?;
    let app = world.apps.get(client_id).ok_or_else(ApiError::not_found)?;
    if id == client_id && secret == app.client_secret { Ok(app) } else { Err(ApiError::bad_credentials()) }
}

/// The token, if it is the app's. Others are not found, whoever made them.
fn given<'a>(world: &'a World, app: &OAuthApp, secret: &str) -> ApiResult<&'a Token> {
    world.tokens.get(secret).filter(|token| token.app.as_deref() == Some(&app.client_id)).ok_or_else(ApiError::not_found)
}
