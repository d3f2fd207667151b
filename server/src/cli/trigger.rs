//! `dockercise trigger`: starts a pipeline of a running server.

use anyhow::{Context as _, bail};
use clap::Args;
use dockercise_pipeline::diagnostic::escape;
use reqwest::{Client, StatusCode, Url};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::process::ExitCode;
use std::time::Duration;

/// Longer than the server waits for GitHub.
const PATIENCE: Duration = Duration::from_secs(60);

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
    /// Address of the server
    #[arg(long, env = "DOCKERCISE_PUBLIC_URL", default_value = "http://127.0.0.1:8080", value_name = "URL")]
    server: Url,
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
    let url = address(args, &["api", "results", &args.account, pipeline, "start"])?;
    // The header that no page of another site can set.
    let call = client()?.post(url).header("x-dockercise", "trigger").json(&json!({ "git_ref": args.git_ref, "inputs": inputs }));
    let (status, answer) = ask(args, call).await?;
    if status == StatusCode::NOT_FOUND {
        let (pipeline, account) = (escape(pipeline), escape(&args.account));
        bail!("there is no pipeline `{pipeline}` in the account `{account}`\nhelp: `dockercise trigger` alone lists those there are");
    }
    if status == StatusCode::ACCEPTED {
        println!("{}", words(&answer));
        return Ok(());
    }
    let href = answer["href"].as_str().context("the server's answer has no address")?;
    println!("started {} {}: {}", escape(pipeline), answer["number"], address(args, &href.split('/').skip(1).collect::<Vec<_>>())?);
    Ok(())
}

async fn list(args: &TriggerArgs) -> anyhow::Result<()> {
    let (status, answer) = ask(args, client()?.get(address(args, &["api", "pipelines"])?)).await?;
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

fn client() -> anyhow::Result<Client> {
    Ok(Client::builder().timeout(PATIENCE).build()?)
}

/// The address of something at the server; each part is one part of it, whatever it holds.
fn address(args: &TriggerArgs, parts: &[&str]) -> anyhow::Result<Url> {
    let mut url = args.server.clone();
    let mut path = url.path_segments_mut().map_err(|()| anyhow::anyhow!("`--server {}` is no address of a server", args.server))?;
    path.pop_if_empty().extend(parts);
    drop(path);
    Ok(url)
}

/// What the server answers, where it does what it is asked; and that there is no such thing, for which only the caller has words.
async fn ask(args: &TriggerArgs, call: reqwest::RequestBuilder) -> anyhow::Result<(StatusCode, Value)> {
    let help = "is it running? its address is given with --server or DOCKERCISE_PUBLIC_URL";
    // Its cause before the help, which is a line of its own and the last.
    let answer = match call.send().await {
        Ok(answer) => answer,
        Err(e) => bail!("the server at {} cannot be reached: {:#}\nhelp: {help}", args.server, anyhow::Error::from(e.without_url())),
    };
    let status = answer.status();
    let body: Value =
        answer.json().await.with_context(|| format!("{} answers {status}, but not as dockercise does\nhelp: {help}", args.server))?;
    if status.is_success() || status == StatusCode::NOT_FOUND { Ok((status, body)) } else { bail!("{}", words(&body)) }
}

/// What the server says, and its help on a line of its own.
fn words(problem: &Value) -> String {
    let help = problem["help"].as_str().map_or(String::new(), |help| format!("\nhelp: {}", escape(help)));
    format!("{}{help}", escape(problem["error"].as_str().unwrap_or("the server refused, and did not say why")))
}
