//! `GET /meta` and `GET /rate_limit`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use serde_json::json;
use sha2::{Digest as _, Sha256};

use super::caller::{Caller, reset};
use crate::github::GitHub;

/// The server's ssh keys are real; address ranges are this machine.
pub(crate) async fn meta(State(github): State<Arc<GitHub>>) -> Response {
    let key = github.host_key.split(' ').nth(1).unwrap_or_default();
    let fingerprint = STANDARD.decode(key).map(|bytes| STANDARD_NO_PAD.encode(Sha256::digest(bytes)));
    let here = ["127.0.0.1/32"];
    Json(json!({
        "verifiable_password_authentication": false,
        "ssh_key_fingerprints": { "SHA256_ED25519": fingerprint.unwrap_or_default() },
        "ssh_keys": [github.host_key],
        "hooks": here, "web": here, "api": here, "git": here,
    }))
    .into_response()
}

pub(crate) async fn rate_limit(caller: Caller) -> Response {
    let used = caller.used.min(caller.limit);
    let core = json!({
        "limit": caller.limit, "used": used, "remaining": caller.limit - used, "reset": reset()
    });
    let search = json!({ "limit": 30, "used": 0, "remaining": 30, "reset": reset() });
    Json(json!({ "resources": { "core": core, "search": search }, "rate": core })).into_response()
}
