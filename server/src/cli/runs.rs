//! `dockercise runs`, `approve`, `cancel`, `rerun`: runs of a running server.

use super::remote::{Remote, RunArg, ServerArgs};
use anyhow::{Context as _, bail};
use clap::Args;
use dockercise_pipeline::diagnostic::escape;
use reqwest::StatusCode;
use serde_json::Value;
use std::process::ExitCode;

/// List a pipeline's runs, or all pipelines
#[derive(Debug, Args)]
pub struct RunsArgs {
    /// The pipeline, as its address has it [default: all, with their newest runs]
    #[arg(value_name = "PIPELINE")]
    pipeline: Option<String>,
    /// How many
    #[arg(long, default_value_t = 20, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=200))]
    limit: u32,
    /// The account that they run in
    #[arg(long, default_value = "local", value_name = "ACCOUNT")]
    account: String,
    #[command(flatten)]
    server: ServerArgs,
}

/// Click at a gate that a run waits at
#[derive(Debug, Args)]
pub struct ApproveArgs {
    #[command(flatten)]
    run: RunArg,
    /// The pipeline or step that the gate guards [default: the only one that waits]
    #[arg(long, value_name = "NAME")]
    gate: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

/// Cancel a run
#[derive(Debug, Args)]
pub struct CancelArgs {
    #[command(flatten)]
    run: RunArg,
    #[command(flatten)]
    server: ServerArgs,
}

/// Run again, the same commit under a new number
#[derive(Debug, Args)]
pub struct RerunArgs {
    #[command(flatten)]
    run: RunArg,
    /// Keep what passed, and run the rest
    #[arg(long)]
    failed: bool,
    #[command(flatten)]
    server: ServerArgs,
}

fn wait<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work)
}

/// Lists.
///
/// # Errors
/// The server cannot be reached, or refuses.
pub fn list(args: &RunsArgs) -> anyhow::Result<ExitCode> {
    wait(async {
        let remote = args.server.open()?;
        let Some(pipeline) = &args.pipeline else { return all(&remote, &args.account).await };
        let mut url = remote.address(&["api", "results", &args.account, pipeline])?;
        url.query_pairs_mut().append_pair("limit", &args.limit.to_string());
        let (status, answer) = remote.ask(remote.get(url)).await?;
        if status == StatusCode::NOT_FOUND {
            bail!(
                "there is no pipeline `{}` in the account `{}`\nhelp: `dockercise runs` alone lists all",
                escape(pipeline),
                escape(&args.account)
            );
        }
        for run in answer["runs"].as_array().into_iter().flatten() {
            println!("{}", line(pipeline, run));
        }
        Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

async fn all(remote: &Remote, account: &str) -> anyhow::Result<()> {
    let (_, answer) = remote.ask(remote.get(remote.address(&["api", "pipelines"])?)).await?;
    let of_account = answer["pipelines"].as_array().into_iter().flatten().filter(|line| line["account"].as_str() == Some(account));
    for pipeline in of_account {
        let name = pipeline["pipeline"].as_str().unwrap_or_default();
        match pipeline["runs"].get(0) {
            Some(run) => println!("{}", line(name, run)),
            None => println!("{}  has not run yet", escape(name)),
        }
    }
    Ok(())
}

/// A run in a line.
fn line(pipeline: &str, run: &Value) -> String {
    let text = |key: &str| run[key].as_str().unwrap_or_default();
    let sha: String = text("sha").chars().take(8).collect();
    let place = format!("{}/{}", escape(pipeline), run["number"]);
    let on = run["branch"].as_str().or(run["tag"].as_str()).unwrap_or_default();
    format!("{place:24}  {:12}  {sha}  {}  {}", text("state"), escape(on), escape(text("title")))
}

async fn view(remote: &Remote, run: &RunArg) -> anyhow::Result<Value> {
    let (status, view) = remote.ask(remote.get(remote.of_run(run, &[])?)).await?;
    if status == StatusCode::NOT_FOUND {
        bail!(
            "there is no run `{}` in the account `{}`\nhelp: `dockercise runs` lists those there are",
            escape(&run.run),
            escape(&run.account)
        );
    }
    Ok(view)
}

/// The same run, by its number: what is the newest may be another at the next look.
fn numbered(run: &RunArg, view: &Value) -> anyhow::Result<RunArg> {
    let (pipeline, number) = (view["pipeline"].as_str().context("the run has no name")?, &view["number"]);
    Ok(RunArg { run: format!("{pipeline}/{number}"), account: run.account.clone() })
}

/// Clicks.
///
/// # Errors
/// The server cannot be reached, or refuses; or it is not clear what is meant.
pub fn approve(args: &ApproveArgs) -> anyhow::Result<ExitCode> {
    wait(async {
        let remote = args.server.open()?;
        let view = view(&remote, &args.run).await?;
        let named = |gate: &Value| {
            let of = |list: &str, key: &str| {
                let all = view[list].as_array().into_iter().flatten();
                all.clone().find(|one| !gate[key].is_null() && one["index"] == gate[key])?["name"].as_str().map(str::to_owned)
            };
            of("steps", "step").or_else(|| of("pipelines", "pipeline")).unwrap_or_default()
        };
        let waiting: Vec<&Value> = view["gates"].as_array().into_iter().flatten().filter(|gate| gate["state"] == "waiting").collect();
        let meant: Vec<&&Value> = waiting.iter().filter(|gate| args.gate.as_ref().is_none_or(|name| named(gate) == *name)).collect();
        let names = || waiting.iter().map(|gate| escape(&named(gate)).to_string()).collect::<Vec<_>>().join(", ");
        let gate = match meant.as_slice() {
            [one] => one["index"].to_string(),
            [] if waiting.is_empty() => bail!("nothing of this run waits for a click"),
            _ => bail!("it is not clear which gate is meant\nhelp: name one with --gate: {}", names()),
        };
        let run = numbered(&args.run, &view)?;
        let (_, _) = remote.ask(remote.post(remote.of_run(&run, &["gates", &gate, "approve"])?)).await?;
        println!("{} goes on: {}", escape(&run.run), page(&remote, &run)?);
        Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Cancels.
///
/// # Errors
/// The server cannot be reached, or refuses.
pub fn cancel(args: &CancelArgs) -> anyhow::Result<ExitCode> {
    wait(async {
        let remote = args.server.open()?;
        let run = numbered(&args.run, &view(&remote, &args.run).await?)?;
        remote.ask(remote.post(remote.of_run(&run, &["cancel"])?)).await?;
        println!("{} is cancelled: {}", escape(&run.run), page(&remote, &run)?);
        Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Runs again.
///
/// # Errors
/// The server cannot be reached, or refuses.
pub fn rerun(args: &RerunArgs) -> anyhow::Result<ExitCode> {
    wait(async {
        let remote = args.server.open()?;
        let run = numbered(&args.run, &view(&remote, &args.run).await?)?;
        let mut url = remote.of_run(&run, &["rerun"])?;
        if args.failed {
            url.query_pairs_mut().append_pair("from", "failed");
        }
        let (_, place) = remote.ask(remote.post(url)).await?;
        let again = numbered(&run, &place)?;
        println!("{} runs again as {}: {}", escape(&run.run), escape(&again.run), page(&remote, &again)?);
        Ok(())
    })?;
    Ok(ExitCode::SUCCESS)
}

/// The page of a run.
fn page(remote: &Remote, run: &RunArg) -> anyhow::Result<reqwest::Url> {
    let (pipeline, number) = run.run.split_once('/').unwrap_or((&run.run, "latest"));
    remote.address(&["results", &run.account, pipeline, number])
}
