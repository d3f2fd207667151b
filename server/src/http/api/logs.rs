//! A step's output: by pages, live, whole, and its value.

#![expect(unused_qualifications, reason = "utoipa's macro writes them")]

use super::super::allow::Act;
use super::super::{App, Fault, logs};
use super::locate;
use crate::db;
use crate::hub::Change;
use crate::people::Caller;
use crate::store::{LogName, Page};
use crate::view::{FrameView, LogPage, Problem};
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use dockercise_pipeline::frame::Stream as Channel;
use dockercise_pipeline::ids::{Attempt, Phase, RunId, StepIx};
use dockercise_pipeline::names::is_step_name;
use dockercise_pipeline::run::{StepState, StepStatus};
use futures_util::Stream;
use serde::Deserialize;
use std::convert::Infallible;
use tokio::sync::broadcast::error::RecvError;
use utoipa::IntoParams;

/// About how many bytes one page holds.
const PAGE: usize = 1024 * 1024;

/// The address of a step's output.
type StepPath = (String, String, String, u32);

/// Which of a step's outputs, and from where.
#[derive(Debug, Clone, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Which {
    /// The attempt; the last one where it is not said.
    attempt: Option<u32>,
    /// `run` or `done`; `run` where it is not said.
    #[param(value_type = Option<String>)]
    phase: Option<Phase>,
    /// One of the step's services; the step itself where it is not said.
    service: Option<String>,
    /// The offset of a frame; 0 where it is not said.
    from: Option<u64>,
}

struct Place {
    run: RunId,
    step: StepIx,
    log: LogName,
}

/// The place of a step's output, and whether no more will come.
async fn place(app: &App, caller: &Caller, path: &StepPath, which: &Which) -> Result<(Place, bool), Fault> {
    let (account, slug, number, step) = path;
    let (run, _) = locate(app, caller, &(account.clone(), slug.clone(), number.clone()), Act::See).await?;
    let step = StepIx(*step);
    let mut conn = app.db.read().await?;
    let state = db::run::step_state(&mut conn, run, step).await?.ok_or_else(Fault::not_found)?;
    let now: StepState = db::run::decode(&state)?;
    let last = now.attempt.max(1);
    let number = which.attempt.unwrap_or(last);
    let service = which.service.as_deref();
    if !(1..=last).contains(&number) || !service.is_none_or(is_step_name) {
        return Err(Fault::not_found());
    }
    let complete = matches!(now.status, StepStatus::Ended { .. }) || number < now.attempt;
    let log = logs::name(app, &mut conn, run, Attempt { step, number }, which.phase.unwrap_or(Phase::Run), service).await?;
    Ok((Place { run, step, log }, complete))
}

fn shown(page: Page, complete: bool) -> LogPage {
    let encode = |bytes: &[u8]| base64::engine::general_purpose::STANDARD.encode(bytes);
    let mut frames: Vec<FrameView> = page
        .frames
        .iter()
        .map(|(offset, stream, micros, bytes)| FrameView {
            at: micros / 1000,
            stream: match stream {
                Channel::Stdout => "stdout",
                Channel::Stderr => "stderr",
                Channel::Remark => "remark",
            }
            .to_owned(),
            data: encode(bytes),
            offset: *offset,
        })
        .collect();
    let next = if page.damaged { page.length } else { page.next };
    if page.damaged {
        let lost = page.length - page.next;
        let words = format!("{lost} bytes from here on cannot be read: the step wrote into its own log, or the disk is damaged\n");
        frames.push(FrameView { at: 0, stream: "remark".to_owned(), data: encode(words.as_bytes()), offset: page.next });
    }
    // Half a frame at the end of a complete log would be asked for again and again.
    let stuck = complete && frames.is_empty() && next < page.length;
    LogPage { frames, next: if stuck { page.length } else { next }, length: page.length, complete }
}

/// A page of a log.
#[utoipa::path(get, path = "/api/results/{account}/{pipeline}/{number}/steps/{step}/log",
    params(("account" = String, Path), ("pipeline" = String, Path), ("number" = String, Path), ("step" = u32, Path), Which),
    responses((status = 200, body = LogPage), (status = 404, body = Problem)))]
pub async fn page(
    State(app): State<App>,
    caller: Caller,
    Path(path): Path<StepPath>,
    Query(which): Query<Which>,
) -> Result<Json<LogPage>, Fault> {
    let (place, complete) = place(&app, &caller, &path, &which).await?;
    let page = app.store.page(&place.log, which.from.unwrap_or(0), PAGE).await?;
    Ok(Json(shown(page, complete)))
}

/// A log as it grows: `frames` with a page, `end` when no more will come.
#[utoipa::path(get, path = "/api/results/{account}/{pipeline}/{number}/steps/{step}/log/live",
    params(("account" = String, Path), ("pipeline" = String, Path), ("number" = String, Path), ("step" = u32, Path), Which),
    responses((status = 200, content_type = "text/event-stream", body = String), (status = 404, body = Problem)))]
pub async fn live(
    State(app): State<App>,
    caller: Caller,
    Path(path): Path<StepPath>,
    Query(which): Query<Which>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Fault> {
    let mut changes = app.hub.listen();
    let (mut here, mut complete) = place(&app, &caller, &path, &which).await?;
    // A browser that connects again says where it was.
    let resumed = headers.get("last-event-id").and_then(|v| v.to_str().ok()).and_then(|v| v.parse().ok());
    let mut from: u64 = resumed.or(which.from).unwrap_or(0);
    let stream = async_stream::stream! {
        loop {
            let Ok(page) = app.store.page(&here.log, from, PAGE).await else { return };
            let shown = shown(page, complete);
            let more = shown.next < shown.length;
            if !shown.frames.is_empty() {
                from = shown.next;
                if let Ok(event) = Event::default().event("frames").id(from.to_string()).json_data(&shown) {
                    yield Ok(event);
                }
                if more {
                    continue;
                }
            }
            if complete {
                yield Ok(Event::default().event("end").data("{}"));
                return;
            }
            loop {
                match changes.recv().await {
                    Ok(Change::Log(run, step)) if run == here.run && step == here.step => break,
                    Ok(Change::Run(run)) if run == here.run => break,
                    Ok(_) => {}
                    Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return,
                }
            }
            match place(&app, &caller, &path, &which).await {
                Ok(found) => (here, complete) = found,
                Err(_) => return,
            }
        }
    };
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}

/// A whole log as plain text, stdout and stderr as they came.
#[utoipa::path(get, path = "/api/results/{account}/{pipeline}/{number}/steps/{step}/log/raw",
    params(("account" = String, Path), ("pipeline" = String, Path), ("number" = String, Path), ("step" = u32, Path), Which),
    responses((status = 200, content_type = "text/plain", body = String), (status = 404, body = Problem)))]
pub async fn raw(
    State(app): State<App>,
    caller: Caller,
    Path(path): Path<StepPath>,
    Query(which): Query<Which>,
) -> Result<Response, Fault> {
    let (place, _) = place(&app, &caller, &path, &which).await?;
    let name = format!("{}-{}-{}-{}.log", place.log.slug, place.log.number, place.log.step, place.log.phase.word());
    let body = Body::from_stream(bytes_of(app, place.log, |_| true, 0, u64::MAX));
    Ok(attachment("text/plain; charset=utf-8", &name, body))
}

/// A step's value: its stdout, byte for byte. Takes a `Range` of one piece.
#[utoipa::path(get, path = "/api/results/{account}/{pipeline}/{number}/steps/{step}/value",
    params(("account" = String, Path), ("pipeline" = String, Path), ("number" = String, Path), ("step" = u32, Path)),
    responses((status = 200, content_type = "application/octet-stream", body = String), (status = 206), (status = 404, body = Problem)))]
pub async fn value(State(app): State<App>, caller: Caller, Path(path): Path<StepPath>, headers: HeaderMap) -> Result<Response, Fault> {
    let (place, _) = place(&app, &caller, &path, &Which::default()).await?;
    let mut conn = app.db.read().await?;
    let names = app.names.of(&mut conn, place.run).await?;
    drop(conn);
    if names.is_secret(place.step) {
        let words = format!("the value of `{}` is a secret: it was never sent here", place.log.step);
        return Err(Fault::new(
            StatusCode::NOT_FOUND,
            words,
            Some("steps that use it get it on the docker host, for as long as the run lasts"),
        ));
    }
    let name = format!("{}-{}-{}.value", place.log.slug, place.log.number, place.log.step);
    let range = headers.get(header::RANGE).and_then(|v| v.to_str().ok()).and_then(range);
    let (skip, take) = range.map_or((0, u64::MAX), |(first, last)| (first, last - first + 1));
    let body = Body::from_stream(bytes_of(app, place.log, |stream| stream == Channel::Stdout, skip, take));
    let mut response = attachment("application/octet-stream", &name, body);
    if let Some((first, last)) = range {
        *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        if let Ok(value) = HeaderValue::from_str(&format!("bytes {first}-{last}/*")) {
            response.headers_mut().insert(header::CONTENT_RANGE, value);
        }
    }
    Ok(response)
}

/// `bytes=first-last`; any other form is not honoured, which HTTP allows.
fn range(text: &str) -> Option<(u64, u64)> {
    let (first, last) = text.strip_prefix("bytes=")?.split_once('-')?;
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (first <= last && last < u64::MAX).then_some((first, last))
}

fn bytes_of(
    app: App,
    log: LogName,
    wanted: impl Fn(Channel) -> bool + Send + 'static,
    mut skip: u64,
    mut take: u64,
) -> impl Stream<Item = std::io::Result<Vec<u8>>> {
    async_stream::try_stream! {
        let mut from = 0;
        loop {
            let page = app.store.page(&log, from, PAGE).await?;
            if page.frames.is_empty() || take == 0 {
                break;
            }
            from = page.next;
            for (_, stream, _, bytes) in page.frames {
                if !wanted(stream) {
                    continue;
                }
                let skipped = skip.min(bytes.len() as u64);
                skip -= skipped;
                let rest = &bytes[skipped as usize..];
                let piece = &rest[..rest.len().min(usize::try_from(take).unwrap_or(usize::MAX))];
                take -= piece.len() as u64;
                if !piece.is_empty() {
                    yield piece.to_vec();
                }
            }
        }
    }
}

/// Bytes of a step's, which must never run or be shown as anything in our origin.
fn attachment(kind: &'static str, name: &str, body: Body) -> Response {
    let disposition = format!("attachment; filename=\"{name}\"");
    ([(header::CONTENT_TYPE, kind.to_owned()), (header::CONTENT_DISPOSITION, disposition)], body).into_response()
}

#[cfg(test)]
mod tests {
    use super::range;

    #[test]
    fn a_range_of_one_piece_is_honoured() {
        assert_eq!(range("bytes=0-65535"), Some((0, 65535)));
        for other in ["bytes=5-", "bytes=-5", "bytes=9-3", "bytes=0-1,3-4", "lines=0-1", "bytes=a-b", ""] {
            assert_eq!(range(other), None, "{other}");
        }
    }
}
