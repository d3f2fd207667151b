//! The steps that take away again what was made. What is gone already is fine; what cannot be removed is told.

use super::{Connecting, Stop, client, hook_url, known, public_key, refused};
use crate::db::connection::Connection;
use crate::db::repository::{self, Repository};
use crate::db::run;
use crate::github::{Github, GithubError, Refusal};

/// Runs that are being cancelled are looked at this often.
const LOOK: chrono::Duration = chrono::Duration::seconds(2);

/// The repository as GitHub calls it now; none where it is not there any more, or hidden.
async fn there(github: &Github, id: i64) -> Result<Option<String>, GithubError> {
    match github.repository_by_id(id).await {
        Ok(info) => Ok(Some(format!("{}/{}", info.owner.login, info.name))),
        Err(e) if e.status == Some(404) => Ok(None),
        Err(e) => Err(e),
    }
}

/// Removes the webhook.
pub async fn hook(c: &Connecting<'_>, row: &Connection) -> Result<String, Stop> {
    let (github, Some(repository)) = (client(c, row)?, known(c, row).await?) else { return Ok("there is no webhook".to_owned()) };
    let removed = async {
        let Some(full_name) = there(&github, repository.id).await? else { return Ok("the repository is gone, its webhook with it") };
        let id = match repository.hook_id {
            Some(id) => Some(id),
            None => github.hook_at(&full_name, &hook_url(c, &repository)).await?,
        };
        let Some(id) = id else { return Ok("there is no webhook") };
        github.remove_hook(&full_name, id).await?;
        Ok("removed the webhook")
    };
    match removed.await {
        Ok(words) => {
            keep(c, Repository { hook_id: None, ..repository }).await?;
            Ok(words.to_owned())
        }
        Err(e) => Err(by_hand(refused(c, row, e), &format!("{}/{}/settings/hooks", c.github.github_web, row.full_name))),
    }
}

/// Removes the deploy key.
pub async fn key(c: &Connecting<'_>, row: &Connection) -> Result<String, Stop> {
    let (github, Some(repository)) = (client(c, row)?, known(c, row).await?) else { return Ok("there is no deploy key".to_owned()) };
    let removed = async {
        let Some(full_name) = there(&github, repository.id).await? else { return Ok("the repository is gone, its deploy key with it") };
        let id = match (repository.deploy_key_id, public_key(c, &repository)) {
            (Some(id), _) => Some(id),
            (None, Ok(public)) => github.deploy_key_like(&full_name, &public).await?,
            (None, Err(_)) => None,
        };
        let Some(id) = id else { return Ok("there is no deploy key") };
        github.remove_deploy_key(&full_name, id).await?;
        Ok("removed the deploy key")
    };
    match removed.await {
        Ok(words) => {
            keep(c, Repository { deploy_key_id: None, ..repository }).await?;
            Ok(words.to_owned())
        }
        Err(e) => Err(by_hand(refused(c, row, e), &format!("{}/{}/settings/keys", c.github.github_web, row.full_name))),
    }
}

/// Forgets key, secret and token, once nothing that runs needs them.
pub async fn forget(c: &Connecting<'_>, row: &Connection) -> Result<String, Stop> {
    let live = run::live_in(&mut *c.db.read().await?, row.repository).await?;
    if !live.is_empty() {
        let words = format!("waiting for {} of its runs to be over", live.len());
        return Err(Stop::Wait(words, c.clock.now() + LOOK));
    }
    let mut tx = c.db.write().await?;
    repository::forget(&mut tx, row.repository).await?;
    tx.commit().await?;
    Ok("forgot its key, its webhook's secret and its token; its runs stay".to_owned())
}

/// What GitHub does not let us remove a person can.
fn by_hand(stop: Stop, at: &str) -> Stop {
    match stop {
        Stop::Refused(refusal) => Stop::Left(Refusal::new(refusal.error, format!("remove it by hand: {at}; {}", refusal.help))),
        other => other,
    }
}

async fn keep(c: &Connecting<'_>, repository: Repository) -> sqlx::Result<()> {
    let mut tx = c.db.write().await?;
    repository::save(&mut tx, &repository, c.clock.now()).await?;
    tx.commit().await
}
