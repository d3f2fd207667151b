//! Faults on demand: an answer replaced, delayed, or both, for the requests that match.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use http::{HeaderName, HeaderValue, StatusCode, header};
use serde::{Deserialize, Serialize};

use crate::github::GitHub;

/// One fault. What it does not name it does not change.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fault {
    /// Only this method; all when not named.
    pub method: Option<String>,
    /// The request's path without `/api/v3`: a prefix, or a pattern of the whole path if it has a `*`.
    pub path: String,
    /// Status of the answer; when not named the request is served as ever (after the delay).
    pub status: Option<u16>,
    /// Headers of the answer, such as `retry-after`.
    pub headers: BTreeMap<String, String>,
    /// Body of the answer.
    pub body: String,
    /// How long to wait before answering, in milliseconds.
    pub delay_ms: u64,
    /// How long to keep the answer back once the request was served, in milliseconds.
    pub hold_ms: u64,
    /// For how many requests; for all when not named.
    pub times: Option<u32>,
}

impl Fault {
    fn fits(&self, method: &str, path: &str) -> bool {
        let method_fits = self.method.as_deref().is_none_or(|own| own.eq_ignore_ascii_case(method));
        method_fits && if self.path.contains('*') { glob(&self.path, path) } else { path.starts_with(&self.path) }
    }
}

/// Marks an answer that a fault made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Injected;

/// Whether `text` fits `pattern`, in which `*` stands for anything.
fn glob(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(text) = text.strip_prefix(head) else {
        return false;
    };
    (0..=text.len()).filter(|&at| text.is_char_boundary(at)).any(|at| glob(rest, &text[at..]))
}

/// Middleware: makes the first fault that fits happen.
pub(crate) async fn apply(State(github): State<Arc<GitHub>>, request: Request, next: Next) -> Response {
    let path = request.uri().path();
    let path = path.strip_prefix("/api/v3").unwrap_or(path);
    let fault = take(&github, request.method().as_str(), path);
    let Some(fault) = fault else {
        return next.run(request).await;
    };
    tokio::time::sleep(Duration::from_millis(fault.delay_ms)).await;
    let Some(status) = fault.status else {
        let response = next.run(request).await;
        // What was asked is done, whether or not anybody hears of it.
        tokio::time::sleep(Duration::from_millis(fault.hold_ms)).await;
        return response;
    };
    let mut response = Response::new(Body::from(fault.body));
    *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=utf-8"));
    for (name, value) in &fault.headers {
        if let (Ok(name), Ok(value)) = (name.parse::<HeaderName>(), value.parse::<HeaderValue>()) {
            headers.insert(name, value);
        }
    }
    response.extensions_mut().insert(Injected);
    response
}

fn take(github: &GitHub, method: &str, path: &str) -> Option<Fault> {
    let mut world = github.world();
    let at = world.faults.iter().position(|fault| fault.fits(method, path))?;
    let fault = world.faults[at].clone();
    match &mut world.faults[at].times {
        None => {}
        Some(times) if *times > 1 => *times -= 1,
        Some(_) => {
            world.faults.remove(at);
        }
    }
    Some(fault)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_a_prefix_or_a_pattern() {
        let prefix = Fault { path: "/repos/a".into(), ..Fault::default() };
        assert!(prefix.fits("GET", "/repos/a/b"));
        let pattern = Fault { method: Some("post".into()), path: "/repos/*/statuses/*".into(), ..Fault::default() };
        assert!(pattern.fits("POST", "/repos/a/b/statuses/c"));
        assert!(!pattern.fits("GET", "/repos/a/b/statuses/c"));
        assert!(!pattern.fits("POST", "/repos/a/b/hooks"));
    }
}
