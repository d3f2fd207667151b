//! Tells a page that its run changed. The page then asks for it: nothing is only in the stream.

use super::super::allow::Act;
use super::super::{App, Fault};
use super::{RunPath, locate};
use crate::db;
use crate::hub::Change;
use crate::people::Caller;
use axum::extract::{Path, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use dockercise_pipeline::ids::StepIx;
use futures_util::Stream;
use serde::Serialize;
use std::convert::Infallible;
use std::time::Duration;
use tokio::sync::broadcast::error::RecvError;

/// Changes closer together than this are told once.
const GATHER: Duration = Duration::from_millis(100);

/// What goes on for a step.
#[derive(Serialize)]
struct Noticed {
    step: StepIx,
    words: String,
}

/// `changed` with the run's version, whenever it grew; `notices` with what goes on for its steps right now.
#[utoipa::path(get, path = "/api/results/{account}/{pipeline}/{number}/events",
    params(("account" = String, Path), ("pipeline" = String, Path), ("number" = String, Path)),
    responses((status = 200, content_type = "text/event-stream", body = String)))]
pub async fn events(
    State(app): State<App>,
    caller: Caller,
    Path(path): Path<RunPath>,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Fault> {
    let mut changes = app.hub.listen();
    let (id, _) = locate(&app, &caller, &path, Act::See).await?;
    let stream = async_stream::stream! {
        let mut told = 0;
        loop {
            let version = match app.db.read().await {
                Ok(mut conn) => db::run::version(&mut conn, id).await.ok().flatten(),
                Err(_) => None,
            };
            if let Some(version) = version.filter(|v| *v > told) {
                told = version;
                yield Ok(Event::default().event("changed").data(format!("{{\"version\":{version}}}")));
                tokio::time::sleep(GATHER).await;
            }
            loop {
                match changes.recv().await {
                    Ok(Change::Run(changed)) if changed == id => break,
                    Ok(Change::Notice(changed)) if changed == id => {
                        let now: Vec<Noticed> = app.hub.notices(id).into_iter().map(|(step, words)| Noticed { step, words }).collect();
                        if let Ok(event) = Event::default().event("notices").json_data(now) {
                            yield Ok(event);
                        }
                    }
                    Ok(_) => {}
                    // Some were missed; one of them may have been ours.
                    Err(RecvError::Lagged(_)) => break,
                    Err(RecvError::Closed) => return,
                }
            }
        }
    };
    Ok(Sse::new(stream).keep_alive(KeepAlive::default()))
}
