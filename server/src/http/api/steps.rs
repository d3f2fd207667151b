//! One step of a run: everything about it.

#![expect(unused_qualifications, reason = "utoipa's macro writes them")]

use super::super::allow::Act;
use super::super::{App, Fault, logs};
use super::{find, locate};
use crate::db::{self, run::Stored};
use crate::people::Caller;
use crate::store::files::FileName;
use crate::view::{self, LogHead, Problem, StepAround, StepView};
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Query, State};
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use dockercise_pipeline::ids::{Attempt, Phase, StepIx};
use dockercise_pipeline::run::StepStatus;
use dockercise_pipeline::wire::Record;
use serde::Deserialize;
use tokio_util::io::ReaderStream;
use utoipa::IntoParams;

/// So many bytes of a file are read at once.
const PIECE: usize = 256 * 1024;

/// One step, with what its file says of it, its files and its logs.
#[utoipa::path(get, path = "/api/results/{account}/{pipeline}/{number}/steps/{step}",
    params(("account" = String, Path), ("pipeline" = String, Path), ("number" = String, Path), ("step" = u32, Path)),
    responses((status = 200, body = StepView), (status = 404, body = Problem)))]
pub async fn step(
    State(app): State<App>,
    caller: Caller,
    Path((account, slug, number, step)): Path<(String, String, String, u32)>,
) -> Result<Json<StepView>, Fault> {
    let (stored, _) = find(&app, &caller, &(account, slug, number), Act::See).await?;
    let ix = StepIx(step);
    let around = StepAround {
        notice: app.hub.notices(stored.id()).remove(&ix),
        images: db::run::images(&mut *app.db.read().await?, stored.id()).await?,
        logs: heads(&app, &stored, ix).await?,
    };
    view::step(&stored, ix, &around)?.map(Json).ok_or_else(Fault::not_found)
}

/// Which of a step's files, where several have the same bytes.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Nth {
    /// Its place in the step's list of files: it is saved under that one's name.
    nth: Option<usize>,
}

/// A file that a step left, by its sum: only to be saved, whatever it is.
#[utoipa::path(get, path = "/api/results/{account}/{pipeline}/{number}/steps/{step}/files/{sha256}",
    params(("account" = String, Path), ("pipeline" = String, Path), ("number" = String, Path), ("step" = u32, Path),
        ("sha256" = String, Path), Nth),
    responses((status = 200, content_type = "application/octet-stream", body = String), (status = 404, body = Problem)))]
pub async fn file(
    State(app): State<App>,
    caller: Caller,
    Path((account, slug, number, step, sha256)): Path<(String, String, String, u32, String)>,
    Query(which): Query<Nth>,
) -> Result<Response, Fault> {
    let (run, _) = locate(&app, &caller, &(account, slug, number), Act::See).await?;
    let step = StepIx(step);
    let mut conn = app.db.read().await?;
    // Only what the step's record names is there for anybody.
    let record = db::run::step_record(&mut conn, run, step).await?.ok_or_else(Fault::not_found)?;
    let record: Record = db::run::decode(&record)?;
    let asked = which.nth.and_then(|nth| record.results.get(nth)).filter(|f| f.sha256 == sha256);
    let stored = asked.or_else(|| record.results.iter().find(|f| f.sha256 == sha256)).ok_or_else(Fault::not_found)?;
    let log = logs::name(&app, &mut conn, run, Attempt { step, number: 1 }, Phase::Run, None).await?;
    let name = FileName::beside(&log, &sha256).ok_or_else(Fault::not_found)?;
    let file = app.store.open_file(&name).await?.ok_or_else(Fault::not_found)?;
    let body = Body::from_stream(ReaderStream::with_capacity(tokio::fs::File::from_std(file), PIECE));
    let headers = [
        (header::CONTENT_TYPE, "application/octet-stream".to_owned()),
        (header::CONTENT_LENGTH, stored.length.to_string()),
        (header::CONTENT_DISPOSITION, disposition(&stored.path)),
        // Its address is its sum.
        (header::CACHE_CONTROL, "private, max-age=31536000, immutable".to_owned()),
    ];
    Ok((headers, body).into_response())
}

/// How a file is saved: under the last part of its path, in letters that mean nothing to a shell, a disk or a header.
fn disposition(path: &str) -> String {
    let last = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let safe: String = last.chars().map(|c| if c.is_ascii_alphanumeric() || "._-+".contains(c) { c } else { '_' }).collect();
    let safe = safe.trim_start_matches(['.', '-']);
    let name: String = safe.chars().take(100).collect();
    format!("attachment; filename=\"{}\"", if name.is_empty() { "file" } else { &name })
}

/// The logs that a step and its services have written so far.
async fn heads(app: &App, stored: &Stored, ix: StepIx) -> Result<Vec<LogHead>, Fault> {
    let Some(plan) = stored.plan()? else { return Ok(Vec::new()) };
    let state = stored.state()?;
    let (Some(step), Some(now)) = (plan.steps.get(ix.index()), state.steps.get(ix.index())) else { return Ok(Vec::new()) };
    let names = app.names.of(&mut *app.db.read().await?, stored.id()).await?;
    let ended = matches!(now.status, StepStatus::Ended { .. });
    let mut heads = Vec::new();
    for number in 1..=now.attempt {
        let attempt = Attempt { step: ix, number };
        for phase in [Phase::Run, Phase::Done] {
            let own = phase == Phase::Run || now.done_started_at.is_some();
            let services = step.services.iter().map(|s| Some(s.name.as_str()));
            for service in own.then_some(None).into_iter().chain(services) {
                let Some(name) = names.log(attempt, phase, service) else { continue };
                let length = app.store.length(&name).await?;
                if service.is_some() && length == 0 {
                    continue;
                }
                let service = service.map(str::to_owned);
                heads.push(LogHead { attempt, phase, service, length, complete: ended || number < now.attempt });
            }
        }
    }
    Ok(heads)
}

#[cfg(test)]
mod tests {
    use super::disposition;

    #[test]
    fn s37_a_file_is_saved_under_a_name_that_is_only_a_name() {
        let name = |path: &str| disposition(path).strip_prefix("attachment; filename=").unwrap_or_default().to_owned();
        for (path, saved) in [
            ("reports/unit.xml", "\"unit.xml\""),
            ("../../etc/passwd", "\"passwd\""),
            ("C:\\x\\evil.bat", "\"evil.bat\""),
            ("a\r\nset-cookie: x", "\"a__set-cookie__x\""),
            ("-rf", "\"rf\""),
            (".bashrc", "\"bashrc\""),
            ("x\"; y=\"", "\"x___y__\""),
            ("..", "\"file\""),
            ("dir/", "\"file\""),
            ("täg.txt", "\"t_g.txt\""),
        ] {
            assert_eq!(name(path), saved, "{path:?}");
        }
        assert!(name(&"x".repeat(4096)).len() <= 102);
    }
}
