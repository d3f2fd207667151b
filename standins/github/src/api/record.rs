//! Middleware: keeps every call with its answer, in memory and in the journal.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::{OriginalUri, Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use chrono::Utc;

use super::error::ApiError;
use crate::faults::Injected;
use crate::github::GitHub;
use crate::journal::{self, Call, Line};
use crate::state::CALLS_KEPT;

/// Bodies above this are refused.
const MAX_BODY: usize = 128 * 1024 * 1024;

pub(crate) async fn record(State(github): State<Arc<GitHub>>, request: Request, next: Next) -> Response {
    let time = Utc::now();
    let (parts, body) = request.into_parts();
    let uri = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |original| &original.0);
    let path = uri.path_and_query().map_or("/", |both| both.as_str());
    let path = path.strip_prefix("/api/v3").unwrap_or(path).to_owned();
    let method = parts.method.to_string();
    let request_headers = journal::headers(&parts.headers);
    let Ok(sent) = to_bytes(body, MAX_BODY).await else {
        return ApiError::bad_request("the body broke off or is too large").into_response();
    };
    let response = next.run(Request::from_parts(parts, Body::from(sent.clone()))).await;
    let (mut parts, body) = response.into_parts();
    let fault = parts.extensions.remove::<Injected>().is_some();
    let Ok(answered) = to_bytes(body, MAX_BODY).await else {
        return ApiError::bad_request("the answer broke off").into_response();
    };
    let call = Call {
        time,
        method,
        path,
        request_headers,
        request_body: journal::Body::of(&sent),
        status: parts.status.as_u16(),
        response_headers: journal::headers(&parts.headers),
        response_body: journal::Body::of(&answered),
        fault,
    };
    tracing::debug!(method = call.method, path = call.path, status = call.status, fault, "call");
    github.journal.write(&Line::Call(Box::new(call.clone())));
    {
        let mut world = github.world();
        world.calls.push_back(call);
        if world.calls.len() > CALLS_KEPT {
            world.calls.pop_front();
        }
    }
    github.wake();
    Response::from_parts(parts, Body::from(answered))
}
