//! What holds for every answer, and for every request that changes something.

use super::caller::page_token;
use super::{App, Fault};
use crate::people::Caller;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{HOST, HeaderName, HeaderValue, ORIGIN};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use futures_util::StreamExt as _;
use std::time::Duration;
use subtle::ConstantTimeEq as _;
use tokio::time::{Instant, timeout_at};

/// A header that no form and no plain request of another site can set.
const OURS: HeaderName = HeaderName::from_static("x-dockercise");

const HEADERS: [(&str, &str); 6] = [
    ("content-security-policy", "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
];

/// Headers on every answer.
pub async fn headers(request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    for (name, value) in HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    response.headers_mut().entry("cache-control").or_insert(HeaderValue::from_static("no-store"));
    response
}

/// A name in another's DNS that points here must not make this server's answers another site's own (DNS rebinding): it is
/// spoken to under its public name, or as this computer.
pub async fn known_host(State(app): State<App>, request: Request, next: Next) -> Response {
    let host = request.headers().get(HOST).and_then(|h| h.to_str().ok()).unwrap_or_default();
    let public = app.public_url.split_once("://").map_or(app.public_url.as_str(), |(_, rest)| rest);
    if public.split('/').next() == Some(host) || is_loopback(host) {
        return next.run(request).await;
    }
    let words = format!("this server is not known as `{}`", host.escape_debug());
    Fault::new(StatusCode::MISDIRECTED_REQUEST, words, Some("set its public address: --public-url or DOCKERCISE_PUBLIC_URL"))
        .into_response()
}

/// What changes something must come from our own page or from a program that says so: `x-dockercise`, and an `Origin`, if
/// there is one, that is ours.
pub async fn same_origin(State(app): State<App>, request: Request, next: Next) -> Response {
    if ![Method::GET, Method::HEAD].contains(request.method()) {
        let headers = request.headers();
        let host = headers.get(HOST).and_then(|h| h.to_str().ok()).unwrap_or_default();
        let ours = |origin: &str| origin == app.public_url || origin == format!("http://{host}") && is_loopback(host);
        let origin_ok = headers.get(ORIGIN).is_none_or(|o| o.to_str().is_ok_and(ours));
        let caller = request.extensions().get::<Caller>();
        let said = headers.get(OURS).and_then(|said| said.to_str().ok());
        let page_ok = match (caller, caller.and_then(page_token)) {
            // A browser sends its session's cookie along wherever a request comes from; only our own page knows this.
            (_, Some(token)) => said.is_some_and(|said| said.as_bytes().ct_eq(token.as_bytes()).into()),
            // A token comes along with nothing by itself.
            (Some(caller), None) if caller.person().is_some() => true,
            _ => said.is_some(),
        };
        if !origin_ok || !page_ok {
            let words = "this request does not come from dockercise's own page";
            return Fault::new(
                StatusCode::FORBIDDEN,
                words,
                Some("load the page anew; programs send the header `x-dockercise: 1`, or a token"),
            )
            .into_response();
        }
    }
    next.run(request).await
}

/// How long a body may take: so long, and a second more for each so many bytes of it.
const BODY_TIME: Duration = Duration::from_secs(10);
const BODY_RATE: u64 = 32 * 1024;

/// Gives up a body that trickles in: whoever sends it would hold a connection, and what it has read so far, for ever.
pub async fn slow_body(request: Request, next: Next) -> Response {
    if [Method::GET, Method::HEAD].contains(request.method()) {
        return next.run(request).await;
    }
    let began = Instant::now();
    let request = request.map(|body| {
        let mut pieces = body.into_data_stream();
        Body::from_stream(async_stream::stream! {
            let mut come: u64 = 0;
            loop {
                let until = began + BODY_TIME + Duration::from_millis(come * 1000 / BODY_RATE);
                let Ok(piece) = timeout_at(until, pieces.next()).await else {
                    yield Err(axum::Error::new("the body took too long"));
                    return;
                };
                let Some(piece) = piece else { return };
                come += piece.as_ref().map_or(0, |bytes| bytes.len() as u64);
                yield piece;
            }
        })
    });
    next.run(request).await
}

/// A name that can only mean this computer, so that a foreign name that resolves to it is not believed.
fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    matches!(name, "localhost" | "127.0.0.1" | "[::1]")
}

#[cfg(test)]
mod tests {
    use super::is_loopback;

    #[test]
    fn only_names_of_this_computer_are_this_computer() {
        for ours in ["localhost", "localhost:8080", "127.0.0.1:1", "[::1]:8080"] {
            assert!(is_loopback(ours), "{ours}");
        }
        for other in ["", "localhost.evil.example", "127.0.0.1.evil.example:80", "evil.example", "127.0.0.2", "::1"] {
            assert!(!is_loopback(other), "{other}");
        }
    }
}
