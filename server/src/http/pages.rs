//! The pages' files, built into the binary.

use axum::body::Body;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../web/dist"]
#[allow_missing = true]
struct Files;

/// Every address that is no file is the page itself, which finds its way by the address.
pub async fn page(method: Method, uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    if method != Method::GET && method != Method::HEAD {
        let words = format!("{method} is not for {}", uri.path());
        return super::Fault::new(StatusCode::METHOD_NOT_ALLOWED, words, Some("pages are read with GET")).into_response();
    }
    if path.starts_with("api/") || path.starts_with("hooks/") || path.starts_with("runner/") {
        return super::Fault::not_found().into_response();
    }
    if let Some(file) = Files::get(path).filter(|_| !path.is_empty()) {
        // Names of assets hold a sum of their content.
        let cache = if path.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
        return answer(&file, cache);
    }
    match Files::get("index.html") {
        Some(index) => answer(&index, "no-cache"),
        None => (StatusCode::SERVICE_UNAVAILABLE, "this dockercise was built without its pages; build web/ first (make build)\n")
            .into_response(),
    }
}

fn answer(file: &rust_embed::EmbeddedFile, cache: &'static str) -> Response {
    let kind = file.metadata.mimetype().to_owned();
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, cache.to_owned())], Body::from(file.data.clone().into_owned())).into_response()
}

/// Up.
pub async fn healthz() -> &'static str {
    "ok\n"
}

/// The API's description.
pub async fn openapi() -> Response {
    match super::openapi() {
        Ok(text) => ([(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
