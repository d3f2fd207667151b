//! `dockercise secret`: sets, lists and removes secrets, in the data folder itself.

use crate::clock::Clock;
use crate::db::audit::By;
use crate::db::secret::{self, Place};
use crate::db::{Conn, Db, repository};
use crate::seal::Seal;
use crate::secrets;
use crate::settings::DataSettings;
use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use std::io::{IsTerminal as _, Read as _};
use std::process::ExitCode;

/// Who stands in the audit trail.
const BY: &str = "a person at the command line";
const ACCOUNT: &str = "local";

/// Set, list or remove the secrets that steps get by `env: {NAME: {secret: name}}`
#[derive(Debug, Args)]
pub struct SecretArgs {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Set a secret to what comes on standard input, without a newline at its end
    Set(One),
    /// List the secrets' names; no value is ever shown
    List(All),
    /// Remove a secret
    Remove(One),
}

#[derive(Debug, Args)]
struct One {
    /// The secret's name, as pipeline files write it
    name: String,
    /// Only for this repository, as octo/app [default: all repositories; one that has its own by this name gets that]
    #[arg(long, value_name = "OWNER/REPO")]
    repository: Option<String>,
    #[command(flatten)]
    data: DataSettings,
}

#[derive(Debug, Args)]
struct All {
    #[command(flatten)]
    data: DataSettings,
}

/// Does what is asked.
///
/// # Errors
/// Name or value cannot be taken, or the data folder cannot be used.
pub fn run(args: &SecretArgs) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    match &args.verb {
        Verb::Set(one) => {
            secrets::check_name(&one.name)?;
            let value = read()?;
            runtime.block_on(set(one, &value))?;
        }
        Verb::List(all) => runtime.block_on(list(&all.data))?,
        Verb::Remove(one) => runtime.block_on(remove(one))?,
    }
    Ok(ExitCode::SUCCESS)
}

fn read() -> anyhow::Result<Vec<u8>> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        bail!(
            "the secret's value comes on standard input, not from a terminal that shows it\nhelp: dockercise secret set NAME < file, or: read -rs V; printf %s \"$V\" | dockercise secret set NAME"
        );
    }
    let mut value = Vec::new();
    stdin.lock().take(secrets::LONGEST as u64 + 2).read_to_end(&mut value).context("reading the secret's value")?;
    if value.pop_if(|b| *b == b'\n').is_some() {
        value.pop_if(|b| *b == b'\r');
    }
    secrets::check_value(&value)?;
    Ok(value)
}

async fn set(one: &One, value: &[u8]) -> anyhow::Result<()> {
    let (db, seal) = open(&one.data).await?;
    let mut tx = db.write().await?;
    let repository = id_of(&mut tx, one).await?;
    let place = Place { account: ACCOUNT, repository, name: &one.name };
    secrets::set(&mut tx, &seal, place, value, Clock::default().now(), By::words(BY)).await?;
    tx.commit().await?;
    db.close().await;
    println!("set {} for {}; steps that start from now on get it", one.name, one.repository.as_deref().unwrap_or("all repositories"));
    Ok(())
}

async fn list(data: &DataSettings) -> anyhow::Result<()> {
    let (db, _) = open(data).await?;
    let secrets = secret::list(&mut *db.read().await?, ACCOUNT).await?;
    db.close().await;
    if secrets.is_empty() {
        println!("there are no secrets");
    }
    let width = |f: fn(&secret::Listed) -> &str| secrets.iter().map(|s| f(s).len()).max().unwrap_or(0);
    let whose: fn(&secret::Listed) -> &str = |s| s.repository.as_deref().unwrap_or("all repositories");
    let (names, owners) = (width(|s| &s.name), width(whose));
    for s in &secrets {
        let set_at = s.updated_at.format("%Y-%m-%d %H:%M UTC");
        println!("{:names$}  {:owners$}  set {set_at} by {}", s.name, whose(s), s.updated_by);
    }
    Ok(())
}

async fn remove(one: &One) -> anyhow::Result<()> {
    let (db, _) = open(&one.data).await?;
    let mut tx = db.write().await?;
    let repository = id_of(&mut tx, one).await?;
    let whose = one.repository.as_deref().unwrap_or("all repositories");
    if !secrets::remove(&mut tx, Place { account: ACCOUNT, repository, name: &one.name }, Clock::default().now(), By::words(BY)).await? {
        bail!("there is no secret `{}` for {whose}\nhelp: dockercise secret list", one.name.escape_debug());
    }
    tx.commit().await?;
    db.close().await;
    println!("removed {} for {whose}", one.name);
    Ok(())
}

async fn open(data: &DataSettings) -> anyhow::Result<(Db, Seal)> {
    let folder = &data.data;
    std::fs::create_dir_all(folder).with_context(|| format!("making the data folder {}", folder.display()))?;
    Ok((Db::open(&folder.join("dockercise.db")).await?, Seal::open(&folder.join("key"))?))
}

async fn id_of(conn: &mut Conn, one: &One) -> anyhow::Result<Option<i64>> {
    let Some(full_name) = &one.repository else { return Ok(None) };
    let (owner, name) = full_name.split_once('/').unwrap_or((full_name, ""));
    match repository::by_name(conn, ACCOUNT, owner, name).await? {
        Some(found) => Ok(Some(found.id)),
        None => bail!("`{}` is not connected\nhelp: dockercise connect OWNER/REPO", full_name.escape_debug()),
    }
}
