//! One's tokens for programs. Only a browser's session makes and removes them: a token that got out makes no other.

use super::super::{App, Fault};
use crate::db::token::Token;
use crate::people::{Caller, Scope, TokenWanted};
use crate::view::{NewToken, Problem, TokenView, Tokens};
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;
use uuid::Uuid;

/// A token as it is wanted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MakeToken {
    /// What its owner calls it.
    name: String,
    /// What it is for.
    scope: Scope,
    /// After so many days it ends.
    #[serde(default = "default_days")]
    days: u32,
}

fn default_days() -> u32 {
    90
}

fn in_browser(caller: &Caller) -> Result<(), Fault> {
    let words = "tokens are made and removed in a browser, after a login";
    if caller.session().is_some() { Ok(()) } else { Err(Fault::new(StatusCode::FORBIDDEN, words, Some("log in and go to /settings"))) }
}

/// One's tokens.
#[utoipa::path(get, path = "/api/tokens", responses((status = 200, body = Tokens), (status = 401, body = Problem)))]
pub async fn tokens(State(app): State<App>, caller: Caller) -> Result<Json<Tokens>, Fault> {
    let tokens = app.people.tokens(&caller).await?.into_iter().map(TokenView::from).collect();
    Ok(Json(Tokens { tokens }))
}

/// Makes one. Its secret is in this answer and nowhere else.
#[utoipa::path(post, path = "/api/tokens", request_body = MakeToken,
    responses((status = 200, body = NewToken), (status = 403, body = Problem), (status = 422, body = Problem)))]
pub async fn make_token(State(app): State<App>, caller: Caller, body: Bytes) -> Result<Json<NewToken>, Fault> {
    let unfit = |words: String| Fault::new(StatusCode::UNPROCESSABLE_ENTITY, words, None);
    in_browser(&caller)?;
    let MakeToken { name, scope, days } = serde_json::from_slice(&body).map_err(|e| unfit(format!("the token cannot be read: {e}")))?;
    match app.people.mint(&caller, &TokenWanted { name, scope, days }).await? {
        Ok(minted) => Ok(Json(NewToken { token: minted.token.into(), secret: minted.secret })),
        Err(words) => Err(unfit(words.to_owned())),
    }
}

/// Removes one: it is not known from then on.
#[utoipa::path(delete, path = "/api/tokens/{id}", params(("id" = String, Path)),
    responses((status = 204), (status = 403, body = Problem), (status = 404, body = Problem)))]
pub async fn remove_token(State(app): State<App>, caller: Caller, Path(id): Path<String>) -> Result<StatusCode, Fault> {
    in_browser(&caller)?;
    let id: Uuid = id.parse().map_err(|_| Fault::not_found())?;
    if app.people.revoke(&caller, id).await? { Ok(StatusCode::NO_CONTENT) } else { Err(Fault::not_found()) }
}

impl From<Token> for TokenView {
    fn from(row: Token) -> TokenView {
        let Token { id, name, scope, made_at, ends_at, used_at } = row;
        TokenView { id: id.to_string(), name, scope, made_at, ends_at, used_at }
    }
}
