//! The runner's door, as a server has one ([`dockercise_pipeline::wire`]): calls come in on a socket and go, in one line,
//! to the one place that knows the run.

use crate::incoming::Incoming;
use axum::body::Body;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{post, put};
use axum::{Json, Router};
use dockercise_pipeline::ids::{Attempt, Fence, JobId, Phase, StepIx};
use dockercise_pipeline::wire::{AskSecrets, Have, Notice, Orders, Poll, Reports, Secrets, Taken};
use serde::Deserialize;
use std::path::Path as FilePath;
use tokio::net::UnixListener;
use tokio::sync::{mpsc, oneshot};
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

/// The most bytes in one call; a runner sends a log in pieces of 1 MiB.
const MAX_BODY: usize = 8 << 20;

/// A runner's call, and where its answer goes.
#[derive(Debug)]
pub enum Call {
    /// Is there something to do? Answered when there is.
    Poll { poll: Poll, answer: oneshot::Sender<Orders> },
    /// What happened.
    Reports { job: JobId, reports: Reports, answer: oneshot::Sender<Result<Taken, Refusal>> },
    /// Bytes of a log.
    Log { job: JobId, fence: Fence, log: LogName, offset: u64, bytes: Bytes, answer: oneshot::Sender<Result<Have, Refusal>> },
    /// Secrets that steps name.
    Secrets { job: JobId, ask: AskSecrets, answer: oneshot::Sender<Result<Secrets, Refusal>> },
    /// What a step is at.
    Notice { job: JobId, notice: Notice },
}

/// Which log of a run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LogName {
    /// Whose.
    pub attempt: Attempt,
    /// Of which command.
    pub phase: Phase,
    /// Of which of its services; none for the step's own.
    pub service: Option<String>,
}

/// Why a call is not taken.
#[derive(Debug, Clone, PartialEq)]
pub enum Refusal {
    /// No such job is out, or no longer.
    Stale,
    /// These bytes do not follow.
    NotNext(Have),
    /// It does not fit what is known.
    Unbelieved(String),
    /// Bytes of a log are missing.
    Lacking(String),
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Refusal::Stale => (StatusCode::CONFLICT, "the job is over").into_response(),
            Refusal::NotNext(have) => (StatusCode::CONFLICT, Json(have)).into_response(),
            Refusal::Unbelieved(words) => (StatusCode::UNPROCESSABLE_ENTITY, words).into_response(),
            Refusal::Lacking(words) => (StatusCode::PRECONDITION_FAILED, words).into_response(),
        }
    }
}

/// The line that calls wait in.
type Line = mpsc::Sender<Call>;

/// What stands behind the door.
#[derive(Debug, Clone)]
struct Behind {
    line: Line,
    incoming: Incoming,
}

/// Opens the door; it is closed when what is given back is dropped.
///
/// # Errors
/// The socket cannot be made.
pub fn open(socket: &FilePath, line: Line, incoming: Incoming) -> std::io::Result<AbortOnDropHandle<()>> {
    match std::fs::remove_file(socket) {
        Err(e) if e.kind() != std::io::ErrorKind::NotFound => return Err(e),
        _ => {}
    }
    let listener = UnixListener::bind(socket)?;
    let routes = Router::new()
        .route("/runner/v1/poll", post(poll))
        .route("/runner/v1/jobs/{job}/reports", post(reports))
        .route("/runner/v1/jobs/{job}/log/{step}/{attempt}/{phase}", post(log))
        .route("/runner/v1/jobs/{job}/secrets", post(secrets))
        .route("/runner/v1/jobs/{job}/notices", post(notices))
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .route("/runner/v1/jobs/{job}/results/{step}/{attempt}/{sha256}", put(file).layer(DefaultBodyLimit::disable()))
        .with_state(Behind { line, incoming });
    Ok(AbortOnDropHandle::new(tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, routes).await {
            tracing::error!(%error, "the runner's door broke");
        }
    })))
}

/// Asks, and waits for the answer; none where nobody answers any more.
async fn ask<T>(line: &Line, call: impl FnOnce(oneshot::Sender<T>) -> Call) -> Option<T> {
    let (answer, wait) = oneshot::channel();
    line.send(call(answer)).await.ok()?;
    wait.await.ok()
}

fn answered<T: IntoResponse>(answer: Option<T>) -> Response {
    answer.map_or_else(|| StatusCode::SERVICE_UNAVAILABLE.into_response(), IntoResponse::into_response)
}

async fn poll(State(Behind { line, .. }): State<Behind>, Json(poll): Json<Poll>) -> Response {
    answered(ask(&line, |answer| Call::Poll { poll, answer }).await.map(Json))
}

async fn reports(State(Behind { line, .. }): State<Behind>, Path(job): Path<Uuid>, Json(reports): Json<Reports>) -> Response {
    answered(ask(&line, |answer| Call::Reports { job: JobId(job), reports, answer }).await.map(|taken| taken.map(Json)))
}

/// Where in a log the bytes belong.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct At {
    fence: u64,
    offset: u64,
    service: Option<String>,
}

async fn log(
    State(Behind { line, .. }): State<Behind>,
    Path((job, step, number, phase)): Path<(Uuid, u32, u32, Phase)>,
    Query(At { fence, offset, service }): Query<At>,
    bytes: Bytes,
) -> Response {
    let log = LogName { attempt: Attempt { step: StepIx(step), number }, phase, service };
    let call = |answer| Call::Log { job: JobId(job), fence: Fence(fence), log, offset, bytes, answer };
    answered(ask(&line, call).await.map(|have| have.map(Json)))
}

async fn secrets(State(Behind { line, .. }): State<Behind>, Path(job): Path<Uuid>, Json(asked): Json<AskSecrets>) -> Response {
    answered(ask(&line, |answer| Call::Secrets { job: JobId(job), ask: asked, answer }).await.map(|secrets| secrets.map(Json)))
}

async fn notices(State(Behind { line, .. }): State<Behind>, Path(job): Path<Uuid>, Json(notice): Json<Notice>) -> StatusCode {
    match line.send(Call::Notice { job: JobId(job), notice }).await {
        Ok(()) => StatusCode::OK,
        Err(_) => StatusCode::SERVICE_UNAVAILABLE,
    }
}

/// Which lease; whose file it is stands in the step's record.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Lease {
    #[serde(rename = "fence")]
    _fence: u64,
}

async fn file(
    State(Behind { incoming, .. }): State<Behind>,
    Path((_, _, _, sha256)): Path<(Uuid, u32, u32, String)>,
    Query(_): Query<Lease>,
    body: Body,
) -> Response {
    match incoming.take(&sha256, body.into_data_stream()).await {
        Ok(()) => StatusCode::OK.into_response(),
        Err(error) => (StatusCode::UNPROCESSABLE_ENTITY, error.to_string()).into_response(),
    }
}
