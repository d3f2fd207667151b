//! Looks whether anything was missed: at the start, hourly, and when a repository was just connected. GitHub sends what failed
//! only when it is asked to, and a webhook can be removed by hand.

use super::follow::{self, Followed, follow};
use super::{Works, backoff, github_error, heads};
use crate::db::repository::{self, Repository, Secret};
use crate::db::standing::{self, Standing};
use crate::db::{head, request};
use crate::github::{Github, HookWanted, Sent};
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;
use tokio_util::sync::CancellationToken;

/// How often a repository is looked at.
const EACH: TimeDelta = TimeDelta::hours(1);
/// How far back GitHub delivers again what failed.
const KEPT: TimeDelta = TimeDelta::days(3);
/// How often GitHub is asked to deliver the same event once more.
const TIMES: i64 = 3;

/// Looks until told to stop.
pub async fn run(works: Works, stop: CancellationToken) {
    let mut begun = false;
    loop {
        let due = match round(&works, &mut begun).await {
            Ok(due) => due,
            Err(e) => {
                tracing::error!(error = format!("{e:#}"), "repositories cannot be looked at; trying again");
                Some(works.clock.now() + backoff(4))
            }
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = works.hub.looks.notified() => {}
            () = tokio::time::sleep(works.until(due)) => {}
        }
    }
}

async fn round(works: &Works, begun: &mut bool) -> anyhow::Result<Option<DateTime<Utc>>> {
    if !*begun {
        let mut tx = works.db.write().await?;
        standing::look_at_all(&mut tx, works.clock.now()).await?;
        tx.commit().await?;
        *begun = true;
    }
    let (looks, branches) = standing::due(&mut *works.db.read().await?, works.clock.now()).await?;
    for id in looks {
        let looked = look(works, id).await;
        let mut tx = works.db.write().await?;
        match looked {
            Ok(()) => standing::looked(&mut tx, id, works.clock.now(), works.clock.now() + EACH).await?,
            Err(e) => standing::look_at(&mut tx, id, later(works, id, &e)).await?,
        }
        tx.commit().await?;
    }
    for id in branches.into_iter().chain(standing::due(&mut *works.db.read().await?, works.clock.now()).await?.1) {
        let next = match heads::look(works, id).await {
            Ok(next) => next,
            Err(e) => Some(later(works, id, &e)),
        };
        let mut tx = works.db.write().await?;
        standing::heads_at(&mut tx, id, next).await?;
        tx.commit().await?;
    }
    Ok(standing::next_due(&mut *works.db.read().await?).await?)
}

fn later(works: &Works, id: i64, error: &anyhow::Error) -> DateTime<Utc> {
    let until = github_error(error).and_then(|e| e.until).unwrap_or_else(|| works.clock.now() + backoff(8));
    tracing::warn!(repository.id = id, error = format!("{error:#}"), until = %until, "a repository could not be looked at; trying again");
    until
}

/// One repository: where it is, its webhook, what that failed to deliver.
async fn look(works: &Works, id: i64) -> anyhow::Result<()> {
    if follow(works, id).await? == Followed::OutOfReach {
        return Ok(());
    }
    let (known, stands) = {
        let mut conn = works.db.read().await?;
        (repository::by_id(&mut conn, id).await?, standing::of(&mut conn, id).await?)
    };
    let (Some(repository), Some(stands)) = (known.filter(|known| known.hook_id.is_some()), stands) else { return Ok(()) };
    // Nothing happens in an archived one, and nothing can be changed there.
    if stands.standing() == Standing::Archived {
        return Ok(());
    }
    let github = works.client(&repository)?;
    match hook(works, &repository, &github).await {
        Ok(hook) => {
            follow::stands(works, &repository, Standing::Ok, "").await?;
            missed(works, &repository, &github, hook).await
        }
        Err(e) if github_error(&e).is_some_and(|e| !e.transient()) => {
            let why = format!("its webhook cannot be looked at or made again, so pushes may be seen only once an hour: {e:#}");
            follow::stands(works, &repository, Standing::NoHook, &why).await
        }
        Err(e) => Err(e),
    }
}

/// The id of the webhook, which is there and as it should be after this.
async fn hook(works: &Works, repository: &Repository, github: &Github) -> anyhow::Result<i64> {
    let full_name = repository.full_name();
    let url = format!("{}/hooks/github/{}", works.public_url, repository.hook_key);
    let found = match repository.hook_id {
        Some(id) => github.hook(&full_name, id).await?.map(|found| (id, found)),
        None => None,
    };
    if let Some((id, _)) = found.as_ref().filter(|(_, found)| found.is(&url)) {
        return Ok(*id);
    }
    let secret = works.seal.open_text(&Repository::row(repository.id, Secret::Hook), &repository.hook_secret)?;
    let wanted = HookWanted { url: &url, secret: &secret };
    if let Some((id, _)) = found {
        github.mend_hook(&full_name, id, &wanted).await?;
        tracing::info!(repository = full_name, hook.id = id, "the webhook was not as it should be; it is now");
        return Ok(id);
    }
    let made = github.ensure_hook(&full_name, &wanted).await?;
    let mut tx = works.db.write().await?;
    repository::set_hook(&mut tx, repository.id, made).await?;
    tx.commit().await?;
    tracing::warn!(repository = full_name, hook.id = made, "the webhook was gone; it was made again");
    Ok(made)
}

/// Has GitHub deliver again what failed, each event once a look.
async fn missed(works: &Works, repository: &Repository, github: &Github, hook: i64) -> anyhow::Result<()> {
    let now = works.clock.now();
    let full_name = repository.full_name();
    let mut tries: BTreeMap<String, Sent> = BTreeMap::new();
    for sent in github.failed_deliveries(&full_name, hook, now - KEPT).await? {
        // Newest first: the last try of each event is what counts.
        tries.entry(sent.guid.clone()).or_insert(sent);
    }
    let mut tries: Vec<Sent> = tries.into_values().filter(|sent| sent.event != "ping").collect();
    tries.sort_by_key(|sent| (sent.delivered_at, sent.id));
    let asked = head::asked_again(&mut *works.db.read().await?, repository.id).await?;
    for sent in tries {
        let often = asked.get(&sent.guid);
        if often.is_some_and(|(entry, times)| *entry == sent.id || *times >= TIMES) {
            continue;
        }
        if head::has_come(&mut *works.db.read().await?, repository.id, &sent.guid).await? {
            continue;
        }
        github.deliver_again(&full_name, hook, sent.id).await?;
        tracing::info!(
            repository = full_name,
            delivery.guid = sent.guid,
            delivery.event = sent.event,
            why = sent.status,
            "GitHub delivers again what failed"
        );
        let mut tx = works.db.write().await?;
        head::ask_again(&mut tx, repository.id, &sent.guid, sent.id, works.clock.now()).await?;
        tx.commit().await?;
    }
    Ok(())
}

/// Wakes all that waits of a repository: it was connected anew.
///
/// # Errors
/// The database's.
pub async fn wake(conn: &mut crate::db::Conn, repository: i64, now: DateTime<Utc>) -> sqlx::Result<()> {
    crate::db::effect::wake(conn, repository, now).await?;
    crate::db::delivery::wake(conn, repository, now).await?;
    request::wake(conn, repository, now).await?;
    standing::set(conn, repository, Standing::Ok, "").await?;
    standing::look_at(conn, repository, now).await
}
