//! Stops pipelines whose time is up. Only time in which a step ran counts.

use super::Works;
use crate::db;
use dockercise_pipeline::ids::PipelineIx;
use dockercise_pipeline::run::Event;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often running pipelines are looked at.
const LOOK: Duration = Duration::from_secs(1);

/// Looks until told to stop.
pub async fn run(works: Works, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(LOOK);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = ticks.tick() => {}
        }
        if let Err(e) = round(&works).await {
            tracing::error!(error = format!("{e:#}"), "timeouts cannot be looked at; trying again");
        }
    }
}

async fn round(works: &Works) -> anyhow::Result<()> {
    let due = db::run::timed_out(&mut *works.db.read().await?, works.clock.now()).await?;
    for (id, ix) in due {
        match works.runs.apply(id, &Event::PipelineTimedOut { pipeline: PipelineIx(ix) }).await {
            Ok(_) => tracing::info!(run.id = %id, pipeline.index = ix, "the pipeline's time is up"),
            Err(e) => tracing::warn!(run.id = %id, error = %e, "the pipeline's time is up, and it could not be stopped"),
        }
    }
    Ok(())
}
