//! `dockercise trigger`: starts a pipeline of a running server.

use super::remote::{ServerArgs, words};
use anyhow::{Context as _, bail};
use clap::Args;
use dockercise_pipeline::diagnostic::escape;
use reqwest::StatusCode;
use serde_json::json;
use std::collections::BTreeMap;
use std::process::ExitCode;

/// Start a pipeline of a running server by hand
#[derive(Debug, Args)]
pub struct TriggerArgs {
    /// The pipeline, as its address has it [default: list those there are]
    #[arg(value_name = "PIPELINE")]
    pipeline: Option<String>,
    /// Branch or tag [default: the default branch]
    #[arg(long = "ref", value_name = "REF")]
    git_ref: Option<String>,
    /// What is said to an input
    #[arg(long, value_name = "NAME=VALUE")]
    input: Vec<String>,
    /// The account that it runs in
    #[arg(long, default_value = "local", value_name = "ACCOUNT")]
    account: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Starts it and says where it is to be seen.
///
/// # Errors
/// The server cannot be reached, or refuses: its words are in the error.
pub fn run(args: &TriggerArgs) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        match &args.pipeline {
            Some(pipeline) => start(args, pipeline).await,
            None => list(args).await,
        }
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn start(args: &TriggerArgs, pipeline: &str) -> anyhow::Result<()> {
    let mut inputs = BTreeMap::new();
    for said in &args.input {
        let (name, value) = said.split_once('=').with_context(|| format!("`--input {}` is not NAME=VALUE", escape(said)))?;
        if inputs.insert(name, value).is_some() {
            bail!("`{}` is said twice", escape(name));
        }
    }
    let remote = args.server.open()?;
    let url = remote.address(&["api", "results", &args.account, pipeline, "start"])?;
    let (status, answer) = remote.ask(remote.post(url).json(&json!({ "git_ref": args.git_ref, "inputs": inputs }))).await?;
    if status == StatusCode::NOT_FOUND {
        let (pipeline, account) = (escape(pipeline), escape(&args.account));
        bail!("there is no pipeline `{pipeline}` in the account `{account}`\nhelp: `dockercise trigger` alone lists those there are");
    }
    if status == StatusCode::ACCEPTED {
        println!("{}", words(&answer));
        return Ok(());
    }
    let href = answer["href"].as_str().context("the server's answer has no address")?;
    println!("started {} {}: {}", escape(pipeline), answer["number"], remote.address(&href.split('/').skip(1).collect::<Vec<_>>())?);
    Ok(())
}

async fn list(args: &TriggerArgs) -> anyhow::Result<()> {
    let remote = args.server.open()?;
    let (status, answer) = remote.ask(remote.get(remote.address(&["api", "pipelines"])?)).await?;
    if status == StatusCode::NOT_FOUND {
        bail!("{}", words(&answer));
    }
    let mut lines = Vec::new();
    for line in answer["pipelines"].as_array().into_iter().flatten() {
        let text = |key: &str| line[key].as_str().unwrap_or_default();
        if text("account") == args.account {
            lines.push((text("pipeline"), text("repository")));
        }
    }
    if lines.is_empty() {
        println!("there is no pipeline yet: connect a repository that has one");
    }
    let width = lines.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    for (name, repository) in lines {
        println!("{:width$}  {}", escape(name), escape(repository));
    }
    Ok(())
}
