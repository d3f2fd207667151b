//! The files that steps leave, from a runner.

use super::super::{App, Fault, logs};
use crate::store::files::{FileName, LARGEST, Put};
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use dockercise_pipeline::ids::{Attempt, Fence, JobId, Phase, RunId, StepIx};
use dockercise_pipeline::wire::Record;
use serde::Deserialize;
use uuid::Uuid;

/// Whose file.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lease {
    fence: u64,
}

/// A runner hands over a file, under its sum.
pub async fn put(
    State(app): State<App>,
    Path((id, step, number, sha256)): Path<(Uuid, u32, u32, String)>,
    Query(lease): Query<Lease>,
    headers: HeaderMap,
    body: Body,
) -> Result<StatusCode, Fault> {
    let host = super::host(&app, &headers)?;
    let job = super::known(&app, host, JobId(id), Fence(lease.fence)).await?;
    let attempt = Attempt { step: StepIx(step), number };
    let log = logs::name(&app, &mut *app.db.read().await?, RunId(job.run), attempt, Phase::Run, None).await?;
    let name = FileName::beside(&log, &sha256).ok_or_else(Fault::not_found)?;
    let refused = |status, words: String| Err(Fault::new(status, words, None));
    match app.store.put_file(&name, body.into_data_stream()).await? {
        Put::Stored => Ok(StatusCode::OK),
        Put::Differs => refused(StatusCode::UNPROCESSABLE_ENTITY, "the bytes are not what their sum says".to_owned()),
        Put::TooLarge => refused(StatusCode::PAYLOAD_TOO_LARGE, format!("the file is over {LARGEST} bytes")),
        Put::BrokenOff => refused(StatusCode::REQUEST_TIMEOUT, "the file came to an end too early".to_owned()),
    }
}

/// A file that a record names and the store does not have, in words; none when all are there.
pub async fn missing(app: &App, log: &crate::store::LogName, record: &Record) -> Result<Option<String>, Fault> {
    for file in &record.results {
        let name = FileName::beside(log, &file.sha256).ok_or_else(Fault::not_found)?;
        let length = app.store.file_length(&name).await?;
        if length != Some(file.length) {
            let here = length.map_or_else(|| "not here".to_owned(), |length| format!("{length} bytes long here"));
            return Ok(Some(format!("the file {} of step {} is {here}", file.sha256, log.step)));
        }
    }
    Ok(None)
}
