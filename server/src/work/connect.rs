//! Connects a repository: webhook, deploy key, and the row that remembers both. Half a connection is finished by the next try.

use crate::clock::Clock;
use crate::db::Db;
use crate::db::repository::{self, Repository, Secret};
use crate::db::request::{self, Wanted};
use crate::github::{Github, HookWanted, RepositoryInfo};
use crate::seal::Seal;
use crate::settings::GithubSettings;
use crate::store::hex;
use anyhow::{Context as _, bail};
use ssh_key::private::Ed25519Keypair;
use ssh_key::{LineEnding, PrivateKey};

/// What a connection is made with.
#[derive(Debug)]
pub struct Connecting<'a> {
    /// The database.
    pub db: &'a Db,
    /// Seals what is secret.
    pub seal: &'a Seal,
    /// The time.
    pub clock: &'a Clock,
    /// Where GitHub is.
    pub github: &'a GithubSettings,
    /// This server's public address, without a slash at its end.
    pub public_url: &'a str,
    /// `OWNER/NAME`.
    pub full_name: &'a str,
    /// A token with the right to administer the repository's webhooks and keys.
    pub token: &'a str,
    /// The account its runs happen in.
    pub account: &'a str,
}

/// Connects, saying each step as it is done. Run again, it takes over what is there.
///
/// # Errors
/// GitHub refuses (the words say what and what to do), or the database fails.
pub async fn connect(c: &Connecting<'_>, mut say: impl FnMut(&str)) -> anyhow::Result<Repository> {
    let github = Github::new(&c.github.github_api, c.token)?;
    let info = find(&github, c.full_name).await?;
    say(&format!("found {}/{} (id {})", info.owner.login, info.name, info.id));
    let known = repository::by_id(&mut *c.db.read().await?, info.id).await?;
    let full_name = format!("{}/{}", info.owner.login, info.name);
    let mut row = match known {
        Some(known) => known,
        None => fresh(c, &info)?,
    };
    row.owner.clone_from(&info.owner.login);
    row.name.clone_from(&info.name);
    row.web_url.clone_from(&info.html_url);
    row.default_branch.clone_from(&info.default_branch);
    row.ssh_url = c.github.ssh_url(&full_name);
    row.token = c.seal.seal(&Repository::row(info.id, Secret::Token), c.token.as_bytes())?;
    row.known_hosts = known_hosts(&github, c.github).await?;
    // What GitHub is about to be given is remembered first: a cut between the two leaves nothing unknown.
    save(c, &row).await?;

    let private = PrivateKey::from_openssh(c.seal.open_text(&Repository::row(info.id, Secret::DeployKey), &row.deploy_key)?)?;
    match github.add_deploy_key(&full_name, "dockercise", &private.public_key().to_openssh()?).await {
        Ok(id) => {
            row.deploy_key_id = Some(id);
            say("added a read-only deploy key (ed25519)");
        }
        Err(e) if e.status == Some(422) && e.why.contains("already in use") && row.deploy_key_id.is_some() => {
            say("the deploy key is there")
        }
        Err(e) if e.why.contains("Deploy keys are disabled") => {
            bail!("{e}\nhelp: the organisation forbids deploy keys; an owner can allow them under Settings, Repository policies")
        }
        Err(e) => return Err(e.into()),
    }
    save(c, &row).await?;

    let secret = c.seal.open_text(&Repository::row(info.id, Secret::Hook), &row.hook_secret)?;
    let url = format!("{}/hooks/github/{}", c.public_url, row.hook_key);
    let hook = github.ensure_hook(&full_name, &HookWanted { url: &url, secret: &secret }).await?;
    row.hook_id = Some(hook);
    save(c, &row).await?;
    // The server looks at the files itself, soon.
    let mut tx = c.db.write().await?;
    request::ask(&mut tx, row.id, &Wanted::Read, "a person at the command line", c.clock.now()).await?;
    tx.commit().await?;
    say(&format!("added a webhook that delivers to {}/hooks/github/…", c.public_url));
    Ok(row)
}

async fn find(github: &Github, full_name: &str) -> anyhow::Result<RepositoryInfo> {
    let parts: Vec<&str> = full_name.split('/').collect();
    let good =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b)) && !part.starts_with('.');
    if parts.len() != 2 || !parts.iter().all(|p| good(p)) {
        bail!("`{full_name}` is no repository\nhelp: write OWNER/NAME, as in octo/app");
    }
    let info = github.repository(full_name).await.map_err(|e| {
        let help = match e.status {
            Some(404) => "\nhelp: is the name right, and may this token see it? Private repositories need the scope `repo`",
            Some(401) => "\nhelp: GitHub does not know this token; make a new one with the scopes `repo` and `admin:repo_hook`",
            _ => "",
        };
        anyhow::anyhow!("{e}{help}")
    })?;
    if info.archived {
        bail!("{full_name} is archived: nothing can be pushed to it\nhelp: unarchive it in its settings at GitHub");
    }
    if info.permissions.is_some_and(|p| !p.admin) {
        bail!(
            "the token may not administer {full_name}, which webhooks and deploy keys need\nhelp: use the token of an admin of the repository"
        );
    }
    Ok(info)
}

fn fresh(c: &Connecting<'_>, info: &RepositoryInfo) -> anyhow::Result<Repository> {
    let key = PrivateKey::new(Ed25519Keypair::from_seed(&rand::random()).into(), "dockercise").context("making a deploy key")?;
    let secret = hex(&rand::random::<[u8; 32]>());
    Ok(Repository {
        id: info.id,
        account: c.account.to_owned(),
        owner: String::new(),
        name: String::new(),
        web_url: String::new(),
        ssh_url: String::new(),
        default_branch: String::new(),
        hook_key: hex(&rand::random::<[u8; 16]>()),
        hook_id: None,
        deploy_key_id: None,
        hook_secret: c.seal.seal(&Repository::row(info.id, Secret::Hook), secret.as_bytes())?,
        deploy_key: c.seal.seal(&Repository::row(info.id, Secret::DeployKey), key.to_openssh(LineEnding::LF)?.as_bytes())?,
        token: Vec::new(),
        known_hosts: String::new(),
    })
}

async fn known_hosts(github: &Github, settings: &GithubSettings) -> anyhow::Result<String> {
    let host = settings.known_hosts_name();
    let keys = github.ssh_host_keys().await?;
    if keys.is_empty() {
        bail!("GitHub names no ssh host key (GET /meta), so its ssh server cannot be trusted\nhelp: check the address of its API");
    }
    Ok(keys.iter().map(|key| format!("{host} {key}\n")).collect())
}

async fn save(c: &Connecting<'_>, row: &Repository) -> anyhow::Result<()> {
    let mut tx = c.db.write().await?;
    repository::save(&mut tx, row, c.clock.now()).await?;
    Ok(tx.commit().await?)
}
