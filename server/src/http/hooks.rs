//! GitHub's webhooks: signature checked over the raw bytes, stored durably, answered. Worked on later.

use super::{App, Fault};
use crate::db::delivery::{self, New, Stored};
use crate::db::repository::{self, Repository, Secret};
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

/// The longest header value that is kept.
const LONGEST: usize = 200;

/// Takes a delivery. Unknown hook, missing, wrong and doubled signatures look the same from outside.
pub async fn receive(State(app): State<App>, Path(hook): Path<String>, headers: HeaderMap, body: Bytes) -> Result<StatusCode, Fault> {
    let Some(repository) = repository::by_hook_key(&mut *app.db.read().await?, &hook).await? else { return Err(refused()) };
    let secret = app.seal.open_sealed(&Repository::row(repository.id, Secret::Hook), &repository.hook_secret).map_err(|e| {
        tracing::error!(repository = repository.full_name(), error = format!("{e:#}"), "the webhook's secret cannot be opened");
        Fault::new(StatusCode::SERVICE_UNAVAILABLE, "this server cannot check signatures right now", None)
    })?;
    let mut signatures = headers.get_all("x-hub-signature-256").iter();
    let (Some(signature), None) = (signatures.next(), signatures.next()) else { return Err(refused()) };
    if !signed(&secret, &body, signature.as_bytes()) {
        tracing::warn!(repository = repository.full_name(), "a delivery with a wrong signature was refused");
        return Err(refused());
    }
    let (Some(event), Some(guid)) = (one(&headers, "x-github-event"), one(&headers, "x-github-delivery")) else {
        let words = "the headers x-github-event and x-github-delivery are missing";
        return Err(Fault::new(StatusCode::BAD_REQUEST, words, Some("only GitHub's deliveries are taken here")));
    };
    let hook = one(&headers, "x-github-hook-id").unwrap_or(&hook);
    let new = New { repository: repository.id, hook, guid, event, body: &body };
    let mut tx = app.db.write().await?;
    let stored = delivery::store(&mut tx, &new, app.clock.now()).await?;
    tx.commit().await?;
    match stored {
        Stored::Waiting => {
            app.hub.deliveries.notify_one();
            Ok(StatusCode::ACCEPTED)
        }
        Stored::Known => Ok(StatusCode::OK),
    }
}

fn one<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().filter(|v| !v.is_empty() && v.len() <= LONGEST)
}

fn refused() -> Fault {
    Fault::new(StatusCode::UNAUTHORIZED, "no webhook of this server has that address and signature", None)
}

/// Is `header` (`sha256=` and 64 hex digits) the signature of the body? In constant time.
fn signed(secret: &[u8], body: &[u8], header: &[u8]) -> bool {
    let Some(claimed) = header.strip_prefix(b"sha256=").and_then(unhex) else { return false };
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(secret) else { return false };
    mac.update(body);
    mac.verify_slice(&claimed).is_ok()
}

fn unhex(digits: &[u8]) -> Option<[u8; 32]> {
    // GitHub writes lower case; what does not is not GitHub.
    if digits.len() != 64 || !digits.iter().all(|d| d.is_ascii_digit() || (b'a'..=b'f').contains(d)) {
        return None;
    }
    let mut bytes = [0; 32];
    for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// security.md S02: the vector in GitHub's own docs.
    #[test]
    fn s02_githubs_own_vector() {
        let header = b"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let secret = b"It's a Secret to Everybody";
        assert!(signed(secret, b"Hello, World!", header));
        assert!(!signed(secret, b"Hello, World!\n", header));
        assert!(!signed(b"other", b"Hello, World!", header));
        assert!(!signed(secret, b"Hello, World!", &header.to_ascii_uppercase()));
        assert!(!signed(secret, b"Hello, World!", &header[..header.len() - 1]));
        assert!(!signed(secret, b"Hello, World!", b"sha1=0123456789012345678901234567890123456789"));
        assert!(!signed(secret, b"Hello, World!", b""));
    }
}
