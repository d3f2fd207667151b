//! Times that come become requests. That a time has come, and when it comes next, is written in one transaction: whenever
//! this process dies, a time is asked for once. What was missed while it was down is asked for once, not once a time.

use super::Works;
use super::definitions::SERVER;
use crate::db::request::{self, Wanted};
use crate::db::schedule::{self, Schedule};
use dockercise_pipeline::cron;
use tokio_util::sync::CancellationToken;

/// Works until told to stop, asleep until the next time comes.
pub async fn run(works: Works, stop: CancellationToken) {
    loop {
        let due = match round(&works).await {
            Ok(due) => due,
            Err(e) => {
                tracing::error!(error = format!("{e:#}"), "schedules cannot be looked at; trying again");
                Some(works.times.now() + super::backoff(4))
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = works.hub.schedules.notified() => {}
            () = tokio::time::sleep(super::until(due, &works.times)) => {}
        }
    }
}

async fn round(works: &Works) -> anyhow::Result<Option<chrono::DateTime<chrono::Utc>>> {
    while let Some(due) = schedule::due(&mut *works.db.read().await?, works.times.now()).await? {
        come(works, &due).await?;
    }
    Ok(schedule::next_due(&mut *works.db.read().await?).await?)
}

async fn come(works: &Works, due: &Schedule) -> anyhow::Result<()> {
    let mut tx = works.db.write().await?;
    // A file that is read at the same moment may have taken it away.
    if schedule::move_on(&mut tx, due, cron::next_after(&due.cron, works.times.now())).await? {
        let wanted = Wanted::Time { pipeline: due.pipeline.clone(), cron: due.cron.clone() };
        request::ask(&mut tx, due.repository, &wanted, SERVER, works.clock.now()).await?;
        tracing::info!(repository.id = due.repository, pipeline = due.pipeline, cron = due.cron, was_due = %due.next_at, "a time has come");
    }
    tx.commit().await?;
    works.hub.requests.notify_one();
    Ok(())
}
