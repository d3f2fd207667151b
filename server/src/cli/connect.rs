//! `dockercise connect`: adds webhook and deploy key to a repository.

use crate::clock::Clock;
use crate::db::Db;
use crate::db::connection::{self, Connection, Stands, StepName, Want};
use crate::github::{Github, Limits, Refusal};
use crate::seal::Seal;
use crate::settings::{DataSettings, GithubSettings};
use crate::work::connect::{Connecting, HELD, named, walk};
use anyhow::Context as _;
use clap::Args;
use std::process::ExitCode;

/// Connect a GitHub repository: adds a webhook and a read-only deploy key
#[derive(Debug, Args)]
pub struct ConnectArgs {
    /// The repository, as octo/app
    #[arg(value_name = "OWNER/REPO")]
    repository: String,
    /// A GitHub token that may administer the repository's webhooks and keys (scopes repo, admin:repo_hook).
    /// Better given in the environment, where other users of this computer cannot read it
    #[arg(long, env = "DOCKERCISE_GITHUB_TOKEN", hide_env_values = true)]
    token: String,
    #[command(flatten)]
    data: DataSettings,
    #[command(flatten)]
    github: GithubSettings,
}

/// Connects.
///
/// # Errors
/// GitHub refuses, or the database cannot be used.
pub fn run(args: &ConnectArgs) -> anyhow::Result<ExitCode> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(connect_one(args))
}

async fn connect_one(args: &ConnectArgs) -> anyhow::Result<ExitCode> {
    let folder = &args.data.data;
    std::fs::create_dir_all(folder).with_context(|| format!("making the data folder {}", folder.display()))?;
    let db = Db::open(&folder.join("dockercise.db")).await?;
    let seal = Seal::open(&folder.join("key"))?;
    let public_url = args.data.public_url.clone().unwrap_or_else(|| "http://127.0.0.1:8080".to_owned());
    let clock = Clock::default();
    let public_url = public_url.trim_end_matches('/');
    let limits = Limits::default();
    let connecting = Connecting { db: &db, seal: &seal, clock: &clock, github: &args.github, public_url, limits: &limits };
    let connected = connect(&connecting, args).await;
    db.close().await;
    println!("connected {}: push a commit with a `*.dockercise.yaml`, then look at {public_url}", connected?);
    Ok(ExitCode::SUCCESS)
}

/// As from the page, up to the webhook: whether GitHub reaches the server is the server's to see. Returns the full name.
async fn connect(c: &Connecting<'_>, args: &ConnectArgs) -> anyhow::Result<String> {
    let github = Github::new(&args.github.github_api, &args.token)?;
    let info = named(&github, &args.repository, &args.github.github_web).await.map_err(told)?;
    let full_name = format!("{}/{}", info.owner.login, info.name);
    let steps = [StepName::Find, StepName::Key, StepName::Hook];
    let now = c.clock.now();
    let mut row = Connection::asked(info.id, &full_name, Want::Connect, &steps, (None, "a person at the command line"), now);
    row.token = c.seal.seal(&Connection::row(info.id), args.token.as_bytes())?;
    let mut tx = c.db.write().await?;
    connection::begin(&mut tx, &row, now).await?;
    let claimed = connection::claim_one(&mut tx, info.id, now + HELD).await?;
    tx.commit().await?;
    let row = walk(c, claimed, |words| println!("{words}")).await?;
    if row.state == Stands::Done {
        return Ok(row.full_name);
    }
    let failed = row.steps.iter().find_map(|step| Some((step.error.clone()?, step.help.clone().unwrap_or_default())));
    let (error, help) = failed.unwrap_or_else(|| ("it is being connected by somebody else".to_owned(), "wait for that".to_owned()));
    Err(told(Refusal { error, help }))
}

fn told(refusal: Refusal) -> anyhow::Error {
    anyhow::anyhow!("{}\nhelp: {}", refusal.error, refusal.help)
}
