//! Ends what time ends: pipelines that have run for too long, gates that nobody passed, jobs that no host took.

use super::Works;
use crate::db;
use crate::db::job::{self, JobRow};
use crate::runs::queue_due;
use dockercise_pipeline::ids::{GateIx, PipelineIx, RunId};
use dockercise_pipeline::run::Event;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often they are looked at.
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
    let now = works.clock.now();
    let pipelines = db::run::timed_out(&mut *works.db.read().await?, now).await?;
    for (id, ix) in pipelines {
        let ended = pipeline(works, id, PipelineIx(ix)).await;
        tell("a pipeline's time is up", id, ix, ended);
    }
    let gates = db::run::expired_gates(&mut *works.db.read().await?, now).await?;
    for (id, ix) in gates {
        let ended = gate(works, id, GateIx(ix)).await;
        tell("a gate cannot be clicked any more", id, ix, ended);
    }
    let jobs = job::waiting_too_long(&mut *works.db.read().await?, now).await?;
    for row in jobs {
        let ended = not_taken(works, &row).await;
        tell("a job was not taken in time", RunId(row.run), row.fence as u32, ended);
    }
    Ok(())
}

fn tell(what: &str, id: RunId, ix: u32, ended: anyhow::Result<()>) {
    match ended {
        Ok(()) => tracing::info!(run.id = %id, index = ix, "{what}"),
        Err(error) => tracing::warn!(run.id = %id, index = ix, error = format!("{error:#}"), "{what}, and that could not be carried out"),
    }
}

async fn pipeline(works: &Works, id: RunId, ix: PipelineIx) -> anyhow::Result<()> {
    let mut change = works.runs.change(id).await?;
    let event = change.machine().time_is_up(ix);
    change.event(works.clock.now(), &event).await?;
    Ok(change.commit().await?)
}

async fn gate(works: &Works, id: RunId, ix: GateIx) -> anyhow::Result<()> {
    let mut change = works.runs.change(id).await?;
    let machine = change.machine();
    let seconds = machine.plan().gates[ix.index()].expires_seconds.unwrap_or_default();
    let reason = format!("nobody clicked within {}", dockercise_pipeline::run::in_words(seconds));
    change.event(works.clock.now(), &Event::GateExpired { gate: ix, reason }).await?;
    Ok(change.commit().await?)
}

/// Ends the pipelines that have waited for a host for too long; the others wait on.
async fn not_taken(works: &Works, row: &JobRow) -> anyhow::Result<()> {
    let mut change = works.runs.change(RunId(row.run)).await?;
    // Asked again inside the transaction: a host may have taken it meanwhile.
    let still = job::by_id(&mut change.tx, dockercise_pipeline::ids::JobId(row.id)).await?;
    if still.is_none_or(|row| row.host.is_some() || row.ended_at.is_some()) {
        return Ok(());
    }
    let now = works.clock.now();
    let waited = (now - row.created_at).num_seconds().max(0).cast_unsigned();
    for (ix, seconds) in change.machine().waiting_for_a_host() {
        if seconds <= waited {
            change.event(now, &Event::NotTaken { pipeline: ix }).await?;
        }
    }
    let due = queue_due(change.machine(), row.created_at);
    job::look_again(&mut change.tx, row.id, due).await?;
    Ok(change.commit().await?)
}
