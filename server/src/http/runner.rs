//! The runner's door: jobs and orders down, reports and bytes up (`dockercise_pipeline::wire`).

use super::{App, Fault, logs};
use crate::db::{self, job, run::decode};
use crate::hub::Change;
use crate::runs::ChangeError;
use crate::store::Appended;
use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse as _, Response};
use dockercise_pipeline::ids::{Attempt, Fence, JobId, Phase, RunId, StepIx};
use dockercise_pipeline::names::is_step_name;
use dockercise_pipeline::run::Event;
use dockercise_pipeline::wire::{Have, Job, Notice, Order, Orders, Poll, Report, Reports, Taken, reportable};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::time::Duration;
use uuid::Uuid;

mod hand_over;
pub use hand_over::assemble as assemble_job;
mod keep;
pub mod results;
pub mod secrets;

/// How long a poll waits for something to do.
const WAIT: Duration = Duration::from_secs(25);
/// The longest notice, in characters.
const NOTICE: usize = 300;
/// The embedded runner's host.
const LOCAL: &str = "local";

/// Who is calling: known from the token alone.
fn host(app: &App, headers: &HeaderMap) -> Result<&'static str, Fault> {
    let token = headers.get("authorization").and_then(|v| v.to_str().ok()).and_then(|v| v.strip_prefix("Bearer ")).unwrap_or_default();
    // Sums are compared, so how far a wrong token is right cannot be measured.
    let known = <[u8; 32]>::from(Sha256::digest(token)) == app.runner_token;
    if known { Ok(LOCAL) } else { Err(Fault::new(StatusCode::UNAUTHORIZED, "no runner has that token", None)) }
}

/// A runner asks for work.
pub async fn poll(State(app): State<App>, headers: HeaderMap, Json(poll): Json<Poll>) -> Result<Json<Orders>, Fault> {
    let host = host(&app, &headers)?;
    let deadline = tokio::time::Instant::now() + WAIT;
    app.hub.offer(&poll.ready);
    let mut woken = app.hub.runners.subscribe();
    loop {
        let orders = look(&app, host, &poll).await?;
        if orders != Orders::default() {
            return Ok(Json(orders));
        }
        tokio::select! {
            // Missed wake-ups are wake-ups.
            _ = woken.recv() => {}
            () = tokio::time::sleep_until(deadline) => return Ok(Json(Orders::default())),
        }
    }
}

async fn look(app: &App, host: &str, poll: &Poll) -> Result<Orders, Fault> {
    let mut orders = Orders::default();
    let mut conn = app.db.read().await?;
    let held = job::held(&mut conn, host).await?;
    let mut busy = Vec::new();
    for theirs in &poll.jobs {
        let row = job::by_id(&mut conn, theirs.job).await?;
        let Some(row) = row.filter(|j| j.host.as_deref() == Some(host) && j.fence == theirs.fence.0 as i64) else {
            orders.lost.push(theirs.job);
            continue;
        };
        busy.push(row.run);
        if row.ended_at.is_some() {
            // The runner has said so itself and is putting it away.
            continue;
        }
        for (number, stamped) in job::orders_after(&mut conn, theirs.job, theirs.orders_done).await? {
            orders.orders.push(Order { job: theirs.job, number: number as u64, stamped: decode(&stamped)? });
        }
    }
    for unheard in held.iter().filter(|j| !poll.jobs.iter().any(|theirs| theirs.job.0 == j.id)) {
        orders.jobs.extend(hand_over::job(app, &mut conn, unheard).await?);
    }
    drop(conn);
    orders.released = keep::to_release(app, host, &poll.kept, &busy).await?;
    // A run that got such an id may be over before any job of it was given out.
    for run in &poll.ready {
        if db::run::is_over(&mut *app.db.read().await?, *run).await? == Some(true) {
            orders.released.push(*run);
        }
    }
    if poll.wants_job {
        while let Some(job) = claim(app, host).await? {
            orders.jobs.push(job);
        }
    }
    Ok(orders)
}

async fn claim(app: &App, host: &str) -> Result<Option<Job>, Fault> {
    let Some(free) = job::unclaimed(&mut *app.db.read().await?).await? else { return Ok(None) };
    let mut tx = app.db.write().await?;
    if !job::claim(&mut tx, free.id, host, app.clock.now()).await? {
        return Ok(None);
    }
    tx.commit().await?;
    hand_over::job(app, &mut *app.db.read().await?, &free).await
}

/// A runner reports what happened.
pub async fn reports(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    Json(reports): Json<Reports>,
) -> Result<Response, Fault> {
    let host = host(&app, &headers)?;
    let job = known(&app, host, JobId(id), reports.fence).await?;
    let run = RunId(job.run);
    for report in &reports.reports {
        if report.number > job.reports as u64
            && let Some(words) = missing(&app, run, report).await?
        {
            return Ok(Fault::new(StatusCode::PRECONDITION_FAILED, words, Some("send the log again")).into_response());
        }
    }
    let mut change = app.runs.change(run).await?;
    // Asked again inside the transaction: the lease may have ended meanwhile.
    let job = still(job::by_id(&mut change.tx, JobId(id)).await?, host, reports.fence)?;
    let mut up_to = job.reports as u64;
    for report in reports.reports {
        if report.number <= up_to {
            continue;
        }
        if report.number != up_to + 1 || !reportable(&report.stamped.event) {
            let words = format!("report {} does not follow report {up_to}, or is not a runner's to make", report.number);
            return Err(Fault::new(StatusCode::UNPROCESSABLE_ENTITY, words, None));
        }
        if let Err(e) = change.event(report.stamped.at, &report.stamped.event).await {
            return Err(match e {
                ChangeError::Refused(why) => {
                    tracing::warn!(run.id = %run, report.number = report.number, error = %why, "a report was refused");
                    Fault::new(StatusCode::UNPROCESSABLE_ENTITY, why.to_string(), None)
                }
                other => other.into(),
            });
        }
        match &report.stamped.event {
            Event::StepStarted { attempt, .. } => {
                app.hub.note(run, attempt.step, None);
                if let Some(image) = &report.image {
                    db::run::set_step_image(&mut change.tx, run, attempt.step, image).await?;
                }
            }
            Event::StepRecorded { attempt } => {
                if let Some(record) = &report.record {
                    db::run::set_step_record(&mut change.tx, run, attempt.step, &db::run::encode(record)?).await?;
                }
            }
            Event::JobEnded { .. } => {
                app.hub.forget(run);
                job::end(&mut change.tx, id, app.clock.now()).await?;
            }
            _ => {}
        }
        up_to = report.number;
    }
    job::taken(&mut change.tx, id, up_to).await?;
    change.commit().await?;
    Ok(Json(Taken { up_to }).into_response())
}

/// What the record names and the store does not have; none when all is there.
async fn missing(app: &App, run: RunId, report: &Report) -> Result<Option<String>, Fault> {
    let (Event::StepRecorded { attempt }, Some(record)) = (&report.stamped.event, &report.record) else {
        return Ok(None);
    };
    let names = app.names.of(&mut *app.db.read().await?, run).await?;
    for log in &record.logs {
        let name = names.log(log.attempt, log.phase, log.service.as_deref()).ok_or_else(Fault::not_found)?;
        let (length, sha256) = app.store.seal(&name).await?;
        if length != log.length || sha256 != log.sha256 {
            let words = format!(
                "the log of step {} ({}) is {length} bytes here and {} in the record, or differs",
                name.step, log.phase, log.length
            );
            return Ok(Some(words));
        }
    }
    match names.log(*attempt, Phase::Run, None) {
        Some(log) => results::missing(app, &log, record).await,
        None => Err(Fault::not_found()),
    }
}

async fn known(app: &App, host: &str, id: JobId, fence: Fence) -> Result<job::JobRow, Fault> {
    still(job::by_id(&mut *app.db.read().await?, id).await?, host, fence)
}

fn still(job: Option<job::JobRow>, host: &str, fence: Fence) -> Result<job::JobRow, Fault> {
    job.filter(|j| j.host.as_deref() == Some(host) && j.fence == fence.0 as i64 && j.ended_at.is_none())
        .ok_or_else(|| Fault::new(StatusCode::CONFLICT, "the job is not this runner's any more", None))
}

/// Where in a log the bytes belong.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct At {
    fence: u64,
    offset: u64,
    service: Option<String>,
}

/// A runner sends bytes of a log.
pub async fn log(
    State(app): State<App>,
    Path((id, step, number, phase)): Path<(Uuid, u32, u32, Phase)>,
    Query(at): Query<At>,
    headers: HeaderMap,
    bytes: Bytes,
) -> Result<Response, Fault> {
    let host = host(&app, &headers)?;
    let job = known(&app, host, JobId(id), Fence(at.fence)).await?;
    let attempt = Attempt { step: StepIx(step), number };
    let service = at.service.as_deref();
    if !service.is_none_or(is_step_name) {
        return Err(Fault::not_found());
    }
    let name = logs::name(&app, &mut *app.db.read().await?, RunId(job.run), attempt, phase, service).await?;
    match app.store.append(&name, at.offset, bytes).await? {
        Appended::Taken(length) => {
            app.hub.tell(Change::Log(RunId(job.run), attempt.step));
            Ok(Json(Have { length }).into_response())
        }
        Appended::Mismatch(length) => Ok((StatusCode::CONFLICT, Json(Have { length })).into_response()),
    }
}

/// A runner says what goes on for a step before its container runs.
pub async fn notice(
    State(app): State<App>,
    Path(id): Path<Uuid>,
    headers: HeaderMap,
    Json(notice): Json<Notice>,
) -> Result<StatusCode, Fault> {
    let host = host(&app, &headers)?;
    let job = known(&app, host, JobId(id), notice.fence).await?;
    let run = RunId(job.run);
    if !app.names.of(&mut *app.db.read().await?, run).await?.has(notice.step) {
        return Err(Fault::not_found());
    }
    app.hub.note(run, notice.step, notice.words.map(|words| words.chars().take(NOTICE).collect()));
    Ok(StatusCode::NO_CONTENT)
}
