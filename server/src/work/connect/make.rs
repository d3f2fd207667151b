//! The steps that make something: the row, the deploy key, the webhook.

use super::{Connecting, Stop, client, hook_url, known, public_key, refused};
use crate::db::connection::Connection;
use crate::db::head;
use crate::db::repository::{self, Repository, Secret};
use crate::db::request::{self, Wanted};
use crate::github::{Github, GithubError, HookWanted, Refusal, RepositoryInfo, archived, no_admin};
use crate::settings::GithubSettings;
use crate::store::hex;
use crate::work::looks::wake;
use anyhow::Context as _;
use ssh_key::private::Ed25519Keypair;
use ssh_key::{LineEnding, PrivateKey};

/// The repository that a person names, for whom does not know its number.
///
/// # Errors
/// It is no name, or GitHub refuses, in words.
pub async fn named(github: &Github, full_name: &str, web: &str) -> Result<RepositoryInfo, Refusal> {
    let parts: Vec<&str> = full_name.split('/').collect();
    let good =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) && !part.starts_with('.');
    if parts.len() != 2 || !parts.iter().all(|p| good(p)) {
        return Err(Refusal::new(format!("`{full_name}` is no repository"), "write OWNER/NAME, as in octo/app"));
    }
    let info = github.repository(full_name).await.map_err(|e| Refusal::of(&e, full_name, web))?;
    match judged(&info) {
        Some(refusal) => Err(refusal),
        None => Ok(info),
    }
}

/// What of the repository itself stands in the way.
fn judged(info: &RepositoryInfo) -> Option<Refusal> {
    let full_name = format!("{}/{}", info.owner.login, info.name);
    if info.archived {
        return Some(archived(&full_name));
    }
    info.permissions.is_some_and(|p| !p.admin).then(|| no_admin(&full_name))
}

/// Looks at the repository, and writes it down with new secrets where it was not connected before.
pub async fn find(c: &Connecting<'_>, row: &mut Connection) -> Result<String, Stop> {
    let github = client(c, row)?;
    let info = match github.repository_by_id(row.repository).await {
        Ok(info) => info,
        Err(e) => return Err(refused(c, row, e)),
    };
    let full_name = format!("{}/{}", info.owner.login, info.name);
    row.full_name.clone_from(&full_name);
    if let Some(refusal) = judged(&info) {
        // Where more than the right is missing, GitHub says so there.
        let why = if info.archived { None } else { github.hook_at(&full_name, "").await.err().filter(|e| e.status == Some(403)) };
        return Err(why.map_or(Stop::Refused(refusal), |e| refused(c, row, e)));
    }
    let hosts = match known_hosts(&github, c.github).await {
        Ok(Ok(hosts)) => hosts,
        Ok(Err(refusal)) => return Err(Stop::Refused(refusal)),
        Err(e) => return Err(refused(c, row, e)),
    };
    let before = known(c, row).await?;
    row.fresh |= before.as_ref().is_none_or(|r| r.disconnected_at.is_some() || r.hook_id.is_none());
    let mut repository = match before {
        Some(before) if before.disconnected_at.is_none() => before,
        // What was forgotten is made anew: an old address or key opens nothing.
        _ => fresh(c, &info, &row.account)?,
    };
    repository.owner.clone_from(&info.owner.login);
    repository.name.clone_from(&info.name);
    repository.web_url.clone_from(&info.html_url);
    repository.default_branch.clone_from(&info.default_branch);
    repository.ssh_url = c.github.ssh_url(&full_name);
    repository.known_hosts = hosts;
    let token = c.seal.open_text(&Connection::row(row.repository), &row.token)?;
    repository.token = c.seal.seal(&Repository::row(info.id, Secret::Token), token.as_bytes())?;
    // What GitHub is about to be given is remembered first: a cut between the two leaves nothing unknown.
    keep(c, &repository).await?;
    Ok(format!("found {full_name} (id {})", info.id))
}

/// Adds the deploy key, or finds it there.
pub async fn key(c: &Connecting<'_>, row: &Connection) -> Result<String, Stop> {
    let github = client(c, row)?;
    let mut repository = known(c, row).await?.context("the repository's row is gone")?;
    let public = public_key(c, &repository)?;
    let added = match github.add_deploy_key(&row.full_name, "dockercise", &public).await {
        Err(e) if e.status == Some(422) && e.why.contains("already in use") => {
            match github.deploy_key_like(&row.full_name, &public).await {
                Ok(Some(id)) => {
                    repository.deploy_key_id = Some(id);
                    keep(c, &repository).await?;
                    return Ok("the deploy key is there".to_owned());
                }
                Ok(None) => {
                    // Some other repository has it: nobody but us knew it, so it is not to be trusted any more.
                    let another = deploy_key()?;
                    repository.deploy_key = c.seal.seal(&Repository::row(repository.id, Secret::DeployKey), another.as_bytes())?;
                    keep(c, &repository).await?;
                    return Err(Stop::Later { error: e.to_string(), at: Some(c.clock.now()) });
                }
                Err(e) => Err(e),
            }
        }
        other => other,
    };
    match added {
        Ok(id) => {
            repository.deploy_key_id = Some(id);
            keep(c, &repository).await?;
            Ok("added a read-only deploy key (ed25519)".to_owned())
        }
        Err(e) => Err(refused(c, row, e)),
    }
}

/// Adds the webhook, or takes over the one that is there. `resumed`: it may have been added before.
pub async fn hook(c: &Connecting<'_>, row: &Connection, resumed: bool) -> Result<String, Stop> {
    let github = client(c, row)?;
    let mut repository = known(c, row).await?.context("the repository's row is gone")?;
    let secret = c.seal.open_text(&Repository::row(repository.id, Secret::Hook), &repository.hook_secret)?;
    let url = hook_url(c, &repository);
    let hook = match github.ensure_hook(&row.full_name, &HookWanted { url: &url, secret: &secret }).await {
        Ok(hook) => hook,
        Err(e) => return Err(refused(c, row, e)),
    };
    // GitHub pings new ones by itself.
    let known = repository.hook_id == Some(hook);
    if (known || resumed)
        && let Err(e) = github.ping_hook(&row.full_name, hook).await
    {
        return Err(refused(c, row, e));
    }
    repository.hook_id = Some(hook);
    // What is there already is not run; what is pushed from now on is.
    let heads_known = head::known(&mut *c.db.read().await?, repository.id).await?;
    let branches = if heads_known { Ok(Vec::new()) } else { github.branches(&row.full_name).await };
    let branches = match branches {
        Ok(branches) => branches,
        Err(e) => return Err(refused(c, row, e)),
    };
    let heads: Vec<(String, String)> = branches.into_iter().map(|b| (format!("refs/heads/{}", b.name), b.sha)).collect();
    let mut tx = c.db.write().await?;
    repository::save(&mut tx, &repository, c.clock.now()).await?;
    head::remember(&mut tx, repository.id, &heads).await?;
    // And at what waited for another token.
    wake(&mut tx, repository.id, c.clock.now()).await?;
    // The server looks at the files itself, soon.
    request::ask(&mut tx, repository.id, &Wanted::Read, &row.asked_by, c.clock.now()).await?;
    tx.commit().await?;
    let added = if known { "took over the webhook that delivers" } else { "added a webhook that delivers" };
    Ok(format!("{added} to {}/hooks/github/…", c.public_url))
}

fn fresh(c: &Connecting<'_>, info: &RepositoryInfo, account: &str) -> anyhow::Result<Repository> {
    let secret = hex(&rand::random::<[u8; 32]>());
    Ok(Repository {
        id: info.id,
        account: account.to_owned(),
        owner: String::new(),
        name: String::new(),
        web_url: String::new(),
        ssh_url: String::new(),
        default_branch: String::new(),
        hook_key: hex(&rand::random::<[u8; 16]>()),
        hook_id: None,
        deploy_key_id: None,
        hook_secret: c.seal.seal(&Repository::row(info.id, Secret::Hook), secret.as_bytes())?,
        deploy_key: c.seal.seal(&Repository::row(info.id, Secret::DeployKey), deploy_key()?.as_bytes())?,
        token: Vec::new(),
        known_hosts: String::new(),
        verified_at: None,
        disconnected_at: None,
    })
}

/// A new private key in OpenSSH's format.
fn deploy_key() -> anyhow::Result<String> {
    let key = PrivateKey::new(Ed25519Keypair::from_seed(&rand::random()).into(), "dockercise").context("making a deploy key")?;
    Ok(key.to_openssh(LineEnding::LF)?.to_string())
}

async fn known_hosts(github: &Github, settings: &GithubSettings) -> Result<Result<String, Refusal>, GithubError> {
    let host = settings.known_hosts_name();
    let keys = github.ssh_host_keys().await?;
    if keys.is_empty() {
        let words = "GitHub names no ssh host key (GET /meta), so its ssh server cannot be trusted";
        return Ok(Err(Refusal::new(words, "check the address of its API")));
    }
    Ok(Ok(keys.iter().map(|key| format!("{host} {key}\n")).collect()))
}

async fn keep(c: &Connecting<'_>, repository: &Repository) -> sqlx::Result<()> {
    let mut tx = c.db.write().await?;
    repository::save(&mut tx, repository, c.clock.now()).await?;
    tx.commit().await
}
