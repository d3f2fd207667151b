//! Goes on with connections that are under way, whoever began them.

use super::connect::{Connecting, HELD, walk};
use super::{Works, backoff};
use crate::db::connection;
use tokio_util::sync::CancellationToken;

/// Works on connections until told to stop.
pub async fn run(works: Works, stop: CancellationToken) {
    // Who held them died with the server that was here before.
    if let Err(e) = free(&works).await {
        tracing::error!(error = format!("{e:#}"), "connections under way are gone on with in some minutes only");
    }
    loop {
        let due = match round(&works).await {
            Ok(due) => due,
            Err(e) => {
                tracing::error!(error = format!("{e:#}"), "connections cannot be worked on; trying again");
                Some(works.clock.now() + backoff(4))
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = works.hub.connections.notified() => {}
            () = tokio::time::sleep(works.until(due)) => {}
        }
    }
}

async fn free(works: &Works) -> anyhow::Result<()> {
    let mut tx = works.db.write().await?;
    connection::free(&mut tx, works.clock.now()).await?;
    Ok(tx.commit().await?)
}

async fn round(works: &Works) -> anyhow::Result<Option<chrono::DateTime<chrono::Utc>>> {
    loop {
        let now = works.clock.now();
        let mut tx = works.db.write().await?;
        let claimed = connection::claim(&mut tx, now, now + HELD).await?;
        tx.commit().await?;
        let Some(claimed) = claimed else { break };
        let connecting = Connecting {
            db: &works.db,
            seal: &works.seal,
            clock: &works.clock,
            github: &works.github,
            public_url: &works.public_url,
            limits: &works.clients.limits,
        };
        let full_name = claimed.full_name.clone();
        walk(&connecting, claimed, |words| tracing::info!(repository = full_name, "{words}")).await?;
        works.hub.requests.notify_one();
        works.hub.looks.notify_one();
        works.hub.effects.notify_one();
        works.hub.deliveries.notify_one();
        works.hub.schedules.notify_one();
    }
    Ok(connection::next_due(&mut *works.db.read().await?).await?)
}
