//! What a host keeps of runs that are over: for how long, how much, and what is put away.

use super::super::{App, Fault};
use crate::db;
use crate::db::kept::{self, Kept};
use crate::settings::Keep;
use chrono::{DateTime, Utc};
use dockercise_pipeline::ids::RunId;
use dockercise_pipeline::wire::KeptRun;
use std::collections::BTreeSet;
use uuid::Uuid;

/// The runs of a poll that are to be put away. `busy` are those that the runner works on.
pub async fn to_release(app: &App, host: &str, theirs: &[KeptRun], busy: &[Uuid]) -> Result<Vec<RunId>, Fault> {
    let mut conn = app.db.read().await?;
    let known = kept::of_host(&mut conn, host).await?;
    let mut released = Vec::new();
    let mut over = Vec::new();
    for kept in theirs.iter().filter(|kept| !busy.contains(&kept.run.0)) {
        match db::run::is_over(&mut conn, kept.run).await? {
            Some(false) => {}
            Some(true) if kept.bytes.is_some() => over.push(*kept),
            Some(true) | None => released.push(kept.run),
        }
    }
    let changed: Vec<KeptRun> = over.iter().filter(|kept| !is_known(&known, kept)).copied().collect();
    let gone = known.iter().map(|k| RunId(k.run)).filter(|run| !theirs.iter().any(|kept| kept.run == *run));
    let gone: Vec<RunId> = gone.chain(released.iter().copied().filter(|run| known.iter().any(|k| k.run == run.0))).collect();
    drop(conn);
    let staying = stay(&known, app.clock.now(), &app.keep);
    if changed.is_empty() && gone.is_empty() && known.iter().all(|k| staying.contains(&k.run)) {
        return Ok(released);
    }
    // Whoever is about to go on from a run does so in a transaction too: either comes first.
    let mut tx = app.db.write().await?;
    for kept in changed {
        kept::note(&mut tx, host, kept.run, kept.bytes.unwrap_or_default(), app.clock.now()).await?;
    }
    for run in gone {
        kept::forget(&mut tx, run).await?;
    }
    let known = kept::of_host(&mut tx, host).await?;
    let staying = stay(&known, app.clock.now(), &app.keep);
    for run in known.iter().map(|k| RunId(k.run)).filter(|run| !staying.contains(&run.0)) {
        if !kept::is_needed(&mut tx, run).await? {
            kept::forget(&mut tx, run).await?;
            released.push(run);
        }
    }
    tx.commit().await?;
    Ok(released)
}

fn is_known(known: &[Kept], kept: &KeptRun) -> bool {
    known.iter().any(|k| k.run == kept.run.0 && k.bytes.cast_unsigned() == kept.bytes.unwrap_or_default())
}

/// Those that stay: the newest, for so long and within so many bytes.
fn stay(known: &[Kept], now: DateTime<Utc>, keep: &Keep) -> BTreeSet<Uuid> {
    let mut newest_first: Vec<&Kept> = known.iter().collect();
    newest_first.sort_by_key(|kept| std::cmp::Reverse((kept.since, kept.run)));
    let mut left = keep.bytes;
    let mut stay = BTreeSet::new();
    for kept in newest_first {
        // A clock that was set back makes nothing old.
        let young = (now - kept.since).to_std().unwrap_or_default() < keep.time;
        let Some(rest) = left.checked_sub(kept.bytes.cast_unsigned()).filter(|_| young) else {
            // An older one must not stay where a newer one cannot.
            break;
        };
        left = rest;
        stay.insert(kept.run);
    }
    stay
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_newest_stay_for_their_time_and_within_the_bytes() {
        let now = DateTime::UNIX_EPOCH + Duration::from_secs(100_000);
        let kept = |n: u128, age: u64, bytes: i64| Kept { run: Uuid::from_u128(n), bytes, since: now - Duration::from_secs(age) };
        let known = [kept(1, 50, 10), kept(2, 10, 10), kept(3, 30, 10), kept(4, 3601, 1)];
        let ids = |seconds: u64, bytes: u64| -> Vec<u128> {
            let keep = Keep { time: Duration::from_secs(seconds), bytes };
            stay(&known, now, &keep).iter().map(Uuid::as_u128).collect()
        };
        assert_eq!(ids(3600, 100), [1, 2, 3]);
        assert_eq!(ids(3602, 100), [1, 2, 3, 4]);
        assert_eq!(ids(3602, 25), [2, 3]);
        assert_eq!(ids(3600, 9), []);
        assert_eq!(ids(0, 100), []);
    }
}
