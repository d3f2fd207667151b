//! Where a runner brings bytes and words, and is given secrets.

use super::{Here, sha256};
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use dockercise_pipeline::ids::{Fence, JobId, Phase, StepIx};
use dockercise_pipeline::wire::{AskSecrets, Have, Notice, Secrets};
use uuid::Uuid;

#[derive(serde::Deserialize)]
pub(super) struct At {
    fence: u64,
    offset: u64,
    service: Option<String>,
}

pub(super) async fn log(
    State(server): Here,
    Path((job, step, attempt, phase)): Path<(Uuid, u32, u32, String)>,
    Query(at): Query<At>,
    _headers: HeaderMap,
    body: Bytes,
) -> Response {
    let answer = {
        let mut known = server.known();
        let Some((run, job)) = known.find(JobId(job)) else { return StatusCode::CONFLICT.into_response() };
        if known.runs[run].jobs[job].is_not(Fence(at.fence)) {
            return StatusCode::CONFLICT.into_response();
        }
        let phase = if phase == "run" { Phase::Run } else { Phase::Done };
        let log = match at.service {
            Some(service) => known.runs[run].beside.entry((StepIx(step), service)).or_default(),
            None => known.runs[run].logs.entry((StepIx(step), attempt, phase)).or_default(),
        };
        if log.len() as u64 != at.offset {
            (StatusCode::CONFLICT, axum::Json(Have { length: log.len() as u64 })).into_response()
        } else {
            log.extend_from_slice(&body);
            axum::Json(Have { length: log.len() as u64 }).into_response()
        }
    };
    server.poke();
    answer
}

pub(super) async fn secrets(State(server): Here, Path(job): Path<Uuid>, axum::Json(ask): axum::Json<AskSecrets>) -> Response {
    use base64::Engine as _;
    let mut known = server.known();
    let Some((run, job)) = known.find(JobId(job)) else { return StatusCode::CONFLICT.into_response() };
    if known.runs[run].jobs[job].is_not(ask.fence) {
        return StatusCode::CONFLICT.into_response();
    }
    let found = ask.names.iter().filter_map(|name| known.secrets.get(name).map(|value| (name.clone(), value.clone())));
    let secrets = found.map(|(name, value)| (name, base64::prelude::BASE64_STANDARD.encode(value))).collect();
    known.asked.extend(ask.names);
    axum::Json(Secrets { secrets }).into_response()
}

#[derive(serde::Deserialize)]
pub(super) struct Lease {
    fence: u64,
}

pub(super) async fn result(
    State(server): Here,
    Path((job, _step, _attempt, sum)): Path<(Uuid, u32, u32, String)>,
    Query(lease): Query<Lease>,
    body: Bytes,
) -> Response {
    let mut known = server.known();
    let Some((run, job)) = known.find(JobId(job)) else { return StatusCode::CONFLICT.into_response() };
    if known.runs[run].jobs[job].is_not(Fence(lease.fence)) {
        return StatusCode::CONFLICT.into_response();
    }
    if sha256(&body) != sum {
        return StatusCode::BAD_REQUEST.into_response();
    }
    known.runs[run].files.insert(sum, body.to_vec());
    StatusCode::OK.into_response()
}

pub(super) async fn notice(State(server): Here, Path(job): Path<Uuid>, axum::Json(notice): axum::Json<Notice>) -> StatusCode {
    let mut known = server.known();
    let Some((run, job)) = known.find(JobId(job)) else { return StatusCode::CONFLICT };
    if known.runs[run].jobs[job].is_not(notice.fence) {
        return StatusCode::CONFLICT;
    }
    known.runs[run].notices.push((notice.step, notice.words));
    StatusCode::NO_CONTENT
}
