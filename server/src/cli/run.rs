//! `dockercise run`: this folder's pipelines on this computer's Docker engine, without a server.

use super::paths::Outputs;
use anyhow::Context as _;
use dockercise_local::choose::Asked;
use dockercise_local::results::Results;
use dockercise_local::show::Plain;
use dockercise_local::{Options, Stop, plan};
use dockercise_pipeline::diagnostic::render::{render, summary};
use dockercise_pipeline::trigger::Trigger;
use dockercise_runner::folder::Folder;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// Run this folder's pipelines on this computer's Docker engine, without a server
#[derive(Debug, clap::Args)]
pub struct RunArgs {
    /// Pipeline files, or folders that hold them: only these are run [default: the current folder]
    #[arg(value_name = "PATH")]
    paths: Vec<PathBuf>,
    /// Run this step, with all that it waits for and nothing else
    #[arg(long, value_name = "NAME")]
    step: Vec<String>,
    /// Run this pipeline, with all that it waits for
    #[arg(long, value_name = "NAME")]
    pipeline: Vec<String>,
    /// Open every gate without asking
    #[arg(long)]
    yes: bool,
    /// Folder for logs and values [default: .dockercise/results/N]
    #[arg(long, value_name = "DIR")]
    results: Option<PathBuf>,
    /// Docker engine, as unix:///var/run/docker.sock [default: DOCKER_HOST or the usual socket]
    #[arg(long, env = "DOCKERCISE_DOCKER_HOST", value_name = "URL")]
    docker_host: Option<String>,
    /// How many steps may run at once [default: 8, or twice the processors if that is more]
    #[arg(long, value_name = "N")]
    slots: Option<usize>,
}

/// Exit code for a command line or pipeline files that are wrong: nothing was run.
const NOTHING_RUN: u8 = 2;

/// Runs it; the exit code says how it ended.
///
/// # Errors
/// The engine or the disk cannot be used.
pub fn run(args: RunArgs) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let code = runtime.block_on(async {
        let stop = stop_by_signals()?;
        run_until(args, stop).await
    });
    // Blocking reads of the keeper's stream must not hold the process back.
    runtime.shutdown_background();
    code
}

async fn run_until(args: RunArgs, stop: Stop) -> anyhow::Result<ExitCode> {
    let mut to = Outputs::standard();
    let first = args.paths.first().map_or(Path::new("."), PathBuf::as_path);
    let start = if first.is_file() { first.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new(".")) } else { first };
    let folder = Folder::find(start).await?;
    let made = plan::make(&folder).await?;
    if !made.compiled.diagnostics.is_empty() {
        let text = format!("{}{}\n", render(&made.compiled.diagnostics, to.style()), summary(&made.compiled.diagnostics));
        to.err(&text)?;
    }
    let Some(plan) = made.compiled.plan else { return Ok(ExitCode::from(NOTHING_RUN)) };
    let branch = folder.head().and_then(|head| head.branch.clone()).unwrap_or_else(|| "main".to_owned());
    let trigger = Trigger::Push { branch };
    let asked = Asked { steps: args.step, pipelines: args.pipeline, below: below(&folder, &args.paths)? };
    let chosen = match asked.choose(&plan, &trigger) {
        Ok(chosen) => chosen,
        Err(words) => {
            to.err(&format!("error: {words}\n"))?;
            return Ok(ExitCode::from(NOTHING_RUN));
        }
    };
    let results = match &args.results {
        Some(dir) => Results::at(dir)?,
        None => Results::number(folder.root())?,
    };
    let folder = folder.without(results.dir());
    let show = Box::new(|run: &dockercise_pipeline::run::Run| -> Box<dyn dockercise_local::show::Show> {
        Box::new(Plain::new(std::io::stdout(), false, run))
    });
    let Ok(slots) = args.slots.map(std::num::NonZero::try_from).transpose() else {
        anyhow::bail!("`--slots 0` would run nothing");
    };
    let options = Options {
        folder,
        plan,
        chosen,
        trigger,
        results,
        docker_host: args.docker_host,
        slots: slots.map(std::num::NonZero::get),
        yes: args.yes,
        show,
    };
    let ending = dockercise_local::run(options, stop).await?;
    Ok(ExitCode::from(ending.code()))
}

/// The paths from the folder's root; with none given the current folder's.
fn below(folder: &Folder, paths: &[PathBuf]) -> anyhow::Result<Vec<String>> {
    let here = [PathBuf::from(".")];
    let paths = if paths.is_empty() { &here[..] } else { paths };
    let of = |path: &PathBuf| {
        let whole = path.canonicalize().with_context(|| format!("there is no file or folder {}", path.display()))?;
        let below = whole.strip_prefix(folder.root());
        let below = below.with_context(|| format!("{} is not in {}", path.display(), folder.root().display()))?;
        Ok(below.to_string_lossy().into_owned())
    };
    paths.iter().map(of).collect()
}

/// The first ctrl-c (or SIGTERM) stops; the second waits for nothing.
fn stop_by_signals() -> anyhow::Result<Stop> {
    let stop = Stop::default();
    let told = stop.clone();
    let mut interrupt = signal(SignalKind::interrupt()).context("cannot listen for SIGINT")?;
    let mut term = signal(SignalKind::terminate()).context("cannot listen for SIGTERM")?;
    tokio::spawn(async move {
        for token in [&told.stop, &told.now] {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = term.recv() => {}
            }
            token.cancel();
        }
    });
    Ok(stop)
}
