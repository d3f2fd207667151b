//! `dockercise connect`: adds webhook and deploy key to a repository.

use crate::clock::Clock;
use crate::db::Db;
use crate::seal::Seal;
use crate::settings::{DataSettings, GithubSettings};
use crate::work::connect::{Connecting, connect};
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
    let connecting = Connecting {
        db: &db,
        seal: &seal,
        clock: &Clock::default(),
        github: &args.github,
        public_url: public_url.trim_end_matches('/'),
        full_name: &args.repository,
        token: &args.token,
        account: "local",
    };
    let connected = connect(&connecting, |words| println!("{words}")).await;
    db.close().await;
    let repository = connected?;
    println!("connected {}: push a commit with a `*.dockercise.yaml`, then look at {}", repository.full_name(), connecting.public_url);
    Ok(ExitCode::SUCCESS)
}
